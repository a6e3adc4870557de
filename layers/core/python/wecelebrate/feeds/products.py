"""Builds a validated product from a row of cells. For speed, the converters are chosen once for each file."""

import re
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache, partial
from operator import itemgetter
from typing import TypeVar

from wecelebrate.core.types import InventoryPolicy
from wecelebrate.feeds import convert, numbers
from wecelebrate.feeds.items import BadCell, Cells, Product, Rejected, quoted
from wecelebrate.feeds.plan import Plan
from wecelebrate.feeds.stock_columns import StockReader

BuildProduct = Callable[[int, Cells, Cells], Product | Rejected]
"""A function that builds an item from the line number, the stripped cells and the unchanged cells.

The stripped cells of a variant already contain the values of the product's first row instead of blanks.
"""

CACHE_SIZE = 4096

Value = TypeVar("Value")


def product_builder(
    plan: Plan, catalog_currency: str, mark: numbers.DecimalMark | None, stock: StockReader
) -> BuildProduct:
    """Return the function that builds the products of a file. `mark` is the file's decimal separator.

    That function returns one item for each row: a product, or a rejection that describes the first bad cell.
    """
    header, all_fields, attributes, pair_columns = plan.header, plan.fields_set, plan.attributes, plan.pair_columns
    sku_columns, image_columns = plan.sku, plan.images
    stock_columns = stock.columns.count or stock.columns.places
    all_fields |= _STOCK if stock_columns else _NO_FIELDS
    price_columns, active_columns = [price.column for price in plan.prices], [active.column for active in plan.active]
    currency_column = plan.currency
    read_sku, read_texts = _first(plan.sku), _texts_reader(plan)
    read_price, read_stock = _price_reader(plan, catalog_currency, mark), stock.read
    read_active = _active_reader(plan)
    read_currency = _cached(partial(_currency, catalog_currency))
    fields_without = lru_cache(maxsize=256)(lambda missing: all_fields - missing)

    # This function runs for every row. It is not divided, because calls of smaller functions would be too slow.
    def build(line: int, cells: Cells, raw: Cells) -> Product | Rejected:
        sku: str | None = None
        missing = _NO_FIELDS
        columns = sku_columns  # the columns of the current field; a rejection names these columns
        try:
            sku = convert.sku(read_sku(cells) or "")
            name, description, category, brand = read_texts(cells)
            columns = price_columns
            price, currency = read_price(cells)
            if currency_column is not None and (cell := cells[currency_column]):
                columns = [currency_column]
                currency = read_currency(cell)
            if price is not None:
                columns = price_columns
                price = numbers.exact_price(price, currency or catalog_currency)
            images: list[str] = []
            for column in image_columns:
                if cell := cells[column]:
                    columns = [column]
                    images += convert.image_addresses(cell)
            if len(images) > 1:
                # Shops do not show more images than MAX_IMAGES. The field `source` still contains all images.
                images = list(dict.fromkeys(images))[: convert.MAX_IMAGES]
            columns = stock_columns
            policy, count = read_stock(cells) or _NO_STOCK if columns else _NO_STOCK
            if count is None and columns:
                missing = _STOCK
            columns = active_columns
            active = read_active(cells) if columns else True
            if active is None:
                active, missing = True, missing | _ACTIVE
        except BadCell as error:
            return _rejected(plan, line, raw, sku=sku, columns=error.columns or columns, error=error)
        if None in cells:
            missing |= _absent_fields(plan, cells)
            missing -= _STOCK if count is not None else _NO_FIELDS
            source = {key: cell for key, cell in zip(header, raw, strict=False) if cell is not None}
        else:
            source = dict(zip(header, raw, strict=False))  # type: ignore[arg-type]  # no cell is None
        values = {label: cell for column, label in attributes if (cell := cells[column]) and len(cell) <= _MAX_LENGTH}
        for column in pair_columns:
            values |= convert.attributes_of_lines(cells[column] or "")
        return Product(
            line, 1, sku, name, description, category, brand, price, currency or catalog_currency, images, values,
            count, active, source, fields_without(missing) if missing else all_fields, policy,
        )  # fmt: skip

    return build


_NO_FIELDS: frozenset[str] = frozenset()
_MAX_STATE_LENGTH = 100
_MAX_LENGTH = convert.MAX_ATTRIBUTE_LENGTH
_STOCK = frozenset({"inventory_count"})
_NO_STOCK: tuple[InventoryPolicy | None, int | None] = (None, None)
_ACTIVE = frozenset({"is_active"})


def _currency(catalog_currency: str, cell: str) -> str:
    currency = numbers.currency_code(cell, catalog_currency)
    if currency is None:
        raise BadCell("unknown_currency", f"{quoted(cell)} is not an ISO 4217 currency code, e.g. EUR")
    return currency


def _cached(parse: Callable[[str], Value]) -> Callable[[str], Value]:
    """Add a cache to the parser, because prices and quantities repeat. The cache ignores long cells, to save memory."""
    cached = lru_cache(maxsize=CACHE_SIZE)(parse)
    return lambda cell: cached(cell) if len(cell) <= numbers.MAX_NUMBER_LENGTH else parse(cell)


def _first(columns: list[int]) -> Callable[[Cells], str | None]:
    """Return a function that reads the first cell that is not blank.

    That function returns "" if all cells are blank, and None if the record has none of the keys.
    """
    if len(columns) == 1:
        return itemgetter(columns[0])

    def first_of_several(cells: Cells) -> str | None:
        present = [cell for column in columns if (cell := cells[column]) is not None]
        return next((cell for cell in present if cell), "" if present else None)

    return first_of_several


Texts = tuple[str | None, str | None, str | None, str | None]


def _texts_reader(plan: Plan) -> Callable[[Cells], Texts]:
    """Return a function that reads name, description, category and brand.

    If the value of a field is not valid, that function raises BadCell with the columns of the field.
    """
    name_columns, description_columns = plan.name, plan.description
    category_columns, brand_columns = plan.category, plan.brand
    read_name, read_description = _first(plan.name), _text_reader(plan, "description", plan.description)
    read_category = _text_reader(plan, "category", plan.category)
    read_brand = _text_reader(plan, "brand", plan.brand)

    def read(cells: Cells) -> Texts:
        columns = name_columns
        try:
            name = read_name(cells) if columns else None
            if name is not None and not (len(name) <= 500 and name and name.isascii() and name.isprintable()):
                if not name:
                    raise BadCell("empty", "is empty")
                name = convert.single_line(name, 500)
            columns = description_columns
            description = (read_description(cells) or None) if columns else None
            if description is not None and not (len(description) <= 100_000 and description.isprintable()):
                convert.limited_text(description, 100_000)
            columns = category_columns
            category = (read_category(cells) or None) if columns else None
            if category is not None and not (len(category) <= 300 and category.isascii() and category.isprintable()):
                category = convert.single_line(category, 300)
            columns = brand_columns
            brand = (read_brand(cells) or None) if columns else None
            if brand is not None and not (len(brand) <= 300 and brand.isascii() and brand.isprintable()):
                brand = convert.single_line(brand, 300)
        except BadCell as error:
            error.columns = columns
            raise
        return name, description, category, brand

    return read


def _text_reader(plan: Plan, name: str, columns: list[int]) -> Callable[[Cells], str | None]:
    first = _first(columns)
    reader_name = plan.profile.cell_readers.get(name) if plan.profile else None
    if reader_name is not None:
        read = _CELL_READERS[reader_name]
        return lambda cells: read(first(cells) or "")
    if name == "category":  # a JSON list became a cell with several lines: use the first line
        return lambda cells: cell.split("\n")[0] if (cell := first(cells)) and "\n" in cell else cell
    return first


def _facet(name: str, cell: str) -> str:
    """Return the value of one facet in a cell. Vendure writes facets as `category:Mugs|brand:Acme`."""
    match = re.search(rf"(?:^|\|)\s*{name}\s*:\s*([^|]+)", cell, re.IGNORECASE)
    return match[1].strip() if match else ""


_CELL_READERS: dict[str, Callable[[str], str]] = {
    "first_category": convert.first_category,
    "editor_text": convert.editor_text,
    "facet_category": partial(_facet, "category"),
    "facet_brand": partial(_facet, "brand"),
}


def _price_reader(
    plan: Plan, catalog_currency: str, mark: numbers.DecimalMark | None
) -> Callable[[Cells], tuple[Decimal | None, str | None]]:
    """Return a function that reads the price and its currency.

    If the file has several price columns, that function prefers a price in the catalog's currency.
    """
    parse = _cached(lambda cell: numbers.price(cell, mark, catalog_currency))
    columns = plan.prices
    if not columns:
        return lambda _: (None, None)
    if len(columns) == 1 and columns[0].currency_column is None:
        only_column, column_currency = columns[0].column, columns[0].currency

        def single_price(cells: Cells) -> tuple[Decimal | None, str | None]:
            cell = cells[only_column]
            if cell:
                price, currency = parse(cell)
                return price, currency or column_currency
            if cell is None:
                return None, None
            raise BadCell("empty", "is empty")

        return single_price

    def best_price(cells: Cells) -> tuple[Decimal | None, str | None]:
        other_prices: list[tuple[Decimal, str | None]] = []
        present = False
        for column in columns:
            cell = cells[column.column]
            present = present or cell is not None
            if not cell:
                continue
            price, currency = parse(cell)
            if column.currency_column is not None and not currency:
                currency = numbers.currency_code(cells[column.currency_column] or "", catalog_currency)
            currency = currency or column.currency
            if currency in (catalog_currency, None):
                return price, currency
            other_prices.append((price, currency))
        if other_prices:
            return other_prices[0]
        if present:
            raise BadCell("empty", "is empty")
        return None, None

    return best_price


def _active_reader(plan: Plan) -> Callable[[Cells], bool | None]:
    """Return a function that reads `is_active`.

    That function returns True if every column with a value says active, and None if no column has a value.
    """
    inactive_pattern = plan.profile.inactive_pattern if plan.profile else None
    columns = [(active.column, active.inverse, active.lenient) for active in plan.active]

    @lru_cache(maxsize=CACHE_SIZE)
    def state(cell: str, inverse: bool, lenient: bool) -> bool | None:
        word = cell.strip().casefold()
        if not word:
            return None
        if inactive_pattern is not None:
            return not re.fullmatch(inactive_pattern, word)
        try:
            return convert.boolean(word) != inverse
        except BadCell:
            if lenient:
                return None
            raise

    def read(cells: Cells) -> bool | None:
        states = [
            state((cells[column] or "")[:_MAX_STATE_LENGTH], inverse, lenient) for column, inverse, lenient in columns
        ]
        stated = [state for state in states if state is not None]
        return all(stated) if stated else None

    return read


def _absent_fields(plan: Plan, cells: Cells) -> frozenset[str]:
    """Return the fields for which the JSON record has no key."""
    absent = {
        name for name, columns in plan.field_columns.items()
        if name != "sku" and all(cells[column] is None for column in columns)
    }  # fmt: skip
    if "price" in absent and plan.currency is None:
        absent.add("currency")
    elif "price" not in absent:
        absent.discard("currency")
    if all(cells[column] is None for column in (*(column for column, _ in plan.attributes), *plan.pair_columns)):
        absent.add("attributes")
    return frozenset(absent)


def _rejected(plan: Plan, line: int, raw: Cells, *, sku: str | None, columns: list[int], error: BadCell) -> Rejected:
    names = [plan.header[number] for number in columns if number < len(plan.header)]
    column = " or ".join(names[:3]) or "SKU"
    return Rejected(line, 1, sku, f"{column}: {error.problem}", error.code, [cell or "" for cell in raw])
