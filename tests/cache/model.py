"""A model of the database that the protocol of the cache is tried on: versions, xids, a replica that lags, an outbox.

Transactions get their xid when they begin and become visible when they commit, in whatever order. The replica replays
commits in their order, some time later.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID, uuid4

from wecelebrate.core.database import Caller, CallerContext
from wecelebrate.core.errors import NoMembership, NotFound

A, B = UUID(int=0xA), UUID(int=0xB)
CATALOGS = [UUID(int=0xC1), UUID(int=0xC2)]
SITE = UUID(int=0x5)
DOMAIN = "shop.test"


@dataclass
class State:
    """What is in the database at one time. Every number is a version, which only grows."""

    members: dict[str, tuple[int, UUID | None, str]]
    """Subject → version, its client (None: none any more), its role."""
    things: dict[UUID, int]
    """Client → the version of what it has."""
    shown: dict[UUID, int]
    """Catalog → the version of what is in it."""
    site: tuple[int, UUID]
    """Version, the catalog that the site shows."""


Change = Callable[[State], list[str]]
"""Changes a state, and says the tags of it."""


@dataclass(eq=False)
class Commit:
    """One transaction."""

    xid: str
    tags: list[str]
    state: State
    """After it."""
    at: int
    """When it was committed, in ms."""
    caller: str
    sent: bool = False
    """Whether the cache knows."""


@dataclass
class Database:
    """A primary and its replica."""

    now: Callable[[], int]
    point: Callable[[str], object]
    commits: list[Commit] = field(default_factory=list)
    replayed: int = 0
    """How many commits the replica has."""
    outbox: list[Commit] = field(default_factory=list)
    loads: dict[str, int] = field(default_factory=lambda: {"primary": 0, "replica": 0})
    _xid: int = 1000

    def __post_init__(self) -> None:
        members = {"ann": (0, A, "owner"), "abe": (0, A, "owner"), "bob": (0, B, "viewer")}
        self.first = State(dict(members), {A: 0, B: 0}, dict.fromkeys(CATALOGS, 0), (0, CATALOGS[0]))

    def state(self, at: int | None = None) -> State:
        """What the primary shows; or whoever has replayed so many commits."""
        count = len(self.commits) if at is None else at
        return self.commits[count - 1].state if count else self.first

    def least(self, told: list[Commit], version: Callable[[State], int]) -> int:
        """The version that whoever was told these commits has to see."""
        versions = [self.first, *(commit.state for commit in self.commits)]
        changed = [
            version(commit.state)
            for before, commit in zip(versions, self.commits, strict=False)
            if commit in told and version(before) != version(commit.state)
        ]
        return max(changed, default=0)

    def begin(self) -> str:
        """The id of a new transaction."""
        self._xid += 1
        return str(self._xid)

    def commit(self, xid: str, change: Change, caller: str) -> Commit:
        """Make a change on the primary."""
        state = deepcopy(self.state())
        tags = change(state)
        made = Commit(xid, tags, state, self.now(), caller)
        self.commits.append(made)
        self.outbox.append(made)
        return made

    def replay(self, most: int) -> None:
        self.replayed = min(self.replayed + most, len(self.commits))

    @contextmanager
    def reading(self, caller: Caller, *, primary: bool = False) -> Iterator[Any]:
        """As `wecelebrate.core.database.reading`."""
        self.point("enter")
        primary = primary or not self._caught_up(caller.min_xids)
        entered = self.enter(caller, self.state(None if primary else self.replayed))
        yield SimpleNamespace(context=entered, caller=caller, primary=primary)

    def _caught_up(self, min_xids: tuple[str, ...]) -> bool:
        seen = {commit.xid for commit in self.commits[: self.replayed]}
        behind = self.commits[self.replayed :]
        lags = any(self.now() - commit.at > 45_000 for commit in behind)  # what the heartbeat says
        return not lags and seen.issuperset(min_xids)

    def enter(self, caller: Caller, state: State) -> CallerContext:
        """What entering finds out. Raises NoMembership, NotFound."""
        nothing: dict[str, Any] = dict.fromkeys(CallerContext.__dataclass_fields__)
        common = {**nothing, "caught_up": True, "switches": {}}
        if caller.site_domain is not None:
            if caller.site_domain != DOMAIN:
                raise NotFound
            site = {"site_id": SITE, "site_client_id": A, "site_catalog_id": state.site[1]}
            return CallerContext(**{**common, "role": "app_anon", **site})
        _, client, role = state.members[caller.subject or ""]
        if client is None:
            raise NoMembership
        owned = [client] if role == "owner" else []
        return CallerContext(**{**common, "role": "app_client", "client_ids": [client], "owner_ids": owned})

    def load(self, tx: Any) -> tuple[str, str | None]:
        """What a caller sees: its client and its version, or the site's catalog and its version."""
        self.point("load")
        self.loads["primary" if tx.primary else "replica"] += 1
        state = self.state(None if tx.primary else self.replayed)
        if tx.caller.site_domain is not None:
            version, catalog = state.site
            return json.dumps({"site": version, "catalog": str(catalog), "version": state.shown[catalog]}), None
        # Row-level security goes by what was entered; what is read now is at least as new.
        client = cast(UUID, tx.context.client_ids[0])
        role = "owner" if tx.context.owner_ids else "viewer"
        return json.dumps({"client": str(client), "role": role, "version": state.things[client]}), None


def change_things(client: UUID) -> Change:
    """A client changes what it has."""

    def change(state: State) -> list[str]:
        state.things[client] += 1
        return ["things"]

    return change


def change_shown(catalog: UUID) -> Change:
    """What is in a catalog changes."""

    def change(state: State) -> list[str]:
        state.shown[catalog] += 1
        return [f"products:{catalog}", f"product:{uuid4()}"]

    return change


def move_site(catalog: UUID) -> Change:
    """The site shows another catalog."""

    def change(state: State) -> list[str]:
        state.site = (state.site[0] + 1, catalog)
        return [f"site:{SITE}", f"domain:{DOMAIN}", f"sites:{A}", "sites"]

    return change


def move_member(subject: str, client: UUID | None, role: str) -> Change:
    """Somebody belongs to another client from now on, has another role, or is out."""

    def change(state: State) -> list[str]:
        version, before, _ = state.members[subject]
        state.members[subject] = (version + 1, client, role)
        return [f"user:{subject}", *(f"members:{one}" for one in {before, client} - {None})]

    return change
