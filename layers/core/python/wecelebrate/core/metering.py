"""Metering: collects the usage of each tenant in this instance. Redis later adds the usage to the tenant's account.

The usage is not sent in a separate call. It is sent with the next call that stores a loaded value, or with the next
lookup of any caller. If an instance stops before that call, the usage of its last uncached request is lost. Usage that
is recorded while Redis is down is sent as soon as Redis answers again.
"""

from dataclasses import dataclass, field

from wecelebrate.core import metrics


@dataclass
class Usage:
    """The usage of one tenant for one entity."""

    queries: int = 0
    milliseconds: float = 0.0
    rows: int = 0
    commands: int = 0

    def add(self, queries: int, milliseconds: float, rows: int, commands: int) -> None:
        self.queries += queries
        self.milliseconds += milliseconds
        self.rows += rows
        self.commands += commands


_Account = tuple[str, str]
"""The key of an account: the tenant and the entity."""
_UNASSIGNED: _Account = ("", "")


@dataclass
class Meter:
    """The usage that this instance has not sent to Redis yet.

    There is only one current account, because an instance handles one event at a time.
    """

    _account: _Account = _UNASSIGNED
    _usage: dict[_Account, Usage] = field(default_factory=dict)
    request_milliseconds: float = 0.0
    """The database time of the current request."""

    def begin_request(self) -> None:
        """Start a request whose tenant is not known yet. Discard usage of earlier requests that was not assigned to a
        tenant.
        """
        self._account = _UNASSIGNED
        self._usage.pop(_UNASSIGNED, None)
        self.request_milliseconds = 0.0

    def assign_tenant(self, tenant: str, entity: str) -> None:
        """Bill the request to a tenant and an entity, including the usage that the request has already recorded."""
        unassigned = self._usage.pop(_UNASSIGNED, None)
        self._account = (tenant, entity)
        if unassigned is not None:
            self._current().add(unassigned.queries, unassigned.milliseconds, unassigned.rows, unassigned.commands)

    def record_query(self, seconds: float, rows: int = 0, queries: int = 1) -> None:
        """Record the database time of a statement, and the number of rows that it returned or changed.

        `rows` is -1 for a statement that does not return or change rows.
        """
        self._current().add(queries, seconds * 1000, max(rows, 0), 0)
        self.request_milliseconds += seconds * 1000
        metrics.count("DatabaseMilliseconds", seconds * 1000)

    def record_commands(self, commands: int) -> None:
        """Record the Redis commands of a script that does not bill its own commands."""
        self._current().add(0, 0, 0, commands)

    def unsent(self) -> str:
        """Return the usage in the format that the Lua scripts read.

        Each account has one line: `tenant entity queries milliseconds rows commands`.
        """
        return "\n".join(
            f"{tenant} {entity} {usage.queries} {round(usage.milliseconds)} {usage.rows} {usage.commands}"
            for (tenant, entity), usage in self._usage.items()
            if tenant
        )

    def mark_sent(self) -> None:
        """Remove the usage that `unsent` returned, after the usage was sent to Redis."""
        self._usage = {account: usage for account, usage in self._usage.items() if account == _UNASSIGNED}

    def _current(self) -> Usage:
        return self._usage.setdefault(self._account, Usage())


meter = Meter()
