"""Asks about a list whose column of prices is blank in all rows, such as a form that a supplier has to fill in."""

from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.columns.names import fold
from wecelebrate.feeds.columns.visibility import internal_part, is_property
from wecelebrate.feeds.items import quoted
from wecelebrate.feeds.plan.model import Plan
from wecelebrate.feeds.prices.candidates import name_of_price
from wecelebrate.feeds.prices.possible_names import may_be_price
from wecelebrate.feeds.questions import Choice, Question
from wecelebrate.feeds.vocabulary.folding import split_words
from wecelebrate.feeds.vocabulary.words import words

MIN_ROWS = 2
_ABOUT_PRICES = words(
    "note notes remark remarks comment comments hinweis bemerkung notiz kommentar remarque commentaire nota notas "
    "observacion observaciones osservazione osservazioni opmerking merknad anmarkning uwagi poznamka megjegyzes "
    "gultig gueltig valid valable valido valida geldig gyldig giltig from ab bis until to date datum fecha data "
    "dato basis category kategorie categoria change anderung aenderung source quelle status state rule regel"
)
"""Words that describe a price, together with a word for a price: `Price note`, `Preis gültig ab`."""


def blank_prices_question(plan: Plan, columns: Columns) -> list[Question]:
    """Return a question if all prices are blank, and the file has neither stocks nor states.

    A file with stocks or states updates these values, and such files often have blank columns.
    """
    # A note below the header of a list without products has only one value.
    rows = sum(sum(bool(cell and cell.strip()) for cell in row) >= MIN_ROWS for row in columns.sample)
    stated = [*plan.inventory, *(active.column for active in plan.active)]
    if rows < MIN_ROWS or any(not columns[number].is_empty for number in (*stated, *plan.images)):
        return []
    read = [price.column for price in plan.prices]
    names = [number for number, name in enumerate(columns.header) if names_price(name)]
    blank = [number for number in (*read, *names) if columns[number].is_empty]
    if not blank or any(not columns[number].is_empty for number in (*read, *names)):
        return []
    name = columns.header[blank[0]]
    text = (
        f"The column {quoted(name, 40)} has no price in any row. Is the file a form that is not filled in yet, or "
        "a list that does not state prices?"
    )
    choices = (
        Choice("", "The file has no prices. No stored price changes, and new products get none."),
        Choice(name, f"Later files have prices in {quoted(name, 40)}, so they are read from it."),
    )
    return [Question("price", "money", text, choices)]


def names_price(name: str) -> bool:
    """Return whether a name means a price, as in `Your price (EUR)`, and has no private part."""
    if internal_part(name) is not None or is_property(name):
        return False
    if name_of_price(name) is not None:
        return True
    return may_be_price(fold(name)) and _ABOUT_PRICES.isdisjoint(split_words(name))
