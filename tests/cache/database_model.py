"""A model of the database for the tests of the cache protocol: versions, xids, a lagging replica and an outbox.

A transaction gets its xid when it begins, and becomes visible when it commits. The order of the commits can therefore
differ from the order of the xids. The replica later replays the transactions in the order of the commits.
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
"""The ids of the clients."""
CATALOGS = [UUID(int=0xC1), UUID(int=0xC2)]
SITE = UUID(int=0x5)
DOMAIN = "shop.test"


@dataclass
class State:
    """The contents of the database at one time. Every integer is a version, and each change increases one version."""

    members: dict[str, tuple[int, UUID | None, str]]
    """Maps each subject to the version, the client and the role of a membership. After a removal, the client is
    None.
    """
    client_data: dict[UUID, int]
    """Maps each client to the version of its data."""
    catalog_contents: dict[UUID, int]
    """Maps each catalog to the version of its contents."""
    site: tuple[int, UUID]
    """The version of the site, and the catalog that the site shows."""


Change = Callable[[State], list[str]]
"""A function that changes a state and returns the tags of the change."""


@dataclass(eq=False)
class Commit:
    """A committed transaction."""

    xid: str
    tags: list[str]
    state: State
    """The state after the commit."""
    committed_at: int
    """The time of the commit, in epoch milliseconds."""
    write_key: str
    """The write key of the caller, as `cache.invalidate` expects it."""
    invalidated: bool = False
    """Whether the tags have been invalidated in the cache."""


@dataclass
class Database:
    """A primary and its replica."""

    now: Callable[[], int]
    switch_point: Callable[[str], object]
    commits: list[Commit] = field(default_factory=list)
    replayed: int = 0
    """The number of commits that the replica has replayed."""
    outbox: list[Commit] = field(default_factory=list)
    loads: dict[str, int] = field(default_factory=lambda: {"primary": 0, "replica": 0})
    _xid: int = 1000

    def __post_init__(self) -> None:
        members = {"ann": (0, A, "owner"), "abe": (0, A, "owner"), "bob": (0, B, "viewer")}
        self.initial = State(dict(members), {A: 0, B: 0}, dict.fromkeys(CATALOGS, 0), (0, CATALOGS[0]))

    def state(self, commits: int | None = None) -> State:
        """Return the state after a number of commits. If `commits` is None, return the current state of the primary."""
        count = len(self.commits) if commits is None else commits
        return self.commits[count - 1].state if count else self.initial

    def required_version(self, invalidated: list[Commit], version: Callable[[State], int]) -> int:
        """Return the oldest version that a reader is allowed to see after the invalidation of the given commits.

        `version` is a function that selects a version from a state.
        """
        states = [self.initial, *(commit.state for commit in self.commits)]
        versions = [
            version(commit.state)
            for before, commit in zip(states, self.commits, strict=False)
            if commit in invalidated and version(before) != version(commit.state)
        ]
        return max(versions, default=0)

    def begin(self) -> str:
        """Begin a transaction and return its xid."""
        self._xid += 1
        return str(self._xid)

    def commit(self, xid: str, change: Change, write_key: str) -> Commit:
        """Commit a change on the primary."""
        state = deepcopy(self.state())
        tags = change(state)
        commit = Commit(xid, tags, state, self.now(), write_key)
        self.commits.append(commit)
        self.outbox.append(commit)
        return commit

    def replay(self, max_commits: int) -> None:
        """Replay the next commits on the replica, at most `max_commits`."""
        self.replayed = min(self.replayed + max_commits, len(self.commits))

    @contextmanager
    def reading(self, caller: Caller, *, primary: bool = False) -> Iterator[Any]:
        """Open a transaction for reading. In tests, this method replaces `wecelebrate.core.database.reading`."""
        self.switch_point("enter")
        primary = primary or not self._is_caught_up(caller.min_xids)
        context = self.enter(caller, self.state(None if primary else self.replayed))
        yield SimpleNamespace(context=context, caller=caller, primary=primary)

    def _is_caught_up(self, min_xids: tuple[str, ...]) -> bool:
        """Return whether the replica has replayed the given transactions, and lags by at most 45 seconds."""
        replayed = {commit.xid for commit in self.commits[: self.replayed]}
        pending = self.commits[self.replayed :]
        lags = any(self.now() - commit.committed_at > 45_000 for commit in pending)
        return not lags and replayed.issuperset(min_xids)

    def enter(self, caller: Caller, state: State) -> CallerContext:
        """Resolve a caller in the same way as `app.enter`.

        Raises NoMembership or NotFound.
        """
        empty: dict[str, Any] = dict.fromkeys(CallerContext.__dataclass_fields__)
        common = {**empty, "caught_up": True, "kill_switches": {}}
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
        """Load the JSON that a caller is allowed to see.

        A member sees the client, the role, and the version of the client's data. A visitor sees the version of the
        site, the catalog, and the version of the catalog's contents.
        """
        self.switch_point("load")
        self.loads["primary" if tx.primary else "replica"] += 1
        state = self.state(None if tx.primary else self.replayed)
        if tx.caller.site_domain is not None:
            version, catalog = state.site
            body = {"site": version, "catalog": str(catalog), "version": state.catalog_contents[catalog]}
            return json.dumps(body), None
        # The transaction resolved the client when it began, and reads the data now. The data cannot be older than the
        # client.
        client = cast(UUID, tx.context.client_ids[0])
        role = "owner" if tx.context.owner_ids else "viewer"
        return json.dumps({"client": str(client), "role": role, "version": state.client_data[client]}), None


def change_client_data(client: UUID) -> Change:
    """Create a function that changes the data of a client."""

    def change(state: State) -> list[str]:
        state.client_data[client] += 1
        return ["things"]

    return change


def change_catalog(catalog: UUID) -> Change:
    """Create a function that changes the contents of a catalog."""

    def change(state: State) -> list[str]:
        state.catalog_contents[catalog] += 1
        return [f"products:{catalog}", f"product:{uuid4()}"]

    return change


def change_site(catalog: UUID) -> Change:
    """Create a function that makes the site show the given catalog."""

    def change(state: State) -> list[str]:
        state.site = (state.site[0] + 1, catalog)
        return [f"site:{SITE}", f"domain:{DOMAIN}", f"sites:{A}", "sites"]

    return change


def change_membership(subject: str, client: UUID | None, role: str) -> Change:
    """Create a function that changes the client and the role of a user.

    If `client` is None, the created function removes the membership.
    """

    def change(state: State) -> list[str]:
        version, before, _ = state.members[subject]
        state.members[subject] = (version + 1, client, role)
        return [f"user:{subject}", *(f"members:{each}" for each in {before, client} - {None})]

    return change
