"""A row of cells to a product, checked. The converters are put together once a file, for the speed of the loop."""

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import lru_cache, partial

from wecelebrate.feeds import convert, numbers
from wecelebrate.feeds.items import BadCell, Product, Rejected, shown
from wecelebrate.feeds.plan import Plan

Cells = Sequence[str | None]
"""One cell a column; None where a JSON record lacks the key."""

Build = Callable[[int, Cells, Cells], Product | Rejected]
"""(line, cells, cells as they came): grouped exports complete a variant's cells from its product's first row."""

CACHED = 4096


def builder(plan: Plan, own: str, mark: numbers.DecimalMark | None) -> Build:
    """What makes products of a file's rows. `own` is the catalog's currency, `mark` the file's decimal separator.

    Every row yields one item of one source row. A row that cannot be a product is rejected for its first bad cell.
    """
    header, every = plan.header, plan.given
    attributes = plan.attributes
    optional = every - {"sku"}
    read_sku = _first(plan.sku)
    read_name, read_description = _first(plan.name), _first(plan.description)
    read_category, read_brand = _reader(plan, "category", plan.category), _reader(plan, "brand", plan.brand)
    edited = _reader(plan, "description", plan.description) if _reads(plan, "description") else read_description
    read_price = _prices(plan, own, mark)
    read_count = _counts(plan, mark)
    read_active = _actives(plan)
    currency_column = plan.currency
    short = plan.last_mapped + 1
    without = lru_cache(maxsize=256)(lambda missing: every - missing)

    def build(line: int, cells: Cells, raw: Cells) -> Product | Rejected:
        sku: str | None = None
        at: list[int] = plan.sku
        missing: frozenset[str] = frozenset()
        try:
            if len(cells) < short:
                cells = [*cells, *([None] * (short - len(cells)))]
            sku = convert.sku(read_sku(cells) or "")
            at = plan.name
            name = None
            if at and (cell := read_name(cells)) is not None:
                if not cell:
                    raise BadCell("empty", "is empty")
                name = convert.line(cell, 500)
            at = plan.description
            description = (edited(cells) or None) if at else None
            if description is not None and len(description) > 100_000:
                convert.text(description, 100_000)
            at = plan.category
            category = convert.line(cell, 300) if at and (cell := read_category(cells)) else None
            at = plan.brand
            brand = convert.line(cell, 300) if at and (cell := read_brand(cells)) else None
            at = [column.column for column in plan.prices] if plan.prices else at
            price, currency = read_price(cells)
            if currency_column is not None and (cell := cells[currency_column]) and (cell := cell.strip()):
                at = [currency_column]
                stated = numbers.currency_code(cell, own)
                if stated is None:
                    raise BadCell("unknown_currency", f"{shown(cell)} is not an ISO 4217 currency")
                currency = stated
            images: list[str] = []
            for column in plan.images:
                if cell := cells[column]:
                    at = [column]
                    images += convert.images(cell.strip())
            if len(images) > 1:
                # A shop shows no more; what is left out stands in `source`.
                images = list(dict.fromkeys(images))[: convert.MOST_IMAGES]
            at = plan.inventory
            count = read_count(cells) if at else None
            if count is None and at:
                missing = _STOCK
            active = True
            if plan.active:
                at = [plan.active[0].column]
                state = read_active(cells)
                if state is None:
                    missing |= _ACTIVE
                else:
                    active = state
        except BadCell as bad:
            return _rejected(plan, line, raw, sku, at, bad)
        extra: dict[str, str] = {}
        for column, label in attributes:
            if column < len(cells) and (cell := cells[column]) and (cell := cell.strip()) and len(cell) <= _LONGEST:
                extra[label] = cell
        if None in cells:
            missing |= _absent(plan, cells, optional)
        return Product(
            line, 1, sku, name, description, category, brand, price, currency or own, images, extra, count, active,
            {key: cell for key, cell in zip(header, raw, strict=False) if cell is not None},
            without(missing) if missing else every,
        )  # fmt: skip

    return build


_LONGEST = convert.LONGEST_ATTRIBUTE
_STOCK = frozenset({"inventory_count"})
_ACTIVE = frozenset({"is_active"})


def _first(columns: list[int]) -> Callable[[Cells], str | None]:
    """The first cell that is not blank, stripped; "" when all are blank, None when none is there."""
    if len(columns) == 1:
        (only,) = columns

        def one(cells: Cells) -> str | None:
            cell = cells[only]
            return cell.strip() if cell is not None else None

        return one

    def several(cells: Cells) -> str | None:
        there = [cell for column in columns if (cell := cells[column]) is not None]
        return next((text for cell in there if (text := cell.strip())), "" if there else None)

    return several


def _reads(plan: Plan, name: str) -> str | None:
    return plan.profile.reads.get(name) if plan.profile else None


def _reader(plan: Plan, name: str, columns: list[int]) -> Callable[[Cells], str | None]:
    first = _first(columns)
    how = _reads(plan, name)
    if how is None:
        return (lambda cells: (first(cells) or "").split("\n")[0]) if name == "category" else first
    read = _READERS[how]
    return lambda cells: read(first(cells) or "")


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
    parse = lru_cache(maxsize=CACHED)(lambda cell: numbers.price(cell, mark, own))
    columns = plan.prices
    if not columns:
        return lambda cells: (None, None)
    if len(columns) == 1 and columns[0].currency_column is None:
        only, named = columns[0].column, columns[0].currency

        def one(cells: Cells) -> tuple[Decimal | None, str | None]:
            cell = cells[only]
            if cell is None:
                return None, None
            if not (cell := cell.strip()):
                raise BadCell("empty", "is empty")
            price, currency = parse(cell)
            return price, currency or named

        return one

    def several(cells: Cells) -> tuple[Decimal | None, str | None]:
        found: list[tuple[Decimal, str | None]] = []
        there = False
        for column in columns:
            cell = cells[column.column]
            there = there or cell is not None
            if not cell or not (cell := cell.strip()):
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
    parse = lru_cache(maxsize=CACHED)(lambda cell: numbers.count(cell, mark))
    first = _first(plan.inventory)
    together = plan.profile is not None and "inventory_count" in plan.profile.joined and len(plan.inventory) > 1

    def total(cells: Cells) -> int | None:
        counts = [parse(text) for column in plan.inventory if (text := (cells[column] or "").strip())]
        known = [count for count in counts if count is not None]
        return min(sum(known), numbers.HIGHEST_COUNT) if known else None

    def one(cells: Cells) -> int | None:
        cell = first(cells)
        return parse(cell) if cell else None

    return total if together else one


def _actives(plan: Plan) -> Callable[[Cells], bool | None]:
    """Active when every column that says something says so; None when none does."""
    inactive = plan.profile.inactive if plan.profile else None

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
        states = [state(cells[c.column] or "", c.inverse, c.lenient) for c in plan.active]
        said = [one for one in states if one is not None]
        return all(said) if said else None

    return read


def _absent(plan: Plan, cells: Cells, optional: frozenset[str]) -> frozenset[str]:
    """The fields of which a JSON record has no key at all."""
    absent = {
        name for name, columns in plan.mapped.items()
        if name in optional and all(cells[column] is None for column in columns)
    }  # fmt: skip
    if "price" in absent and plan.currency is None:
        absent.add("currency")
    elif "price" not in absent:
        absent.discard("currency")
    if "attributes" in optional and all(column >= len(cells) or cells[column] is None for column, _ in plan.attributes):
        absent.add("attributes")
    return frozenset(absent)


def _rejected(plan: Plan, line: int, raw: Cells, sku: str | None, at: list[int], bad: BadCell) -> Rejected:
    named = [plan.header[number] for number in at if number < len(plan.header)]
    column = " or ".join(named[:3]) or "SKU"
    return Rejected(line, 1, sku, f"{column}: {bad.problem}", bad.code, [cell or "" for cell in raw])
