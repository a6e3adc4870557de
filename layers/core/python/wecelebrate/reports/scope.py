"""The scope of a report: a client or one of its sites, and a period of local days."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from wecelebrate.core.database import Transaction, queries
from wecelebrate.core.errors import Invalid, NotFound
from wecelebrate.core.problem_document import FieldError
from wecelebrate.reports import periods
from wecelebrate.reports.models import PeriodFilters
from wecelebrate.reports.periods import Period

sql = queries(__file__)


@dataclass(frozen=True)
class Scope:
    """The client, the site and the days of a report."""

    client_id: UUID
    site_id: UUID | None
    zone: str
    """The time zone of the days."""
    is_own_zone: bool
    """Whether `zone` is the time zone of the client."""
    period: Period

    def parameters(self) -> dict[str, Any]:
        """Return the parameters of the queries."""
        return {
            "client_id": self.client_id,
            "site_id": self.site_id,
            "zone": self.zone,
            "first_day": self.period.first_day,
            "last_day": self.period.last_day,
        }

    def fields(self) -> dict[str, Any]:
        """Return the fields of a report that describe its scope."""
        return {
            "client_id": self.client_id,
            "site_id": self.site_id,
            "first_day": self.period.first_day,
            "last_day": self.period.last_day,
            "timezone": self.zone,
        }


def scope_of(
    tx: Transaction, client_id: UUID, site_id: UUID | None, timezone: str | None, filters: PeriodFilters
) -> Scope:
    """Return the scope that the parameters of a request name. Raises NotFound or Invalid.

    The default time zone is the time zone of the client.
    """
    client = sql.get_client(tx, client_id=client_id)
    if client is None:
        raise NotFound
    if site_id and not sql.has_site(tx, client_id=client_id, site_id=site_id):
        raise _invalid(f"{filters.place}site_id", "must be a site of the client")
    if timezone and not sql.has_time_zone(tx, zone=timezone):
        raise _invalid(f"{filters.place}timezone", "is not known to the database")
    zone = timezone or client["timezone"]
    return Scope(client_id, site_id, zone, zone == client["timezone"], period_of(filters, zone))


def period_of(filters: PeriodFilters, zone: str) -> Period:
    """Return the days that the parameters of a request name. Raises Invalid."""
    return periods.period(filters.month, filters.first_day, filters.last_day, periods.today(zone), filters.place)


def _invalid(parameter: str, detail: str) -> Invalid:
    return Invalid(errors=[FieldError(pointer=parameter, detail=detail)])
