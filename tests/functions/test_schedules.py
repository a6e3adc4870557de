"""Schedules over the API: who makes them, what they may say, when they are due."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.platform import Json, Platform, Tenant, created, ok, pointers, problem


def new(tenant: Tenant, **more: object) -> Json:
    """What makes a schedule."""
    content = {"name": "nightly", "cron": "0 3 * * *", "timezone": "Europe/Berlin", "settings": {"prefix": "exports/"}}
    return {"client_id": tenant.client_id, "catalog_id": tenant.catalog_id} | content | more


@pytest.fixture
def schedule(platform: Platform) -> tuple[Tenant, Json]:
    """One, of a tenant that nobody else knows."""
    tenant = platform.tenant()
    return tenant, created(tenant.owner.post("/v1/schedules", json=new(tenant)))


def test_an_editor_makes_reads_changes_and_deletes_one(platform: Platform, stranger: Tenant) -> None:
    tenant = platform.tenant()
    editor = platform.api(platform.member(tenant.client_id, "editor"))
    made = created(editor.post("/v1/schedules", json=new(tenant, cron=" 0  3 * * * ")))
    assert (made["type"], made["cron"], made["settings"]) == ("catalog_sync", "0 3 * * *", {"prefix": "exports/"})
    assert (made["last_at"], made["last_job_id"], made["last_outcome"]) == (None, None, None)
    path = f"/v1/schedules/{made['id']}"
    assert ok(tenant.owner.get(path)) == made
    problem(stranger.owner.get(path), 404, "not_found")
    changed = ok(editor.patch(path, json={"name": "daily", "settings": {"mode": "full"}}))
    assert (changed["name"], changed["settings"]) == ("daily", {"prefix": "exports/", "mode": "full"})
    assert changed["next_at"] == made["next_at"]
    assert ok(editor.patch(path, json={"settings": {"mode": None}}))["settings"] == {"prefix": "exports/"}
    assert editor.delete(path).status_code == 204
    problem(editor.get(path), 404, "not_found")
    notes = ok(tenant.owner.get("/v1/admin/audit", params={"object_id": made["id"]}))["data"]
    assert [note["action"] for note in notes] == ["schedule.delete"]


def test_one_that_names_no_client_is_that_of_who_has_one(platform: Platform, stranger: Tenant) -> None:
    tenant = platform.tenant()
    content = {name: given for name, given in new(tenant).items() if name != "client_id"}
    assert created(tenant.owner.post("/v1/schedules", json=content))["client_id"] == tenant.client_id
    both = platform.member(tenant.client_id, "editor")
    platform.arrange(
        "insert into client_users (client_id, user_id, email, role) select %s, user_id, email, role from client_users"
        " where user_id = %s",
        [stranger.client_id, both],
    )
    answer = problem(platform.api(both).post("/v1/schedules", json=content), 422, "invalid")
    assert pointers(answer) == ["/client_id"]


def test_it_is_due_by_the_clocks_of_its_zone(schedule: tuple[Tenant, Json]) -> None:
    tenant, made = schedule
    soon = datetime.now(UTC) + timedelta(days=1, hours=1)
    at = datetime.fromisoformat(made["next_at"])
    assert datetime.now(UTC) < at < soon
    assert at.astimezone(UTC).hour in (1, 2)
    path = f"/v1/schedules/{made['id']}"
    moved = ok(tenant.owner.patch(path, json={"timezone": "UTC", "cron": "30 4 * * *"}))
    at = datetime.fromisoformat(moved["next_at"]).astimezone(UTC)
    assert ((at.hour, at.minute), at < soon) == ((4, 30), True)


def test_one_that_is_not_active_is_never_due(schedule: tuple[Tenant, Json]) -> None:
    tenant, made = schedule
    path = f"/v1/schedules/{made['id']}"
    assert ok(tenant.owner.patch(path, json={"is_active": False}))["next_at"] is None
    assert ok(tenant.owner.patch(path, json={"cron": "0 4 * * *"}))["next_at"] is None
    assert ok(tenant.owner.patch(path, json={"is_active": True}))["next_at"] is not None
    paused = created(tenant.owner.post("/v1/schedules", json=new(tenant, name="paused", is_active=False)))
    assert paused["next_at"] is None
    assert paused in ok(tenant.owner.get("/v1/schedules", params={"is_active": "false"}))["data"]


def test_lists_are_in_name_order_and_filtered(platform: Platform, schedule: tuple[Tenant, Json]) -> None:
    tenant, made = schedule
    other = platform.catalog(owner=tenant.client_id)
    created(tenant.owner.post("/v1/schedules", json=new(tenant, name="b", catalog_id=other["id"])))
    created(tenant.owner.post("/v1/schedules", json=new(tenant, name="a")))
    asked = ok(tenant.owner.get("/v1/schedules"))["data"]
    assert [one["name"] for one in asked] == ["a", "b", "nightly"]
    assert ok(tenant.owner.get(f"/v1/schedules/{made['id']}")) in asked
    of_catalog = ok(platform.admin.get("/v1/schedules", params={"catalog_id": other["id"], "type": "catalog_sync"}))
    assert [one["name"] for one in of_catalog["data"]] == ["b"]
    first = ok(platform.admin.get("/v1/schedules", params={"client_id": tenant.client_id, "limit": 2}))
    rest = {"client_id": tenant.client_id, "cursor": first["next_cursor"]}
    assert [one["name"] for one in ok(platform.admin.get("/v1/schedules", params=rest))["data"]] == ["nightly"]


def test_a_name_is_taken_once_a_client(platform: Platform, schedule: tuple[Tenant, Json], stranger: Tenant) -> None:
    tenant, _ = schedule
    answer = tenant.owner.post("/v1/schedules", json=new(tenant))
    assert pointers(problem(answer, 409, "already_exists")) == ["/name"]
    other = platform.tenant()
    created(other.owner.post("/v1/schedules", json=new(other)))


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
def test_a_prefix_stays_within_its_catalogs_folders(schedule: tuple[Tenant, Json], prefix: str) -> None:
    tenant, made = schedule
    answer = tenant.owner.post("/v1/schedules", json=new(tenant, name="other", settings={"prefix": prefix}))
    assert pointers(problem(answer, 422, "invalid")) == ["/settings/prefix"]
    answer = tenant.owner.patch(f"/v1/schedules/{made['id']}", json={"settings": {"prefix": prefix}})
    assert pointers(problem(answer, 422, "invalid")) == ["/settings/prefix"]


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("cron", "*/2 * * * *", "not 2 min"),
        ("cron", "soon", "five fields"),
        ("timezone", "Mars/Olympus", "IANA time zone"),
    ],
)
def test_what_is_wrong_with_it_is_said(schedule: tuple[Tenant, Json], field: str, value: str, why: str) -> None:
    tenant, made = schedule
    for answer in (
        tenant.owner.post("/v1/schedules", json=new(tenant, name="other") | {field: value}),
        tenant.owner.patch(f"/v1/schedules/{made['id']}", json={field: value}),
    ):
        (error,) = problem(answer, 422, "invalid")["errors"]
        assert error["pointer"] == f"/{field}"
        assert why in error["detail"]


def test_it_pulls_into_no_catalog_but_its_clients_own(platform: Platform, tenant: Tenant, stranger: Tenant) -> None:
    lent = platform.catalog()
    ok(platform.admin.put(f"/v1/catalogs/{lent['id']}/grants/{tenant.client_id}"))
    both = platform.member(tenant.client_id)
    platform.database.execute(
        "insert into client_users (client_id, user_id, email, role) values (%s, %s, 'x@example.test', 'owner')",
        [stranger.client_id, both],
    )
    for api in (tenant.owner, platform.api(both), platform.admin):
        for catalog in (lent["id"], stranger.catalog_id):
            answer = api.post("/v1/schedules", json=new(tenant, catalog_id=catalog))
            assert pointers(problem(answer, 422, "invalid")) == ["/catalog_id"]


def test_it_stays_with_its_client_and_catalog(schedule: tuple[Tenant, Json], stranger: Tenant) -> None:
    tenant, made = schedule
    for field in ("client_id", "catalog_id", "type", "next_at"):
        answer = tenant.owner.patch(f"/v1/schedules/{made['id']}", json={field: stranger.client_id})
        assert pointers(problem(answer, 422, "invalid")) == [f"/{field}"]
