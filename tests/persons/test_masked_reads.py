"""Tests all GET operations: no response to a member without access to personal data contains a text about a person.

The test stores the data of a person through every interface, also in cells of wrong columns. It then reads every
resource of the client. A new operation with a new path parameter needs an entry in IDS.
"""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.functions.operations import Operation, all_operations
from tests.imports.importing import wait_for_job
from tests.imports.order_importing import start
from tests.persons.planting import Person, has_trace, plant
from tests.persons.test_masking import member
from tests.platform import Json, Platform, Tenant, ok

IDS = {
    "catalog_id": "select id from catalogs where owner_client_id = %(client)s",
    "client_id": "select id from clients where id = %(client)s",
    "delivery_id": "select id from webhook_deliveries where client_id = %(client)s order by id desc limit 5",
    "destination_id": "select id from order_destinations where client_id = %(client)s",
    "erasure_id": "select id from erasures where client_id = %(client)s",
    "export_id": "select id from exports where client_id = %(client)s",
    "image_id": "select id from images where catalog_id in"
    " (select id from catalogs where owner_client_id = %(client)s)",
    "invitation_id": "select id from invitations where client_id = %(client)s",
    "job_id": "select id from jobs where client_id = %(client)s and type not in ('email_notification')",
    "mail_id": "select id from mails where client_id = %(client)s",
    "member_id": "select id from client_users where client_id = %(client)s",
    "order_id": "select id from orders where client_id = %(client)s",
    "product_id": "select p.id from products p join catalogs c on c.id = p.catalog_id"
    " where c.owner_client_id = %(client)s",
    "report_id": "select id from jobs where client_id = %(client)s and type = 'report_generation'",
    "return_id": "select id from returns where client_id = %(client)s",
    "schedule_id": "select id from schedules where client_id = %(client)s",
    "site_id": "select id from sites where client_id = %(client)s",
    "subscription_id": "select id from report_subscriptions where client_id = %(client)s",
    "upload_id": "select id from uploads where client_id = %(client)s",
    "webhook_id": "select id from webhooks where client_id = %(client)s",
}
"""Maps each path parameter to a query for its values."""
NOT_FOR_MEMBERS = ("/v1/storefront/", "/v1/unsubscribe/", "/rest/", "/problems/")
"""The path prefixes of operations that members do not use: storefronts, the old key-value store, links in mails, and
problem pages."""


def reads() -> list[Operation]:
    """Return the GET operations for members."""
    return [
        operation
        for operation in all_operations()
        if operation.method == "GET"
        and not operation.path.startswith(NOT_FOR_MEMBERS)
        and "/admin/" not in operation.path
    ]


def test_the_values_of_all_path_parameters_are_known() -> None:
    names = {name for operation in reads() for name in re.findall(r"{(\w+)}", operation.path)}
    assert names == set(IDS)


def requests(platform: Platform, tenant: Tenant) -> Iterator[str]:
    """Yield the path of each read of each resource of the client."""
    values = {"client": tenant.client_id}
    rows = {name: platform.database.execute(query, values).fetchall() for name, query in IDS.items()}
    for operation in reads():
        names = re.findall(r"{(\w+)}", operation.path)
        query = "?limit=100" if operation.has_parameter("limit") else ""
        if not names:
            yield operation.path + query
        for row in rows[names[0]] if names else []:
            # Test each value of the first path parameter. For each further path parameter, use its first value.
            others = [rows[name] for name in names[1:]]
            if all(others):
                ids: dict[str, Any] = dict(zip(names, [row["id"], *(each[0]["id"] for each in others)], strict=True))
                yield operation.path.format(**ids) + query


def plant_in_wrong_columns(platform: Platform, tenant: Tenant, person: Person, orders: list[Json]) -> None:
    """Store the data of the person in wrong columns of order files."""
    header = "order_number,created_at,status,currency,customer_email,sku,name,quantity,unit_price\n"
    row = f"A-1,2024-03-01T10:00:00Z,shippd {person.name},EUR,{person.email},{person.name},Mug,1,{person.phone}\n"
    without_header = f"{person.name},{person.email},{person.phone}\n" * 2
    for number, content in enumerate((header + row, header.replace("name,", f"{person.name},") + row, without_header)):
        wait_for_job(tenant.owner, start(tenant, content.encode(), f"orders-{number}.csv"))
    destination = platform.destination(tenant, "csv")
    names = "order_number,status,reason,tracking_number,sku\n"
    news = (
        names + f"{orders[0]['order_number']},weird {person.name},{person.email},{person.name},{person.name}\n"
        f"{person.name},cancelled,{person.name},,{person.email}\n",
        f"{person.name};{person.email};{person.phone}\n" * 2,
        f"<DespatchAdvice>{person.name}",
    )
    for number, content in enumerate(news):
        platform.drop_news(destination, content, f"news-{number}.csv")


def hits(platform: Platform, tenant: Tenant, api: httpx.Client, person: Person) -> list[str]:
    """Return the reads whose response contains a text about the person."""
    paths = []
    for path in requests(platform, tenant):
        response = api.get(path)
        assert response.status_code < 500, (path, response.text)
        if has_trace(response.content, person.traces):
            paths.append(path)
    return paths


@pytest.mark.timeout(300)
def test_no_response_to_a_masked_member_contains_a_text_about_a_person(platform: Platform) -> None:
    tenant, person = platform.tenant(), Person.new()
    orders = plant(platform, tenant, person)
    plant_in_wrong_columns(platform, tenant, person, orders)
    viewer, editor = member(platform, tenant, "viewer"), member(platform, tenant, "editor", personal_data=False)
    assert hits(platform, tenant, viewer, person) == []
    assert hits(platform, tenant, editor, person) == []
    shown = {path.partition("?")[0].rpartition("/")[2] for path in hits(platform, tenant, tenant.owner, person)}
    assert {"orders", "rejected-rows", "events", "mails", "jobs", "returns"} <= shown
    jobs = ok(viewer.get("/v1/jobs", params={"type": "order_file", "limit": 100}))["data"]
    assert {job["error"] for job in jobs} == {None, "The reason is hidden, because it can contain personal data."}
