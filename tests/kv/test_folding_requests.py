"""Tests requests for documents that a bulk write has not written yet.

Each request writes a limited number of documents. Deleted products remain deleted.

The module uses its own local cloud, because switching the mirror affects a whole platform.
"""

import json
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from infra.bindings import Bindings
from infra.functions import functions
from infra.local.credentials import Credentials
from tests.kv.commands import command
from tests.kv.conftest import MERGE, PATH
from tests.kv.moving import gift
from tests.platform import TLS, Platform, Tenant
from wecelebrate.core.database import endpoints
from wecelebrate.core.settings import settings
from wecelebrate.kv import facade

MANY = 450
"""A number of products that needs more than two portions of a bulk write."""
Request = Callable[..., dict[str, Any]]


@pytest.fixture
def tenant(own_platform: Platform) -> Iterator[Tenant]:
    """A tenant whose documents exist in the store. The sweeper is blocked, so that it does not write the documents of
    bulk writes."""
    result = command(own_platform, "mirror", "on", "--currency", "EUR")
    assert result.returncode == 0, result.stderr
    tenant = own_platform.tenant()
    own_platform.database.execute("select pg_advisory_lock(hashtextextended('kv.fold', 0))")
    yield tenant
    own_platform.database.execute("select pg_advisory_unlock(hashtextextended('kv.fold', 0))")
    own_platform.eventually(lambda: waiting(own_platform) == 0, within=60)


@pytest.fixture
def store(own_platform: Platform) -> Iterator[httpx.Client]:
    """An HTTP client that accesses the store as an old application does."""
    headers = {"apikey": Credentials.of(own_platform.state).kv_key, "Content-Type": "application/json"}
    with httpx.Client(
        base_url=own_platform.endpoints.api, headers=headers, verify=TLS, trust_env=False, timeout=60
    ) as client:
        yield client


@pytest.fixture
def request_here(own_platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Request:
    """A function that sends requests to the facade in this process. The time limit of the facade allows only one
    portion per request."""
    bindings = Bindings(**json.loads((own_platform.state / "functions.json").read_text("utf-8"))["bindings"])
    spec = next(spec for spec in functions() if spec.name == "api-kv-store")

    def send(method: str, query: str = "", body: Any = None) -> dict[str, Any]:
        headers = {"apikey": Credentials.of(own_platform.state).kv_key, "content-type": "application/json", **{
            name.lower(): value for name, value in MERGE.items()}}  # fmt: skip
        context = {"requestId": "r", "http": {"method": method, "sourceIp": "127.0.0.1"}, "domainName": "x"}
        event = {"requestContext": context, "headers": headers, "rawQueryString": query}
        with monkeypatch.context() as here:
            for name in [name for name in os.environ if name.startswith("WC_")]:
                here.delenv(name)
            for name, value in spec.environment(bindings).items():
                here.setenv(name, value)
            here.setattr(facade, "FOLD_SECONDS", 0.0, raising=False)
            settings.cache_clear()
            try:
                return facade.respond(event | {"body": None if body is None else json.dumps(body)}, None)
            finally:
                endpoints.writer.drop()
                settings.cache_clear()

    return send


def waiting(platform: Platform) -> int:
    """Return the number of products whose documents are not written yet."""
    row = platform.database.execute("select count(distinct row_id) as n from kv.dirty").fetchone()
    assert row is not None
    count: int = row["n"]
    return count


def insert(platform: Platform, tenant: Tenant) -> None:
    """Insert MANY products in one statement, and write their documents."""
    platform.database.execute(
        "insert into products (catalog_id, sku, name, price, currency, inventory_count, inventory_policy)"
        " select %s, 'P-' || n, 'Bulk ' || n, 5, 'EUR', 100, 'tracked' from generate_series(1, %s) n",
        [tenant.catalog_id, MANY],
    )
    fold(platform)


def restock(platform: Platform, tenant: Tenant, stock: int) -> None:
    """Change all products in one statement."""
    platform.database.execute(
        "update products set inventory_count = %s where catalog_id = %s", [stock, tenant.catalog_id]
    )


def fold(platform: Platform) -> None:
    """Write the documents of bulk writes, as the sweeper does."""
    with platform.database.transaction():
        platform.database.execute(
            "set local role app_mirror; set local search_path = pg_catalog, public, app, kv, pg_temp"
        )
        platform.database.execute("select kv.fold_each(array(select row_id from kv.dirty))")


def repeated(platform: Platform, send: Callable[[], dict[str, Any]]) -> tuple[dict[str, Any], list[int]]:
    """Repeat a request until it succeeds. Return the response, and the number of waiting products after each 503
    response."""
    left: list[int] = []
    for _ in range(10):
        response = send()
        if response["statusCode"] != 503:
            return response, left
        assert int(response["headers"]["retry-after"]) >= 1
        assert json.loads(response["body"])["code"] == "PT503"
        left.append(waiting(platform))
    raise AssertionError(f"the request never succeeded: {left}")


def test_a_request_for_many_documents_of_a_bulk_write_succeeds_after_retries(
    own_platform: Platform, tenant: Tenant, request_here: Request
) -> None:
    insert(own_platform, tenant)
    restock(own_platform, tenant, 50)
    assert waiting(own_platform) == MANY
    query = f"select=key,value&key=like.gift:*&limit={MANY}"
    response, left = repeated(own_platform, lambda: request_here("GET", query))
    assert (response["statusCode"], left) == (200, [250, 50])  # The request that writes the last portion also succeeds.
    read = [row for row in json.loads(response["body"]) if row["value"].get("catalogId") == str(tenant.catalog_id)]
    assert {row["value"]["availableQuantity"] for row in read} == {50} and len(read) == MANY
    restock(own_platform, tenant, 30)
    for row in read:
        row["value"]["availableQuantity"] -= 1
    # This request writes the last portion itself.
    response, left = repeated(own_platform, lambda: request_here("POST", "", read))
    assert (response["statusCode"], left) == (201, [250, 50])
    stocks = own_platform.database.execute(
        "select inventory_count as n, count(*) from products where catalog_id = %s group by 1", [tenant.catalog_id]
    ).fetchall()
    assert [tuple(row.values()) for row in stocks] == [(29, MANY)]
    restock(own_platform, tenant, 20)
    response, left = repeated(own_platform, lambda: request_here("DELETE", "key=like.gift:*"))
    assert (response["statusCode"], left) == (204, [250, 50])


def delete_in_bulk(platform: Platform, tenant: Tenant) -> list[str]:
    """Delete the products of a tenant in one statement, but not their documents. Return the ids of the products."""
    insert(platform, tenant)
    deleted = platform.database.execute(
        "delete from products where catalog_id = %s returning id::text", [tenant.catalog_id]
    ).fetchall()
    assert waiting(platform) == len(deleted) == MANY
    return [row["id"] for row in deleted]


def products(platform: Platform, tenant: Tenant) -> int:
    return len(platform.database.execute("select from products where catalog_id = %s", [tenant.catalog_id]).fetchall())


def reason(platform: Platform, key: str) -> str | None:
    row = platform.database.execute("select reason from kv.quarantine where key = %s", [key]).fetchone()
    return None if row is None else str(row["reason"])


@pytest.mark.parametrize("form", ["its key", "another key", "a list", "a pattern"])
def test_a_write_does_not_restore_a_product_that_was_deleted_in_bulk(
    own_platform: Platform, tenant: Tenant, store: httpx.Client, form: str
) -> None:
    id = delete_in_bulk(own_platform, tenant)[0]
    value = gift(id, catalogId=str(tenant.catalog_id), sku=f"X-{uuid4()}")
    bodies = {
        "its key": {"key": f"gift:{id}", "value": value},
        "another key": {"key": f"gifts:{id}", "value": value},
        "a list": {"key": f"catalog_gifts:{tenant.catalog_id}", "value": [value]},
    }
    if form == "a pattern":
        response = store.patch(PATH, params={"key": f"like.gift:{id}*"}, json={"value": value})
    else:
        response = store.post(PATH, json=bodies[form], headers=MERGE)
    assert response.is_success, response.text
    fold(own_platform)
    assert products(own_platform, tenant) == 0


def test_a_write_waits_while_the_sweeper_deletes_the_documents_of_a_product(
    own_platform: Platform, tenant: Tenant, store: httpx.Client
) -> None:
    id = delete_in_bulk(own_platform, tenant)[0]
    body = {"key": f"gift:{id}", "value": gift(id, catalogId=str(tenant.catalog_id))}
    with psycopg.connect(own_platform.endpoints.database) as sweeper, ThreadPoolExecutor(1) as pool:
        sweeper.execute("set local role app_mirror; set local search_path = pg_catalog, public, app, kv, pg_temp")
        sweeper.execute("delete from kv.dirty where row_id = %s", [id])
        writing = pool.submit(lambda: store.post(PATH, json=body, headers=MERGE))
        time.sleep(1)
        assert not writing.done()
        sweeper.execute("select kv.mirror_change('product', jsonb_build_object('id', %s::text), null)", [id])
        sweeper.commit()
        assert writing.result().is_success
    assert (products(own_platform, tenant), reason(own_platform, f"gift:{id}")) == (0, "row_deleted")


def test_replication_and_a_backfill_do_not_restore_a_product_that_was_deleted_in_bulk(
    own_platform: Platform, tenant: Tenant
) -> None:
    first, second, *_ = delete_in_bulk(own_platform, tenant)
    database = own_platform.database
    # Write the document before the bulk deletion has reached it, as logical replication can do.
    database.execute(
        'update kv_store_6fcaeea3 set value = value || \'{"name": "X"}\' where key = %s', [f"gift:{first}"]
    )
    assert (products(own_platform, tenant), reason(own_platform, f"gift:{first}")) == (0, "row_deleted")
    database.execute("update kv.ids set mapped_fingerprint = null where key = %s", [f"gift:{second}"])
    result = command(own_platform, "backfill", "--currency", "EUR")
    assert result.returncode in (0, 1), result.stderr
    assert products(own_platform, tenant) == 0
    fold(own_platform)
    assert products(own_platform, tenant) == 0
