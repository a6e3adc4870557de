"""Builds the choices of questions about the column of the SKU."""

from collections.abc import Sequence

from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.columns.visibility import private_part
from wecelebrate.feeds.items import quoted
from wecelebrate.feeds.questions import STOP, Choice
from wecelebrate.feeds.stock.places import is_place

_NO_COLUMN = Choice(STOP, "No column identifies the products. The file is not read.", refuses_file=True)


def sku_choices(columns: Columns, numbers: Sequence[int], texts: Sequence[str] = ()) -> tuple[Choice, ...]:
    """Return a choice for each column.

    If there is only one column, also return the choice that no column is the SKU.
    """
    choices = [
        Choice(
            columns.header[number],
            texts[at] if at < len(texts) else f"The SKU is in the column {quoted(columns.header[number], 40)}.",
            columns[number].examples,
        )
        for at, number in enumerate(numbers)
    ]
    return tuple(choices if len(choices) > 1 else [*choices, _NO_COLUMN])


def reasons_first(columns: Columns, numbers: Sequence[int]) -> list[int]:
    """Sort the columns: columns of places and private columns come last.

    Other columns, such as sizes, more often explain why the rows are different products.
    """
    return sorted(
        numbers,
        key=lambda number: is_place(columns.header[number]) or private_part(columns.header[number]) is not None,
    )


def label(columns: Columns, number: int) -> str:
    return f"The SKU is in the column {quoted(columns.header[number], 40)}."
