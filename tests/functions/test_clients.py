"""Clients: the platform's admins write them, members read their own."""

from typing import Any
from uuid import uuid4

import pytest

from tests.platform import Platform, Tenant, created, ok, pointers, problem


def test_an_admin_makes_a_client_and_everyone_of_it_reads_it(platform: Platform, tenant: Tenant) -> None:
    made = platform.client(description="Gifts", tier="enterprise", settings={"a": 1})
    assert (made["tier"], made["settings"], made["is_active"]) == ("enterprise", {"a": 1}, True)
    member = platform.api(platform.member(made["id"], "viewer"))
    assert ok(member.get(f"/v1/clients/{made['id']}")) == made
    assert ok(member.get("/v1/clients")) == {"data": [made], "next_cursor": None, "has_more": False}
    problem(tenant.owner.get(f"/v1/clients/{made['id']}"), 404, "not_found")


def test_a_slug_is_taken_once(platform: Platform, tenant: Tenant) -> None:
    other = platform.client()
    for answer in (
        platform.admin.post("/v1/clients", json={"name": "Again", "slug": tenant.slug}),
        platform.admin.put(f"/v1/clients/{other['id']}", json={"name": "Again", "slug": tenant.slug}),
        platform.admin.patch(f"/v1/clients/{other['id']}", json={"slug": tenant.slug}),
    ):
        problem_ = problem(answer, 409, "already_exists")
        assert pointers(problem_) == ["/slug"]
        assert tenant.client_id not in answer.text


def test_put_replaces_what_is_not_named(platform: Platform) -> None:
    made = platform.client(description="old", settings={"a": 1}, tier="enterprise", contact_email="a@b.test")
    new = {"name": "New name", "slug": made["slug"]}
    replaced = ok(platform.admin.put(f"/v1/clients/{made['id']}", json=new))
    assert (replaced["name"], replaced["description"], replaced["settings"]) == ("New name", None, {})
    assert (replaced["tier"], replaced["contact_email"]) == ("standard", None)
    assert (replaced["id"], replaced["created_at"]) == (made["id"], made["created_at"])
    assert replaced["updated_at"] > made["updated_at"]


@pytest.mark.parametrize(
    ("before", "patch", "after"),
    [  # RFC 7396, appendix A, as far as the target is an object
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
        ({"a": {"b": 1}}, {"a": {}}, {"a": {"b": 1}}),
        ({"a": {"b": 1}}, {}, {"a": {"b": 1}}),
    ],
)
def test_settings_merge_as_the_standard_says(platform: Platform, before: Any, patch: Any, after: Any) -> None:
    made = platform.client(settings=before, description="stays")
    changed = ok(platform.admin.patch(f"/v1/clients/{made['id']}", json={"settings": patch}))
    assert changed["settings"] == after
    assert {**changed, "settings": 0, "updated_at": 0} == {**made, "settings": 0, "updated_at": 0}


def test_numbers_in_settings_come_back_as_they_went(platform: Platform) -> None:
    settings = {
        "big": 10**30,
        "small": 1e-7,
        "half": 0.5,
        "zero": 0,
        "nested": [[], {}, None, True, "ü\N{WRAPPED PRESENT}"],
    }
    assert platform.client(settings=settings)["settings"] == settings


def test_an_inactive_client_locks_its_members_out(platform: Platform) -> None:
    tenant = platform.tenant()
    ok(platform.admin.patch(f"/v1/clients/{tenant.client_id}", json={"is_active": False}))
    problem(tenant.owner.get("/v1/sites"), 403, "no_membership")
    ok(platform.admin.patch(f"/v1/clients/{tenant.client_id}", json={"is_active": True}))
    ok(tenant.owner.get("/v1/sites"))


def test_text_is_trimmed(platform: Platform) -> None:
    new = {"name": "  Trimmed \n", "slug": f"t-{uuid4().hex[:12]}"}
    assert created(platform.admin.post("/v1/clients", json=new))["name"] == "Trimmed"
