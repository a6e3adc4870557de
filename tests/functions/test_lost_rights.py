"""A caller can lose rights while a request of the caller waits for other requests. The request must then create no
webhook, destination, mail, schedule or export.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import LiteralString
from uuid import uuid4

import pytest

from tests.platform import Json, Platform, Tenant, ok, problem

LOCK: LiteralString = "select pg_advisory_xact_lock(hashtextextended(%s || ' ' || %s, 0))"
KINDS = {
    "endpoints": "webhooks",
    "order destinations": "order_destinations",
    "report subscriptions": "report_subscriptions",
    "schedules": "schedules",
    "sites": "sites",
    "catalogs": "catalogs",
    "exports of one user": "exports",
    "uploads": "uploads",
    "images": "images",
    "erasures": "erasures",
}
"""Maps each kind of quota to the table that contains the counted objects. A request with two quotas waits only for its
first quota."""
CLIENT_COLUMNS = {"catalogs": "owner_client_id"}


def request_of(kind: str, tenant: Tenant, member_id: str) -> tuple[str, Json]:
    """Return the path and the body of a request that creates an object of a kind."""
    client: Json = {"client_id": tenant.client_id}
    schedule: Json = {"type": "catalog_sync", "cron": "0 3 * * *", "settings": {"prefix": "exports/"}}
    requests: dict[str, tuple[str, Json]] = {
        "endpoints": ("/v1/webhooks", client | {"url": "https://example.com/hooks", "events": ["job.*"]}),
        "order destinations": ("/v1/order-destinations", client | {"name": "a", "format": "csv"}),
        "report subscriptions": (
            "/v1/report-subscriptions",
            client | {"name": "a", "cadence": "week", "recipients": [member_id]},
        ),
        "schedules": ("/v1/schedules", client | schedule | {"catalog_id": tenant.catalog_id, "name": "a"}),
        "sites": ("/v1/sites", client | {"name": "a"}),
        "catalogs": ("/v1/catalogs", {"owner_client_id": tenant.client_id, "name": "a", "type": "manual"}),
        "exports of one user": ("/v1/exports", client | {"kind": "orders", "format": "csv"}),
        "uploads": ("/v1/uploads", {"name": "a.csv", "size": 1, "content_type": "text/csv"}),
        "images": (f"/v1/catalogs/{tenant.catalog_id}/images", {"type": "image/png", "bytes": 1}),
        "erasures": (f"/v1/clients/{tenant.client_id}/erasures", {"email": f"{uuid4().hex}@example.test"}),
    }
    return requests[kind]


def member_path(tenant: Tenant, subject: str) -> str:
    members = ok(tenant.owner.get(f"/v1/clients/{tenant.client_id}/members"))["data"]
    [member_id] = [member["id"] for member in members if member["subject"] == subject]
    return f"/v1/clients/{tenant.client_id}/members/{member_id}"


def count(platform: Platform, tenant: Tenant, kind: str) -> int:
    """Return how many objects of a kind the tenant has."""
    column = CLIENT_COLUMNS.get(kind, "client_id")
    condition = (
        f"{column} = %s" if kind != "images" else "catalog_id in (select id from catalogs where owner_client_id = %s)"
    )
    query = f"select count(*) as objects from {KINDS[kind]} where {condition}"
    row = platform.database.execute(query, [tenant.client_id]).fetchone()
    assert row is not None
    return int(row["objects"])


@pytest.mark.parametrize("kind", KINDS)
def test_a_waiting_request_of_a_removed_member_creates_nothing(platform: Platform, kind: str) -> None:
    tenant = platform.tenant()
    subject = platform.member(tenant.client_id, "owner" if kind == "erasures" else "editor")
    owner_id = member_path(tenant, ok(tenant.owner.get("/v1/me"))["subject"]).rsplit("/", 1)[1]
    path, body = request_of(kind, tenant, owner_id)
    before = count(platform, tenant, kind)
    removed = platform.api(subject)
    with ThreadPoolExecutor(1) as threads:
        with platform.holding(LOCK, [kind, tenant.client_id]) as held:
            creating = threads.submit(removed.post, path, json=body)
            held.wait_for(1)
            assert tenant.owner.delete(member_path(tenant, subject)).status_code == 204
        problem(creating.result(timeout=60), 403, "forbidden")
    assert count(platform, tenant, kind) == before
    response = tenant.owner.post(path, json=body)
    assert response.status_code in (201, 202), response.text


@pytest.mark.parametrize(
    ("before", "after", "status"),
    [("owner", "editor", 403), ("editor", "viewer", 403), ("editor", "owner", 201)],
)
def test_a_waiting_request_is_refused_only_if_the_member_loses_rights(
    platform: Platform, before: str, after: str, status: int
) -> None:
    tenant = platform.tenant()
    subject = platform.member(tenant.client_id, before)
    path, body = request_of("endpoints", tenant, "")
    with ThreadPoolExecutor(1) as threads:
        with platform.holding(LOCK, ["endpoints", tenant.client_id]) as held:
            creating = threads.submit(platform.api(subject).post, path, json=body)
            held.wait_for(1)
            ok(tenant.owner.patch(member_path(tenant, subject), json={"role": after}))
        assert creating.result(timeout=60).status_code == status


@pytest.mark.parametrize(
    ("before", "after", "status"),
    [("admin", None, 403), ("super_admin", "admin", 403), ("admin", "super_admin", 201)],
)
def test_a_waiting_request_of_staff_is_refused_only_if_the_person_loses_rights(
    platform: Platform, before: str, after: str | None, status: int
) -> None:
    tenant, subject = platform.tenant(), f"{before}-{uuid4().hex}"
    row = platform.database.execute(
        "insert into admin_users (user_id, email, role) values (%s, %s, %s) returning id",
        [subject, f"{subject}@example.test", before],
    ).fetchone()
    assert row is not None
    staff_path = f"/v1/admin/members/{row['id']}"
    path, body = request_of("endpoints", tenant, "")
    with ThreadPoolExecutor(1) as threads:
        with platform.holding(LOCK, ["endpoints", tenant.client_id]) as held:
            creating = threads.submit(platform.api(subject).post, path, json=body)
            held.wait_for(1)
            changed = (
                platform.admin.patch(staff_path, json={"role": after}) if after else platform.admin.delete(staff_path)
            )
            assert changed.status_code in (200, 204)
        assert creating.result(timeout=60).status_code == status
    platform.admin.delete(staff_path)


def test_an_owner_who_is_removed_during_an_invitation_request_invites_nobody(platform: Platform) -> None:
    tenant = platform.tenant()
    subject = platform.member(tenant.client_id)
    path = member_path(tenant, subject)
    new = {"email": f"{uuid4().hex}@example.test", "role": "owner"}
    with ThreadPoolExecutor(2) as threads:
        with platform.holding(LOCK, ["owners", tenant.client_id]) as held:
            removing = threads.submit(tenant.owner.delete, path)
            held.wait_for(1)
            members = f"/v1/clients/{tenant.client_id}/members"
            inviting = threads.submit(platform.api(subject).post, members, json=new)
            held.wait_for(2)
        assert removing.result(timeout=60).status_code == 204
        problem(inviting.result(timeout=60), 403, "forbidden")
    assert ok(tenant.owner.get(f"/v1/clients/{tenant.client_id}/invitations"))["data"] == []
