"""Owners manage the members of their clients, and super admins manage the staff. The last owner cannot be removed."""

from concurrent.futures import ThreadPoolExecutor
from typing import LiteralString
from uuid import uuid4

import httpx
import pytest

from tests.platform import Json, Platform, Tenant, created, ok, pointers, problem

Members = dict[str, Json]


def members_of(tenant: Tenant) -> Members:
    """Return the members of a tenant. The key of each member is its subject."""
    page = ok(tenant.owner.get(f"/v1/clients/{tenant.client_id}/members", params={"limit": 1000}))
    return {member["subject"]: member for member in page["data"]}


def path_of(tenant: Tenant, member: Json) -> str:
    return f"/v1/clients/{tenant.client_id}/members/{member['id']}"


def subject_of(api: httpx.Client) -> str:
    return str(ok(api.get("/v1/me"))["subject"])


def join(platform: Platform, tenant: Tenant, role: str) -> tuple[httpx.Client, Json]:
    """Add a member to a tenant. Return an API client of the member, and the member."""
    subject = platform.member(tenant.client_id, role)
    return platform.api(subject), members_of(tenant)[subject]


def test_members_are_listed_newest_first_in_pages(platform: Platform) -> None:
    tenant = platform.tenant()
    expected = [join(platform, tenant, "viewer")[1] for _ in range(4)][::-1]
    path, data = f"/v1/clients/{tenant.client_id}/members?limit=2", []
    while path:
        response = tenant.owner.get(path)
        data += ok(response)["data"]
        path = response.links.get("next", {}).get("url", "")
    assert data[:4] == expected
    assert len(data) == 5


def test_members_can_be_filtered_by_role_and_email_address_and_kind(platform: Platform) -> None:
    tenant = platform.tenant()
    _, viewer = join(platform, tenant, "viewer")
    machine = created(
        tenant.owner.post(
            f"/v1/clients/{tenant.client_id}/machines", json={"machine_id": uuid4().hex, "role": "editor"}
        )
    )
    path = f"/v1/clients/{tenant.client_id}/members"
    for query, expected in (
        ({"role": "viewer"}, [viewer]),
        ({"kind": "machine"}, [machine]),
        ({"email": viewer["email"].upper()}, [viewer]),
        ({"email": "nobody@example.test"}, []),
    ):
        assert ok(tenant.owner.get(path, params=query))["data"] == expected


def test_an_owner_changes_the_role_and_the_name_of_a_member(platform: Platform) -> None:
    tenant = platform.tenant()
    api, member = join(platform, tenant, "viewer")
    problem(api.post("/v1/sites", json={"client_id": tenant.client_id, "name": "A site"}), 403, "forbidden")
    changed = ok(tenant.owner.patch(path_of(tenant, member), json={"role": "editor", "name": "Ann"}))
    assert (changed["role"], changed["name"], changed["email"]) == ("editor", "Ann", member["email"])
    created(api.post("/v1/sites", json={"client_id": tenant.client_id, "name": "A site"}))


def test_a_removed_member_is_refused_at_the_next_request_despite_a_cached_session(platform: Platform) -> None:
    tenant = platform.tenant()
    api, member = join(platform, tenant, "viewer")
    site = f"/v1/sites/{tenant.site_id}"
    for _ in range(2):
        ok(api.get(site))
    assert api.get(site).headers["cache-status"] == "wecelebrate; hit"
    assert tenant.owner.delete(path_of(tenant, member)).status_code == 204
    for _ in range(3):
        problem(api.get(site), 403, "no_membership")
    problem(tenant.owner.get(path_of(tenant, member)), 404, "not_found")


def test_a_member_can_leave_a_client(platform: Platform) -> None:
    tenant = platform.tenant()
    api, member = join(platform, tenant, "viewer")
    _, colleague = join(platform, tenant, "viewer")
    problem(api.delete(path_of(tenant, colleague)), 403, "forbidden")
    assert api.delete(path_of(tenant, member)).status_code == 204
    problem(api.get(path_of(tenant, member)), 403, "no_membership")


@pytest.mark.parametrize("role", ["viewer", "editor"])
def test_a_member_who_is_not_an_owner_cannot_change_roles(platform: Platform, role: str) -> None:
    tenant = platform.tenant()
    api, member = join(platform, tenant, role)
    owner = members_of(tenant)[subject_of(tenant.owner)]
    for target in (member, owner):
        problem(api.patch(path_of(tenant, target), json={"role": "owner"}), 403, "forbidden")
    invitation = {"email": "new@example.test", "role": "viewer"}
    problem(api.post(f"/v1/clients/{tenant.client_id}/members", json=invitation), 403, "forbidden")
    machine = {"machine_id": uuid4().hex, "role": "viewer"}
    problem(api.post(f"/v1/clients/{tenant.client_id}/machines", json=machine), 403, "forbidden")
    problem(api.delete(path_of(tenant, owner)), 403, "forbidden")
    problem(api.get(f"/v1/clients/{tenant.client_id}/invitations"), 403, "forbidden")
    assert members_of(tenant)[member["subject"]]["role"] == role


def test_an_owner_gets_404_for_a_member_of_another_client(
    platform: Platform, tenant: Tenant, other_tenant: Tenant
) -> None:
    _, member = join(platform, other_tenant, "viewer")
    for client in (tenant.client_id, other_tenant.client_id):
        path = f"/v1/clients/{client}/members/{member['id']}"
        problem(tenant.owner.get(path), 404, "not_found")
        problem(tenant.owner.patch(path, json={"role": "owner"}), 404, "not_found")
        problem(tenant.owner.delete(path), 404, "not_found")
    problem(tenant.owner.get(f"/v1/clients/{other_tenant.client_id}/members"), 404, "not_found")
    assert members_of(other_tenant)[member["subject"]] == member


def test_the_last_owner_cannot_leave_or_get_another_role(platform: Platform) -> None:
    tenant = platform.tenant()
    owner = members_of(tenant)[subject_of(tenant.owner)]
    for api in (tenant.owner, platform.admin):
        problem(api.delete(path_of(tenant, owner)), 409, "last_owner")
        problem(api.patch(path_of(tenant, owner), json={"role": "editor"}), 409, "last_owner")
    ok(tenant.owner.patch(path_of(tenant, owner), json={"name": "The boss"}))
    join(platform, tenant, "owner")
    assert tenant.owner.delete(path_of(tenant, owner)).status_code == 204


def test_members_of_a_client_without_an_owner_can_be_changed_and_removed(platform: Platform) -> None:
    client = platform.client()["id"]
    subject = platform.member(client, "viewer")
    path = f"/v1/clients/{client}/members"
    (member,) = ok(platform.admin.get(path))["data"]
    assert ok(platform.admin.patch(f"{path}/{member['id']}", json={"role": "editor"}))["subject"] == subject
    assert platform.admin.delete(f"{path}/{member['id']}").status_code == 204


@pytest.mark.parametrize("change", ["delete", "patch"])
def test_one_owner_remains_if_all_owners_remove_each_other_at_the_same_time(platform: Platform, change: str) -> None:
    for _ in range(3):
        tenant = platform.tenant()
        apis = [tenant.owner, *(join(platform, tenant, "owner")[0] for _ in range(3))]
        owners = [members_of(tenant)[subject_of(api)] for api in apis]
        targets = [*owners[1:], owners[0]]

        def end(pair: tuple[httpx.Client, Json], tenant: Tenant = tenant) -> int:
            api, target = pair
            if change == "delete":
                return api.delete(path_of(tenant, target)).status_code
            return api.patch(path_of(tenant, target), json={"role": "viewer"}).status_code

        with ThreadPoolExecutor(len(apis)) as threads:
            statuses = list(threads.map(end, zip(apis, targets, strict=True)))
        row = platform.database.execute(
            "select count(*) as owners from client_users where client_id = %s and role = 'owner'", [tenant.client_id]
        ).fetchone()
        assert row is not None
        assert row["owners"] >= 1, statuses
        assert set(statuses) <= {200, 204, 403, 404, 409}


def test_the_second_of_two_owners_who_remove_each_other_gets_a_conflict(platform: Platform) -> None:
    tenant = platform.tenant()
    api, second = join(platform, tenant, "owner")
    first = members_of(tenant)[subject_of(tenant.owner)]
    lock: LiteralString = "select pg_advisory_xact_lock(hashtextextended('owners ' || %s, 0))"
    with ThreadPoolExecutor(2) as threads:
        with platform.holding(lock, [tenant.client_id]) as held:
            # Both requests have begun before the platform removes an owner.
            requests = [
                threads.submit(tenant.owner.delete, path_of(tenant, second)),
                threads.submit(api.delete, path_of(tenant, first)),
            ]
            held.wait_for(2)
        responses = [request.result() for request in requests]
    assert sorted(response.status_code for response in responses) == [204, 409]
    problem(next(response for response in responses if response.status_code == 409), 409, "last_owner")


def test_the_invitations_of_a_removed_owner_are_revoked(platform: Platform) -> None:
    tenant = platform.tenant()
    api, member = join(platform, tenant, "owner")
    invited = {"email": f"{uuid4().hex}@example.test", "role": "owner"}
    location = api.post(f"/v1/clients/{tenant.client_id}/members", json=invited).headers["location"]
    ok(tenant.owner.patch(path_of(tenant, member), json={"role": "viewer"}))
    assert ok(tenant.owner.get(location))["status"] == "revoked"


@pytest.mark.parametrize("act", ["promote", "remove", "add machine"])
def test_the_request_of_an_owner_who_is_removed_meanwhile_changes_no_member(platform: Platform, act: str) -> None:
    tenant = platform.tenant()
    removed, owner = join(platform, tenant, "owner")
    _, viewer = join(platform, tenant, "viewer")
    machine = {"machine_id": uuid4().hex, "role": "editor"}
    before = members_of(tenant)
    del before[owner["subject"]]
    lock: LiteralString = "select pg_advisory_xact_lock(hashtextextended('owners ' || %s, 0))"
    with ThreadPoolExecutor(2) as threads:
        with platform.holding(lock, [tenant.client_id]) as held:
            removing = threads.submit(tenant.owner.delete, path_of(tenant, owner))
            held.wait_for(1)
            acting = (
                threads.submit(removed.patch, path_of(tenant, viewer), json={"role": "owner"}) if act == "promote"
                else threads.submit(removed.delete, path_of(tenant, viewer)) if act == "remove"
                else threads.submit(removed.post, f"/v1/clients/{tenant.client_id}/machines", json=machine)
            )  # fmt: skip
            platform.eventually(lambda: acting.done() or held.count_waiting() == 2)
        assert removing.result().status_code == 204
        problem(acting.result(), 403, "forbidden")
    assert members_of(tenant) == before


def test_an_owner_who_gets_another_role_during_the_request_can_still_leave(platform: Platform) -> None:
    tenant = platform.tenant()
    demoted, owner = join(platform, tenant, "owner")
    lock: LiteralString = "select pg_advisory_xact_lock(hashtextextended('owners ' || %s, 0))"
    with ThreadPoolExecutor(2) as threads:
        with platform.holding(lock, [tenant.client_id]) as held:
            demoting = threads.submit(tenant.owner.patch, path_of(tenant, owner), json={"role": "editor"})
            held.wait_for(1)
            leaving = threads.submit(demoted.delete, path_of(tenant, owner))
            held.wait_for(2)
        assert ok(demoting.result())["role"] == "editor"
        assert leaving.result().status_code == 204
    assert owner["subject"] not in members_of(tenant)


@pytest.mark.parametrize(("before", "after"), [("admin", "super_admin"), ("super_admin", "admin")])
def test_an_admin_can_change_members_while_the_role_of_the_admin_changes(
    platform: Platform, before: str, after: str
) -> None:
    tenant, subject = platform.tenant(), f"{before}-{uuid4().hex}"
    _, viewer = join(platform, tenant, "viewer")
    admin = platform.database.execute(
        "insert into admin_users (user_id, email, role) values (%s, %s, %s) returning id",
        [subject, f"{subject}@example.test", before],
    ).fetchone()
    assert admin is not None
    path, lock = f"/v1/admin/members/{admin['id']}", "select pg_advisory_xact_lock(hashtextextended('owners ', 0))"
    with ThreadPoolExecutor(2) as threads:
        with platform.holding(lock) as held:
            changing = threads.submit(platform.admin.patch, path, json={"role": after})
            held.wait_for(1)
            acting = threads.submit(platform.api(subject).patch, path_of(tenant, viewer), json={"role": "editor"})
            held.wait_for(2)
        assert ok(changing.result())["role"] == after
        assert ok(acting.result())["role"] == "editor"
    assert platform.admin.delete(path).status_code == 204


def test_the_request_of_an_admin_who_is_removed_meanwhile_changes_no_staff_member(platform: Platform) -> None:
    rows = []
    for role in ("super_admin", "support"):
        subject = f"{role}-{uuid4().hex}"
        rows.append(
            platform.database.execute(
                "insert into admin_users (user_id, email, role) values (%s, %s, %s) returning id, user_id",
                [subject, f"{subject}@example.test", role],
            ).fetchone()
        )
    removed, support = rows
    assert removed is not None
    assert support is not None
    lock: LiteralString = "select pg_advisory_xact_lock(hashtextextended('owners ', 0))"
    with ThreadPoolExecutor(2) as threads:
        with platform.holding(lock) as held:
            removing = threads.submit(platform.admin.delete, f"/v1/admin/members/{removed['id']}")
            held.wait_for(1)
            promoting = threads.submit(
                platform.api(removed["user_id"]).patch,
                f"/v1/admin/members/{support['id']}",
                json={"role": "super_admin"},
            )
            held.wait_for(2)
        assert removing.result().status_code == 204
        problem(promoting.result(), 403, "forbidden")
    assert ok(platform.admin.get(f"/v1/admin/members/{support['id']}"))["role"] == "support"
    assert platform.admin.delete(f"/v1/admin/members/{support['id']}").status_code == 204


def test_a_response_is_not_replayed_to_a_removed_machine(platform: Platform, tenant: Tenant) -> None:
    new, key = {"machine_id": uuid4().hex, "role": "editor"}, {"Idempotency-Key": uuid4().hex}
    machine, path = machine_api(platform, new["machine_id"]), f"/v1/clients/{tenant.client_id}/machines"
    member = created(tenant.owner.post(path, json=new))
    for _ in range(2):
        ok(machine.post(f"{path}/accept", headers=key))
    assert tenant.owner.delete(path_of(tenant, member)).status_code == 204
    problem(machine.post(f"{path}/accept", headers=key), 404, "not_found")


def test_a_machine_acts_with_the_role_of_its_membership(platform: Platform, tenant: Tenant) -> None:
    machine_id = uuid4().hex
    machine = platform.api(machine_id, client_id=machine_id, aud="wecelebrate")
    problem(machine.get("/v1/sites"), 403, "no_membership")
    path = f"/v1/clients/{tenant.client_id}/machines"
    response = tenant.owner.post(path, json={"machine_id": machine_id, "role": "viewer", "name": "ERP"})
    member = created(response)
    assert (member["kind"], member["subject"], member["email"]) == ("machine", f"machine:{machine_id}", None)
    assert ok(tenant.owner.get(response.headers["location"])) == member
    problem(machine.get("/v1/sites"), 403, "no_membership")
    accepted = ok(machine.post(f"{path}/accept"))
    assert (accepted["client_id"], accepted["member_id"]) == (tenant.client_id, member["id"])
    assert accepted["role"] == "viewer"
    assert {site["client_id"] for site in ok(machine.get("/v1/sites"))["data"]} == {tenant.client_id}
    new_site = {"client_id": tenant.client_id, "name": f"site {uuid4()}"}
    problem(machine.post("/v1/sites", json=new_site), 403, "forbidden")
    ok(tenant.owner.patch(path_of(tenant, member), json={"role": "editor"}))
    created(machine.post("/v1/sites", json=new_site))
    assert tenant.owner.delete(path_of(tenant, member)).status_code == 204
    problem(machine.get("/v1/sites"), 403, "no_membership")


def machine_api(platform: Platform, machine_id: str) -> httpx.Client:
    return platform.api(machine_id, client_id=machine_id, aud="wecelebrate")


def clients_of(api: httpx.Client) -> list[str]:
    return [membership["client_id"] for membership in ok(api.get("/v1/me"))["memberships"]]


def test_a_machine_belongs_to_the_client_whose_membership_it_accepts(
    platform: Platform, tenant: Tenant, other_tenant: Tenant
) -> None:
    new = {"machine_id": uuid4().hex, "role": "editor"}
    machine = machine_api(platform, new["machine_id"])
    stolen = created(other_tenant.owner.post(f"/v1/clients/{other_tenant.client_id}/machines", json=new))
    assert not stolen["is_active"]
    problem(machine.get("/v1/me"), 403, "no_membership")
    own = created(tenant.owner.post(f"/v1/clients/{tenant.client_id}/machines", json=new))
    problem(machine.get("/v1/me"), 403, "no_membership")
    for _ in range(2):
        assert ok(machine.post(f"/v1/clients/{tenant.client_id}/machines/accept"))["member_id"] == own["id"]
        assert clients_of(machine) == [tenant.client_id]
    ok(other_tenant.owner.patch(path_of(other_tenant, stolen), json={"role": "viewer", "name": "ERP"}))
    assert clients_of(machine) == [tenant.client_id]
    accept_other = f"/v1/clients/{other_tenant.client_id}/machines/accept"
    problem(machine.post(accept_other), 409, "machine_active_elsewhere")
    assert clients_of(machine) == [tenant.client_id]
    assert ok(tenant.owner.get(path_of(tenant, own)))["is_active"]
    assert tenant.owner.delete(path_of(tenant, own)).status_code == 204
    problem(machine.get("/v1/me"), 403, "no_membership")
    ok(machine.post(accept_other))
    assert clients_of(machine) == [other_tenant.client_id], "a machine has one client"


def test_a_machine_can_leave_its_client_and_accept_another_client(
    platform: Platform, tenant: Tenant, other_tenant: Tenant
) -> None:
    new = {"machine_id": uuid4().hex, "role": "viewer"}
    machine = machine_api(platform, new["machine_id"])
    for client in (tenant, other_tenant):
        created(client.owner.post(f"/v1/clients/{client.client_id}/machines", json=new))
    ok(machine.post(f"/v1/clients/{tenant.client_id}/machines/accept"))
    (own,) = [
        member
        for member in ok(machine.get(f"/v1/clients/{tenant.client_id}/members", params={"kind": "machine"}))["data"]
        if member["subject"] == ok(machine.get("/v1/me"))["subject"]
    ]
    assert machine.delete(path_of(tenant, own)).status_code == 204
    assert ok(machine.post(f"/v1/clients/{other_tenant.client_id}/machines/accept"))["role"] == "viewer"
    assert clients_of(machine) == [other_tenant.client_id]
    problem(machine.post(f"/v1/clients/{tenant.client_id}/machines/accept"), 404, "not_found")


def test_a_machine_can_move_from_an_inactive_client_to_another_client(platform: Platform, other_tenant: Tenant) -> None:
    tenant, new = platform.tenant(), {"machine_id": uuid4().hex, "role": "editor"}
    machine = machine_api(platform, new["machine_id"])
    own, _ = (
        created(client.owner.post(f"/v1/clients/{client.client_id}/machines", json=new))
        for client in (tenant, other_tenant)
    )
    ok(machine.post(f"/v1/clients/{tenant.client_id}/machines/accept"))
    ok(platform.admin.patch(f"/v1/clients/{tenant.client_id}", json={"is_active": False}))
    ok(machine.post(f"/v1/clients/{other_tenant.client_id}/machines/accept"))
    ok(platform.admin.patch(f"/v1/clients/{tenant.client_id}", json={"is_active": True}))
    assert clients_of(machine) == [other_tenant.client_id]
    assert not ok(tenant.owner.get(path_of(tenant, own)))["is_active"]
    entry = ok(tenant.owner.get("/v1/audit", params={"subject": own["subject"], "limit": 1}))["data"][0]
    assert (entry["action"], entry["after"]) == ("member.change", {"is_active": False})


def test_a_machine_can_accept_only_its_own_existing_membership(
    platform: Platform, tenant: Tenant, other_tenant: Tenant
) -> None:
    new = {"machine_id": uuid4().hex, "role": "editor"}
    path = f"/v1/clients/{tenant.client_id}/machines"
    created(tenant.owner.post(path, json=new))
    stranger = uuid4().hex
    for api in (tenant.owner, platform.admin, machine_api(platform, stranger), platform.api(stranger)):
        problem(api.post(f"{path}/accept"), 404, "not_found")
    machine = machine_api(platform, new["machine_id"])
    problem(machine.post(f"/v1/clients/{other_tenant.client_id}/machines/accept"), 404, "not_found")
    problem(machine.get("/v1/me"), 403, "no_membership")


def test_a_machine_that_was_added_by_staff_has_immediate_access_to_one_client(
    platform: Platform, tenant: Tenant, other_tenant: Tenant
) -> None:
    new = {"machine_id": uuid4().hex, "role": "editor"}
    assert created(platform.admin.post(f"/v1/clients/{tenant.client_id}/machines", json=new))["is_active"]
    assert clients_of(machine_api(platform, new["machine_id"])) == [tenant.client_id]
    again = problem(platform.admin.post(f"/v1/clients/{tenant.client_id}/machines", json=new), 409, "already_exists")
    assert pointers(again) == ["/machine_id"]
    response = platform.admin.post(f"/v1/clients/{other_tenant.client_id}/machines", json=new)
    problem(response, 409, "machine_active_elsewhere")
    assert clients_of(machine_api(platform, new["machine_id"])) == [tenant.client_id]


def test_staff_can_move_a_machine_from_an_inactive_client_to_another_client(
    platform: Platform, other_tenant: Tenant
) -> None:
    tenant, new = platform.tenant(), {"machine_id": uuid4().hex, "role": "editor"}
    own = created(platform.admin.post(f"/v1/clients/{tenant.client_id}/machines", json=new))
    ok(platform.admin.patch(f"/v1/clients/{tenant.client_id}", json={"is_active": False}))
    assert created(platform.admin.post(f"/v1/clients/{other_tenant.client_id}/machines", json=new))["is_active"]
    ok(platform.admin.patch(f"/v1/clients/{tenant.client_id}", json={"is_active": True}))
    assert clients_of(machine_api(platform, new["machine_id"])) == [other_tenant.client_id]
    assert not ok(tenant.owner.get(path_of(tenant, own)))["is_active"]


def test_a_machine_can_be_added_only_once_and_cannot_be_an_owner(tenant: Tenant) -> None:
    new = {"machine_id": uuid4().hex, "role": "editor"}
    member = created(tenant.owner.post(f"/v1/clients/{tenant.client_id}/machines", json=new))
    refused = tenant.owner.post(f"/v1/clients/{tenant.client_id}/machines", json=new)
    assert pointers(problem(refused, 409, "already_exists")) == ["/machine_id"]
    response = tenant.owner.patch(path_of(tenant, member), json={"role": "owner"})
    assert pointers(problem(response, 422, "invalid")) == ["/role"]
    refused = tenant.owner.post(f"/v1/clients/{tenant.client_id}/machines", json=new | {"role": "owner"})
    assert pointers(problem(refused, 422, "invalid")) == ["/role"]
    for machine_id in ("", " ", "a b", "ä", "a\nb", "x" * 201):
        body = {"machine_id": machine_id, "role": "editor"}
        refused = tenant.owner.post(f"/v1/clients/{tenant.client_id}/machines", json=body)
        assert pointers(problem(refused, 422, "invalid")) == ["/machine_id"]


def test_a_client_cannot_add_a_person_as_a_machine(platform: Platform, tenant: Tenant, other_tenant: Tenant) -> None:
    subject = platform.member(other_tenant.client_id, "editor")
    new = {"machine_id": subject, "role": "editor"}
    created(tenant.owner.post(f"/v1/clients/{tenant.client_id}/machines", json=new))
    person = platform.api(subject)
    assert [membership["client_id"] for membership in ok(person.get("/v1/me"))["memberships"]] == [
        other_tenant.client_id
    ]
    problem(platform.api(f"machine:{subject}").get("/v1/me"), 401, "unauthenticated")


def test_super_admins_can_change_staff_members_and_admins_can_only_read_them(platform: Platform) -> None:
    platform.arrange(
        "insert into admin_users (user_id, email, role) values ('an admin', 'an.admin@wecelebrate.test', 'admin')"
        " on conflict (user_id) do update set role = 'admin', is_active = true"
    )
    unique = uuid4().hex
    row = platform.database.execute(
        "insert into admin_users (user_id, email, role) values (%s, %s, 'support') returning id",
        [unique, f"{unique}@example.test"],
    ).fetchone()
    assert row is not None
    path = f"/v1/admin/members/{row['id']}"
    admin = platform.api("an admin")
    assert ok(admin.get(path))["role"] == "support"
    assert ok(admin.get("/v1/admin/members", params={"email": f"{unique}@example.test"}))["data"]
    problem(admin.patch(path, json={"role": "admin"}), 403, "forbidden")
    problem(admin.delete(path), 403, "forbidden")
    new = {"email": f"{uuid4().hex}@example.test", "role": "admin"}
    problem(admin.post("/v1/admin/members", json=new), 403, "forbidden")
    person = platform.api(unique)
    problem(person.get("/v1/admin/members"), 403, "forbidden")
    problem(person.get("/v1/clients"), 403, "forbidden")
    assert ok(platform.admin.patch(path, json={"role": "admin"}))["role"] == "admin"
    ok(person.get("/v1/clients"))
    assert platform.admin.delete(path).status_code == 204
    problem(person.get("/v1/clients"), 403, "no_membership")


def test_the_last_super_admin_cannot_be_removed_or_demoted(platform: Platform) -> None:
    rows = ok(platform.admin.get("/v1/admin/members", params={"role": "super_admin", "limit": 1000}))["data"]
    (own,) = [row for row in rows if row["subject"] == "admin"]
    platform.arrange("update admin_users set is_active = false where role = 'super_admin' and user_id <> 'admin'")
    try:
        path = f"/v1/admin/members/{own['id']}"
        problem(platform.admin.delete(path), 409, "last_owner")
        problem(platform.admin.patch(path, json={"role": "support"}), 409, "last_owner")
    finally:
        platform.arrange("update admin_users set is_active = true where role = 'super_admin'")


def test_a_change_of_a_staff_member_requires_the_current_etag(platform: Platform) -> None:
    unique = uuid4().hex
    row = platform.database.execute(
        "insert into admin_users (user_id, email, role) values (%s, %s, 'support') returning id",
        [unique, f"{unique}@example.test"],
    ).fetchone()
    assert row is not None
    api, path = platform.api("admin", any_state=False), f"/v1/admin/members/{row['id']}"
    problem(api.patch(path, json={"name": "A"}), 428, "precondition_required")
    problem(api.delete(path), 428, "precondition_required")
    tag = api.get(path).headers["etag"]
    ok(api.patch(path, json={"name": "A"}, headers={"If-Match": tag}))
    problem(api.patch(path, json={"name": "B"}, headers={"If-Match": tag}), 412, "precondition_failed")
    problem(api.delete(path, headers={"If-Match": tag}), 412, "precondition_failed")
