"""Tests the cache protocol in many interleavings of readers, writers, a lagging replica, evictions and the sweeper.

A seed determines the order of the steps in each interleaving. If the tags of a change were invalidated before a request
began, the response must contain the change. A response must contain only data that the caller is allowed to see.
"""

import json
import os
from collections.abc import Callable
from random import Random
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from tests.cache import database_model
from tests.cache.database_model import CATALOGS, DOMAIN, A, B, Change, Commit, Database
from tests.cache.doubles import Clock, DirectRedis
from tests.cache.interleavings import Interleaving
from tests.faults.figures import Figure
from wecelebrate.core import cache, kill_switches
from wecelebrate.core.cache import keys
from wecelebrate.core.cache.keys import Entry
from wecelebrate.core.database import Caller
from wecelebrate.core.errors import NoMembership
from wecelebrate.core.requests import loading, request_cache, sessions

FULL = os.environ.get("WECELEBRATE_FAULTS") == "full"
INTERLEAVINGS = 10_000 if FULL else 500
SHARES = 1 if FULL else 10
"""The interleavings are divided among this number of tests. The message of a failed test contains the seed."""

ANN, ABE, BOB = (Caller(subject=name) for name in ("ann", "abe", "bob"))
VISITOR = Caller(site_domain=DOMAIN)
CLIENT_DATA = Entry(keys.PRODUCT, "things", ("things",))
STOREFRONT = Entry(keys.STOREFRONT, "shown", ("products:$catalog",))


class Scenario:
    """Runs one interleaving of random actions, and checks the responses."""

    def __init__(self, seed: int, direct_redis: DirectRedis, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
        self.random = Random(seed)

        def on_switch(actor: str) -> None:
            monkeypatch.setattr(request_cache, "_lock_owner", actor)

        self.interleaving = Interleaving(self.random, on_switch)
        self.clock = clock
        self.redis = direct_redis.client
        self.database = Database(lambda: clock.ms, self.interleaving.switch_point)
        self.responses = 0
        direct_redis.before_call = self.interleaving.switch_point
        # `sleep` does not wait, but advances the clock of the test.
        time = SimpleNamespace(monotonic=lambda: clock.ms / 1000, sleep=self._sleep)
        for module in (request_cache, sessions, loading):
            monkeypatch.setattr(module, "reading", self.database.reading)
        monkeypatch.setattr(sessions, "person_clients", lambda _: ())  # the model contains no personal data
        monkeypatch.setattr(request_cache, "time", time)
        monkeypatch.setattr(kill_switches, "are_known", lambda: True)

    def _sleep(self, seconds: float) -> None:
        self.clock.pass_seconds(seconds)
        self.interleaving.switch_point("sleep")

    # The actions of a scenario.

    def read(self, caller: Caller) -> None:
        """Send a request and check the response."""
        invalidated = [commit for commit in self.database.commits if commit.invalidated]
        body = self.request(caller)
        self.responses += 1
        self.check(caller, body, invalidated)

    def request(self, caller: Caller) -> dict[str, Any] | None:
        """Send a request and return the body of the response. Return None if the caller has no membership."""
        entry = STOREFRONT if caller.site_domain else CLIENT_DATA
        try:
            value, _ = loading.value_of(request_cache.RequestCache(caller), entry, self.database.load)
        except NoMembership:
            return None
        body: dict[str, Any] = json.loads(value.body)
        return body

    def check(self, caller: Caller, body: dict[str, Any] | None, invalidated: list[Commit]) -> None:
        """Check that a body contains all invalidated changes, and only data that the caller is allowed to see."""
        if caller.site_domain:
            assert body is not None
            self._check_storefront(body, invalidated)
        else:
            self._check_client_data(caller.subject or "", body, invalidated)

    def _check_storefront(self, body: dict[str, Any], invalidated: list[Commit]) -> None:
        required = self.database.required_version(invalidated, lambda state: state.site[0])
        assert body["site"] >= required, "the site is outdated"
        possible = {str(state.site[1]) for state in self._states() if state.site[0] >= required}
        assert body["catalog"] in possible, "the site never showed this catalog"
        catalog = UUID(body["catalog"])
        required = self.database.required_version(invalidated, lambda state: state.catalog_contents[catalog])
        assert body["version"] >= required, "the contents of the catalog are outdated"

    def _check_client_data(self, subject: str, body: dict[str, Any] | None, invalidated: list[Commit]) -> None:
        required = self.database.required_version(invalidated, lambda state: state.members[subject][0])
        permitted = {state.members[subject][1:] for state in self._states() if state.members[subject][0] >= required}
        if body is None:
            assert any(client is None for client, _ in permitted), (
                f"{subject} is refused, but its possible memberships are {permitted}"
            )
            return
        client = UUID(body["client"])
        assert (client, body["role"]) in permitted, (
            f"{subject} gets {body}, but its possible memberships are {permitted}"
        )
        required = self.database.required_version(invalidated, lambda state: state.client_data[client])
        assert body["version"] >= required, "the client's data is outdated"

    def _states(self) -> list[database_model.State]:
        return [self.database.initial, *(commit.state for commit in self.database.commits)]

    def write(self, change: Change, write_key: str, *, dies: bool = False) -> None:
        """Commit a change, then invalidate its tags in the cache. If the writer dies, the tags are not invalidated."""
        xid = self.database.begin()
        self.interleaving.switch_point("write")
        commit = self.database.commit(xid, change, write_key)
        self.interleaving.switch_point("committed")
        if not dies:
            self.invalidate(commit, late=False)

    def invalidate(self, commit: Commit, *, late: bool) -> None:
        """Invalidate the tags of a commit in the cache. `late` states whether the sweeper calls this method."""
        cache.invalidate(commit.tags, commit.xid, "" if late else commit.write_key, late=late)
        commit.invalidated = True
        if commit in self.database.outbox:
            self.database.outbox.remove(commit)

    def sweep(self) -> None:
        """Invalidate the tags of all commits in the outbox."""
        for commit in list(self.database.outbox):
            self.invalidate(commit, late=True)

    def evict(self) -> None:
        """Delete a random key from Redis. This can be the key that contains the history of recent writes."""
        names = sorted(self.redis.keys("*"))
        if names:
            self.redis.delete(self.random.choice(names))

    # The random actors of a scenario.

    def random_change(self) -> Change:
        random = self.random
        return random.choice(
            [
                database_model.change_client_data(random.choice([A, B])),
                database_model.change_catalog(random.choice(CATALOGS)),
                database_model.change_site(random.choice(CATALOGS)),
                database_model.change_membership(
                    "ann", random.choice([A, B, None]), random.choice(["owner", "viewer"])
                ),
            ]
        )

    def reader(self) -> Callable[[], None]:
        callers = self.random.choices([ANN, ABE, BOB, VISITOR], [3, 2, 2, 2], k=self.random.randint(1, 3))

        def work() -> None:
            for caller in callers:
                self.read(caller)

        return work

    def writer(self, death_rate: float) -> Callable[[], None]:
        """Create the function of a writer. `death_rate` is the probability that the writer dies after a commit."""
        writes = [
            (
                self.random_change(),
                self.random.choice(["", "caller:ann", "caller:bob"]),
                self.random.random() < death_rate,
            )
            for _ in range(self.random.randint(1, 2))
        ]

        def work() -> None:
            for change, write_key, dies in writes:
                self.write(change, write_key, dies=dies)

        return work

    def environment(self) -> None:
        """Run an actor that replays commits on the replica, evicts keys, advances the clock, and runs the sweeper."""
        for _ in range(self.random.randint(2, 8)):
            self.interleaving.switch_point("environment")
            match self.random.choice(["replay", "replay", "evict", "time", "sweep"]):
                case "replay":
                    self.database.replay(1)
                case "evict":
                    self.evict()
                case "time":
                    self.clock.pass_seconds(self.random.choice([0.005, 1, 20, 70, 320]))
                case "sweep":
                    self.sweep()

    def run(self, death_rate: float) -> None:
        self.redis.flushdb()
        if self.random.random() < 0.85:
            self.redis.hset(f"{keys.prefix()}public:recent", "since", str(self.clock.ms - 120_000))
        for caller in self.random.choices([ANN, ABE, BOB, VISITOR], k=2):
            self.request(caller)  # These requests fill the cache.
        works: list[tuple[str, Callable[[], object]]] = [("environment", self.environment)]
        works += [(f"reader {number}", self.reader()) for number in range(self.random.randint(2, 3))]
        works += [(f"writer {number}", self.writer(death_rate)) for number in range(self.random.randint(1, 2))]
        self.interleaving.run(*works)
        self.sweep()
        for caller in (ANN, ABE, BOB, VISITOR):
            self.read(caller)  # The replica can still lag here.
        self.database.replay(99)
        for caller in (ANN, ABE, BOB, VISITOR):
            self.read(caller)


def run_scenario(
    seed: int, direct_redis: DirectRedis, clock: Clock, monkeypatch: pytest.MonkeyPatch, death_rate: float
) -> Scenario:
    """Run the interleaving that the seed determines.

    If it fails, the message contains the seed and the order of the switch points.
    """
    scenario = Scenario(seed, direct_redis, clock, monkeypatch)
    try:
        scenario.run(death_rate)
    except AssertionError as error:
        raise AssertionError(f"seed {seed}: {error}\n" + "\n".join(scenario.interleaving.trace)) from error
    return scenario


@pytest.mark.timeout(900)
@pytest.mark.parametrize("share", range(SHARES))
def test_a_response_contains_all_changes_that_were_invalidated_before_the_request(
    direct_redis: DirectRedis, clock: Clock, monkeypatch: pytest.MonkeyPatch, figure: Figure, share: int
) -> None:
    loads = {"primary": 0, "replica": 0}
    responses = 0
    for seed in range(share, INTERLEAVINGS, SHARES):
        scenario = run_scenario(seed, direct_redis, clock, monkeypatch, 0.0)
        responses += scenario.responses
        loads = {server: count + scenario.database.loads[server] for server, count in loads.items()}
    figure(f"interleavings {share + 1} of {SHARES}", INTERLEAVINGS / SHARES, "interleavings")
    figure(f"interleavings {share + 1} of {SHARES}: responses, none of them outdated", responses, "responses")
    assert responses > 8 * INTERLEAVINGS // SHARES
    assert min(loads.values()) > INTERLEAVINGS // SHARES, "values were loaded from both servers"


@pytest.mark.timeout(900)
@pytest.mark.parametrize("share", range(SHARES))
def test_responses_are_current_after_the_sweeper_invalidates_changes_of_dead_writers(
    direct_redis: DirectRedis, clock: Clock, monkeypatch: pytest.MonkeyPatch, figure: Figure, share: int
) -> None:
    for seed in range(share, INTERLEAVINGS, SHARES):
        run_scenario(1_000_000 + seed, direct_redis, clock, monkeypatch, 0.6)
    figure(f"interleavings with dying writers {share + 1} of {SHARES}", INTERLEAVINGS / SHARES, "interleavings")
