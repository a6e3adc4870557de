"""The protocol under forced interleavings: readers, writers, a lagging replica, evictions, a sweeper; a seed each.

What is looked for is one thing: an answer that lacks what the cache had been told before the question was asked, or
that holds what the caller may not see.
"""

import json
import os
from collections.abc import Callable
from random import Random
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from tests.cache import model
from tests.cache.conftest import Clock, Direct
from tests.cache.model import CATALOGS, DOMAIN, A, B, Change, Commit, Database
from tests.cache.scheduler import Schedule
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
"""The interleavings are so many tests: a failure is found by its seed."""

ANN, ABE, BOB = (Caller(subject=name) for name in ("ann", "abe", "bob"))
VISITOR = Caller(site_domain=DOMAIN)
THINGS = Entry(keys.PRODUCT, "things", ("things",))
SHOWN = Entry(keys.STOREFRONT, "shown", ("products:$catalog",))


class Scene:
    """One interleaving: who does what, and what is true of every answer."""

    def __init__(self, seed: int, direct: Direct, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
        self.random = Random(seed)
        self.schedule = Schedule(self.random, lambda name: monkeypatch.setattr(request_cache, "_lock_owner", name))
        self.clock = clock
        self.redis = direct.client
        self.database = Database(lambda: clock.ms, self.schedule.point)
        self.answers = 0
        direct.before = self.schedule.point
        # A wait passes no time of its own: that is the clock's.
        time = SimpleNamespace(monotonic=lambda: clock.ms / 1000, sleep=self._sleep)
        for module in (request_cache, sessions, loading):
            monkeypatch.setattr(module, "reading", self.database.reading)
        monkeypatch.setattr(request_cache, "time", time)
        monkeypatch.setattr(kill_switches, "are_known", lambda: True)

    def _sleep(self, seconds: float) -> None:
        self.clock.pass_seconds(seconds)
        self.schedule.point("sleep")

    # Who does what.

    def read(self, caller: Caller) -> None:
        """Ask once, and hold the answer against what the cache was told before."""
        told = [commit for commit in self.database.commits if commit.sent]
        body = self.ask(caller)
        self.answers += 1
        self.hold(caller, body, told)

    def ask(self, caller: Caller) -> dict[str, Any] | None:
        entry = SHOWN if caller.site_domain else THINGS
        try:
            value, _ = loading.value_of(request_cache.RequestCache(caller), entry, self.database.load)
        except NoMembership:
            return None
        found: dict[str, Any] = json.loads(value.body)
        return found

    def hold(self, caller: Caller, body: dict[str, Any] | None, told: list[Commit]) -> None:
        """The answer has all that the cache was told, and is what the caller may see."""
        states = [self.database.first, *(commit.state for commit in self.database.commits)]
        if caller.site_domain:
            least = self.database.least(told, lambda state: state.site[0])
            assert body is not None
            assert body["site"] >= least, "the site is stale"
            assert body["catalog"] in {str(state.site[1]) for state in states if state.site[0] >= least}, (
                "another shelf"
            )
            catalog = UUID(body["catalog"])
            assert body["version"] >= self.database.least(told, lambda state: state.shown[catalog]), (
                "the shelf is stale"
            )
            return
        subject = caller.subject or ""
        least = self.database.least(told, lambda state: state.members[subject][0])
        may = {state.members[subject][1:] for state in states if state.members[subject][0] >= least}
        if body is None:
            assert any(client is None for client, _ in may), f"{subject} is refused, but may be {may}"
            return
        client = UUID(body["client"])
        assert (client, body["role"]) in may, f"{subject} sees {body}, but may be {may}"
        assert body["version"] >= self.database.least(told, lambda state: state.things[client]), "stale"

    def write(self, change: Change, caller: str, *, dies: bool = False) -> None:
        """One transaction of a writer, who may die between its commit and the word to the cache."""
        xid = self.database.begin()
        self.schedule.point("write")
        commit = self.database.commit(xid, change, caller)
        self.schedule.point("committed")
        if not dies:
            self.tell(commit, late=False)

    def tell(self, commit: Commit, *, late: bool) -> None:
        cache.invalidate(commit.tags, commit.xid, "" if late else commit.caller, late=late)
        commit.sent = True
        if commit in self.database.outbox:
            self.database.outbox.remove(commit)

    def sweep(self) -> None:
        for commit in list(self.database.outbox):
            self.tell(commit, late=True)

    def evict(self) -> None:
        """Redis evicts something, or forgets what it was told lately."""
        found = sorted(self.redis.keys("*"))
        if found:
            self.redis.delete(self.random.choice(found))

    # What a seed makes of it.

    def a_change(self) -> Change:
        random = self.random
        return random.choice(
            [
                model.change_things(random.choice([A, B])),
                model.change_shown(random.choice(CATALOGS)),
                model.move_site(random.choice(CATALOGS)),
                model.move_member("ann", random.choice([A, B, None]), random.choice(["owner", "viewer"])),
            ]
        )

    def reader(self) -> Callable[[], None]:
        callers = self.random.choices([ANN, ABE, BOB, VISITOR], [3, 2, 2, 2], k=self.random.randint(1, 3))

        def work() -> None:
            for caller in callers:
                self.read(caller)

        return work

    def writer(self, dying: float) -> Callable[[], None]:
        writes = [
            (self.a_change(), self.random.choice(["", "caller:ann", "caller:bob"]), self.random.random() < dying)
            for _ in range(self.random.randint(1, 2))
        ]

        def work() -> None:
            for change, caller, dies in writes:
                self.write(change, caller, dies=dies)

        return work

    def surroundings(self) -> None:
        """The replica replays, Redis evicts, time passes, the sweeper looks."""
        for _ in range(self.random.randint(2, 8)):
            self.schedule.point("around")
            match self.random.choice(["replay", "replay", "evict", "time", "sweep"]):
                case "replay":
                    self.database.replay(1)
                case "evict":
                    self.evict()
                case "time":
                    self.clock.pass_seconds(self.random.choice([0.005, 1, 20, 70, 320]))
                case "sweep":
                    self.sweep()

    def play(self, dying: float = 0.0) -> None:
        self.redis.flushdb()
        if self.random.random() < 0.85:
            self.redis.hset(f"{keys.prefix()}public:recent", "since", str(self.clock.ms - 120_000))
        for caller in self.random.choices([ANN, ABE, BOB, VISITOR], k=2):
            self.ask(caller)  # some of it lies in the cache already
        works: list[tuple[str, Callable[[], object]]] = [("around", self.surroundings)]
        works += [(f"reader {n}", self.reader()) for n in range(self.random.randint(2, 3))]
        works += [(f"writer {n}", self.writer(dying)) for n in range(self.random.randint(1, 2))]
        self.schedule.run(*works)
        self.sweep()
        for caller in (ANN, ABE, BOB, VISITOR):
            self.read(caller)  # wherever the replica is
        self.database.replay(99)
        for caller in (ANN, ABE, BOB, VISITOR):
            self.read(caller)


def play(seed: int, direct: Direct, clock: Clock, monkeypatch: pytest.MonkeyPatch, dying: float) -> Scene:
    scene = Scene(seed, direct, clock, monkeypatch)
    try:
        scene.play(dying)
    except AssertionError as wrong:
        raise AssertionError(f"seed {seed}: {wrong}\n" + "\n".join(scene.schedule.trace)) from wrong
    return scene


@pytest.mark.timeout(900)
@pytest.mark.parametrize("share", range(SHARES))
def test_no_answer_lacks_what_the_cache_was_told_before(
    direct: Direct, clock: Clock, monkeypatch: pytest.MonkeyPatch, figure: Figure, share: int
) -> None:
    loads = {"primary": 0, "replica": 0}
    answers = 0
    for seed in range(share, INTERLEAVINGS, SHARES):
        scene = play(seed, direct, clock, monkeypatch, 0.0)
        answers += scene.answers
        loads = {server: count + scene.database.loads[server] for server, count in loads.items()}
    figure(f"interleavings {share + 1} of {SHARES}", INTERLEAVINGS / SHARES, "interleavings")
    figure(f"interleavings {share + 1} of {SHARES}: answers, each with all that was told", answers, "answers")
    assert answers > 8 * INTERLEAVINGS // SHARES
    assert min(loads.values()) > INTERLEAVINGS // SHARES, "both servers were asked"


@pytest.mark.timeout(900)
@pytest.mark.parametrize("share", range(SHARES))
def test_what_a_dead_writer_did_not_tell_is_stale_until_it_is_swept_and_never_after(
    direct: Direct, clock: Clock, monkeypatch: pytest.MonkeyPatch, figure: Figure, share: int
) -> None:
    for seed in range(share, INTERLEAVINGS, SHARES):
        play(1_000_000 + seed, direct, clock, monkeypatch, 0.6)
    figure(f"interleavings with dying writers {share + 1} of {SHARES}", INTERLEAVINGS / SHARES, "interleavings")
