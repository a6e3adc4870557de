"""Spending: what this instance spends for a tenant, until it is booked on the tenant's account in Redis.

It is booked with the next call of Redis that is made anyway: of a value that is loaded, when it is saved; of anything
else at the next look, whoever asks then. An instance that dies in between takes with it what its last request spent on
something that is not kept; what is spent while Redis is down is booked once it is back.
"""

from dataclasses import dataclass, field

from wecelebrate.core import metrics


@dataclass
class Spent:
    """What one tenant had for one entity."""

    queries: int = 0
    milliseconds: float = 0.0
    rows: int = 0
    commands: int = 0

    def add(self, queries: int, milliseconds: float, rows: int, commands: int) -> None:
        self.queries += queries
        self.milliseconds += milliseconds
        self.rows += rows
        self.commands += commands


_Owner = tuple[str, str]
_NOBODY: _Owner = ("", "")


@dataclass
class Ledger:
    """Who owes what. An instance has one event at a time, so there is one who spends."""

    _owner: _Owner = _NOBODY
    _spent: dict[_Owner, Spent] = field(default_factory=dict)

    def begin(self) -> None:
        """A request begins; whose it is is not known yet. What was nobody's until now stays nobody's."""
        self._owner = _NOBODY
        self._spent.pop(_NOBODY, None)

    def belongs(self, tenant: str, entity: str) -> None:
        """Whose request it is, and what it asks for: what it spent and will spend goes there."""
        before = self._spent.pop(_NOBODY, None)
        self._owner = (tenant, entity)
        if before is not None:
            self._of_owner().add(before.queries, before.milliseconds, before.rows, before.commands)

    def database(self, seconds: float, rows: int = 0, queries: int = 1) -> None:
        """Time of the database, and rows that a statement returned or changed (-1 for neither)."""
        self._of_owner().add(queries, seconds * 1000, max(rows, 0), 0)
        metrics.count("DatabaseMilliseconds", seconds * 1000)

    def redis(self, commands: int) -> None:
        """Commands that a script ran and could not book itself."""
        self._of_owner().add(0, 0, 0, commands)

    def owed(self) -> str:
        """What is to be booked, as scripts take it: `tenant entity queries milliseconds rows commands`, a line each."""
        return "\n".join(
            f"{tenant} {entity} {spent.queries} {round(spent.milliseconds)} {spent.rows} {spent.commands}"
            for (tenant, entity), spent in self._spent.items()
            if tenant
        )

    def booked(self) -> None:
        """What was owed is booked."""
        self._spent = {owner: spent for owner, spent in self._spent.items() if owner == _NOBODY}

    def _of_owner(self) -> Spent:
        return self._spent.setdefault(self._owner, Spent())


ledger = Ledger()
