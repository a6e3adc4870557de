"""A row of cells to a product, checked. The converters are put together once a file, for the speed of the loop."""

import re
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache, partial
from operator import itemgetter
from typing import TypeVar

from wecelebrate.feeds import convert, numbers
from wecelebrate.feeds.items import BadCell, Cells, Product, Rejected, shown
from wecelebrate.feeds.plan import Plan

Build = Callable[[int, Cells, Cells], Product | Rejected]
"""(line, cells stripped and, in grouped exports, completed from the product's first row, cells as they came)"""

CACHED = 4096

Value = TypeVar("Value")


def builder(plan: Plan, own: str, mark: numbers.DecimalMark | None) -> Build:  # noqa: PLR0915  (holds `build`)
    """What makes products of a file's rows. `own` is the catalog's currency, `mark` the file's decimal separator.

    Every row yields one item of one source row. A row that cannot be a product is rejected for its first bad cell.
    """
    header, every, attributes = plan.header, plan.given, plan.attributes
    at_sku, at_name, at_images, at_stock = plan.sku, plan.name, plan.images, plan.inventory
    at_price, at_active = [price.column for price in plan.prices], [active.column for active in plan.active]
    at_text = {"description": plan.description, "category": plan.category, "brand": plan.brand}
    at_pairs = plan.pairs
    read_sku, read_name = _first(plan.sku), _first(plan.name)
    read_text = {name: _reader(plan, name, columns) for name, columns in at_text.items()}
    description_of, category_of, brand_of = read_text["description"], read_text["category"], read_text["brand"]
    price_of, count_of, active_of = _prices(plan, own, mark), _counts(plan, mark), _actives(plan)
    currency_of = _remembered(lambda cell: numbers.currency_code(cell, own))
    at_currency = plan.currency
    without = lru_cache(maxsize=256)(lambda missing: every - missing)

    # The body of the loop over all rows: flat, because calls are what costs here.
    def build(line: int, cells: Cells, raw: Cells) -> Product | Rejected:  # noqa: PLR0912, PLR0915
        sku: str | None = None
        missing = _NOTHING
        at = at_sku
        try:
            sku = convert.sku(read_sku(cells) or "")
            at = at_name
            name = read_name(cells) if at else None
            if name is not None and not (len(name) <= 500 and name and name.isprintable()):
                if not name:
                    raise BadCell("empty", "is empty")
                name = convert.line(name, 500)
            at = at_text["description"]
            description = (description_of(cells) or None) if at else None
            if description is not None and len(description) > 100_000:
                convert.text(description, 100_000)
            at = at_text["category"]
            category = (category_of(cells) or None) if at else None
            if category is not None and not (len(category) <= 300 and category.isprintable()):
                category = convert.line(category, 300)
            at = at_text["brand"]
            brand = (brand_of(cells) or None) if at else None
            if brand is not None and not (len(brand) <= 300 and brand.isprintable()):
                brand = convert.line(brand, 300)
            at = at_price
            price, currency = price_of(cells)
            if at_currency is not None and (cell := cells[at_currency]):
                at = [at_currency]
                currency = currency_of(cell)
                if currency is None:
                    raise BadCell("unknown_currency", f"{shown(cell)} is not an ISO 4217 currency")
            images: list[str] = []
            for column in at_images:
                if cell := cells[column]:
                    at = [column]
                    images += convert.images(cell)
            if len(images) > 1:
                # A shop shows no more; what is left out stands in `source`.
                images = list(dict.fromkeys(images))[: convert.MOST_IMAGES]
            at = at_stock
            count = count_of(cells) if at else None
            if count is None and at:
                missing = _STOCK
            at = at_active
            active = active_of(cells) if at else True
            if active is None:
                active = True
                missing |= _ACTIVE
        except BadCell as bad:
            return _rejected(plan, line, raw, sku=sku, at=at, bad=bad)
        if None in cells:
            missing |= _absent(plan, cells)
            source = {key: cell for key, cell in zip(header, raw, strict=False) if cell is not None}
        else:
            source = dict(zip(header, raw, strict=False))  # type: ignore[arg-type]  # no None: just looked
        stated = {label: cell for column, label in attributes if (cell := cells[column]) and len(cell) <= _LONGEST}
        for column in at_pairs:
            stated |= convert.pairs(cells[column] or "")
        return Product(
            line, 1, sku, name, description, category, brand, price, currency or own, images, stated,
            count, active, source, without(missing) if missing else every,
        )  # fmt: skip

    return build


_NOTHING: frozenset[str] = frozenset()
_LONGEST_WORD = 100
_LONGEST = convert.LONGEST_ATTRIBUTE
_STOCK = frozenset({"inventory_count"})
_ACTIVE = frozenset({"is_active"})


def _remembered(parse: Callable[[str], Value]) -> Callable[[str], Value]:
    """The parser with a cache: prices and quantities repeat. Long cells pass it by, or it would hold megabytes."""
    cached = lru_cache(maxsize=CACHED)(parse)
    return lambda cell: cached(cell) if len(cell) <= numbers.LONGEST_NUMBER else parse(cell)


def _first(columns: list[int]) -> Callable[[Cells], str | None]:
    """The first cell that is not blank; "" when all are blank, None when none is there."""
    if len(columns) == 1:
        return itemgetter(columns[0])

    def several(cells: Cells) -> str | None:
        there = [cell for column in columns if (cell := cells[column]) is not None]
        return next((cell for cell in there if cell), "" if there else None)

    return several


def _reader(plan: Plan, name: str, columns: list[int]) -> Callable[[Cells], str | None]:
    first = _first(columns)
    how = plan.profile.reads.get(name) if plan.profile else None
    if how is not None:
        read = _READERS[how]
        return lambda cells: read(first(cells) or "")
    if name == "category":  # of a list from JSON the first
        return lambda cells: cell.split("\n")[0] if (cell := first(cells)) and "\n" in cell else cell
    return first


def _facet(name: str, cell: str) -> str:
    """Vendure's facets are `category:Mugs|brand:Acme`."""
    found = re.search(rf"(?:^|\|)\s*{name}\s*:\s*([^|]+)", cell, re.IGNORECASE)
    return found[1].strip() if found else ""


_READERS: dict[str, Callable[[str], str]] = {
    "first_category": convert.first_category,
    "editor_text": convert.editor_text,
    "facet_category": partial(_facet, "category"),
    "facet_brand": partial(_facet, "brand"),
}


def _prices(
    plan: Plan, own: str, mark: numbers.DecimalMark | None
) -> Callable[[Cells], tuple[Decimal | None, str | None]]:
    parse = _remembered(lambda cell: numbers.price(cell, mark, own))
    columns = plan.prices
    if not columns:
        return lambda _: (None, None)
    if len(columns) == 1 and columns[0].currency_column is None:
        only, named = columns[0].column, columns[0].currency

        def one(cells: Cells) -> tuple[Decimal | None, str | None]:
            cell = cells[only]
            if cell:
                price, currency = parse(cell)
                return price, currency or named
            if cell is None:
                return None, None
            raise BadCell("empty", "is empty")

        return one

    def several(cells: Cells) -> tuple[Decimal | None, str | None]:
        found: list[tuple[Decimal, str | None]] = []
        there = False
        for column in columns:
            cell = cells[column.column]
            there = there or cell is not None
            if not cell:
                continue
            price, currency = parse(cell)
            if column.currency_column is not None and not currency:
                currency = numbers.currency_code(cells[column.currency_column] or "", own)
            currency = currency or column.currency
            if currency in (own, None):
                return price, currency
            found.append((price, currency))
        if found:
            return found[0]
        if there:
            raise BadCell("empty", "is empty")
        return None, None

    return several


def _counts(plan: Plan, mark: numbers.DecimalMark | None) -> Callable[[Cells], int | None]:
    parse = _remembered(lambda cell: numbers.count(cell, mark))
    first = _first(plan.inventory)
    together = plan.profile is not None and "inventory_count" in plan.profile.joined and len(plan.inventory) > 1

    def total(cells: Cells) -> int | None:
        counts = [parse(cell) for column in plan.inventory if (cell := cells[column])]
        known = [count for count in counts if count is not None]
        return min(sum(known), numbers.HIGHEST_COUNT) if known else None

    def one(cells: Cells) -> int | None:
        cell = first(cells)
        return parse(cell) if cell else None

    return total if together else one


def _actives(plan: Plan) -> Callable[[Cells], bool | None]:
    """Active when every column that says something says so; None when none does."""
    inactive = plan.profile.inactive if plan.profile else None
    columns = [(active.column, active.inverse, active.lenient) for active in plan.active]

    @lru_cache(maxsize=CACHED)
    def state(cell: str, inverse: bool, lenient: bool) -> bool | None:
        word = cell.strip().casefold()
        if not word:
            return None
        if inactive is not None:
            return not re.fullmatch(inactive, word)
        try:
            return convert.yes(word) != inverse
        except BadCell:
            if lenient:
                return None
            raise

    def read(cells: Cells) -> bool | None:
        states = [
            state((cells[column] or "")[:_LONGEST_WORD], inverse, lenient) for column, inverse, lenient in columns
        ]
        said = [one for one in states if one is not None]
        return all(said) if said else None

    return read


def _absent(plan: Plan, cells: Cells) -> frozenset[str]:
    """The fields of which a JSON record has no key at all."""
    absent = {
        name for name, columns in plan.mapped.items()
        if name != "sku" and all(cells[column] is None for column in columns)
    }  # fmt: skip
    if "price" in absent and plan.currency is None:
        absent.add("currency")
    elif "price" not in absent:
        absent.discard("currency")
    if all(cells[column] is None for column in (*(column for column, _ in plan.attributes), *plan.pairs)):
        absent.add("attributes")
    return frozenset(absent)


def _rejected(plan: Plan, line: int, raw: Cells, *, sku: str | None, at: list[int], bad: BadCell) -> Rejected:
    named = [plan.header[number] for number in at if number < len(plan.header)]
    column = " or ".join(named[:3]) or "SKU"
    return Rejected(line, 1, sku, f"{column}: {bad.problem}", bad.code, [cell or "" for cell in raw])
