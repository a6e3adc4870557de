"""The caller of a transaction, and what the database knows about it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from uuid import UUID


@dataclass(frozen=True)
class Caller:
    """The identity that a transaction runs as, taken from the token, the route or the job.

    Its permissions are looked up by the database at the start of every transaction.
    """

    subject: str | None = None
    """The token's `sub`. Internal services use `service:…`. None for an anonymous visitor."""
    email: str | None = None
    """The token's e-mail address, if it is verified."""
    site_domain: str | None = None
    """The domain of the storefront that is visited."""
    client_id: UUID | None = None
    """The client that a service acts for."""
    job_id: UUID | None = None
    """The job whose staged rows may be read."""
    min_xids: tuple[str, ...] = ()
    """Transactions that a replica must have replayed before it may answer."""

    @property
    def write_key(self) -> str:
        """The key under which the cache remembers this caller's writes; empty if they are not remembered."""
        return f"caller:{self.subject}" if self.subject and not self.subject.startswith("service:") else ""

    def reading_after(self, xids: Iterable[str]) -> "Caller":
        """The same caller, whose reads must also see these transactions."""
        return replace(self, min_xids=(*self.min_xids, *xids))


SYSTEM = Caller(subject="service:system")
"""The caller of schedules and of queue bookkeeping."""


@dataclass(frozen=True)
class CallerContext:
    """The caller as `app.enter` resolved it."""

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
    """The tier's limit. None for admins, support and services."""
    caught_up: bool
    """Whether this server has replayed `min_xids` and its replication lag is within bounds."""
    kill_switches: dict[str, str]
    """The kill switches that are set. The others have their default."""
