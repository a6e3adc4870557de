"""Tests of the API for schedules: permissions, validation, and the times at which a schedule is due."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from tests.platform import Json, Platform, Tenant, created, ok, pointers, problem


def schedule_body(tenant: Tenant, **more: object) -> Json:
    """Return the request body for a new schedule of the tenant."""
    fields = {"name": "nightly", "cron": "0 3 * * *", "timezone": "Europe/Berlin", "settings": {"prefix": "exports/"}}
    return {"client_id": tenant.client_id, "catalog_id": tenant.catalog_id} | fields | more


@pytest.fixture
def tenant_and_schedule(platform: Platform) -> tuple[Tenant, Json]:
    """Return a new tenant and one schedule of this tenant."""
    tenant = platform.tenant()
    return tenant, created(tenant.owner.post("/v1/schedules", json=schedule_body(tenant)))


def test_an_editor_creates_and_reads_and_changes_and_deletes_a_schedule(
    platform: Platform, other_tenant: Tenant
) -> None:
    tenant = platform.tenant()
    editor = platform.api(platform.member(tenant.client_id, "editor"))
    schedule = created(editor.post("/v1/schedules", json=schedule_body(tenant, cron=" 0  3 * * * ")))
    assert (schedule["type"], schedule["cron"], schedule["settings"]) == (
        "catalog_sync",
        "0 3 * * *",
        {"prefix": "exports/"},
    )
    assert (schedule["last_at"], schedule["last_job_id"], schedule["last_outcome"]) == (
        None,
        None,
        None,
    )
    path = f"/v1/schedules/{schedule['id']}"
    assert ok(tenant.owner.get(path)) == schedule
    problem(other_tenant.owner.get(path), 404, "not_found")
    changed = ok(editor.patch(path, json={"name": "daily", "settings": {"mode": "full"}}))
    assert (changed["name"], changed["settings"]) == ("daily", {"prefix": "exports/", "mode": "full"})
    assert changed["next_at"] == schedule["next_at"]
    assert ok(editor.patch(path, json={"settings": {"mode": None}}))["settings"] == {"prefix": "exports/"}
    assert editor.delete(path).status_code == 204
    problem(editor.get(path), 404, "not_found")
    entries = ok(tenant.owner.get("/v1/audit", params={"object_id": schedule["id"]}))["data"]
    assert [entry["action"] for entry in entries] == [
        "schedule.delete",
        *["schedule.change"] * 2,
        "schedule.create",
    ]


def test_the_default_client_of_a_new_schedule_is_the_only_client_of_the_user(
    platform: Platform, other_tenant: Tenant
) -> None:
    tenant = platform.tenant()
    fields = {name: value for name, value in schedule_body(tenant).items() if name != "client_id"}
    assert created(tenant.owner.post("/v1/schedules", json=fields))["client_id"] == tenant.client_id
    member_of_both = platform.member(tenant.client_id, "editor")
    platform.arrange(
        "insert into client_users (client_id, user_id, email, role) select %s, user_id, email, role from client_users"
        " where user_id = %s",
        [other_tenant.client_id, member_of_both],
    )
    response = problem(platform.api(member_of_both).post("/v1/schedules", json=fields), 422, "invalid")
    assert pointers(response) == ["/client_id"]


def test_the_next_run_is_calculated_in_the_time_zone_of_the_schedule(tenant_and_schedule: tuple[Tenant, Json]) -> None:
    tenant, schedule = tenant_and_schedule
    soon = datetime.now(UTC) + timedelta(days=1, hours=1)
    next_at = datetime.fromisoformat(schedule["next_at"])
    assert datetime.now(UTC) < next_at < soon
    assert next_at.astimezone(UTC).hour in (1, 2)
    path = f"/v1/schedules/{schedule['id']}"
    changed = ok(tenant.owner.patch(path, json={"timezone": "UTC", "cron": "30 4 * * *"}))
    next_at = datetime.fromisoformat(changed["next_at"]).astimezone(UTC)
    assert ((next_at.hour, next_at.minute), next_at < soon) == ((4, 30), True)


def test_an_inactive_schedule_is_never_due(tenant_and_schedule: tuple[Tenant, Json]) -> None:
    tenant, schedule = tenant_and_schedule
    path = f"/v1/schedules/{schedule['id']}"
    assert ok(tenant.owner.patch(path, json={"is_active": False}))["next_at"] is None
    assert ok(tenant.owner.patch(path, json={"cron": "0 4 * * *"}))["next_at"] is None
    assert ok(tenant.owner.patch(path, json={"is_active": True}))["next_at"] is not None
    paused = created(tenant.owner.post("/v1/schedules", json=schedule_body(tenant, name="paused", is_active=False)))
    assert paused["next_at"] is None
    assert paused in ok(tenant.owner.get("/v1/schedules", params={"is_active": "false"}))["data"]


def test_the_list_of_schedules_is_sorted_by_name_and_can_be_filtered(
    platform: Platform, tenant_and_schedule: tuple[Tenant, Json]
) -> None:
    tenant, schedule = tenant_and_schedule
    other = platform.catalog(owner=tenant.client_id)
    created(tenant.owner.post("/v1/schedules", json=schedule_body(tenant, name="b", catalog_id=other["id"])))
    created(tenant.owner.post("/v1/schedules", json=schedule_body(tenant, name="a")))
    schedules = ok(tenant.owner.get("/v1/schedules"))["data"]
    assert [each["name"] for each in schedules] == ["a", "b", "nightly"]
    assert ok(tenant.owner.get(f"/v1/schedules/{schedule['id']}")) in schedules
    of_catalog = ok(platform.admin.get("/v1/schedules", params={"catalog_id": other["id"], "type": "catalog_sync"}))
    assert [each["name"] for each in of_catalog["data"]] == ["b"]
    first = ok(platform.admin.get("/v1/schedules", params={"client_id": tenant.client_id, "limit": 2}))
    next_page = {"client_id": tenant.client_id, "cursor": first["next_cursor"]}
    assert [each["name"] for each in ok(platform.admin.get("/v1/schedules", params=next_page))["data"]] == ["nightly"]


def test_the_name_of_a_schedule_is_unique_within_its_client(
    platform: Platform, tenant_and_schedule: tuple[Tenant, Json], other_tenant: Tenant
) -> None:
    tenant, _ = tenant_and_schedule
    response = tenant.owner.post("/v1/schedules", json=schedule_body(tenant))
    assert pointers(problem(response, 409, "already_exists")) == ["/name"]
    other = platform.tenant()
    created(other.owner.post("/v1/schedules", json=schedule_body(other)))


@pytest.mark.parametrize(
    "prefix",
    [
        "",
        "/",
        "exports",
        "/exports/",
        "../",
        "exports/../../",
        "a//b/",
        "./",
        "a/./",
        "a\n/",
        "incoming/",
        "results/x/",
    ],
)
def test_a_schedule_whose_prefix_is_not_an_allowed_folder_is_refused(
    tenant_and_schedule: tuple[Tenant, Json], prefix: str
) -> None:
    tenant, schedule = tenant_and_schedule
    response = tenant.owner.post("/v1/schedules", json=schedule_body(tenant, name="other", settings={"prefix": prefix}))
    assert pointers(problem(response, 422, "invalid")) == ["/settings/prefix"]
    response = tenant.owner.patch(f"/v1/schedules/{schedule['id']}", json={"settings": {"prefix": prefix}})
    assert pointers(problem(response, 422, "invalid")) == ["/settings/prefix"]


@pytest.mark.parametrize(
    ("field", "value", "detail"),
    [
        ("cron", "*/2 * * * *", "not 2"),
        ("cron", "soon", "five fields"),
        ("timezone", "Mars/Olympus", "IANA time zone"),
    ],
)
def test_an_invalid_field_is_refused_with_the_reason(
    tenant_and_schedule: tuple[Tenant, Json], field: str, value: str, detail: str
) -> None:
    tenant, schedule = tenant_and_schedule
    for response in (
        tenant.owner.post("/v1/schedules", json=schedule_body(tenant, name="other") | {field: value}),
        tenant.owner.patch(f"/v1/schedules/{schedule['id']}", json={field: value}),
    ):
        (error,) = problem(response, 422, "invalid")["errors"]
        assert error["pointer"] == f"/{field}"
        assert detail in error["detail"]


def test_a_schedule_for_a_catalog_that_the_client_does_not_own_is_refused(
    platform: Platform, tenant: Tenant, other_tenant: Tenant
) -> None:
    granted = platform.catalog()
    ok(platform.admin.put(f"/v1/catalogs/{granted['id']}/grants/{tenant.client_id}"))
    member_of_both = platform.member(tenant.client_id)
    platform.database.execute(
        "insert into client_users (client_id, user_id, email, role) values (%s, %s, 'x@example.test', 'owner')",
        [other_tenant.client_id, member_of_both],
    )
    for api in (tenant.owner, platform.api(member_of_both), platform.admin):
        for catalog in (granted["id"], other_tenant.catalog_id):
            response = api.post("/v1/schedules", json=schedule_body(tenant, catalog_id=catalog))
            assert pointers(problem(response, 422, "invalid")) == ["/catalog_id"]


def test_the_client_and_the_catalog_and_the_type_of_a_schedule_cannot_be_changed(
    tenant_and_schedule: tuple[Tenant, Json], other_tenant: Tenant
) -> None:
    tenant, schedule = tenant_and_schedule
    for field in ("client_id", "catalog_id", "type", "next_at"):
        response = tenant.owner.patch(f"/v1/schedules/{schedule['id']}", json={field: other_tenant.client_id})
        assert pointers(problem(response, 422, "invalid")) == [f"/{field}"]


def test_a_client_has_at_most_100_schedules(platform: Platform) -> None:
    tenant = platform.tenant()
    platform.arrange(
        "insert into schedules (client_id, catalog_id, type, name, cron, timezone, is_active)"
        " select %s, %s, 'catalog_sync', 'schedule ' || n, '0 3 * * *', 'UTC', false from generate_series(1, 99) n",
        [tenant.client_id, tenant.catalog_id],
    )
    schedule = created(tenant.owner.post("/v1/schedules", json=schedule_body(tenant)))
    another = schedule_body(tenant, name="another")
    problem(tenant.owner.post("/v1/schedules", json=another), 409, "too_many_schedules")
    assert tenant.owner.delete(f"/v1/schedules/{schedule['id']}").status_code == 204
    created(tenant.owner.post("/v1/schedules", json=another))


def test_concurrent_requests_do_not_exceed_the_maximum_number_of_schedules(platform: Platform) -> None:
    tenant = platform.tenant()
    platform.arrange(
        "insert into schedules (client_id, catalog_id, type, name, cron, timezone, is_active)"
        " select %s, %s, 'catalog_sync', 'schedule ' || n, '0 3 * * *', 'UTC', false from generate_series(1, 98) n",
        [tenant.client_id, tenant.catalog_id],
    )

    def create(number: int) -> int:
        body = schedule_body(tenant, name=f"concurrent {number}")
        return tenant.owner.post("/v1/schedules", json=body).status_code

    with ThreadPoolExecutor(6) as threads:
        statuses = sorted(threads.map(create, range(6)))
    assert statuses == [201, 201, 409, 409, 409, 409]


def test_a_client_can_announce_at_most_200_uploads_within_an_hour(platform: Platform, other_tenant: Tenant) -> None:
    tenant = platform.tenant()
    platform.arrange(
        "insert into uploads (client_id, key, name, content_type, size, created_by, created_at)"
        " select %s, 'test/' || %s || '/' || n, 'a.csv', 'text/csv', 1, 'test', now() - interval '20 minutes'"
        " from generate_series(1, 199) n",
        [tenant.client_id, tenant.client_id],
    )
    upload = {"name": "a.csv", "size": 1, "content_type": "text/csv"}
    created(tenant.owner.post("/v1/uploads", json=upload))
    refused = tenant.owner.post("/v1/uploads", json=upload)
    problem(refused, 429, "too_many_uploads")
    assert 2_000 < int(refused.headers["retry-after"]) <= 2_400
    created(other_tenant.owner.post("/v1/uploads", json=upload))
    platform.arrange(
        "update uploads set created_at = created_at - interval '1 hour' where client_id = %s", [tenant.client_id]
    )
    created(tenant.owner.post("/v1/uploads", json=upload))


@pytest.mark.parametrize("zone", ["localtime", "Factory", "posixrules", "EST5EDT", "Etc/GMT+5"])
def test_a_time_zone_that_is_not_named_after_a_region_is_refused(platform: Platform, zone: str) -> None:
    tenant = platform.tenant()
    response = tenant.owner.post("/v1/schedules", json=schedule_body(tenant, timezone=zone))
    assert pointers(problem(response, 422, "invalid")) == ["/timezone"]
