"""Stores the data of a person through every interface of the platform, and searches all storage for the data."""

import gzip
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from psycopg import sql

from tests.events.sending import accepted, event, post, set_storage
from tests.exports.exporting import finished, start
from tests.platform import Json, Platform, Tenant, created, ok


@dataclass(frozen=True)
class Person:
    """A person. All data of the person contain the same mark, so that a search can find the data everywhere."""

    mark: str

    @classmethod
    def new(cls) -> "Person":
        return cls(uuid4().hex[:14])

    @property
    def name(self) -> str:
        return f"Zoë O'Quartermain-{self.mark}"

    @property
    def email(self) -> str:
        return f"Zoe.{self.mark}@Example.Test"

    @property
    def subject(self) -> str:
        return f"customer-{self.mark}"

    @property
    def phone(self) -> str:
        return f"+4930{int(self.mark, 16) % 10**9:09}"

    @property
    def tracking_number(self) -> str:
        return f"TRACK{self.mark.upper()}"

    @property
    def address(self) -> Json:
        return {
            "name": self.name,
            "company": f"Müller & Söhne {self.mark}",
            "line1": f"Mühlgasse {self.mark}",
            "line2": f"c/o {self.mark.upper()}",
            "city": "Berlin",
            "postal_code": "10115",
            "country": "DE",
            "phone": self.phone,
        }

    @property
    def traces(self) -> tuple[bytes, ...]:
        """The texts that must not exist anywhere after the erasure, in lower case."""
        return tuple(
            text.encode(encoding)
            for text in (self.mark, self.phone.removeprefix("+"))
            for encoding in ("utf-8", "utf-16-le")
        )


ANY_STATE = {"if-match": "*"}
"""The header of a request that changes an object in any state."""


def order_body(person: Person, *products: Json, **more: Any) -> Json:
    return {
        "lines": [{"product_id": product["id"], "quantity": 1} for product in products],
        "customer_name": person.name,
        "customer_email": person.email,
        "shipping_address": person.address,
        "metadata": {"note": f"for {person.name}, ring {person.phone}"},
    } | more


def place(platform: Platform, tenant: Tenant, person: Person, product: Json, *, subject: str | None = None) -> Json:
    """Place an order of the person as a customer or a guest. Send the request twice with the same idempotency key."""
    api = platform.api(subject, email=person.email) if subject else platform.api()
    headers = {"idempotency-key": f"place {uuid4()}"}
    path = f"/v1/storefront/{tenant.domain}/orders"
    order = created(api.post(path, json=order_body(person, product), headers=headers))
    assert created(api.post(path, json=order_body(person, product), headers=headers))["id"] == order["id"]
    return order


def ship_and_deliver(tenant: Tenant, person: Person, order: Json) -> None:
    """Ship and deliver an order with tracking data of the person."""
    shipment = {
        "number": f"P-{order['order_number']}",
        "carrier": "DHL",
        "tracking_number": person.tracking_number + order["order_number"],
        "tracking_url": f"https://tracking.example.test/{person.tracking_number}",
    }
    key = {"idempotency-key": f"ship {uuid4()}"} | ANY_STATE
    ok(tenant.owner.post(f"/v1/orders/{order['id']}/ship", json=shipment, headers=key))
    ok(tenant.owner.post(f"/v1/orders/{order['id']}/deliver", json={}, headers=ANY_STATE))


def return_all(tenant: Tenant, person: Person, order: Json) -> None:
    """Open a return with texts about the person, and close the return."""
    path = f"/v1/orders/{order['id']}"
    body = {"lines": [{"line": 1, "quantity": 1}], "reason": f"{person.name} does not like it"}
    returned = created(tenant.owner.post(f"{path}/returns", json=body, headers=ANY_STATE))
    note = {"note": f"told {person.email}"}
    ok(tenant.owner.post(f"/v1/returns/{returned['id']}/approve", json=note, headers=ANY_STATE))
    ok(tenant.owner.post(f"/v1/returns/{returned['id']}/receive", json={"restock": True, **note}, headers=ANY_STATE))


def plant(platform: Platform, tenant: Tenant, person: Person) -> list[Json]:
    """Store the data of a person through every interface. Return the orders. All orders are closed."""
    product = platform.product(tenant, inventory_count=100)
    set_storage(platform, tenant, "all")
    secret = {"url": "https://hooks.example.com/orders", "events": ["order.created", "shipment.updated"]}
    created(tenant.owner.post("/v1/webhooks", json={"client_id": tenant.client_id, **secret}))
    destinations = [platform.destination(tenant, file_format) for file_format in ("csv", "xlsx", "ubl", "ndjson")]
    guest = place(platform, tenant, person, product)
    customer = place(platform, tenant, person, product, subject=person.subject)
    cancelled = place(platform, tenant, person, product, subject=person.subject)
    stranger = platform.order(tenant, (product, 1), customer_email=f"other-{uuid4().hex}@example.test")
    for destination in destinations:
        assert platform.export(tenant, destination)["status"] == "completed"
    _look(platform, tenant, person, guest)
    _send_events(platform, tenant, person)
    reason = {"reason": f"{person.name} changed her mind", "is_confirmed": True}
    ok(tenant.owner.post(f"/v1/orders/{cancelled['id']}/cancel", json=reason, headers=ANY_STATE))
    news = "order_number,status,tracking_number,carrier,comment\r\n" + "\r\n".join(
        (
            f"{guest['order_number']},acknowledged,,,{person.name}",
            f"UNKNOWN-1,shipped,{person.tracking_number},DHL,{person.name} {person.phone}",
        )
    )
    assert platform.drop_news(destinations[0], news)["status"] == "completed"
    for order in (guest, customer):
        ship_and_deliver(tenant, person, order)
    return_all(tenant, person, guest)
    for kind, file_format in (("orders", "csv"), ("customers", "parquet"), ("orders", "xlsx"), ("events", "ndjson")):
        assert finished(tenant.owner, start(tenant.owner, kind, file_format))["status"] == "completed"
    _insert_by_workers(platform, tenant, person)
    ok(tenant.owner.get("/v1/orders"))
    for order in (guest, customer, cancelled):
        ok(tenant.owner.get(f"/v1/orders/{order['id']}"))
        ok(platform.admin.get(f"/v1/orders/{order['id']}"))
    _wait_until_mails_are_sent(platform, tenant)
    assert stranger["id"]
    return [guest, customer, cancelled]


def _look(platform: Platform, tenant: Tenant, person: Person, order: Json) -> None:
    """Send all reads and changes of the person's orders that store data of the person, e.g. in the cache or in the
    audit log.
    """
    for query in ({"customer_email": person.email}, {"client_id": tenant.client_id}):
        ok(tenant.owner.get("/v1/orders", params=query))
        ok(platform.admin.get("/v1/orders", params=query))
    ok(platform.admin.get("/v1/mails", params={"recipient": person.email}))
    ok(platform.api(person.subject).get(f"/v1/storefront/{tenant.domain}/orders"))
    lookup = {"order_number": order["order_number"], "email": person.email}
    assert platform.api().post(f"/v1/storefront/{tenant.domain}/orders/lookup", json=lookup).status_code < 300
    changed = {"metadata": {"door": f"Hinterhaus {person.mark}"}, "note": f"{person.name} rang from {person.phone}"}
    ok(tenant.owner.patch(f"/v1/orders/{order['id']}", json=changed))


def _send_events(platform: Platform, tenant: Tenant, person: Person) -> None:
    visitor, customer = platform.api(), platform.api(person.subject)
    session = f"s-{person.mark}"
    accepted(post(visitor, tenant, event(session_id=session, data={"q": person.name})))
    fields = {"session_id": session, "user_id": person.subject, "data": {"mail": person.email}}
    accepted(post(customer, tenant, event(**fields), event(type="checkout", **fields)))
    platform.eventually(
        lambda: platform.database.execute(
            "select 1 from analytics_events where client_id = %s having count(*) >= 3", [tenant.client_id]
        ).fetchone()
    )


def _insert_by_workers(platform: Platform, tenant: Tenant, person: Person) -> None:
    """Insert the rows that only workers write after failures: a suppressed address and a dead letter."""
    platform.database.execute(
        "insert into mail_suppressions (client_id, address, cause, reason) values (%s, lower(%s), 'bounce', %s)",
        [tenant.client_id, person.email, f"550 {person.email} unknown"],
    )
    body = json.dumps({"events": [{"user_id": person.subject, "event_data": {"name": person.name}}]})
    platform.database.execute(
        "insert into dead_letters (queue, client_id, body, code, reason)"
        " values ('events', %s, %s, 'internal_error', %s)",
        [tenant.client_id, body, f"KeyError: {person.email}"],
    )


def _wait_until_mails_are_sent(platform: Platform, tenant: Tenant) -> None:
    query = "select 1 from mails where client_id = %s and state = 'queued'"
    platform.eventually(lambda: not platform.database.execute(query, [tenant.client_id]).fetchone())


def places_with(platform: Platform, person: Person) -> list[str]:
    """Return the names of all tables, S3 objects, Redis keys and logs that contain data of the person."""
    traces = person.traces
    places = [place for place, content in _rows(platform) if has_trace(content, traces)]
    places += [place for place, content in _objects(platform) if has_trace(content, traces)]
    places += [place for place, content in _redis_values(platform) if has_trace(content, traces)]
    return places + [place for place, content in _logs(platform) if has_trace(content, traces)]


def has_trace(content: bytes, traces: tuple[bytes, ...], depth: int = 0) -> bool:
    """Return whether the content, or a file inside the content, contains one of the texts. Ignore case."""
    lowered = content.lower()
    if any(trace in lowered for trace in traces):
        return True
    if content[:2] == b"\x1f\x8b":
        return has_trace(gzip.decompress(content), traces, depth + 1)
    if content[:4] == b"PK\x03\x04" and depth < 3:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return any(has_trace(archive.read(name), traces, depth + 1) for name in archive.namelist())
    return False


def _rows(platform: Platform) -> Iterator[tuple[str, bytes]]:
    """Yield every table of every schema as text, except `pg_statistic`, whose samples remain until the next ANALYZE."""
    tables = platform.database.execute(
        "select n.nspname as schema, c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace "
        "where c.relkind in ('r', 'm') and c.relname <> 'pg_statistic' and n.nspname <> 'pg_toast'"
    ).fetchall()
    for table in tables:
        name = sql.Identifier(table["schema"], table["name"])
        statement = sql.SQL("copy (select t::text from {} t) to stdout").format(name)
        with platform.database.cursor().copy(statement) as copy:
            yield f"table {table['schema']}.{table['name']}", b"".join(bytes(block) for block in copy)


def _objects(platform: Platform) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the content of every version of every object in every bucket."""
    for bucket in platform.s3.list_buckets()["Buckets"]:
        for page in platform.s3.get_paginator("list_object_versions").paginate(Bucket=bucket["Name"]):
            for version in page.get("Versions", []):
                where = {"Bucket": bucket["Name"], "Key": version["Key"], "VersionId": version["VersionId"]}
                body = platform.s3.get_object(**where)["Body"].read()
                yield f"s3://{bucket['Name']}/{version['Key']}", body if body else version["Key"].encode()


def _redis_values(platform: Platform) -> Iterator[tuple[str, bytes]]:
    for key in platform.redis.scan_iter(count=1000):
        kind = platform.redis.type(key)
        if kind == "string":
            value: Any = platform.redis.get(key)
        elif kind == "hash":
            value = platform.redis.hgetall(key)
        elif kind == "zset":
            value = platform.redis.zrange(key, 0, -1, withscores=True)
        elif kind == "list":
            value = platform.redis.lrange(key, 0, -1)
        else:
            value = platform.redis.smembers(key) if kind == "set" else ""
        yield f"redis {key}", f"{key} {value}".encode()


def _logs(platform: Platform) -> Iterator[tuple[str, bytes]]:
    for path in sorted(platform.state.rglob("*.log")):
        yield f"log {path.name}", path.read_bytes()
