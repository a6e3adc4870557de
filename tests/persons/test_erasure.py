"""Tests that the erasure of a person removes all data of the person at a client, and changes no figures."""

import json
from uuid import uuid4

import pytest

from tests.persons.erasing import REPORT, ended, figures, request
from tests.persons.planting import ANY_STATE, Person, place, places_with, plant
from tests.platform import Json, Platform, Tenant, created, ok, pointers, problem


@pytest.fixture
def platform(own_platform: Platform) -> Platform:
    """Return a local cloud that only this module uses, because the tests search all data of the cloud."""
    return own_platform


@pytest.fixture
def tenant(platform: Platform) -> Tenant:
    return platform.tenant()


@pytest.fixture
def person() -> Person:
    return Person.new()


def cancel(tenant: Tenant, order: Json) -> None:
    ok(tenant.owner.post(f"/v1/orders/{order['id']}/cancel", json={"is_confirmed": True}, headers=ANY_STATE))


@pytest.mark.timeout(600)
def test_an_erasure_removes_all_data_of_the_person_and_changes_no_figures(
    platform: Platform, tenant: Tenant, person: Person
) -> None:
    orders = plant(platform, tenant, person)
    places = set(places_with(platform, person))
    assert {f"table public.{name}" for name in ("orders", "mails", "idempotency_keys", "webhook_deliveries")} <= places
    assert {place.partition(" ")[0].partition("/")[0] for place in places} >= {"table", "s3:", "redis"}
    before = figures(platform, tenant)
    erasure = ended(platform, tenant.owner, request(tenant.owner, tenant.client_id, email=person.email.lower()))
    assert erasure["status"] == "completed", erasure
    assert places_with(platform, person) == []
    assert figures(platform, tenant) == before
    assert before["customers"]["customers"] == 3
    counts = erasure["counts"]
    assert (counts["orders"], counts["events"], counts["exports"]) == (3, 3, 4)
    assert min(counts["responses"], counts["files"]) >= 3
    for order in orders:
        current = platform.order_state(tenant, order)
        assert current["shipping_address"] == {"country": "DE"}
        assert (current["customer_name"], current["metadata"]) == ("Erased person", {})
        assert current["items"] == order["items"]


def test_an_erasure_keeps_the_orders_of_other_persons_in_an_order_file(
    platform: Platform, tenant: Tenant, person: Person
) -> None:
    product = platform.product(tenant, inventory_count=10)
    destination = platform.destination(tenant, "ndjson")
    order = place(platform, tenant, person, product)
    stranger = platform.order(tenant, (product, 1))
    platform.export(tenant, destination)
    [(name, content)] = platform.exported_files(destination).items()
    assert order["order_number"].encode() in content
    cancel(tenant, order)
    ended(platform, tenant.owner, request(tenant.owner, tenant.client_id, email=person.email))
    [(new_name, new_content)] = platform.exported_files(destination).items()
    assert new_name == name
    assert order["order_number"].encode() not in new_content
    assert [line for line in content.splitlines() if stranger["order_number"].encode() in line] == [
        line for line in new_content.splitlines() if line
    ]
    assert platform.done_file(destination, name)["orders"] == 1
    # The erased order is not exported to the destination again.
    platform.export(tenant, destination)
    assert list(platform.exported_files(destination)) == [name]


def test_an_erasure_is_refused_while_the_person_has_open_orders(
    platform: Platform, tenant: Tenant, person: Person
) -> None:
    product = platform.product(tenant)
    order = place(platform, tenant, person, product)
    refused = problem(request(tenant.owner, tenant.client_id, email=person.email.upper()), 409, "orders_open")
    assert refused["errors"] == [{"pointer": "/email", "detail": f"order {order['order_number']} is pending"}]
    ok(tenant.owner.post(f"/v1/orders/{order['id']}/process", json={}, headers=ANY_STATE))
    problem(request(tenant.owner, tenant.client_id, email=person.email), 409, "orders_open")
    ok(tenant.owner.post(f"/v1/orders/{order['id']}/ship", json={}, headers=ANY_STATE))
    returned = created(tenant.owner.post(f"/v1/orders/{order['id']}/returns", json={}, headers=ANY_STATE))
    refused = problem(request(tenant.owner, tenant.client_id, email=person.email), 409, "orders_open")
    assert refused["errors"][0]["detail"] == f"order {order['order_number']} has an open return"
    ok(tenant.owner.post(f"/v1/returns/{returned['id']}/refuse", json={}, headers=ANY_STATE))
    erasure = ended(platform, tenant.owner, request(tenant.owner, tenant.client_id, email=person.email))
    assert (erasure["status"], erasure["counts"]["orders"]) == ("completed", 1)
    again = ended(platform, tenant.owner, request(tenant.owner, tenant.client_id, email=person.email))
    assert (again["status"], again["counts"]["orders"]) == ("completed", 0)


def test_an_erasure_at_one_client_does_not_affect_other_clients(
    platform: Platform, tenant: Tenant, person: Person
) -> None:
    other = platform.tenant()
    orders = {each.client_id: place(platform, each, person, platform.product(each)) for each in (tenant, other)}
    cancel(tenant, orders[tenant.client_id])
    state = platform.order_state(other, orders[other.client_id])
    ended(platform, tenant.owner, request(tenant.owner, tenant.client_id, email=person.email))
    assert platform.order_state(other, orders[other.client_id]) == state
    assert state["customer_email"].lower() == person.email.lower()
    row = platform.database.execute(
        "select count(*) as mails from mails where client_id = %s and lower(recipient) = lower(%s)",
        [other.client_id, person.email],
    ).fetchone()
    assert row == {"mails": 1}


def test_an_erased_order_document_of_an_old_application_does_not_become_an_order(
    platform: Platform, tenant: Tenant, person: Person
) -> None:
    key = f"order:{uuid4()}"
    document = {"id": key.removeprefix("order:"), "userEmail": person.email.upper(), "status": "pending"}
    platform.database.execute("insert into kv_store_6fcaeea3 values (%s, %s)", [key, json.dumps(document)])
    ended(platform, tenant.owner, request(tenant.owner, tenant.client_id, email=person.email))
    marks = platform.database.execute(
        "select order_id::text from kv.erased_orders where client_id = %s", [tenant.client_id]
    ).fetchall()
    assert marks == [{"order_id": document["id"]}]
    platform.database.execute("delete from kv_store_6fcaeea3 where key = %s", [key])


def test_only_owners_and_super_admins_can_request_and_see_erasures(
    platform: Platform, tenant: Tenant, person: Person
) -> None:
    path = f"/v1/clients/{tenant.client_id}/erasures"
    for role in ("editor", "viewer"):
        member = platform.api(platform.member(tenant.client_id, role))
        problem(request(member, tenant.client_id, email=person.email), 403, "forbidden")
        problem(member.get(path), 403, "forbidden")
    stranger = platform.tenant().owner
    problem(request(stranger, tenant.client_id, email=person.email), 404, "not_found")
    problem(stranger.get(path), 404, "not_found")
    problem(request(platform.api("support"), tenant.client_id, email=person.email), 403, "forbidden")
    response = request(platform.admin, tenant.client_id, email=person.email)
    erasure = ended(platform, platform.admin, response)
    assert ok(tenant.owner.get(path))["data"] == [erasure]
    problem(stranger.get(f"/v1/erasures/{erasure['id']}"), 404, "not_found")
    problem(tenant.owner.post("/v1/admin/erasures/replay"), 403, "forbidden")
    assert person.mark not in response.text


def test_a_request_for_an_erasure_must_name_a_person(platform: Platform, tenant: Tenant) -> None:
    assert pointers(problem(request(tenant.owner, tenant.client_id), 422, "invalid")) == ["/email"]
    assert pointers(problem(request(tenant.owner, tenant.client_id, email="x"), 422, "invalid")) == ["/email"]
    wrong = request(tenant.owner, tenant.client_id, email="a@example.test", name="A")
    assert pointers(problem(wrong, 422, "invalid")) == ["/name"]


def test_an_address_identifies_a_customer_only_if_all_orders_have_this_address(
    platform: Platform, tenant: Tenant, person: Person
) -> None:
    product = platform.product(tenant, inventory_count=10)
    own = place(platform, tenant, person, product, subject=person.subject)
    stranger = f"stranger-{person.mark}"
    misused = place(platform, tenant, person, product, subject=stranger)
    stranger_order = platform.api(stranger).post(
        f"/v1/storefront/{tenant.domain}/orders",
        json={
            "lines": [{"product_id": product["id"], "quantity": 1}],
            "customer_name": "Sam Stranger",
            "customer_email": f"stranger-{person.mark}@example.test",
            "shipping_address": person.address,
        },
    )
    for order in (own, misused, created(stranger_order)):
        cancel(tenant, order)
    ended(platform, tenant.owner, request(tenant.owner, tenant.client_id, email=person.email))
    assert platform.order_state(tenant, own)["customer_name"] == "Erased person"
    assert platform.order_state(tenant, misused)["customer_name"] == "Erased person"
    assert platform.order_state(tenant, stranger_order.json())["customer_name"] == "Sam Stranger"


def test_a_suppressed_address_remains_suppressed_after_the_erasure(
    platform: Platform, tenant: Tenant, person: Person
) -> None:
    platform.database.execute(
        "insert into mail_suppressions (client_id, address, cause) values (%s, lower(%s), 'complaint')",
        [tenant.client_id, person.email],
    )
    ended(platform, tenant.owner, request(tenant.owner, tenant.client_id, email=person.email))
    [suppression] = ok(tenant.owner.get("/v1/mail-suppressions"))["data"]
    assert person.mark not in str(suppression)
    order = place(platform, tenant, person, platform.product(tenant))
    query = "select state, reason from mails where order_id = %s"
    platform.eventually(lambda: platform.database.execute(query + " and state <> 'queued'", [order["id"]]).fetchone())
    mail = platform.database.execute(query, [order["id"]]).fetchone()
    assert mail == {"state": "suppressed", "reason": "The address is suppressed because of a complaint."}


def test_the_idempotency_key_of_an_erased_order_places_no_second_order(
    platform: Platform, tenant: Tenant, person: Person
) -> None:
    product = platform.product(tenant)
    path, headers = f"/v1/storefront/{tenant.domain}/orders", {"idempotency-key": f"key {person.mark}"}
    body = {
        "lines": [{"product_id": product["id"], "quantity": 1}],
        "customer_name": person.name,
        "customer_email": person.email,
        "shipping_address": person.address,
    }
    cancel(tenant, created(platform.api().post(path, json=body, headers=headers)))
    ended(platform, tenant.owner, request(tenant.owner, tenant.client_id, email=person.email))
    problem(platform.api().post(path, json=body, headers=headers), 409, "erased")
    assert len(ok(tenant.owner.get("/v1/orders"))["data"]) == 1


def test_persons_are_erased_from_closed_orders_after_the_retention_period(
    platform: Platform, tenant: Tenant, person: Person
) -> None:
    ok(platform.admin.patch(f"/v1/clients/{tenant.client_id}", json={"order_retention_days": 30}))
    product = platform.product(tenant, inventory_count=10)
    old, open_order, new = (place(platform, tenant, person, product) for _ in range(3))
    for order in (old, new):
        cancel(tenant, order)
    with platform.database.transaction():
        platform.database.execute("set local session_replication_role = replica")
        platform.database.execute(
            "update orders set created_at = created_at - interval '31 days' where id = any (%s)",
            [[old["id"], open_order["id"]]],
        )
    report = figures(platform, tenant)
    assert platform.invoke("schedules-partitions")["retention"] >= 1
    path = f"/v1/clients/{tenant.client_id}/erasures"
    platform.eventually(lambda: [each["status"] for each in ok(tenant.owner.get(path))["data"]] == ["completed"])
    [erasure] = ok(tenant.owner.get(path))["data"]
    assert (erasure["cause"], erasure["counts"]["orders"]) == ("retention", 1)
    names = [platform.order_state(tenant, order)["customer_name"] for order in (old, open_order, new)]
    assert names == ["Erased person", person.name, person.name]
    assert {name: figures(platform, tenant)[name] for name in REPORT[1:]} == {name: report[name] for name in REPORT[1:]}
    platform.invoke("schedules-partitions")
    assert ok(tenant.owner.get(path))["data"] == [erasure]


def test_an_editor_cannot_cancel_the_job_of_an_erasure(platform: Platform, tenant: Tenant, person: Person) -> None:
    erasure = ended(platform, tenant.owner, request(tenant.owner, tenant.client_id, email=person.email))
    path = f"/v1/jobs/{erasure['job_id']}"
    editor = platform.api(platform.member(tenant.client_id, "editor"))
    for operation in ("cancel", "retry"):
        problem(editor.post(f"{path}/{operation}"), 403, "forbidden")
        problem(tenant.owner.post(f"{path}/{operation}"), 409, "job_state")
        problem(platform.admin.post(f"{path}/{operation}"), 409, "job_state")


@pytest.mark.parametrize("payload", ["replay", "other"])
def test_a_job_of_a_client_cannot_run_an_erasure_of_another_client(
    platform: Platform, tenant: Tenant, person: Person, payload: str
) -> None:
    erasure = ended(platform, tenant.owner, request(tenant.owner, tenant.client_id, email=person.email))
    platform.database.execute(
        "update erasures set completed_at = null, orders_before = now() where id = %s", [erasure["id"]]
    )
    other = platform.tenant()
    body = {"replay": True} if payload == "replay" else {"erasure_id": erasure["id"]}
    row = platform.database.execute(
        "insert into jobs (client_id, type, requested_by, payload) values (%s, 'erasure', 'x', %s) returning id",
        [other.client_id, json.dumps(body)],
    ).fetchone()
    assert row is not None
    job = platform.ended_job(str(row["id"]), 60)
    assert (job["status"], job["error_code"]) == ("failed", "not_found")
    platform.database.execute("update erasures set completed_at = now() where id = %s", [erasure["id"]])


def test_the_files_of_a_deleted_destination_are_also_erased(platform: Platform, tenant: Tenant, person: Person) -> None:
    destination = platform.destination(tenant, "csv")
    order = place(platform, tenant, person, platform.product(tenant))
    news = f"order_number,status,comment\r\nUNKNOWN-1,shipped,{person.name}\r\n"
    platform.drop_news(destination, news)
    cancel(tenant, order)
    assert tenant.owner.delete(f"/v1/order-destinations/{destination['id']}", headers=ANY_STATE).status_code == 204
    assert [place for place in places_with(platform, person) if place.startswith("s3://") and "/incoming/" in place]
    ended(platform, tenant.owner, request(tenant.owner, tenant.client_id, email=person.email))
    assert [place for place in places_with(platform, person) if place.startswith("s3://")] == []


def test_a_client_can_request_only_a_limited_number_of_erasures(
    platform: Platform, tenant: Tenant, person: Person
) -> None:
    insert = (
        "insert into erasures (client_id, cause, requested_by, created_at, completed_at)"
        " select %s, 'request', 'x', now() - interval '1 hour', {} from generate_series(1, {})"
    )
    platform.database.execute(insert.format("null", 20).encode(), [tenant.client_id])
    problem(request(tenant.owner, tenant.client_id, email=person.email), 409, "too_many_erasures")
    platform.database.execute("update erasures set completed_at = now() where client_id = %s", [tenant.client_id])
    platform.database.execute(insert.format("now()", 80).encode(), [tenant.client_id])
    refused = problem(request(tenant.owner, tenant.client_id, email=person.email), 409, "too_many_erasures")
    assert "24 hours" in refused["detail"]
    problem(request(platform.tenant().owner, tenant.client_id, email=person.email), 404, "not_found")
