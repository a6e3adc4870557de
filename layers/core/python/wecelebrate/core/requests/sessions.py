"""Sessions: what must be known about a caller to answer from the cache without asking the database.

A session says which cached values a caller may share (all members of a client with the same role see the same rows),
which limit its requests count against, and which site it visits. It is cached like any other value, with the tags of
the user, of each client and of the site. A user who loses a membership therefore loses access as soon as the change is
sent to Redis.
"""

import hashlib
from dataclasses import dataclass

from wecelebrate.core import cache
from wecelebrate.core.cache import TagVersions
from wecelebrate.core.cache.keys import PUBLIC, SESSION, SITE, Entity, key
from wecelebrate.core.database import Caller, CallerContext, reading

STOREFRONT_FACTOR = 20
"""The visitors of a client's storefronts may send this many times the client's own requests."""
_LOAD_ATTEMPTS = 3


@dataclass(frozen=True)
class Session:
    """The properties of a caller that cached responses depend on."""

    scope: str
    """`<tenant>:<role>`. Callers with the same scope see the same rows."""
    tenant: str
    """The tenant that its requests are billed to."""
    limit: str
    """The name of the limit that its requests count against."""
    quota: int | None
    """Requests per hour. None: requests are not counted."""
    site: str = ""
    catalog: str = ""

    @classmethod
    def parse(cls, meta: str) -> "Session":
        scope, tenant, limit, quota, site, catalog = meta.split("|")
        return cls(scope, tenant, limit, int(quota) if quota else None, site, catalog)

    def __str__(self) -> str:
        return "|".join((self.scope, self.tenant, self.limit, str(self.quota or ""), self.site, self.catalog))


def session_key(caller: Caller) -> str:
    """The key of a caller's session. All anonymous visitors of a domain share one."""
    if caller.site_domain is not None:
        role = "customer" if caller.subject else "anon"
        return key(PUBLIC, "visit", role, caller.site_domain)
    return key(PUBLIC, "session", caller.subject or "")


def session_tag(caller: Caller) -> str:
    """The tag of a caller's session that is known before the session is loaded."""
    return f"domain:{caller.site_domain}" if caller.site_domain is not None else f"user:{caller.subject}"


def load_session(caller: Caller, versions: TagVersions) -> None:
    """Load a caller's session and cache it. `versions` are those of the caller's own tag.

    Raises what entering the database raises, and CacheDown.
    """
    tags: list[str] = []
    for _ in range(_LOAD_ATTEMPTS):
        # The clients of a caller are known only after entering. Then the versions of their tags are read, and the
        # session is loaded again.
        with reading(caller.reading_after(versions.min_xids), primary=versions.history_unknown) as tx:
            session, session_tags = session_of(caller, tx.context)
        if session_tags == tags:
            break
        tags = session_tags
        versions = cache.read_tags(tags, caller.write_key)
    else:
        return
    entity: Entity = SESSION if caller.site_domain is None else SITE
    cache.put(session_key(caller), cache.new_value("", str(session), versions.tokens, entity.life), entity)


def session_of(caller: Caller, context: CallerContext) -> tuple[Session, list[str]]:
    """The session of a caller that the database accepted, and the tags that invalidate it."""
    if caller.site_domain is not None:
        return _visitor_session(caller, context)
    user = f"user:{caller.subject}"
    if context.role != "app_client":
        return Session(f"{PUBLIC}:{context.admin_role}", PUBLIC, "platform", None), [user]
    clients = sorted(str(client) for client in context.client_ids or [])
    roles = [_role(context, client) for client in clients]
    tags = ["tiers", user, *(f"client:{client}" for client in clients)]
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
    return session, ["tiers", f"domain:{caller.site_domain}", f"site:{context.site_id}", f"client:{client}"]


def _role(context: CallerContext, client: str) -> str:
    for role, ids in (("owner", context.owner_ids), ("editor", context.editor_ids)):
        if client in map(str, ids or []):
            return role
    return "viewer"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
