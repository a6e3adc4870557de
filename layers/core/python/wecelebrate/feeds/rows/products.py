"""Builds a validated product from a row of cells. For speed, the converters are chosen once for each file."""

import re
from collections.abc import Callable
from functools import lru_cache, partial
from operator import itemgetter

from wecelebrate.core.types import InventoryPolicy
from wecelebrate.feeds.identity.codes import is_rounded
from wecelebrate.feeds.items import BadCell, Cells, Product, Rejected
from wecelebrate.feeds.notation import convert, numbers
from wecelebrate.feeds.notation.price_units import price_of_one, units_of
from wecelebrate.feeds.plan.plan import Plan
from wecelebrate.feeds.prices.cells import CACHE_SIZE, cached, currency_of, price_reader, shifted_price
from wecelebrate.feeds.rows.commands import with_commands
from wecelebrate.feeds.rows.former_prices import with_former_price
from wecelebrate.feeds.rows.group_names import with_group_names
from wecelebrate.feeds.rows.notes import CODE as NO_PRODUCT
from wecelebrate.feeds.rows.notes import FindNote, suspects
from wecelebrate.feeds.rows.offers import with_offers
from wecelebrate.feeds.rows.remarks import MARKS, says_ended
from wecelebrate.feeds.rows.second_names import with_second_name
from wecelebrate.feeds.states.cells import active_reader
from wecelebrate.feeds.stock.notes import with_notes
from wecelebrate.feeds.stock.reader import StockReader
from wecelebrate.feeds.stock.times import with_stock_times
from wecelebrate.feeds.tables.codes import translated_cells
from wecelebrate.feeds.transformations.computed import ComputedColumns
from wecelebrate.feeds.warnings import Warnings

BuildProduct = Callable[[int, Cells, Cells], Product | Rejected]
"""A function that builds an item from the line number, the stripped cells and the unchanged cells.

The stripped cells of a variant already contain the values of the product's first row instead of blanks.
"""

ZERO_PRICE = "zero_price"
"""The code of the warning about prices of 0, which are read as blank."""
MAX_CACHED_LENGTH = 300
"""The maximum number of characters of a cached category or brand. They are cached because they repeat."""


def product_builder(  # noqa: PLR0915
    plan: Plan,
    catalog_currency: str,
    mark: numbers.DecimalMark | None,
    stock: StockReader,
    warnings: Warnings,
    *,
    find_note: FindNote | None = None,
) -> BuildProduct:
    """Return the function that builds the products of a file.

    `mark` is the decimal separator of the prices. A value that is not understood is added to `warnings` if it does not
    cause a rejection. `find_note` finds rows that are not products.

    The returned function returns one item for each row: a product, or a rejection that describes the first bad cell.
    """
    header, attributes, pair_columns = plan.header, plan.attributes, plan.pair_columns
    if plan.computed:
        header = plan.computed.without(header)
    public_pairs = plan.disclosure.public_pairs
    rounded = [label for column, label in attributes if column in plan.rounded_columns]
    has_codes = bool(plan.profile and plan.profile.cell_readers.get("attributes") == "code_pairs")
    attributes_of = convert.attributes_of_codes if has_codes else convert.attributes_of_lines
    sku_columns, image_columns = plan.sku, plan.images
    stock_columns = stock.columns.count or stock.columns.places
    all_fields = plan.fields_set | (_STOCK if stock_columns else _NO_FIELDS)
    fields_without_currency = all_fields - {"currency"}
    price_columns, active_columns = [price.column for price in plan.prices], [active.column for active in plan.active]
    currency_column, unit_column = plan.currency, plan.price_unit
    read_sku, read_texts = sku_reader(plan), _texts_reader(plan)
    read_price = price_reader(plan, catalog_currency, mark)
    read_stock = with_notes(stock.read, stock.columns.count, plan.column_name, mark, warnings)
    read_active = active_reader(plan, warnings)
    read_currency = cached(partial(currency_of, catalog_currency))
    suspect_skus = suspects(plan) if find_note else frozenset[str]()
    has_no_names, zero_is_no_price = bool(find_note) and not plan.name, plan.zero_is_no_price
    marks = MARKS if plan.profile is None else _NO_MARKS

    def raise_note(sku: str, cells: Cells) -> None:
        if find_note and (note := find_note(sku, cells)):
            raise BadCell(NO_PRODUCT, note)

    fields_without = lru_cache(maxsize=256)(lambda fields, missing: fields - missing)

    # This function runs for every row. It is not split, because calls of smaller functions would be too slow.
    def build(line: int, cells: Cells, raw: Cells) -> Product | Rejected:  # noqa: PLR0912, PLR0915
        sku: str | None = None
        missing = _NO_FIELDS
        columns = sku_columns  # the columns of the current field; a rejection names these columns
        try:
            sku = convert.sku(read_sku(cells) or "")
            # In a file with a name column, `read_texts` rejects notes, because they have no name.
            if sku in suspect_skus or (has_no_names and " " in sku):
                raise_note(sku, cells)
            name, description, category, brand = read_texts(cells)
            columns = price_columns
            price, currency = read_price(cells)
            if currency_column is not None and (cell := cells[currency_column]):
                columns = [currency_column]
                currency = read_currency(cell)
            if price is not None:
                columns = price_columns
                if unit_column is not None and (cell := cells[unit_column]):
                    price = price_of_one(price, units_of(cell, mark), currency or catalog_currency)
                price = numbers.exact_price(price, currency or catalog_currency)
                if zero_is_no_price and not price:
                    warnings.add(ZERO_PRICE, plan.column_name(price_columns[0]), "0")
                    price, currency, missing = None, None, _PRICE
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
                missing |= _STOCK
            columns = active_columns
            state = read_active(cells) if columns else "active"
            is_active = state == "active"
            if not is_active and state != "inactive":
                missing |= _ACTIVE
                is_active = state == "unstated"  # a new product with an unknown state is inactive
            added = _NO_FIELDS
            if name and (name[-1] in marks or name[0] in marks) and _is_ended(name, is_active, state, active_columns):
                warnings.add("ended_in_name", plan.column_name(plan.name[0]), name)
                is_active, added = False, _ACTIVE
                missing -= _ACTIVE
        except BadCell as error:
            if error.code == "empty" and find_note and (note := find_note(sku, cells)):
                error = BadCell(NO_PRODUCT, note)
            return _rejected(plan, line, raw, sku=sku, columns=error.columns or columns, error=error)
        if None in cells:
            missing |= _absent_fields(plan, cells)
            missing -= _STOCK if count is not None else _NO_FIELDS
            source = {key: cell for key, cell in zip(header, raw, strict=False) if cell is not None}
        else:
            source = dict(zip(header, raw, strict=False))  # type: ignore[arg-type]  # no cell is None
        values = {label: cell for column, label in attributes if (cell := cells[column]) and len(cell) <= _MAX_LENGTH}
        for label in rounded:
            if label in values and is_rounded(values[label]):
                warnings.add("rounded_number", label, values.pop(label))
        blank = _blank_labels(attributes, cells, values) if len(values) < len(attributes) else _NO_LABELS
        for column in pair_columns:
            values |= public_pairs(attributes_of(cells[column] or ""))
        # A price without a currency does not change the currency of a stored product.
        fields = all_fields if currency else fields_without_currency
        fields = fields | added if added else fields
        return Product(
            line, 1, sku, name, description, category, brand, price, currency or catalog_currency, images, values,
            count, is_active, source, fields_without(fields, missing) if missing else fields, blank, policy,
        )  # fmt: skip

    explained = _with_legend(build, plan.legend) if plan.legend else build
    explained = with_group_names(explained, plan) if plan.group_column is not None else explained
    explained = with_second_name(explained, plan, warnings)
    explained = with_former_price(explained, plan, catalog_currency, mark)
    offering = with_offers(explained, plan, catalog_currency, mark, warnings)
    obeying = with_commands(with_stock_times(offering, plan), plan, read_sku, catalog_currency)
    return obeying if plan.computed is None else _without_computed(obeying, plan.computed)


def _is_ended(name: str, is_active: bool, state: str, active_columns: list[int]) -> bool:
    """Return whether the name says that the product is no longer made, and no column says that the product is sold."""
    return is_active and (state == "unstated" or not active_columns) and says_ended(name)


def _with_legend(build: BuildProduct, legend: dict[int, dict[str, str]]) -> BuildProduct:
    """Return a function that reads the codes of a row by the legend of the file."""
    return lambda line, cells, raw: build(line, translated_cells(cells, legend), raw)


def _without_computed(build: BuildProduct, computed: ComputedColumns) -> BuildProduct:
    """Return a function that removes the computed cells from the source cells of a row."""
    return lambda line, cells, raw: build(line, cells, computed.without(raw))


_NO_FIELDS: frozenset[str] = frozenset()
_NO_LABELS: tuple[str, ...] = ()
_MAX_LENGTH = convert.MAX_ATTRIBUTE_LENGTH
_STOCK = frozenset({"inventory_count"})
_NO_STOCK: tuple[InventoryPolicy | None, int | None] = (None, None)
_ACTIVE = frozenset({"is_active"})
_NO_MARKS: frozenset[str] = frozenset()
_PRICE = frozenset({"price", "currency"})


def _blank_labels(attributes: list[tuple[int, str]], cells: Cells, values: dict[str, str]) -> tuple[str, ...]:
    """Return the names of the attributes whose cells are blank."""
    return tuple(label for column, label in attributes if cells[column] == "" and label not in values)


def _first(columns: list[int]) -> Callable[[Cells], str | None]:
    """Return a function that reads the first cell that is not blank.

    The returned function returns "" if all cells are blank, and None if the record has none of the keys.
    """
    if len(columns) == 1:
        return itemgetter(columns[0])

    def first_of_several(cells: Cells) -> str | None:
        present = [cell for column in columns if (cell := cells[column]) is not None]
        return next((cell for cell in present if cell), "" if present else None)

    return first_of_several


def sku_reader(plan: Plan) -> Callable[[Cells], str | None]:
    """Return a function that reads the SKU from stripped cells, without the `.0` that a program added."""
    first = _first(plan.sku)
    if not plan.float_skus:
        return first
    return lambda cells: (first(cells) or "").removesuffix(".00").removesuffix(".0")


Texts = tuple[str | None, str | None, str | None, str | None]


def _texts_reader(plan: Plan) -> Callable[[Cells], Texts]:
    """Return a function that reads name, description, category and brand.

    If the value of a field is not valid, the returned function raises BadCell with the columns of the field.
    """
    suspect = convert.SUSPECT_STARTS
    read_line = lru_cache(maxsize=CACHE_SIZE)(lambda cell: _line(cell, 300))
    name_columns, description_columns = plan.name, plan.description
    category_columns, brand_columns = plan.category, plan.brand
    read_name, read_description = _first(plan.name), _text_reader(plan, "description", plan.description)
    read_category = _text_reader(plan, "category", plan.category)
    read_brand = _text_reader(plan, "brand", plan.brand)

    def read(cells: Cells) -> Texts:
        columns = name_columns
        try:
            name = read_name(cells) if columns else None
            if name is not None and not (
                name
                and len(name) <= 500
                and name.isascii()
                and name.isprintable()
                and name[0] not in suspect
                and "&" not in name
            ):
                name = _line(name, 500)
                if name is None:
                    raise BadCell("empty", "is empty")
            columns = description_columns
            description = (read_description(cells) or None) if columns else None
            if description is not None and not (
                len(description) <= 100_000
                and description.isprintable()
                and description[0] not in suspect
                and "&" not in description
            ):
                description = convert.limited_text(convert.plain_text(description), 100_000) or None
            columns = category_columns
            category = (read_category(cells) or None) if columns else None
            if category is not None:
                category = read_line(category) if len(category) <= MAX_CACHED_LENGTH else _line(category, 300)
            columns = brand_columns
            brand = (read_brand(cells) or None) if columns else None
            if brand is not None:
                brand = read_line(brand) if len(brand) <= MAX_CACHED_LENGTH else _line(brand, 300)
        except BadCell as error:
            error.columns = columns
            raise
        return name, description, category, brand

    return read


def _line(cell: str, max_length: int) -> str | None:
    text = convert.plain_text(cell)
    return convert.single_line(text, max_length) if text else None


def _text_reader(plan: Plan, name: str, columns: list[int]) -> Callable[[Cells], str | None]:
    first = _first(columns)
    reader_name = plan.profile.cell_readers.get(name) if plan.profile else None
    if reader_name is not None:
        read = _CELL_READERS[reader_name]
        return lambda cells: read(first(cells) or "")
    if name == "category" and plan.list_separators:
        return partial(_first_category, first, re.compile(rf"(?<!\\)[{re.escape(plan.list_separators)}]"))
    return first


def _first_category(first: Callable[[Cells], str | None], separator: re.Pattern[str], cells: Cells) -> str | None:
    cell = first(cells)
    if cell and "&" in cell:
        cell = convert.plain_text(cell)
    if not cell or not separator.search(cell):
        return cell.replace("\\,", ",") if cell and "\\," in cell else cell
    parts = (part.strip() for part in separator.split(cell))
    return next((part for part in parts if part), "").replace("\\,", ",")


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
    names = [plan.column_name(number) for number in columns if number < len(plan.header)]
    column = " or ".join(names[:3]) or "SKU"
    problem = error.problem
    if error.code == NO_PRODUCT:
        return Rejected(line, 1, None, error.problem, NO_PRODUCT, [cell or "" for cell in raw])
    if (
        error.code == "empty"
        and plan.prices
        and plan.computed is None
        and columns == [price.column for price in plan.prices]
    ):
        problem += shifted_price(plan, raw, columns)
    return Rejected(line, 1, sku, f"{column}: {problem}", error.code, [cell or "" for cell in raw])
