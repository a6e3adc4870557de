"""Flags are kill switches of the platform. Only admins can set a flag. Every running function applies a changed
flag."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import httpx
import pytest
import valkey
from typer.testing import CliRunner

from infra.command import app as command
from tests.functions.statements import count_statements
from tests.platform import TLS, Json, Platform, Tenant, ok, pointers, problem

OTHER_VALUES = {"reads": "primary", "cache": "off", "queue": "direct", "limits": "off"}
DEFAULTS = {"reads": "replica", "cache": "on", "queue": "sqs", "limits": "on"}
PROPAGATION_SECONDS = 10.0
"""The longest time until every function instance applies a change of a switch, in seconds."""
CONCURRENT_REQUESTS = 12


@pytest.fixture(scope="module")
def platform(own_platform: Platform) -> Platform:
    """Return a local cloud that only this module uses, because a switch affects all clients."""
    return own_platform


@pytest.fixture
def admin(platform: Platform) -> Iterator[httpx.Client]:
    """Yield an API client with the token of a new admin. Reset all switches after the test."""
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


def test_every_flag_has_its_default_value_until_an_admin_sets_it(admin: httpx.Client) -> None:
    for flag in flags(admin).values():
        assert (flag["value"], flag["changed_by"], flag["changed_at"]) == (flag["default"], None, None)
    assert values(admin) == DEFAULTS


@pytest.mark.parametrize(("name", "value"), OTHER_VALUES.items())
def test_an_admin_can_set_and_reset_a_flag(platform: Platform, admin: httpx.Client, name: str, value: str) -> None:
    first = ok(admin.put(f"/v1/admin/flags/{name}", json={"value": value}))
    assert first == flags(platform.admin)[name]
    assert first["value"] == first["other"] == value
    assert first["changed_by"].startswith("admin-")
    second = ok(platform.admin.put(f"/v1/admin/flags/{name}", json={"value": value}))
    assert (second["changed_by"], second["changed_at"] > first["changed_at"]) == ("admin", True)
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
def test_an_unknown_flag_or_value_is_refused(admin: httpx.Client, name: str, body: Json, pointer: str) -> None:
    response = admin.put(f"/v1/admin/flags/{name}", json=body)
    assert pointers(problem(response, 422, "invalid")) == [pointer]
    assert values(admin) == DEFAULTS


def test_an_unknown_flag_cannot_be_reset(admin: httpx.Client) -> None:
    assert pointers(problem(admin.delete("/v1/admin/flags/writes"), 422, "invalid")) == ["name"]


def test_only_admins_see_and_set_flags(platform: Platform, admin: httpx.Client) -> None:
    owner = platform.tenant().owner
    for api in (owner, platform.api("support")):
        problem(api.get("/v1/admin/flags"), 403, "forbidden")
        problem(api.put("/v1/admin/flags/cache", json={"value": "off"}), 403, "forbidden")
        problem(api.delete("/v1/admin/flags/cache"), 403, "forbidden")
    assert values(admin) == DEFAULTS


def test_the_switch_command_shows_and_sets_flags(
    platform: Platform, admin: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WECELEBRATE_HOME", str(platform.state.parent))
    monkeypatch.setenv("COLUMNS", "200")

    def switch(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(command, ["switch", *arguments])
        return result.exit_code, result.stdout + result.stderr

    for name, value in OTHER_VALUES.items():
        text = f"✓ {name}={value} applies to every function of the local cloud within 10 seconds\n"
        assert switch(f"{name}={value}") == (0, text)
    assert values(admin) == OTHER_VALUES
    _, table = switch()
    assert all(text in table for text in ("reads   primary", "cache   off", "queue   direct", "limits  off", " admin "))
    for name, value in DEFAULTS.items():
        assert switch(f"{name}={value}")[0] == 0
    assert values(admin) == DEFAULTS
    assert switch("cache=primary") == (2, "✗ 'primary' is not a value of the switch cache: use cache=on or cache=off\n")
    assert switch("writes=off") == (2, "✗ switch 'writes' does not exist: use one of reads, cache, queue, limits\n")


class Load:
    """Sends concurrent requests for a cached page and an uncached page. The responses reveal the values of the
    switches."""

    def __init__(self, platform: Platform, tenant: Tenant) -> None:
        self._platform = platform
        self._cached_path = f"/v1/catalogs/{tenant.catalog_id}"
        self._clients = [
            httpx.Client(base_url=platform.endpoints.api, headers=tenant.owner.headers, timeout=30, verify=TLS)
            for _ in range(CONCURRENT_REQUESTS)
        ]
        self._pool = ThreadPoolExecutor(CONCURRENT_REQUESTS)
        platform._clients.extend(self._clients)

    def send(self, rounds: int = 1) -> list[httpx.Response]:
        """Send requests, check that all requests succeed, and return the responses."""
        responses: list[httpx.Response] = []
        for _ in range(rounds):
            for path in (self._cached_path, "/v1/jobs"):
                responses += self._pool.map(lambda api, path=path: api.get(path), self._clients)
        assert {response.status_code for response in responses} == {200}
        return responses

    def send_for(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.send()
            time.sleep(0.25)

    def switches(self) -> dict[str, str]:
        """Return the value of each switch that the responses reveal.

        The value is `?` if the responses contradict each other in three attempts. A new function instance can cause one
        contradiction, because it reads the switches from the replica, and this read is counted too.
        """
        for _ in range(3):
            state = self._observe()
            if "?" not in state.values():
                break
        return state

    def _observe(self) -> dict[str, str]:
        before = count_statements(self._platform)
        responses = self.send(rounds=4)
        statements = count_statements(self._platform) - before
        hits = {
            "hit" in response.headers["cache-status"] for response in responses if "cache-status" in response.headers
        }
        limited = {"ratelimit" in response.headers for response in responses}
        return {
            "reads": "replica" if statements >= len(responses) / 2 else "primary" if statements == 0 else "?",
            "cache": _on_or_off(hits),
            "limits": _on_or_off(limited),
        }


def _on_or_off(observed: set[bool]) -> str:
    return "?" if len(observed) > 1 else "on" if True in observed else "off"


def observable(switches: dict[str, str]) -> dict[str, str]:
    """Return the switches whose values the responses reveal. `tests/faults/test_queue_direct.py` tests the switch
    `queue`."""
    return {name: value for name, value in switches.items() if name != "queue"}


@pytest.mark.slow
def test_every_switch_takes_effect_within_ten_seconds_and_no_request_fails(
    platform: Platform, admin: httpx.Client
) -> None:
    with valkey.Valkey.from_url(platform.endpoints.redis) as redis:
        # Redis records recent writes. The primary answers all reads until this record is a minute old. Set the start of
        # the record to a time in the past, so that the replica answers reads at once.
        redis.hset("v1:local:public:recent", "since", "1")
    tenant = platform.tenant()
    enterprise = {"tier": "enterprise"}
    ok(platform.admin.patch(f"/v1/clients/{tenant.client_id}", json=enterprise, headers={"If-Match": "*"}))
    load = Load(platform, tenant)
    load.send(rounds=5)
    assert load.switches() == observable(DEFAULTS)
    for name, value in OTHER_VALUES.items():
        ok(admin.put(f"/v1/admin/flags/{name}", json={"value": value}))
    load.send_for(PROPAGATION_SECONDS)
    assert load.switches() == observable(OTHER_VALUES)
    for name in OTHER_VALUES:
        assert admin.delete(f"/v1/admin/flags/{name}").status_code == 204
    load.send_for(PROPAGATION_SECONDS)
    assert load.switches() == observable(DEFAULTS)
