"""Admins of the platform create and change clients. Members can read only their own client."""

from typing import Any
from uuid import uuid4

import pytest

from tests.platform import Platform, Tenant, created, ok, pointers, problem


def test_a_client_is_created_by_an_admin_and_read_by_its_members(platform: Platform, tenant: Tenant) -> None:
    client = platform.client(description="Gifts", tier="enterprise", settings={"a": 1})
    assert (client["tier"], client["settings"], client["is_active"]) == ("enterprise", {"a": 1}, True)
    member = platform.api(platform.member(client["id"], "viewer"))
    assert ok(member.get(f"/v1/clients/{client['id']}")) == client
    assert ok(member.get("/v1/clients")) == {"data": [client], "next_cursor": None, "has_more": False}
    problem(tenant.owner.get(f"/v1/clients/{client['id']}"), 404, "not_found")


def test_two_clients_cannot_have_the_same_slug(platform: Platform, tenant: Tenant) -> None:
    other = platform.client()
    for response in (
        platform.admin.post("/v1/clients", json={"name": "Again", "slug": tenant.slug}),
        platform.admin.put(f"/v1/clients/{other['id']}", json={"name": "Again", "slug": tenant.slug}),
        platform.admin.patch(f"/v1/clients/{other['id']}", json={"slug": tenant.slug}),
    ):
        assert pointers(problem(response, 409, "already_exists")) == ["/slug"]
        assert tenant.client_id not in response.text


def test_a_put_request_resets_fields_that_are_missing_in_the_body(platform: Platform) -> None:
    client = platform.client(description="old", settings={"a": 1}, tier="enterprise", contact_email="a@b.test")
    new = {"name": "New name", "slug": client["slug"]}
    replaced = ok(platform.admin.put(f"/v1/clients/{client['id']}", json=new))
    assert (replaced["name"], replaced["description"], replaced["settings"]) == ("New name", None, {})
    assert (replaced["tier"], replaced["contact_email"]) == ("standard", None)
    assert (replaced["id"], replaced["created_at"]) == (client["id"], client["created_at"])
    assert replaced["updated_at"] > client["updated_at"]


@pytest.mark.parametrize(
    ("before", "patch", "after"),
    [  # These examples are from RFC 7396, appendix A. The list omits examples whose target is not an object.
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
def test_settings_are_merged_as_rfc_7396_specifies(platform: Platform, before: Any, patch: Any, after: Any) -> None:
    client = platform.client(settings=before, description="stays")
    changed = ok(platform.admin.patch(f"/v1/clients/{client['id']}", json={"settings": patch}))
    assert changed["settings"] == after
    assert {**changed, "settings": 0, "updated_at": 0} == {**client, "settings": 0, "updated_at": 0}


def test_values_in_settings_are_returned_unchanged(platform: Platform) -> None:
    settings = {
        "big": 10**30,
        "small": 1e-7,
        "half": 0.5,
        "zero": 0,
        "nested": [[], {}, None, True, "ü\N{WRAPPED PRESENT}"],
    }
    assert platform.client(settings=settings)["settings"] == settings


def test_members_of_an_inactive_client_are_refused(platform: Platform) -> None:
    tenant = platform.tenant()
    ok(platform.admin.patch(f"/v1/clients/{tenant.client_id}", json={"is_active": False}))
    problem(tenant.owner.get("/v1/sites"), 403, "no_membership")
    ok(platform.admin.patch(f"/v1/clients/{tenant.client_id}", json={"is_active": True}))
    ok(tenant.owner.get("/v1/sites"))


def test_spaces_around_a_name_are_removed(platform: Platform) -> None:
    new = {"name": "  Trimmed \n", "slug": f"t-{uuid4().hex[:12]}"}
    assert created(platform.admin.post("/v1/clients", json=new))["name"] == "Trimmed"
