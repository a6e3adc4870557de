"""Metering: what this instance uses for each tenant, until it is added to the tenant's account in Redis.

The usage is sent with the next Redis call that happens anyway: with the save of a loaded value, otherwise with the next
lookup, of any caller. An instance that stops before that call loses the usage of its last uncached request. Usage that
is recorded while Redis is down is sent once Redis is back.
"""

from dataclasses import dataclass, field

from wecelebrate.core import metrics


@dataclass
class Usage:
    """What one tenant used for one entity."""

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
"""Tenant and entity."""
_UNASSIGNED: _Account = ("", "")


@dataclass
class Meter:
    """The unsent usage of this instance. An instance handles one event at a time, so there is one current account."""

    _account: _Account = _UNASSIGNED
    _usage: dict[_Account, Usage] = field(default_factory=dict)

    def begin_request(self) -> None:
        """Start a request whose tenant is not known yet. Discards usage that was never assigned."""
        self._account = _UNASSIGNED
        self._usage.pop(_UNASSIGNED, None)

    def assign_tenant(self, tenant: str, entity: str) -> None:
        """Bill the request, including its usage so far, to a tenant and entity."""
        unassigned = self._usage.pop(_UNASSIGNED, None)
        self._account = (tenant, entity)
        if unassigned is not None:
            self._current().add(unassigned.queries, unassigned.milliseconds, unassigned.rows, unassigned.commands)

    def record_query(self, seconds: float, rows: int = 0, queries: int = 1) -> None:
        """Record database time, and the rows that a statement returned or changed (-1 for neither)."""
        self._current().add(queries, seconds * 1000, max(rows, 0), 0)
        metrics.count("DatabaseMilliseconds", seconds * 1000)

    def record_commands(self, commands: int) -> None:
        """Record Redis commands of a script that does not bill them itself."""
        self._current().add(0, 0, 0, commands)

    def unsent(self) -> str:
        """The usage in the form that the Lua scripts read: one line `tenant entity queries milliseconds rows commands`
        for each account."""
        return "\n".join(
            f"{tenant} {entity} {usage.queries} {round(usage.milliseconds)} {usage.rows} {usage.commands}"
            for (tenant, entity), usage in self._usage.items()
            if tenant
        )

    def mark_sent(self) -> None:
        """Forget the usage that `unsent` returned: Redis has it."""
        self._usage = {account: usage for account, usage in self._usage.items() if account == _UNASSIGNED}

    def _current(self) -> Usage:
        return self._usage.setdefault(self._account, Usage())


meter = Meter()
