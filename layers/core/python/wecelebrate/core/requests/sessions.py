"""Sessions: what has to be known of a caller to answer from the cache, without asking the database.

A session says which values a caller shares (all members of one client in one role see the same rows), which limit its
requests count against, and which site it visits. It is a value of the cache like any other: it carries the tags of the
user, of each client and of the site, so whoever loses a membership is out as soon as the change is sent.
"""

import hashlib
from dataclasses import dataclass

from wecelebrate.core import cache
from wecelebrate.core.cache import Claim
from wecelebrate.core.cache.keys import PUBLIC, SESSION, SITE, Entity, key
from wecelebrate.core.database import Caller, Entered, reading

STOREFRONT_SHARE = 20
"""How many times a client's own requests its storefronts' visitors may send."""
_TRIES = 3


@dataclass(frozen=True)
class Session:
    """A caller, as cached answers depend on it."""

    scope: str
    """`<tenant>:<role>`: whoever has the same sees the same."""
    tenant: str
    """Whose account its requests go to."""
    limit: str
    quota: int | None
    """Requests an hour; none: not counted."""
    site: str = ""
    catalog: str = ""

    @classmethod
    def parse(cls, meta: str) -> "Session":
        scope, tenant, limit, quota, site, catalog = meta.split("|")
        return cls(scope, tenant, limit, int(quota) if quota else None, site, catalog)

    def __str__(self) -> str:
        return "|".join((self.scope, self.tenant, self.limit, str(self.quota or ""), self.site, self.catalog))


def where(caller: Caller) -> str:
    """The key of a caller's session; all visitors of a domain have the same."""
    if caller.site_domain is not None:
        role = "customer" if caller.subject else "anon"
        return key(PUBLIC, "visit", role, caller.site_domain)
    return key(PUBLIC, "session", caller.subject or "")


def tag(caller: Caller) -> str:
    """The tag of a caller's session that is known beforehand."""
    return f"domain:{caller.site_domain}" if caller.site_domain is not None else f"user:{caller.subject}"


def begin(caller: Caller, known: Claim) -> None:
    """Load a caller's session and keep it. `known`: what lately became of the caller, as far as it is known.

    Raises what entering raises, CacheDown.
    """
    tags: list[str] = []
    claimed = known
    for _ in range(_TRIES):
        # Which clients a caller belongs to is known by entering alone; their tags are claimed, and it enters again.
        with reading(caller.after(claimed.min_xids), primary=claimed.forgetful) as tx:
            session, found = of(caller, tx.entered)
        if found == tags:
            break
        tags = found
        claimed = cache.claim(tags, caller.memory)
    else:
        return
    entity: Entity = SESSION if caller.site_domain is None else SITE
    cache.save(where(caller), cache.made("", str(session), claimed.tokens, entity.life), entity)


def of(caller: Caller, entered: Entered) -> tuple[Session, list[str]]:
    """The session of a caller whom the database let in, and the tags of what it follows from."""
    if caller.site_domain is not None:
        client = str(entered.site_client_id)
        role = "customer" if caller.subject else "anon"
        quota = entered.requests_per_hour * STOREFRONT_SHARE if entered.requests_per_hour else None
        session = Session(
            f"{client}:{role}.{entered.site_id}",
            client,
            "storefront",
            quota,
            str(entered.site_id),
            str(entered.site_catalog_id or ""),
        )
        return session, ["tiers", f"domain:{caller.site_domain}", f"site:{entered.site_id}", f"client:{client}"]
    user = f"user:{caller.subject}"
    if entered.role != "app_client":
        return Session(f"{PUBLIC}:{entered.admin_role}", PUBLIC, "platform", None), [user]
    clients = sorted(str(client) for client in entered.client_ids or [])
    roles = [_role(entered, client) for client in clients]
    tags = ["tiers", user, *(f"client:{client}" for client in clients)]
    if len(clients) == 1:
        return Session(f"{clients[0]}:{roles[0]}", clients[0], "requests", entered.requests_per_hour), tags
    several = _short(" ".join(f"{client}={role}" for client, role in zip(clients, roles, strict=True)))
    limit = f"user.{_short(user)}"
    return Session(f"several.{several}:member", PUBLIC, limit, entered.requests_per_hour), tags


def _role(entered: Entered, client: str) -> str:
    for role, ids in (("owner", entered.owner_ids), ("editor", entered.editor_ids)):
        if client in map(str, ids or []):
            return role
    return "viewer"


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
