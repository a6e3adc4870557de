"""A person becomes a member by accepting an invitation with the code from the invitation mail."""

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any, LiteralString
from uuid import uuid4

import httpx
import pytest

from tests.platform import Json, Platform, Tenant, created, ok, pointers, problem

CODE = re.compile(r": ([0-9a-f]{32}[0-9A-Za-z_-]{43})$", re.MULTILINE)
EXPIRE: LiteralString = "update invitations set expires_at = now() where id = %s"


def new_address() -> str:
    return f"{uuid4().hex}@example.test"


def invite(api: httpx.Client, client_id: str | None, email: str, role: str, **more: str) -> Json:
    path = f"/v1/clients/{client_id}/members" if client_id else "/v1/admin/members"
    return created(api.post(path, json={"email": email, "role": role, **more}))


def code_of(platform: Platform, address: str, count: int = 1) -> str:
    match = CODE.search(platform.mails_to(address, count=count)[0].text)
    assert match is not None
    return match[1]


def account(platform: Platform, address: str, **claims: Any) -> httpx.Client:
    """Return an API client of a new account that has verified an address."""
    return platform.api(f"account-{uuid4().hex}", email=address, **claims)


def accept(api: httpx.Client, code: str, headers: dict[str, str] | None = None) -> httpx.Response:
    return api.post("/v1/invitations/accept", json={"code": code}, headers=headers)


def assert_not_valid(response: httpx.Response) -> None:
    assert pointers(problem(response, 422, "invalid")) == ["/code"]


def test_a_person_who_accepts_an_invitation_is_a_member(platform: Platform, tenant: Tenant) -> None:
    address = new_address()
    invitation = invite(tenant.owner, tenant.client_id, address, "editor", name="Ann")
    api = account(platform, address)
    problem(api.get("/v1/me"), 403, "no_membership")
    accepted = ok(accept(api, code_of(platform, address)))
    assert (accepted["client_id"], accepted["role"]) == (tenant.client_id, "editor")
    (membership,) = ok(api.get("/v1/me"))["memberships"]
    assert (membership["client_id"], membership["role"]) == (tenant.client_id, "editor")
    member = ok(tenant.owner.get(f"/v1/clients/{tenant.client_id}/members/{accepted['member_id']}"))
    assert (member["email"], member["name"], member["kind"]) == (address, "Ann", "person")
    path = f"/v1/clients/{tenant.client_id}/invitations/{invitation['id']}"
    assert ok(tenant.owner.get(path))["status"] == "accepted"
    assert "token" not in str(ok(tenant.owner.get(path))) + str(invitation)


def test_a_person_who_accepts_a_staff_invitation_joins_the_staff(platform: Platform) -> None:
    address = new_address()
    invite(platform.admin, None, address, "support")
    api = account(platform, address)
    accepted = ok(accept(api, code_of(platform, address)))
    assert (accepted["client_id"], accepted["client_name"], accepted["role"]) == (None, None, "support")
    assert ok(api.get("/v1/me"))["admin_role"] == "support"


def test_an_invitation_can_be_accepted_only_once(platform: Platform, tenant: Tenant) -> None:
    address = new_address()
    invite(tenant.owner, tenant.client_id, address, "viewer")
    api, code = account(platform, address), code_of(platform, address)
    member = ok(accept(api, code))["member_id"]
    problem(accept(api, code), 409, "invitation_ended")
    problem(accept(account(platform, address), code), 409, "invitation_ended")
    # A removed member cannot join again with the old code.
    assert tenant.owner.delete(f"/v1/clients/{tenant.client_id}/members/{member}").status_code == 204
    problem(accept(api, code), 409, "invitation_ended")
    problem(api.get("/v1/me"), 403, "no_membership")


def test_only_one_of_many_concurrent_accounts_can_accept_an_invitation(platform: Platform, tenant: Tenant) -> None:
    address = new_address()
    invite(tenant.owner, tenant.client_id, address, "viewer")
    code = code_of(platform, address)
    apis = [account(platform, address) for _ in range(6)]
    with ThreadPoolExecutor(6) as threads:
        responses = list(threads.map(lambda api: accept(api, code), apis))
    assert sorted(response.status_code for response in responses) == [200, *[409] * 5]
    members = ok(tenant.owner.get(f"/v1/clients/{tenant.client_id}/members", params={"email": address}))["data"]
    assert len(members) == 1


def test_a_repeated_request_with_the_same_idempotency_key_gets_the_first_response(
    platform: Platform, tenant: Tenant
) -> None:
    address = new_address()
    invite(tenant.owner, tenant.client_id, address, "viewer")
    api, code = account(platform, address), code_of(platform, address)
    key = {"Idempotency-Key": str(uuid4())}
    first, second = (accept(api, code, key) for _ in range(2))
    assert ok(first) == ok(second)
    assert second.headers["idempotent-replayed"] == "true"


def test_an_account_that_has_not_verified_the_invited_address_is_refused(platform: Platform, tenant: Tenant) -> None:
    address = new_address()
    invitation = invite(tenant.owner, tenant.client_id, address, "owner")
    code = code_of(platform, address)
    strangers = [
        account(platform, new_address()),
        account(platform, address, email_verified=False),
        account(platform, address, email_verified="no"),
        platform.api(f"account-{uuid4().hex}"),
        account(platform, address.replace("@", "+x@")),
        account(platform, f"{address}.test"),
        account(platform, address.replace("e", "\u0435")),  # a Cyrillic letter
    ]
    for api in (*strangers, tenant.owner, platform.admin):
        body = problem(accept(api, code), 403, "address_not_verified")
        assert address not in str(body)
    platform.arrange(EXPIRE, [invitation["id"]])
    # The error does not reveal the state of the invitation to another person.
    problem(accept(strangers[0], code), 403, "address_not_verified")
    problem(accept(account(platform, address), code), 409, "invitation_ended")


def test_different_spellings_of_an_address_identify_the_same_person(platform: Platform, tenant: Tenant) -> None:
    local = uuid4().hex
    invite(tenant.owner, tenant.client_id, f"{local}@Bu\u0308cher.example.test", "viewer")
    path = f"/v1/clients/{tenant.client_id}/members"
    stored = f"{local}@xn--bcher-kva.example.test"
    for spelling in (f"{local.upper()}@b\u00fccher.example.test", stored.upper(), stored):
        response = tenant.owner.post(path, json={"email": spelling, "role": "viewer"})
        problem(response, 409, "already_invited")
    code = code_of(platform, stored)
    ok(accept(account(platform, f"{local.upper()}@B\u00dcCHER.example.test"), code))
    for spelling in (f"{local.upper()}@b\u00fccher.example.test", stored):
        response = tenant.owner.post(path, json={"email": spelling, "role": "viewer"})
        problem(response, 409, "already_member")


def test_a_wrong_invitation_code_is_refused(platform: Platform, tenant: Tenant) -> None:
    address = new_address()
    invite(tenant.owner, tenant.client_id, address, "viewer")
    code, api = code_of(platform, address), account(platform, address)
    wrong = code[:-1] + ("A" if code[-1] != "A" else "B")
    for text in (
        wrong,
        code[:32],
        code[32:],
        code.upper(),
        f"{code}=",
        "x",
        "' or true--",
        "\u00e4",
        f" {code}x",
    ):
        assert_not_valid(accept(api, text))
    assert accept(platform.api(), code).status_code == 401
    ok(accept(api, code))


def test_a_revoked_or_expired_invitation_cannot_be_accepted(platform: Platform, tenant: Tenant) -> None:
    for statement in (None, EXPIRE):
        address = new_address()
        invitation = invite(tenant.owner, tenant.client_id, address, "viewer")
        path = f"/v1/clients/{tenant.client_id}/invitations/{invitation['id']}"
        code = code_of(platform, address)
        if statement:
            platform.arrange(statement, [invitation["id"]])
            assert ok(tenant.owner.get(path))["status"] == "expired"
        else:
            assert tenant.owner.delete(path).status_code == 204
            problem(tenant.owner.delete(path), 409, "invitation_ended")
            problem(tenant.owner.post(f"{path}/resend"), 409, "invitation_ended")
        problem(accept(account(platform, address), code), 409, "invitation_ended")
        invite(tenant.owner, tenant.client_id, address, "viewer")  # the address can be invited again


def test_the_invitation_of_an_inactive_client_cannot_be_accepted(platform: Platform) -> None:
    tenant, address = platform.tenant(), new_address()
    invite(tenant.owner, tenant.client_id, address, "viewer")
    code, api = code_of(platform, address), account(platform, address)
    ok(platform.admin.patch(f"/v1/clients/{tenant.client_id}", json={"is_active": False}))
    assert_not_valid(accept(api, code))
    ok(platform.admin.patch(f"/v1/clients/{tenant.client_id}", json={"is_active": True}))
    ok(accept(api, code))


def test_a_repeated_invitation_mail_replaces_the_code(platform: Platform, tenant: Tenant) -> None:
    address = new_address()
    invitation = invite(tenant.owner, tenant.client_id, address, "viewer")
    first = code_of(platform, address)
    path = f"/v1/clients/{tenant.client_id}/invitations/{invitation['id']}"
    assert ok(tenant.owner.post(f"{path}/resend"))["sends"] == 2
    second = code_of(platform, address, 2)
    assert first != second
    api = account(platform, address)
    assert_not_valid(accept(api, first))
    ok(accept(api, second))
    problem(tenant.owner.post(f"{path}/resend"), 409, "invitation_ended")


def test_the_mail_of_an_invitation_is_sent_at_most_five_times(platform: Platform, tenant: Tenant) -> None:
    invitation = invite(tenant.owner, tenant.client_id, new_address(), "viewer")
    path = f"/v1/clients/{tenant.client_id}/invitations/{invitation['id']}/resend"
    for sends in (2, 3, 4, 5):
        assert ok(tenant.owner.post(path))["sends"] == sends
    problem(tenant.owner.post(path), 409, "too_many_sends")


def test_an_address_gets_at_most_five_invitation_mails_of_a_client_within_24_hours(
    platform: Platform, tenant: Tenant, other_tenant: Tenant
) -> None:
    address = new_address()
    path = f"/v1/clients/{tenant.client_id}"
    for sent in (2, 4):
        invitation = invite(tenant.owner, tenant.client_id, address, "viewer")
        ok(tenant.owner.post(f"{path}/invitations/{invitation['id']}/resend"))
        assert tenant.owner.delete(f"{path}/invitations/{invitation['id']}").status_code == 204, sent
    invitation = invite(tenant.owner, tenant.client_id, address.upper(), "viewer")
    problem(tenant.owner.post(f"{path}/invitations/{invitation['id']}/resend"), 409, "too_many_sends")
    assert tenant.owner.delete(f"{path}/invitations/{invitation['id']}").status_code == 204
    new = {"email": address, "role": "viewer"}
    problem(tenant.owner.post(f"{path}/members", json=new), 409, "too_many_sends")
    invite(other_tenant.owner, other_tenant.client_id, address, "viewer")


@pytest.mark.parametrize("leaves", ["removed", "demoted"])
def test_the_invitations_of_an_admin_who_leaves_are_revoked(platform: Platform, tenant: Tenant, leaves: str) -> None:
    subject, address = f"admin-{uuid4().hex}", new_address()
    row = platform.database.execute(
        "insert into admin_users (user_id, email, role) values (%s, %s, 'admin') returning id",
        [subject, f"{subject}@example.test"],
    ).fetchone()
    assert row is not None
    platform.wait_for_replica()
    invite(platform.api(subject), tenant.client_id, address, "owner")
    code = code_of(platform, address)
    path = f"/v1/admin/members/{row['id']}"
    if leaves == "removed":
        assert platform.admin.delete(path).status_code == 204
    else:
        ok(platform.admin.patch(path, json={"role": "support"}))
    problem(accept(account(platform, address), code), 409, "invitation_ended")


@pytest.mark.parametrize("inviter", ["owner", "admin"])
def test_no_invitation_remains_if_the_inviter_is_removed_during_the_request(platform: Platform, inviter: str) -> None:
    tenant = platform.tenant()
    if inviter == "owner":
        subject = platform.member(tenant.client_id, "owner")
        listed = ok(tenant.owner.get(f"/v1/clients/{tenant.client_id}/members", params={"role": "owner"}))["data"]
        (member,) = [member for member in listed if member["subject"] == subject]
        path = f"/v1/clients/{tenant.client_id}/members/{member['id']}"
    else:
        subject = f"admin-{uuid4().hex}"
        row = platform.database.execute(
            "insert into admin_users (user_id, email, role) values (%s, %s, 'admin') returning id",
            [subject, f"{subject}@example.test"],
        ).fetchone()
        assert row is not None
        path = f"/v1/admin/members/{row['id']}"
    new = {"email": new_address(), "role": "owner"}
    lock: LiteralString = "select pg_advisory_xact_lock(hashtextextended('invitations ' || %s, 0))"
    with ThreadPoolExecutor(2) as threads:
        with platform.holding(lock, [tenant.client_id]) as held:
            inviting = threads.submit(platform.api(subject).post, f"/v1/clients/{tenant.client_id}/members", json=new)
            held.wait_for(1)
            removing = threads.submit(platform.admin.delete, path)
            platform.eventually(lambda: removing.done() or held.count_waiting() == 2)
        assert removing.result().status_code == 204
        created(inviting.result())
    listed = ok(tenant.owner.get(f"/v1/clients/{tenant.client_id}/invitations"))["data"]
    assert [(invitation["email"], invitation["status"]) for invitation in listed] == [(new["email"], "revoked")]


def test_a_member_of_one_client_can_join_a_second_client(
    platform: Platform, tenant: Tenant, other_tenant: Tenant
) -> None:
    address = new_address()
    api = account(platform, address)
    for count, client in enumerate((tenant, other_tenant), 1):
        invite(client.owner, client.client_id, address, "viewer")
        ok(accept(api, code_of(platform, address, count)))
        ok(api.get(f"/v1/sites/{client.site_id}"))
    assert len(ok(api.get("/v1/me"))["memberships"]) == 2


def test_a_client_sends_at_most_50_invitations_within_an_hour(platform: Platform, other_tenant: Tenant) -> None:
    tenant = platform.tenant()
    rows: LiteralString = """
      insert into mails (client_id, template, recipient, created_at)
      select %s, 'invitation', n || '@example.test', now() - interval '50 minutes' from generate_series(1, 48) n"""
    platform.arrange(rows, [tenant.client_id])
    path = f"/v1/clients/{tenant.client_id}/members"
    with ThreadPoolExecutor(5) as threads:
        bodies = [{"email": new_address(), "role": "viewer"} for _ in range(5)]
        responses = list(threads.map(lambda body: tenant.owner.post(path, json=body), bodies))
    assert sorted(response.status_code for response in responses) == [201, 201, 429, 429, 429]
    refused = tenant.owner.post(path, json=bodies[0] | {"email": new_address()})
    problem(refused, 429, "too_many_invitations")
    assert 0 < int(refused.headers["retry-after"]) <= 600
    invite(other_tenant.owner, other_tenant.client_id, new_address(), "viewer")


def test_a_client_has_at_most_500_members_and_open_invitations(platform: Platform) -> None:
    tenant = platform.tenant()
    rows: LiteralString = """
      insert into client_users (client_id, user_id, email, role)
      select %s, gen_random_uuid(), n || '@example.test', 'viewer' from generate_series(1, 498) n"""
    platform.arrange(rows, [tenant.client_id])
    invite(tenant.owner, tenant.client_id, new_address(), "viewer")
    path = f"/v1/clients/{tenant.client_id}"
    new = {"email": new_address(), "role": "viewer"}
    problem(tenant.owner.post(f"{path}/members", json=new), 409, "too_many_members")
    machine = {"machine_id": uuid4().hex, "role": "viewer"}
    problem(tenant.owner.post(f"{path}/machines", json=machine), 409, "too_many_members")


@pytest.mark.parametrize("field", ["email", "role", "language"])
def test_the_error_for_an_invalid_invitation_names_the_field(tenant: Tenant, field: str) -> None:
    body = {"email": new_address(), "role": "viewer", "language": "de"} | {field: "wrong"}
    response = tenant.owner.post(f"/v1/clients/{tenant.client_id}/members", json=body)
    assert pointers(problem(response, 422, "invalid")) == [f"/{field}"]


def test_an_owner_cannot_invite_staff_or_members_of_another_client(tenant: Tenant, other_tenant: Tenant) -> None:
    body = {"email": new_address(), "role": "super_admin"}
    problem(tenant.owner.post("/v1/admin/members", json=body), 403, "forbidden")
    path = f"/v1/clients/{tenant.client_id}/members"
    assert pointers(problem(tenant.owner.post(path, json=body), 422, "invalid")) == ["/role"]
    body = {"email": new_address(), "role": "viewer"}
    problem(tenant.owner.post(f"/v1/clients/{other_tenant.client_id}/members", json=body), 404, "not_found")


@pytest.mark.parametrize("language", ["de", "en", "es", "fr", "it", "nl"])
def test_the_mail_log_hides_the_code_of_an_invitation(platform: Platform, tenant: Tenant, language: str) -> None:
    address = new_address()
    invite(tenant.owner, tenant.client_id, address, "viewer", language=language)
    (mail,) = platform.mails_to(address)
    code = code_of(platform, address)
    assert f'<html lang="{language}">' in mail.html
    assert code in mail.html
    assert code not in mail.subject
    (listed,) = ok(tenant.owner.get("/v1/mails", params={"recipient": address}))["data"]
    shown = ok(tenant.owner.get(f"/v1/mails/{listed['id']}"))
    assert (shown["template"], shown["subject"]) == ("invitation", mail.subject)
    assert code not in str(shown)
    stored = platform.database.execute("select * from mails where recipient = %s", [address]).fetchone()
    assert code[32:] not in str(stored)
