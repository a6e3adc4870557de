"""Defines the computed columns of a file, and adds them to its rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from wecelebrate.feeds.items import BadCell, Cells

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class ComputedColumn:
    """A column whose cells are computed from the cells of a row."""

    name: str
    """The name for messages. It consists of the names of the source columns, for example `Brand + Name`."""
    sources: tuple[int, ...]
    """The numbers of the columns of the file."""
    source_names: list[str]
    read: Callable[[Cells], str | None]
    """Returns the cell, or None if the record has none of the sources. Raises BadCell."""


class ComputedColumns:
    """Adds computed cells to rows. They follow the columns that the file had when it was opened.

    Later records of a JSON file can have new keys. The columns of new keys follow the computed columns, so that no
    column gets another number.
    """

    def __init__(self, first: int, columns: Sequence[ComputedColumn]) -> None:
        self.first, self.end = first, first + len(columns)
        self._columns = columns

    def get(self, number: int) -> ComputedColumn | None:
        """Return a computed column, or None if the number belongs to a column of the file."""
        return self._columns[number - self.first] if self.first <= number < self.end else None

    def in_file(self, number: int) -> tuple[int, ...]:
        """Return the numbers of the file's columns from which a column is computed."""
        column = self.get(number)
        if column is not None:
            return column.sources
        return (number,) if number < self.first else (number - len(self._columns),)

    def header(self, header: Sequence[str]) -> list[str]:
        """Return the header with the computed columns.

        Computed columns have blank names, so that they do not match a known name.
        """
        return [*header[: self.first], *[""] * len(self._columns), *header[self.first :]]

    def without(self, values: Sequence[Value]) -> list[Value]:
        """Return the names or the cells of a row without the computed columns."""
        return [*values[: self.first], *values[self.end :]]

    def cells(self, cells: Cells) -> list[str | None]:
        """Return the cells of a row with the computed cells.

        Raises BadCell with the column that could not be computed.
        """
        computed: list[str | None] = []
        for number, column in enumerate(self._columns, self.first):
            try:
                computed.append(column.read(cells))
            except BadCell as error:
                error.columns = [number]
                raise
        return [*cells[: self.first], *computed, *cells[self.first :]]

    def sample_cells(self, cells: Cells) -> list[str | None]:
        """Return the cells of a row for a sample. A cell is blank if it cannot be computed."""
        row = [*cells, *[""] * (self.first - len(cells))]
        computed = [_read_or_blank(column, row) for column in self._columns]
        return [*row[: self.first], *computed, *row[self.first :]]

    def sku(self, columns: Sequence[int], cells: Cells) -> str:
        """Return the SKU of a row of the file, or "" if it cannot be computed. `columns` are the plan's SKU columns."""
        for number in columns:
            column = self.get(number)
            at = self.in_file(number)[0] if column is None else 0
            cell = (cells[at] if at < len(cells) else "") if column is None else _read_or_blank(column, cells)
            if cell and cell.strip():
                return cell.strip()
        return ""


def _read_or_blank(column: ComputedColumn, cells: Cells) -> str | None:
    try:
        return column.read(cells)
    except (BadCell, IndexError):
        return ""
