"""Sessions: the properties of a caller that are needed to answer a request from the cache, without the database.

A session contains the scope of the caller, the limit that the caller's requests count against, and the visited site.
All callers with the same scope share their cached values. For example, all members of a client with the same role see
the same rows, so they have the same scope.

A session is cached like any other value. The tags of a session are the tags of the user, of each client, and of the
site. If a user loses a membership, the user therefore loses access as soon as Redis receives the invalidation.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from uuid import UUID

from wecelebrate.core import cache
from wecelebrate.core.cache import TagVersions
from wecelebrate.core.cache.keys import PUBLIC, SESSION, SITE, Entity, key
from wecelebrate.core.database import Caller, CallerContext, Transaction, queries, reading, retry_on_primary

sql = queries(__file__)

STOREFRONT_FACTOR = 20
"""The limit for all visitors of a storefront is the request limit of its client, multiplied by this number."""
CLIENT_TAG = "client:"
"""The prefix of the tags that name the clients of a session."""
_LOAD_ATTEMPTS = 3


@dataclass(frozen=True)
class Session:
    """The properties of a caller on which cached responses depend."""

    scope: str
    """The scope, in the form `<tenant>:<role>`. Callers with the same scope see the same rows."""
    tenant: str
    """The tenant that is billed for the requests of the caller."""
    limit: str
    """The name of the limit that the requests of the caller count against."""
    quota: int | None
    """The number of allowed requests per hour. None if the requests are not counted."""
    site: str = ""
    catalog: str = ""
    not_before: float | None = None
    """Sessions of the caller that started before this time, in epoch seconds, have ended."""

    @property
    def is_staff(self) -> bool:
        """Whether the caller is an admin or support."""
        return self.scope.startswith(f"{PUBLIC}:")

    @classmethod
    def parse(cls, meta: str) -> "Session":
        scope, tenant, limit, quota, site, catalog, *not_before = meta.split("|")
        started = float(not_before[0]) if not_before else None
        return cls(scope, tenant, limit, int(quota) if quota else None, site, catalog, started)

    def __str__(self) -> str:
        not_before = () if self.not_before is None else (str(self.not_before),)
        quota = str(self.quota or "")
        return "|".join((self.scope, self.tenant, self.limit, quota, self.site, self.catalog, *not_before))


def session_key(caller: Caller) -> str:
    """Return the cache key of a caller's session. All anonymous visitors of a domain share one session."""
    if caller.site_domain is not None:
        role = "customer" if caller.subject else "anon"
        return key(PUBLIC, "visit", role, caller.site_domain)
    return key(PUBLIC, "session", caller.subject or "")


def session_tag(caller: Caller) -> str:
    """Return the first tag of a caller's session. This tag is known before the session is loaded."""
    return f"domain:{caller.site_domain}" if caller.site_domain is not None else f"user:{caller.subject}"


def load_session(caller: Caller, versions: TagVersions) -> None:
    """Load the session of a caller and cache it. `versions` are the versions of the tag that `session_tag` returns.

    Raises CacheDown. If the database does not accept the caller, the function raises the problem that `app.enter`
    returns.
    """
    tags: list[str] = []
    for _ in range(_LOAD_ATTEMPTS):
        # The tags of the session depend on the clients of the caller, which are unknown until the session is loaded.
        # After the first load, the versions of these tags are read, and the session is loaded again.
        session, session_tags = retry_on_primary(partial(_read_session, caller, versions))
        if session_tags == tags:
            break
        tags = session_tags
        versions = cache.read_tags(tags, caller.write_key)
    else:
        return
    entity: Entity = SESSION if caller.site_domain is None else SITE
    cache.put(session_key(caller), cache.new_value("", str(session), versions.tokens, entity.life), entity)


def _read_session(caller: Caller, versions: TagVersions) -> tuple[Session, list[str]]:
    with reading(caller.reading_after(versions.min_xids), primary=versions.history_unknown) as tx:
        return session_of(caller, tx.context, person_clients(tx))


def person_clients(tx: Transaction) -> Sequence[UUID]:
    """Return the clients whose personal data the caller sees as a member."""
    clients: Sequence[UUID] = sql.get_person_clients(tx) if tx.context.role == "app_client" else ()
    return clients


def is_session_of(session: Session | None, caller: Caller, tx: Transaction, *, shows_persons: bool) -> bool:
    """Return whether the session still describes the caller.

    A member can lose the right to see personal data. This right is checked if `shows_persons` is true, or if the member
    has several clients. Otherwise the check needs no SQL statement.
    """
    if shows_persons or len(tx.context.client_ids or ()) > 1:
        return session == session_of(caller, tx.context, person_clients(tx))[0]
    clients = tx.context.client_ids or ()
    return session in [session_of(caller, tx.context, seen)[0] for seen in ((), clients)]


def session_of(
    caller: Caller, context: CallerContext, sees_persons: Sequence[UUID] | None = None
) -> tuple[Session, list[str]]:
    """Return the session of a caller that the database has accepted, and the tags that invalidate the session.

    `sees_persons` are the clients whose personal data a member sees. If it is None, the role of the caller determines
    whether the caller sees personal data. Callers with different rights to see personal data have different scopes.
    """
    session, tags = _session_of(caller, context, sees_persons)
    if caller.site_domain is None:
        session = replace(session, not_before=context.sessions_not_before)
    return session, tags


def _session_of(
    caller: Caller, context: CallerContext, sees_persons: Sequence[UUID] | None
) -> tuple[Session, list[str]]:
    if caller.site_domain is not None:
        return _visitor_session(caller, context)
    user = f"user:{caller.subject}"
    if context.role != "app_client":
        return Session(f"{PUBLIC}:{context.admin_role}", PUBLIC, "platform", None), [user]
    clients = sorted(str(client) for client in context.client_ids or [])
    roles = [_role(context, client, sees_persons) for client in clients]
    tags = ["tiers", user, *(CLIENT_TAG + client for client in clients)]
    if len(clients) == 1:
        return Session(f"{clients[0]}:{roles[0]}", clients[0], "requests", context.requests_per_hour), tags
    clients_and_roles = _hash(" ".join(f"{client}={role}" for client, role in zip(clients, roles, strict=True)))
    limit = f"user.{_hash(user)}"
    return Session(f"several.{clients_and_roles}:member", PUBLIC, limit, context.requests_per_hour), tags


def _visitor_session(caller: Caller, context: CallerContext) -> tuple[Session, list[str]]:
    client = str(context.site_client_id)
    role = "customer" if caller.subject else "anon"
    quota = context.requests_per_hour * STOREFRONT_FACTOR if context.requests_per_hour else None
    session = Session(
        f"{client}:{role}.{context.site_id}",
        client,
        "storefront",
        quota,
        str(context.site_id),
        str(context.site_catalog_id or ""),
    )
    return session, ["tiers", f"domain:{caller.site_domain}", f"site:{context.site_id}", CLIENT_TAG + client]


def _role(context: CallerContext, client: str, sees_persons: Sequence[UUID] | None) -> str:
    shown = sees_persons is not None and client in map(str, sees_persons)
    for role, ids in (("owner", context.owner_ids), ("editor", context.editor_ids)):
        if client in map(str, ids or []):
            return role if shown or sees_persons is None else f"{role}.masked"
    return "viewer.persons" if shown else "viewer"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
