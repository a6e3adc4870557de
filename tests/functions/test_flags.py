"""Flags: who may turn the platform's switches, and what turning them does to every function that runs."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import httpx
import pytest
import valkey
from typer.testing import CliRunner

from infra.command import app as command
from tests.functions.test_statements import counted
from tests.platform import TLS, Json, Platform, Tenant, ok, pointers, problem

OTHERS = {"reads": "primary", "cache": "off", "limits": "off"}
DEFAULTS = {"reads": "replica", "cache": "on", "limits": "on"}
LATEST = 10.0
"""Seconds after which every function instance goes by a switch."""
AT_ONCE = 12


@pytest.fixture(scope="module")
def platform(own_platform: Platform) -> Platform:
    """A cloud of the module's own: switches are everybody's."""
    return own_platform


@pytest.fixture
def admin(platform: Platform) -> Iterator[httpx.Client]:
    """The API as an admin calls it; in the end all is as it was."""
    subject = f"admin-{uuid4().hex[:8]}"
    platform.database.execute(
        "insert into admin_users (user_id, email, role) values (%s, %s, 'admin')", [subject, f"{subject}@example.test"]
    )
    yield platform.api(subject)
    platform.database.execute("delete from kill_switches")


def flags(api: httpx.Client) -> dict[str, Json]:
    return {flag["name"]: flag for flag in ok(api.get("/v1/admin/flags"))["data"]}


def values(api: httpx.Client) -> dict[str, str]:
    return {name: flag["value"] for name, flag in flags(api).items()}


def test_at_first_all_are_at_their_defaults(admin: httpx.Client) -> None:
    for flag in flags(admin).values():
        assert (flag["value"], flag["changed_by"], flag["changed_at"]) == (flag["default"], None, None)
    assert values(admin) == DEFAULTS


@pytest.mark.parametrize(("name", "value"), OTHERS.items())
def test_a_flag_says_who_set_it_and_goes_back(platform: Platform, admin: httpx.Client, name: str, value: str) -> None:
    put = ok(admin.put(f"/v1/admin/flags/{name}", json={"value": value}))
    assert put == flags(platform.admin)[name]
    assert put["value"] == put["other"] == value
    assert put["changed_by"].startswith("admin-")
    again = ok(platform.admin.put(f"/v1/admin/flags/{name}", json={"value": value}))
    assert (again["changed_by"], again["changed_at"] > put["changed_at"]) == ("admin", True)
    for _ in range(2):
        assert admin.delete(f"/v1/admin/flags/{name}").status_code == 204
        assert values(admin) == DEFAULTS


@pytest.mark.parametrize(
    ("name", "body", "pointer"),
    [
        ("reads", {"value": "off"}, "/value"),
        ("reads", {"value": "replica"}, "/value"),
        ("cache", {"value": "primary"}, "/value"),
        ("limits", {"value": ""}, "/value"),
        ("limits", {"value": None}, "/value"),
        ("limits", {"value": "off", "until": "noon"}, "/until"),
        ("writes", {"value": "off"}, "name"),
    ],
)
def test_what_is_no_pair_is_refused(admin: httpx.Client, name: str, body: Json, pointer: str) -> None:
    refused = problem(admin.put(f"/v1/admin/flags/{name}", json=body), 422, "invalid")
    assert pointers(refused) == [pointer]
    assert values(admin) == DEFAULTS


def test_a_flag_that_is_none_is_not_reset(admin: httpx.Client) -> None:
    assert pointers(problem(admin.delete("/v1/admin/flags/writes"), 422, "invalid")) == ["name"]


def test_nobody_but_admins_sees_or_turns_them(platform: Platform, admin: httpx.Client) -> None:
    owner = platform.tenant().owner
    for api in (owner, platform.api("support")):
        problem(api.get("/v1/admin/flags"), 403, "forbidden")
        problem(api.put("/v1/admin/flags/cache", json={"value": "off"}), 403, "forbidden")
        problem(api.delete("/v1/admin/flags/cache"), 403, "forbidden")
    assert values(admin) == DEFAULTS


def test_the_command_shows_and_turns_them(
    platform: Platform, admin: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WECELEBRATE_HOME", str(platform.state.parent))
    monkeypatch.setenv("COLUMNS", "200")

    def said(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(command, ["switch", *arguments])
        return done.exit_code, done.stdout

    for name, value in OTHERS.items():
        assert said(f"{name}={value}") == (0, f"✓ {name}={value}, everywhere within 10 seconds\n")
    assert values(admin) == OTHERS
    assert all(word in said()[1] for word in ("reads   primary", "cache   off", "limits  off", " admin "))
    for name, value in DEFAULTS.items():
        assert said(f"{name}={value}")[0] == 0
    assert values(admin) == DEFAULTS
    assert said("cache=primary") == (1, "✗ say cache=on or cache=off\n")
    assert said("writes=off") == (1, "✗ there is no switch called 'writes', but reads, cache, limits\n")


class Crowd:
    """A dozen requests at once, again and again, of a page that is kept and of one that is not."""

    def __init__(self, platform: Platform, tenant: Tenant) -> None:
        self._platform = platform
        self._kept = f"/v1/catalogs/{tenant.catalog_id}"
        self._clients = [
            httpx.Client(base_url=platform.endpoints.api, headers=tenant.owner.headers, timeout=30, verify=TLS)
            for _ in range(AT_ONCE)
        ]
        self._pool = ThreadPoolExecutor(AT_ONCE)
        platform._clients.extend(self._clients)

    def ask(self, rounds: int = 1) -> list[httpx.Response]:
        """The answers, none of which may be a failure."""
        answers: list[httpx.Response] = []
        for _ in range(rounds):
            for path in (self._kept, "/v1/jobs"):
                answers += self._pool.map(lambda api, path=path: api.get(path), self._clients)
        assert {answer.status_code for answer in answers} == {200}
        return answers

    def ask_for(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.ask()
            time.sleep(0.25)

    def stands(self) -> dict[str, str]:
        """How the switches stand, going by the answers; `?` where they differ from each other.

        An instance that has only begun asks the replica how they stand: what is seen once may be that.
        """
        for _ in range(3):
            seen = self._seen()
            if "?" not in seen.values():
                break
        return seen

    def _seen(self) -> dict[str, str]:
        before = counted(self._platform)
        answers = self.ask(rounds=4)
        read = counted(self._platform) - before
        kept = {"hit" in answer.headers["cache-status"] for answer in answers if "cache-status" in answer.headers}
        limited = {"ratelimit" in answer.headers for answer in answers}
        return {
            "reads": "replica" if read >= len(answers) / 2 else "primary" if read == 0 else "?",
            "cache": _one(kept),
            "limits": _one(limited),
        }


def _one(found: set[bool]) -> str:
    return "?" if len(found) > 1 else "on" if True in found else "off"


def test_each_switch_works_everywhere_within_ten_seconds_and_fails_nobody(
    platform: Platform, admin: httpx.Client
) -> None:
    with valkey.Valkey.from_url(platform.endpoints.redis) as redis:
        # A memory of writes younger than a minute is not relied on: reads would be the primary's from the start.
        redis.hset("v1:local:public:recent", "since", "1")
    tenant = platform.tenant()
    enterprise = {"tier": "enterprise"}
    ok(platform.admin.patch(f"/v1/clients/{tenant.client_id}", json=enterprise, headers={"If-Match": "*"}))
    crowd = Crowd(platform, tenant)
    crowd.ask(rounds=5)
    assert crowd.stands() == DEFAULTS
    for name, value in OTHERS.items():
        ok(admin.put(f"/v1/admin/flags/{name}", json={"value": value}))
    crowd.ask_for(LATEST)
    assert crowd.stands() == OTHERS
    for name in OTHERS:
        assert admin.delete(f"/v1/admin/flags/{name}").status_code == 204
    crowd.ask_for(LATEST)
    assert crowd.stands() == DEFAULTS
