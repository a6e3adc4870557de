"""Combines rows of a file into news about one order, for example into a shipment with its lines.

The sequence of the rows in the file is ignored. News is applied in the sequence of the times of its events. If two rows
contradict each other about a line of a shipment, the row with the later time is used.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from wecelebrate.order_files.news.rows import KINDS, Kind, NewsRow

_LATEST = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class OrderNews:
    """News about one order."""

    order_id: UUID
    kind: Kind
    shipment: str | None
    """The identifier of the shipment. None for news about the whole order."""
    rows: Sequence[NewsRow]
    """The rows, sorted from oldest to newest."""

    @property
    def happened_at(self) -> datetime | None:
        """When the event happened. None if no row states a time."""
        times = [row.happened_at for row in self.rows if row.happened_at]
        return max(times, default=None)

    def newest(self, name: str) -> str | None:
        """Return the value of a field from the newest row in which the field has a value."""
        values = [getattr(row, name) for row in self.rows if getattr(row, name) is not None]
        return values[-1] if values else None


def grouped(rows: Sequence[tuple[UUID, NewsRow]], file_id: str) -> list[OrderNews]:
    """Return the news in the rows, in the sequence in which the news must be applied.

    `file_id` identifies the content of the file. If a shipment has no number, `file_id` is used as its number. If the
    same file arrives again, its news is therefore about the same shipment.
    """
    groups: dict[tuple[UUID, Kind, str | None], list[NewsRow]] = {}
    for order_id, row in rows:
        groups.setdefault((order_id, row.kind, _shipment(row, file_id)), []).append(row)
    news = [
        OrderNews(order_id, kind, shipment, sorted(members, key=_time))
        for (order_id, kind, shipment), members in groups.items()
    ]
    return sorted(news, key=lambda item: (item.happened_at or _LATEST, KINDS.index(item.kind), item.rows[0].number))


def quantities(rows: Sequence[NewsRow], lines: Sequence[int | None]) -> list[dict[str, int | None]] | None:
    """Return the number of pieces of each line, or None if the rows name no lines.

    `lines` contains the line of each row, in the same sequence as `rows`. Several rows can have the same `number`,
    because one JSON object or one document can contain several rows. The quantities of rows with the same time are
    added. A newer row replaces older rows.
    """
    pieces: dict[int, tuple[datetime | None, int | None]] = {}
    for row, line in zip(rows, lines, strict=True):
        if line is None:
            continue
        earlier = pieces.get(line)
        if earlier is not None and earlier[0] == row.happened_at:
            total = None if earlier[1] is None or row.quantity is None else earlier[1] + row.quantity
            pieces[line] = (row.happened_at, total)
        else:
            pieces[line] = (row.happened_at, row.quantity)
    return [{"line": line, "quantity": quantity} for line, (_, quantity) in sorted(pieces.items())] or None


def _shipment(row: NewsRow, file_id: str) -> str | None:
    if row.kind == "shipped":
        return row.shipment or row.tracking_number or f"file-{file_id[:16]}"
    return row.shipment or row.tracking_number if row.kind == "delivered" else None


def _time(row: NewsRow) -> tuple[datetime, int]:
    return row.happened_at or _LATEST, row.number
