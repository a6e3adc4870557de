"""Tests the commands `wecelebrate members`."""

import json
import re
from pathlib import Path
from uuid import uuid4

import pytest

from tests.command import Command, CommandHere
from tests.platform import Json, Platform, Tenant

CODE = re.compile(r": ([0-9a-f]{32}[0-9A-Za-z_-]{43})$", re.MULTILINE)


@pytest.fixture
def tenant(platform: Platform) -> Tenant:
    return platform.tenant()


@pytest.fixture
def address() -> str:
    return f"{uuid4().hex}@example.test"


def as_account(platform: Platform, folder: Path, address: str) -> Command:
    """Return the command of a person whose account has verified an address."""
    token = platform.issuer.token(f"account-{uuid4().hex}", email=address)
    variables = {
        "WECELEBRATE_API": platform.endpoints.api,
        "WECELEBRATE_TOKEN": token,
        "WECELEBRATE_HOME": str(folder),
    }
    return CommandHere(folder, variables)


def rows(result: str) -> list[Json]:
    data: list[Json] = json.loads(result)["data"]
    return data


def test_the_commands_invite_and_change_and_remove_a_member(
    wecelebrate: Command, platform: Platform, tenant: Tenant, address: str, tmp_path: Path
) -> None:
    client = ("--client", tenant.slug)
    invited = wecelebrate("members", "invite", address, *client, "--role", "viewer", "--language", "de")
    assert invited.returncode == 0
    assert re.fullmatch(rf"✓ {address} is invited as viewer until \d{{4}}-\d\d-\d\d\n", invited.stdout)
    [invitation] = rows(wecelebrate("members", "list", *client, "--invitations", "--json").stdout)
    assert (invitation["email"], invitation["role"], invitation["status"]) == (address, "viewer", "open")
    match = CODE.search(platform.mails_to(address)[0].text)
    assert match is not None
    wrong = as_account(platform, tmp_path, address)("members", "accept", match[1][:-1])
    assert (wrong.returncode, wrong.stdout) == (5, "")
    assert "must be the code in the newest mail of an invitation" in wrong.stderr
    other = wecelebrate("members", "accept", match[1])
    assert (other.returncode, other.stdout) == (5, "")
    assert re.search(r"another address.* WECELEBRATE_TOKEN=\$\(\S+ token --as customer:ADDRESS\)", other.stderr)
    accepted = as_account(platform, tmp_path, address)("members", "accept", match[1])
    assert (accepted.returncode, accepted.stderr) == (0, "")
    assert accepted.stdout.startswith("✓ you are now viewer of ")
    changed = wecelebrate("members", "role", address.upper(), *client, "--role", "editor")
    assert changed.stdout == f"✓ {address.upper()} is now editor\n"
    member = next(row for row in rows(wecelebrate("members", "list", *client, "--json").stdout) if row["email"])
    assert (member["email"], member["role"]) == (address, "editor")
    assert wecelebrate("members", "remove", member["id"], *client).stdout == f"✓ {member['id']} is removed\n"
    assert address not in wecelebrate("members", "list", *client).stdout


def test_a_person_who_is_not_a_member_cannot_be_changed_or_removed(
    wecelebrate: Command, tenant: Tenant, address: str
) -> None:
    for arguments in (("role", address, "--role", "editor"), ("remove", address)):
        result = wecelebrate("members", *arguments, "--client", tenant.slug)
        assert (result.returncode, result.stdout, result.stderr) == (4, "", f"✗ {address} is not a member\n")


def test_a_staff_role_is_not_valid_for_a_member_of_a_client(wecelebrate: Command, tenant: Tenant, address: str) -> None:
    result = wecelebrate("members", "invite", address, "--client", tenant.slug, "--role", "support")
    assert (result.returncode, result.stdout) == (5, "")
    assert "role" in result.stderr


def test_the_first_admin_command_fails_if_the_platform_has_a_super_admin(wecelebrate: Command, address: str) -> None:
    result = wecelebrate("members", "first-admin", address)
    assert (result.returncode, result.stdout) == (5, "")
    assert "the platform has a super admin already" in result.stderr


def test_a_repeated_invitation_mail_has_a_new_code(
    wecelebrate: Command, platform: Platform, tenant: Tenant, address: str, tmp_path: Path
) -> None:
    client = ("--client", tenant.slug)

    def codes(count: int) -> list[str]:
        return [match[1] for mail in platform.mails_to(address, count=count) if (match := CODE.search(mail.text))]

    assert wecelebrate("members", "invite", address, *client, "--role", "viewer", "--language", "de").returncode == 0
    (lost,) = codes(1)
    again = wecelebrate("members", "invite", address.upper(), *client, "--resend")
    assert (again.returncode, again.stderr) == (0, "")
    expected = rf"✓ {address} is invited again \(mail 2 of 5\) as viewer until \d{{4}}-\d\d-\d\d\n"
    assert re.fullmatch(expected, again.stdout, re.IGNORECASE)
    first_and_new = codes(2)
    assert len(first_and_new) == 2
    (new,) = {*first_and_new} - {lost}
    account = as_account(platform, tmp_path, address)
    assert account("members", "accept", lost).returncode == 5
    assert account("members", "accept", new).stdout.startswith("✓ you are now viewer of ")
    answered = wecelebrate("members", "invite", address, *client, "--resend")
    assert (answered.returncode, answered.stdout) == (4, "")
    assert f"{address} has no open invitation, and the last one was accepted" in answered.stderr


def test_the_mail_of_an_invitation_is_sent_at_most_five_times(
    wecelebrate: Command, tenant: Tenant, address: str
) -> None:
    client = ("--client", tenant.slug)
    assert wecelebrate("members", "invite", address, *client, "--role", "viewer").returncode == 0
    sent = [wecelebrate("members", "invite", address, *client, "--resend") for _ in range(5)]
    assert [result.returncode for result in sent] == [0, 0, 0, 0, 5]
    assert "five times" in sent[-1].stderr or "too often" in sent[-1].stderr


def test_sending_an_unknown_invitation_again_is_an_error(wecelebrate: Command, tenant: Tenant, address: str) -> None:
    client = ("--client", tenant.slug)
    unknown = wecelebrate("members", "invite", address, *client, "--resend")
    assert (unknown.returncode, unknown.stdout) == (4, "")
    assert f"{address} has no open invitation, and there was none: invite the person without" in unknown.stderr
    for arguments in (("--resend", "--role", "viewer"), ("--resend", "--language", "de"), ()):
        wrong = wecelebrate("members", "invite", address, *client, *arguments)
        assert (wrong.returncode, wrong.stdout) == (2, "")
