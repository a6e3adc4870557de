"""Tests that members without access to personal data get masked data everywhere, and that filters do not reveal
personal data."""

import json
from typing import Any

import httpx
import pytest

from tests.events.sending import accepted, event, post, set_storage, stored
from tests.exports.exporting import content, exported, finished, start
from tests.persons.planting import ANY_STATE, Person, has_trace, place, return_all, ship_and_deliver
from tests.platform import Json, Platform, Tenant, created, ok, problem


@pytest.fixture
def tenant(platform: Platform) -> Tenant:
    return platform.tenant()


@pytest.fixture
def person() -> Person:
    return Person.new()


def member(platform: Platform, tenant: Tenant, role: str, personal_data: bool | None = None) -> httpx.Client:
    subject = platform.member(tenant.client_id, role)
    platform.arrange("update client_users set personal_data = %s where user_id = %s", [personal_data, subject])
    platform.wait_for_replica()
    return platform.api(subject)


def delivered(platform: Platform, tenant: Tenant, person: Person) -> Json:
    """Place, deliver and return an order of the person, and send an event and a bounce."""
    set_storage(platform, tenant, "all")
    order = place(platform, tenant, person, platform.product(tenant), subject=person.subject)
    ship_and_deliver(tenant, person, order)
    return_all(tenant, person, order)
    fields = {"user_id": person.subject, "session_id": person.mark, "data": {"name": person.name}}
    accepted(post(platform.api(person.subject), tenant, event(**fields)))
    stored(platform, tenant, 1)
    platform.database.execute(
        "insert into mail_suppressions (client_id, address, cause, reason) values (%s, lower(%s), 'bounce', %s)",
        [tenant.client_id, person.email, person.email],
    )
    platform.wait_for_replica()
    return order


def everything(api: httpx.Client, tenant: Tenant, order: Json) -> dict[str, Any]:
    """Return all responses in which a member can read about an order and its customer."""
    mails = ok(api.get("/v1/mails", params={"order_id": order["id"]}))["data"]
    paths = [
        "/v1/orders",
        f"/v1/orders/{order['id']}",
        f"/v1/sites/{tenant.site_id}/orders",
        f"/v1/orders/{order['id']}/events",
        f"/v1/orders/{order['id']}/returns",
        f"/v1/orders/{order['id']}/shipments",
        "/v1/returns",
        "/v1/events",
        "/v1/mails",
        "/v1/mail-suppressions",
        *(f"/v1/mails/{mail['id']}" for mail in mails if mail["template"] in ("order_confirmation", "order_shipped")),
    ]
    return {path: ok(api.get(path)) for path in paths}


def test_a_viewer_gets_masked_personal_data_and_an_owner_gets_the_real_data(
    platform: Platform, tenant: Tenant, person: Person
) -> None:
    order = delivered(platform, tenant, person)
    viewer = member(platform, tenant, "viewer")
    for _ in range(2):  # the second responses come from the cache
        texts = everything(viewer, tenant, order)
        assert [path for path, body in texts.items() if has_trace(json.dumps(body).encode(), person.traces)] == []
        shown = everything(tenant.owner, tenant, order)
        hidden = [path for path, body in shown.items() if not has_trace(json.dumps(body).encode(), person.traces)]
        assert hidden == []
    masked = texts[f"/v1/orders/{order['id']}"]
    assert (masked["customer_name"], masked["customer_email"]) == ("Z*** O***", "Z***@e***.test")
    assert masked["shipping_address"] == {"city": "Berlin", "country": "DE"}
    assert (masked["customer_subject"], masked["metadata"]) == (None, {})
    assert masked["total_amount"] == order["total_amount"]


@pytest.mark.parametrize("kind", ["orders", "customers", "events"])
def test_an_export_by_a_viewer_contains_masked_personal_data(
    platform: Platform, tenant: Tenant, person: Person, kind: str
) -> None:
    delivered(platform, tenant, person)
    viewer = member(platform, tenant, "viewer")
    assert not has_trace(exported(viewer, kind, "ndjson"), person.traces)
    assert has_trace(exported(tenant.owner, kind, "ndjson"), person.traces)


def test_a_filter_does_not_reveal_a_person(platform: Platform, tenant: Tenant, person: Person) -> None:
    delivered(platform, tenant, person)
    viewer = member(platform, tenant, "viewer")
    filters = {
        "/v1/orders": {"customer_email": person.email},
        f"/v1/sites/{tenant.site_id}/orders": {"customer_email": person.email},
        "/v1/mails": {"recipient": person.email},
        "/v1/mail-suppressions": {"address": person.email},
        "/v1/events": {"user_id": person.subject},
    }
    for path, query in filters.items():
        assert ok(viewer.get(path, params=query))["data"] == [], path
        assert len(ok(tenant.owner.get(path, params=query))["data"]) >= 1, path
    assert ok(viewer.get("/v1/events", params={"session_id": person.mark}))["data"] == []


def test_the_personal_data_setting_of_a_member_overrides_the_role(
    platform: Platform, tenant: Tenant, person: Person
) -> None:
    order = place(platform, tenant, person, platform.product(tenant))
    path = f"/v1/orders/{order['id']}"
    names = {
        (role, right): ok(member(platform, tenant, role, right).get(path))["customer_name"] == person.name
        for role in ("owner", "editor", "viewer")
        for right in (None, True, False)
    }
    assert names == {
        (role, right): role != "viewer" if right is None else right
        for role in ("owner", "editor", "viewer")
        for right in (None, True, False)
    }


def test_a_member_who_loses_access_to_personal_data_gets_masked_data_at_once(
    platform: Platform, tenant: Tenant, person: Person
) -> None:
    order = place(platform, tenant, person, platform.product(tenant))
    subject = platform.member(tenant.client_id, "editor")
    editor, path = platform.api(subject), f"/v1/orders/{order['id']}"
    assert ok(editor.get(path))["customer_name"] == person.name
    members = f"/v1/clients/{tenant.client_id}/members"
    member_id = next(row["id"] for row in ok(tenant.owner.get(members))["data"] if row["subject"] == subject)
    assert editor.patch(f"{members}/{member_id}", json={"personal_data": True}).status_code == 403
    for value, name in ((False, "Z*** O***"), (None, person.name), (False, "Z*** O***")):
        changed = ok(tenant.owner.patch(f"{members}/{member_id}", json={"personal_data": value}))
        assert changed["personal_data"] is value
        platform.wait_for_replica()
        assert ok(editor.get(path))["customer_name"] == name
    # This member sees masked data. Nevertheless, the platform sends the shipping mail of the order to the real address.
    ok(editor.post(f"{path}/ship", json={"tracking_number": person.tracking_number}, headers=ANY_STATE))
    query = "select lower(recipient) as recipient from mails where order_id = %s and template = 'order_shipped'"
    assert platform.database.execute(query, [order["id"]]).fetchone() == {"recipient": person.email.lower()}


def test_the_sort_order_of_masked_customers_does_not_reveal_their_addresses(
    platform: Platform, tenant: Tenant, person: Person
) -> None:
    product = platform.product(tenant, inventory_count=10)
    for letter in "cab":
        platform.order(
            tenant, (product, 1), customer_email=f"z{letter}-{person.mark}@example.test", customer_name=letter
        )
    rows = {
        role: [json.loads(line)["customer_name"] for line in exported(api, "customers", "ndjson").splitlines()]
        for role, api in (("viewer", member(platform, tenant, "viewer")), ("owner", tenant.owner))
    }
    assert rows == {"viewer": ["c***", "a***", "b***"], "owner": ["a", "b", "c"]}


@pytest.mark.parametrize("change", ["right", "role", "removed"])
def test_losing_access_to_personal_data_deletes_the_exports_with_personal_data(
    platform: Platform, tenant: Tenant, person: Person, change: str
) -> None:
    delivered(platform, tenant, person)
    subject = platform.member(tenant.client_id, "editor")
    editor = platform.api(subject)
    ids = {kind: start(editor, kind, "ndjson") for kind in ("orders", "products")}
    assert person.mark.encode() in content(finished(editor, ids["orders"]))
    assert finished(editor, ids["products"])["status"] == "completed"
    own = start(tenant.owner, "orders", "ndjson")
    members = f"/v1/clients/{tenant.client_id}/members"
    member_id = next(row["id"] for row in ok(tenant.owner.get(members))["data"] if row["subject"] == subject)
    if change == "removed":
        assert tenant.owner.delete(f"{members}/{member_id}").status_code == 204
    else:
        body = {"personal_data": False} if change == "right" else {"role": "viewer"}
        ok(tenant.owner.patch(f"{members}/{member_id}", json=body))
    rows = platform.database.execute(
        "select kind from exports where subject = %s and deleted_at is null", [subject]
    ).fetchall()
    assert rows == [{"kind": "products"}]
    assert finished(tenant.owner, own)["status"] == "completed"
    platform.wait_for_replica()
    if change != "removed":
        problem(editor.get(f"/v1/exports/{ids['orders']}"), 404, "not_found")
        assert ok(editor.get(f"/v1/exports/{ids['products']}"))["url"]


def test_rejected_rows_contain_no_personal_data_for_masked_members(
    platform: Platform, tenant: Tenant, person: Person
) -> None:
    destination = platform.destination(tenant, "csv")
    job = platform.drop_news(destination, f"order_number,status,comment\r\nUNKNOWN-1,shipped,{person.name}\r\n")
    shown = ok(tenant.owner.get(f"/v1/jobs/{job['id']}/rejected-rows"))
    assert has_trace(json.dumps(shown).encode(), person.traces)
    editor = member(platform, tenant, "editor", personal_data=False)
    assert not has_trace(json.dumps(ok(editor.get(f"/v1/jobs/{job['id']}/rejected-rows"))).encode(), person.traces)
    for name in ("error-file", "result-file"):
        problem(editor.get(f"/v1/jobs/{job['id']}/{name}"), 403, "forbidden")


def test_the_errors_of_order_files_quote_no_cells_for_masked_members(
    platform: Platform, tenant: Tenant, person: Person
) -> None:
    order = place(platform, tenant, person, platform.product(tenant))
    destination = platform.destination(tenant, "csv")
    number = order["order_number"]
    job = platform.drop_news(destination, f"order_number,status,shipped_at\r\n{number},shipped,{person.name}\r\n")
    query = "update jobs set first_errors = %s where id = %s"
    error = {"line": 2, "sku": None, "code": "bad_time", "reason": f"`shipped_at` is `{person.name}`."}
    platform.arrange(query, [json.dumps([error]), job["id"]])
    platform.wait_for_replica()
    editor = member(platform, tenant, "editor", personal_data=False)
    shown, hidden = (ok(api.get(f"/v1/jobs/{job['id']}"))["first_errors"] for api in (tenant.owner, editor))
    assert shown == [error]
    assert hidden == [error | {"reason": "The reason is hidden, because it can contain personal data."}]
    listed = ok(editor.get("/v1/jobs"))
    assert not has_trace(json.dumps(listed).encode(), person.traces)


def test_a_member_who_becomes_a_viewer_loses_the_exports_with_source_data(platform: Platform, tenant: Tenant) -> None:
    subject = platform.member(tenant.client_id, "editor")
    editor = platform.api(subject)
    ids = [start(editor, "products", "ndjson", **options) for options in ({}, {"include": ["source_data"]})]
    for export_id in ids:
        finished(editor, export_id)
    members = f"/v1/clients/{tenant.client_id}/members"
    member_id = next(row["id"] for row in ok(tenant.owner.get(members))["data"] if row["subject"] == subject)
    ok(tenant.owner.patch(f"{members}/{member_id}", json={"personal_data": False}))
    assert [finished(editor, export_id)["status"] for export_id in ids] == ["completed"] * 2
    ok(tenant.owner.patch(f"{members}/{member_id}", json={"role": "viewer"}))
    platform.wait_for_replica()
    assert ok(editor.get(f"/v1/exports/{ids[0]}"))["url"]
    problem(editor.get(f"/v1/exports/{ids[1]}"), 404, "not_found")


def test_webhook_deliveries_and_order_events_contain_no_tracking_data_for_a_viewer(
    platform: Platform, tenant: Tenant, person: Person
) -> None:
    hook = {"client_id": tenant.client_id, "url": "https://example.com/hooks", "events": ["*"]}
    created(tenant.owner.post("/v1/webhooks", json=hook))
    viewer, shipped = member(platform, tenant, "viewer"), []
    for number in (None, "P-1"):
        order = place(platform, tenant, person, platform.product(tenant))
        tracking = person.tracking_number + ("" if number else "N")
        parcel = {
            "number": number or tracking,
            "tracking_number": tracking,
            "tracking_url": f"https://tracking.example.test/{tracking}",
        }
        ok(tenant.owner.post(f"/v1/orders/{order['id']}/ship", json=parcel, headers=ANY_STATE))
        shipped.append(order["id"])
    platform.arrange(
        "update webhook_deliveries set last_body = %s where client_id = %s", [person.name, tenant.client_id]
    )
    platform.wait_for_replica()
    deliveries = ok(viewer.get("/v1/webhook-deliveries", params={"event": "shipment.updated"}))["data"]
    assert len(deliveries) == 2
    paths = [f"/v1/webhook-deliveries/{each['id']}" for each in deliveries]
    paths += [f"/v1/orders/{order_id}/events" for order_id in shipped]
    for path in paths:
        assert not has_trace(json.dumps(ok(viewer.get(path))).encode(), person.traces), path
    for path in paths[:3]:  # the shipment number of the last order differs from its tracking number
        assert has_trace(json.dumps(ok(tenant.owner.get(path))).encode(), person.traces), path
    numbers = {ok(viewer.get(path))["payload"]["data"]["shipment_number"] for path in paths[:2]}
    assert numbers == {"T***", "P-1"}
    details = [ok(viewer.get(path))["data"] for path in paths[2:]]
    assert {event["details"].get("shipment") for events in details for event in events} - {None} == {"T***", "P-1"}


@pytest.mark.parametrize("change", [{"personal_data": False}, {"role": "viewer"}])
def test_a_replayed_response_contains_no_personal_data_after_a_member_loses_access(
    platform: Platform, tenant: Tenant, person: Person, change: Json
) -> None:
    order = place(platform, tenant, person, platform.product(tenant))
    subject = platform.member(tenant.client_id, "editor")
    editor, path = platform.api(subject), f"/v1/orders/{order['id']}/process"
    headers = {"idempotency-key": f"process {person.mark}"} | ANY_STATE
    for _ in range(2):
        assert ok(editor.post(path, json={}, headers=headers))["customer_name"] == person.name
    members = f"/v1/clients/{tenant.client_id}/members"
    member_id = next(row["id"] for row in ok(tenant.owner.get(members))["data"] if row["subject"] == subject)
    ok(tenant.owner.patch(f"{members}/{member_id}", json=change))
    response = editor.post(path, json={}, headers=headers)
    assert not has_trace(response.content, person.traces)
    status, code = (409, "rights_ended") if "personal_data" in change else (403, "forbidden")
    problem(response, status, code)
    assert ok(tenant.owner.get(f"/v1/orders/{order['id']}"))["status"] == "processing"
    ok(tenant.owner.patch(f"{members}/{member_id}", json={"personal_data": True, "role": "editor"}))
    assert ok(editor.post(path, json={}, headers=headers))["customer_name"] == person.name
