"""The caller of a transaction, and the caller's properties. The database looks up the properties."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from uuid import UUID

from wecelebrate.core import host_names
from wecelebrate.core.errors import SessionRevoked
from wecelebrate.core.settings import settings


@dataclass(frozen=True)
class Caller:
    """The identity that a transaction runs as. The identity comes from the token, the route or the job.

    The database looks up the caller's permissions at the start of every transaction.
    """

    subject: str | None = None
    """The `sub` claim of the token. An internal service has `service:…`, an anonymous visitor has None."""
    email: str | None = None
    """The e-mail address in the token. None if the address is not verified."""
    site_domain: str | None = None
    """The visited storefront: its domain, or `@<slug>` for the host `<slug>.<domain of the platform>`."""
    client_id: UUID | None = None
    """The client on whose behalf a service acts."""
    job_id: UUID | None = None
    """The job whose staged rows the caller is allowed to read."""
    min_xids: tuple[str, ...] = ()
    """The ids of the transactions that a replica must have replayed before the caller reads from the replica."""

    session_started_at: float | None = None
    """When the caller signed in, in epoch seconds. None if the caller has no token. `check_session` compares it with
    the time at which the account's sessions were ended."""
    request_id: str | None = None
    """The id of the API request. The audit log contains it. None if no request causes the transaction."""
    address: str | None = None
    """The IP address that sent the request. The audit log contains it."""

    @property
    def write_key(self) -> str:
        """The key under which the cache remembers the writes of this caller.

        The cache remembers only the writes of signed-in users. For other callers, the key is empty.
        """
        return f"caller:{self.subject}" if self.subject and not self.subject.startswith("service:") else ""

    def reading_after(self, xids: Iterable[str]) -> "Caller":
        """Return a copy of this caller. The reads of the copy must also see the given transactions."""
        return replace(self, min_xids=(*self.min_xids, *xids))


def visited_site(host: str) -> str:
    """Return the `site_domain` of a caller that visits a host.

    A host with more than one label below the platform's domain does not belong to a site. In this case, the result is a
    domain that nobody can verify.
    """
    with suppress(ValueError):  # No site has a domain that cannot be encoded.
        host = host_names.to_ascii(host).lower()
    slug, _, parent = host.partition(".")
    return f"@{slug}" if parent and parent == settings().platform_domain else host


SYSTEM = Caller(subject="service:system")
"""The caller of schedules, and of transactions that manage jobs and messages."""


def check_session(caller: Caller, not_before: float | None) -> None:
    """Raise SessionRevoked if the session of a caller started before the sessions of the account were ended."""
    if not_before is not None and caller.session_started_at is not None and caller.session_started_at < not_before:
        raise SessionRevoked


@dataclass(frozen=True)
class CallerContext:
    """The caller's properties, as `app.enter` returned them."""

    role: str
    """The database role of the transaction."""
    admin_role: str | None
    client_ids: list[UUID] | None
    editor_ids: list[UUID] | None
    owner_ids: list[UUID] | None
    site_id: UUID | None
    site_client_id: UUID | None
    site_catalog_id: UUID | None
    tier: str | None
    requests_per_hour: int | None
    """The rate limit of the client's tier. None for admins, support and services."""
    caught_up: bool
    """Whether this server has replayed all transactions in `min_xids`, and its replication lag is short enough."""
    kill_switches: dict[str, str]
    """The kill switches that have been set, with their values. All other switches have their default value."""
    sessions_not_before: float | None = None
    """Sessions of the caller that started before this time are no longer valid. The time is in epoch seconds.

    None if all sessions are valid.
    """

    @property
    def is_staff(self) -> bool:
        """Whether the caller is an admin or a support user. Services of the platform are not staff."""
        return self.admin_role is not None and self.admin_role != "service"
