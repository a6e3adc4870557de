"""Tests which scope, limit and tags the session of a caller has."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest

from wecelebrate.core import cache
from wecelebrate.core.cache import TagVersions
from wecelebrate.core.database import Caller, CallerContext
from wecelebrate.core.requests import sessions
from wecelebrate.core.requests.sessions import Session, session_key, session_of, session_tag

FIRST, SECOND, SITE, CATALOG = (UUID(int=number) for number in (1, 2, 3, 4))


def context(**fields: Any) -> CallerContext:
    """Return the context of a member whose client is allowed 1,000 requests per hour."""
    nobody = dict.fromkeys(CallerContext.__dataclass_fields__)
    member = {"role": "app_client", "client_ids": [FIRST], "requests_per_hour": 1000, "caught_up": True}
    return CallerContext(**{**nobody, **member, "kill_switches": {}, **fields})


def visitor(**fields: Any) -> CallerContext:
    site = {"role": "app_anon", "site_id": SITE, "site_client_id": FIRST, "site_catalog_id": CATALOG}
    return context(client_ids=None, **{**site, **fields})


@pytest.mark.parametrize(
    "session",
    [
        Session(f"{FIRST}:owner", str(FIRST), "requests", 1000),
        Session("public:admin", "public", "platform", None),
        Session(f"{FIRST}:anon.{SITE}", str(FIRST), "storefront", 20_000, str(SITE), str(CATALOG)),
    ],
)
def test_serialization_and_parsing_do_not_change_a_session(session: Session) -> None:
    assert Session.parse(str(session)) == session


def test_only_admins_and_support_are_staff() -> None:
    staff, _ = session_of(Caller("ann"), context(role="app_admin", admin_role="support"))
    assert (staff.is_staff, staff.scope, staff.limit, staff.quota) == (True, "public:support", "platform", None)
    member, _ = session_of(Caller("bob"), context())
    assert not member.is_staff


@pytest.mark.parametrize(
    ("fields", "role"),
    [
        ({"owner_ids": [FIRST], "editor_ids": [FIRST]}, "owner"),
        ({"owner_ids": [SECOND], "editor_ids": [FIRST]}, "editor"),
        ({"owner_ids": [SECOND], "editor_ids": [SECOND]}, "viewer"),
        ({}, "viewer"),
    ],
)
def test_members_with_the_same_client_and_role_share_one_cache_scope(fields: dict[str, Any], role: str) -> None:
    session, tags = session_of(Caller("ann"), context(**fields))
    assert session == Session(f"{FIRST}:{role}", str(FIRST), "requests", 1000)
    assert tags == ["tiers", "user:ann", f"client:{FIRST}"]


def test_a_member_of_several_clients_has_a_separate_limit() -> None:
    ann, tags = session_of(Caller("ann"), context(client_ids=[SECOND, FIRST], owner_ids=[FIRST]))
    bob, _ = session_of(Caller("bob"), context(client_ids=[FIRST, SECOND], owner_ids=[FIRST]))
    eve, _ = session_of(Caller("eve"), context(client_ids=[FIRST, SECOND], owner_ids=[SECOND]))
    assert ann.scope == bob.scope != eve.scope
    assert ann.scope.startswith("several.") and ann.scope.endswith(":member")
    assert ann.limit != bob.limit
    assert (ann.tenant, ann.quota) == ("public", 1000)
    assert len(ann.limit.removeprefix("user.")) == 32
    assert tags == ["tiers", "user:ann", f"client:{FIRST}", f"client:{SECOND}"]


@pytest.mark.parametrize(("subject", "role"), [(None, "anon"), ("ann", "customer")])
def test_the_visitor_limit_of_a_site_is_twenty_times_the_client_limit(subject: str | None, role: str) -> None:
    session, tags = session_of(Caller(subject, site_domain="gifts.test"), visitor())
    assert session == Session(f"{FIRST}:{role}.{SITE}", str(FIRST), "storefront", 20_000, str(SITE), str(CATALOG))
    assert tags == ["tiers", "domain:gifts.test", f"site:{SITE}", f"client:{FIRST}"]


def test_a_session_without_a_catalog_and_a_limit_has_empty_fields() -> None:
    caller = Caller(site_domain="gifts.test")
    session, _ = session_of(caller, visitor(site_catalog_id=None, requests_per_hour=None))
    assert (session.catalog, session.quota) == ("", None)


def test_the_key_of_a_session_identifies_the_member_or_the_visitor() -> None:
    assert session_key(Caller("ann")).endswith(":public:session:ann")
    assert session_key(Caller("ann", site_domain="gifts.test")).endswith(":public:visit:customer:gifts.test")
    assert session_key(Caller(site_domain="gifts.test")).endswith(":public:visit:anon:gifts.test")


def test_the_tag_of_a_session_contains_the_domain_or_the_subject() -> None:
    assert session_tag(Caller("ann")) == "user:ann"
    assert session_tag(Caller("ann", site_domain="gifts.test")) == "domain:gifts.test"


class Database:
    """A replacement for the database and the cache. Each read of the session returns the next list in `clients`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, clients: list[list[UUID]]) -> None:
        self.clients = clients
        self.reads: list[tuple[tuple[str, ...], bool]] = []
        self.stored: list[tuple[str, int]] = []
        monkeypatch.setattr(sessions, "reading", self.reading)
        monkeypatch.setattr(sessions, "person_clients", lambda tx: ())
        monkeypatch.setattr(cache, "read_tags", lambda tags, _: TagVersions(" ".join(tags), ("9",), False))
        monkeypatch.setattr(cache, "new_value", lambda _, meta, tokens, life: (tokens, life))
        monkeypatch.setattr(cache, "put", lambda key, value, entity: self.stored.append(value))

    @contextmanager
    def reading(self, caller: Caller, *, primary: bool) -> Iterator[Any]:
        self.reads.append((caller.min_xids, primary))
        client_ids = self.clients[min(len(self.reads), len(self.clients)) - 1]
        fields = {"client_ids": client_ids} if caller.site_domain is None else {}
        transaction = type("Transaction", (), {})()
        transaction.context = context(**fields) if fields else visitor()
        yield transaction


def test_a_session_is_cached_for_an_hour_with_the_tags_of_its_second_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    database = Database(monkeypatch, [[FIRST]])
    sessions.load_session(Caller("ann", min_xids=("7",)), TagVersions("", ("8",), history_unknown=True))
    assert database.reads == [(("7", "8"), True), (("7", "9"), False)]
    assert database.stored == [(f"tiers user:ann client:{FIRST}", 3600)]


def test_the_session_of_a_visitor_is_cached_for_five_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    database = Database(monkeypatch, [[]])
    sessions.load_session(Caller(site_domain="gifts.test"), TagVersions("", (), history_unknown=False))
    assert [life for _, life in database.stored] == [300]


def test_a_session_is_not_cached_if_its_clients_change_twice_while_it_is_loaded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    once = Database(monkeypatch, [[FIRST], [FIRST, SECOND]])
    sessions.load_session(Caller("ann"), TagVersions("", (), history_unknown=False))
    assert (len(once.reads), len(once.stored)) == (3, 1)
    twice = Database(monkeypatch, [[FIRST], [FIRST, SECOND], [SECOND]])
    sessions.load_session(Caller("ann"), TagVersions("", (), history_unknown=False))
    assert (len(twice.reads), twice.stored) == (3, [])
