"""Reads exports in which several rows describe one product: its variants, further images or translations.

Each variant becomes an item. The blank cells of a variant get the values of the product's first row, and the variant is
then read like a plain row. Rows that are not variants only add images. They are counted in the product's first item.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from wecelebrate.core.types.normal_forms import without_marks
from wecelebrate.core.types.numbers import without_exponent
from wecelebrate.feeds.columns.profile import VariantRule
from wecelebrate.feeds.columns.profile_columns import profile_names
from wecelebrate.feeds.items import BadCell, Cells, Item, Product, Rejected, Row, quoted
from wecelebrate.feeds.notation.convert import MAX_ATTRIBUTE_LENGTH, MAX_ATTRIBUTE_NAME_LENGTH, MAX_IMAGES, split_images
from wecelebrate.feeds.plan.plan import Plan, find_columns
from wecelebrate.feeds.rows.products import BuildProduct
from wecelebrate.feeds.rows.regrouping import cell_patterns, matches, parent_reference, value_of
from wecelebrate.feeds.states.words import state_of
from wecelebrate.feeds.stock import columns as stock_columns

# A product that exceeds one of these limits is processed in parts, so that memory use is limited for any file.
MAX_GROUP_ROWS = 1_000
MAX_GROUP_CHARACTERS = 8_000_000
MAX_OPTION_TEXT_LENGTH = 5_000
DASH = "\N{EN DASH}"
DEFAULT_OPTIONS = frozenset(("default title", "default", "default variant", "default option value", "regular"))


class VariantGrouper:
    """Turns rows into items according to the variant rule of a profile.

    The grouper appends three computed cells to each variant: SKU, name and images.
    """

    def __init__(self, plan: Plan, rule: VariantRule, builder: Callable[[Plan], BuildProduct]) -> None:
        names = profile_names(plan.header, plan.profile)
        self._plan, self._rule, self._width = plan, rule, len(plan.header)
        self._key, self._parent = find_columns(names, rule.key), find_columns(names, rule.parent)
        self._handles = find_columns(names, rule.handle)
        self._variant_columns = find_columns(names, rule.variant_columns, every=True)
        self._options = [(find_columns(names, (a,)), find_columns(names, (b,))) for a, b in rule.options]
        self._option_columns = [
            (match[1], number)
            for number, column in enumerate(plan.header)
            if rule.option_columns and (match := re.fullmatch(rule.option_columns, column, re.IGNORECASE))
        ]
        self._option_lists = [find_columns(names, (pattern,)) for pattern in rule.option_lists or ()]
        self._option_texts = find_columns(names, rule.option_texts[:1]) if rule.option_texts else []
        self._surcharge = find_columns(names, rule.surcharge)
        self._variant_title = find_columns(names, rule.variant_title)
        self._variant_images = find_columns(names, rule.variant_images)
        patterns = cell_patterns(names, rule.first_row_patterns)
        self._first_row_patterns = [(columns, pattern) for columns, pattern in patterns if columns]
        self._parent_patterns = cell_patterns(names, rule.parent_patterns)
        self._price_rules = cell_patterns(names, rule.price_rules)
        self._completing = cell_patterns(names, rule.completing_patterns)
        self._reject_rules = [
            (find_columns(names, (reject.column,)), reject, find_columns(names, reject.unless))
            for reject in (plan.profile.reject_rules if plan.profile else ())
            if find_columns(names, (reject.column,))
        ]
        self._sku, self._name, self._images, self._active = plan.sku, plan.name, plan.images, plan.active
        self._inventory = plan.inventory
        self._variant_skus = [number for number in plan.sku if number in self._variant_columns]
        if self._variant_skus == plan.sku:  # no check is needed if all SKU columns belong to variants
            self._variant_skus = []
        self._inherited = self._inherited_columns(plan, find_columns(names, rule.own_columns, every=True))
        # A variant that has the price of its product also has its offer.
        offers = plan.field_columns.get("offers", ()) if rule.inherits_price else ()
        self._offers_beside_price = [number for number in offers if number < self._width]
        # The builder for plain rows reads SKU, name and images from the computed columns.
        self._build = builder(
            replace(
                plan, header=[*plan.header, *self._labels(plan)], sku=[self._width],
                name=[self._width + 1] if plan.name else [],
                images=[self._width + 2] if plan.images or self._variant_images else [],
                has_handles=False,
            )
        )  # fmt: skip
        self._disclosure = plan.disclosure

    def _inherited_columns(self, plan: Plan, own_columns: list[int]) -> list[int]:
        """Return the columns in which a blank cell of a variant gets the value of the product's first row."""
        own = {
            *self._parent, *self._variant_columns, *self._variant_title, *self._variant_images, *plan.images, *plan.sku,
            *plan.inventory, *stock_columns.own_columns(plan.header), *own_columns,
        }  # fmt: skip
        if not self._rule.inherits_price:
            own.update(price.column for price in plan.prices)
        own.update(value for _, values in self._options for value in values)
        own.update(self._option_texts)
        own.update(number for _, number in self._option_columns)
        return [number for number in range(self._width) if number not in own]

    def _labels(self, plan: Plan) -> list[str]:
        """Return the names of the computed columns for messages.

        A computed column replaces a column of the file, and has the name of the replaced column.
        """
        sources = (plan.sku or self._handles, plan.name, plan.images or self._variant_images)
        return [plan.header[numbers[0]] if numbers else "" for numbers in sources]

    def items(self, rows: Iterable[Row | Rejected]) -> Iterator[Item]:
        """Yield the items of the rows. Rejected rows are yielded unchanged.

        The sum of `item.rows` over all items is the number of rows that were read.
        """
        group: list[Row] = []
        keys: frozenset[str] = frozenset()
        size = 0
        for row in rows:
            if isinstance(row, Rejected):
                yield row
                continue
            if group and self._is_same_product(row[1], keys):
                group.append(row)
                size += sum(len(cell) for cell in row[1] if cell)
                if len(group) > MAX_GROUP_ROWS or size > MAX_GROUP_CHARACTERS:
                    yield from self._group_items(group)
                    # Keep the first row, because later variants get its values.
                    # Line number 0 means that this row is already counted.
                    group, size = [(0, group[0][1])], 0
                continue
            yield from self._group_items(group)
            group, keys, size = [row], self._keys(row[1]), 0
        yield from self._group_items(group)

    def _keys(self, cells: Cells) -> frozenset[str]:
        """Return the values that identify the row's product: the first key that is not blank.

        If variants name their parent (WooCommerce), all keys are returned, each in two forms such as `12` and `id:12`.
        """
        values = [value for number in self._key if (value := value_of(cells, number))]
        if not self._parent:
            return frozenset(values[:1])
        return frozenset((*values, *(f"id:{value}" for value in values)))

    def _is_same_product(self, cells: Cells, keys: frozenset[str]) -> bool:
        if self._rule.first_row_patterns:
            # Without the column that marks the first row of a product, each row is a product.
            return bool(self._first_row_patterns) and not matches(cells, self._first_row_patterns)
        if self._parent:
            return parent_reference(cells, self._parent) in keys
        row_keys = self._keys(cells)
        return row_keys <= keys if row_keys else self._rule.blank_continues

    def _group_items(self, group: list[Row]) -> Iterator[Item]:
        if not group:
            return
        first_line, first = group[0]
        continued = first_line == 0
        price_rules = [cells for _, cells in group if self._price_rules and matches(cells, self._price_rules)]
        variants = [
            row
            for row in group[1:]
            if any(value_of(row[1], number) for number in self._variant_columns)
            and row[1] not in price_rules
            and not (self._completing and matches(row[1], self._completing))
        ]
        if not continued and not (variants and self._is_parent(first)):
            variants.insert(0, group[0])
        # A row that names its parent has its own images. Other rows of a product add images to the product.
        sources = group[:1] if self._parent else group
        addresses = (
            image for _, cells in sources for number in self._images for image in split_images(value_of(cells, number))
        )
        product_images = list(dict.fromkeys(addresses))[:MAX_IMAGES]
        # The rows that are not variants are counted as rows of the first item.
        other_rows = len(group) - len(variants) - continued
        if not variants:
            if other_rows:
                line, cells = group[1]
                problem = (
                    f"line {line}: rows without a variant follow {MAX_GROUP_ROWS:,} rows of the same product; "
                    "remove the rows without a variant"
                )
                yield Rejected(line, other_rows, None, problem, "too_many_rows", [cell or "" for cell in cells])
            return
        for line, cells in variants:
            item = (
                self._rejection(line, cells)
                or self._price_rejection(line, cells, price_rules)
                or self._variant(line, cells, first, product_images)
            )
            item.rows += other_rows
            other_rows = 0
            yield item

    def _is_parent(self, first: Cells) -> bool:
        """Return whether the first row only describes the product. In this case, only its variants are sold."""
        return matches(first, self._parent_patterns)

    def _rejection(self, line: int, cells: Cells) -> Rejected | None:
        for columns, rule, unless in self._reject_rules:
            value = value_of(cells, columns[0])
            if value and re.fullmatch(rule.pattern, value.casefold()) and not any(value_of(cells, n) for n in unless):
                sku = self._own_sku(cells) or None
                raw = [cell or "" for cell in cells]
                return Rejected(line, 1, sku, f"{quoted(value)} {rule.reason}", rule.code, raw)
        return None

    def _price_rejection(self, line: int, cells: Cells, price_rules: Sequence[Cells]) -> Rejected | None:
        """Reject a variant if a rule of the file changes its price."""
        sku = self._own_sku(cells) or None if price_rules else None
        for rule in price_rules:
            changed = self._own_sku(rule) or sku
            if changed == sku and any(value_of(rule, price.column) for price in self._plan.prices):
                reason = "a rule below changes the price of this variant; export the variants with their prices"
                return Rejected(line, 1, sku, reason, "price_rule", [cell or "" for cell in cells])
        return None

    def _variant(self, line: int, raw: Cells, first: Cells, product_images: list[str]) -> Item:
        cells = [cell and cell.strip() for cell in raw[: self._width]]
        cells += [None] * (self._width - len(cells))
        is_orphan = raw is first and self._is_orphan(raw)
        try:
            if is_orphan:
                self._leave_unchanged(cells)
            elif raw is not first:
                self._inherit(cells, first)
        except BadCell as error:
            sku = self._own_sku(raw) or None
            column = self._plan.header[self._surcharge[0]]
            return Rejected(line, 1, sku, f"{column}: {error.problem}", error.code, [cell or "" for cell in raw])
        # If the first row is no variant, its options are all options that a customer can choose.
        options = [] if raw is first and self._is_parent(first) else self._variant_options(cells, raw, first)
        sku = self._own_sku(raw) or self._computed_sku(first, raw, options)
        images = "\n".join(self._all_images(raw, product_images))
        has_images = images or any(
            number < len(raw) and raw[number] is not None and not is_orphan
            for number in (*self._images, *self._variant_images)
        )
        cells += [sku, self._variant_name(cells, raw, first, options), images if has_images else None]
        item = self._build(line, cells, raw)
        if isinstance(item, Product):
            for name, value in options:
                if len(value) <= MAX_ATTRIBUTE_LENGTH:
                    item.attributes[(name or "option")[:MAX_ATTRIBUTE_NAME_LENGTH]] = value
            if item.blank_attributes:
                item.blank_attributes = tuple(name for name in item.blank_attributes if name not in item.attributes)
            if options and "attributes" not in item.fields_set:
                item.fields_set |= {"attributes"}
        return item

    def _is_orphan(self, raw: Cells) -> bool:
        """Return whether the row is a variant of a product that is not in the file."""
        if self._parent:
            return bool(parent_reference(raw, self._parent))
        return self._rule.is_scattered and bool(self._name) and not any(value_of(raw, number) for number in self._name)

    def _leave_unchanged(self, cells: list[str | None]) -> None:
        """Treat the blank cells as absent, because the values of the product are not in the file."""
        for number in self._inherited:
            if not cells[number]:
                cells[number] = None

    def _inherit(self, cells: list[str | None], first: Cells) -> None:
        """Copy values of the product's first row into the blank cells of the variant."""
        for number in self._offers_beside_price if not any(cells[each.column] for each in self._plan.prices) else ():
            cells[number] = cells[number] or value_of(first, number)
        for number in self._inherited:
            if not cells[number] and (inherited := value_of(first, number)):
                is_price = bool(self._surcharge) and any(number == price.column for price in self._plan.prices)
                cells[number] = self._with_surcharge(inherited, cells) if is_price else inherited
        for number in self._inventory:
            # In WooCommerce, this variation is sold from the stock of its product.
            if (cells[number] or "").casefold() == "parent":
                cells[number] = value_of(first, number)
        for number in self._name:
            if number in self._option_texts:  # the name of a variant lists its options
                cells[number] = value_of(first, number)
        for active in self._active:
            # If the product is inactive, all its variants are inactive.
            state = state_of(value_of(first, active.column).casefold())
            if not active.inverse and active.words == "words" and state == "inactive":
                cells[active.column] = value_of(first, active.column)

    def _with_surcharge(self, price: str, cells: Cells) -> str:
        """Add the surcharge of a variant to the price of its product. Raises BadCell."""
        surcharge = value_of(cells, self._surcharge[0])
        if not surcharge:
            return price
        try:
            return without_exponent(Decimal(price) + Decimal(surcharge))
        except ArithmeticError:
            raise BadCell("not_a_number", f"{quoted(surcharge)} cannot be added to the price {quoted(price)}") from None

    def _variant_options(self, cells: Cells, raw: Cells, first: Cells) -> list[tuple[str, str]]:
        """Return the variant's options as pairs `(name, value)`, without default options such as `Default Title`."""
        options: list[tuple[str, str]] = []
        if self._option_texts and self._rule.option_texts:
            text = value_of(raw, self._option_texts[0])[:MAX_OPTION_TEXT_LENGTH]
            options = [(name.strip(), value.strip()) for name, value in re.findall(self._rule.option_texts[1], text)]
        if not options and self._option_lists and all(self._option_lists):
            names, values = (value_of(cells, columns[0]).split("|") for columns in self._option_lists)
            if not any(names):
                names = value_of(first, self._option_lists[0][0]).split("|")
            options = [
                (names[n].strip() if n < len(names) else "", value.strip())
                for n, value in enumerate(values)
                if value.strip()
            ]
        elif not options:
            options = [
                ((value_of(cells, name[0]) or value_of(first, name[0])) if name else "", value_of(cells, value[0]))
                for name, value in self._options
                if value and value_of(cells, value[0])
            ]
        options += [(name, value) for name, number in self._option_columns if (value := value_of(raw, number))]
        is_public = self._disclosure.is_public_option
        if self._parent and not parent_reference(cells, self._parent):
            # In a WooCommerce export, a product without variants has attributes in these columns, not options.
            is_public = self._disclosure.is_public
        return [(name, value) for name, value in options if value.casefold() not in DEFAULT_OPTIONS and is_public(name)]

    def _own_sku(self, cells: Cells) -> str:
        """Return the SKU in the row, or "". In JSON, the SKU of a product is not the SKU of its variants."""
        columns = self._sku
        if self._variant_skus and any(value_of(cells, number) for number in self._variant_columns):
            columns = self._variant_skus
        return next((text for number in columns if (text := value_of(cells, number))), "")

    def _computed_sku(self, first: Cells, raw: Cells, options: Sequence[tuple[str, str]]) -> str:
        """Compute a SKU from the product's handle and the option values. The SKU does not depend on other variants."""
        handle = next(
            (text for number in self._handles if (text := value_of(raw, number) or value_of(first, number))), ""
        )
        slugs = [text for _, value in options if (text := slug(value))]
        return "-".join([handle, *slugs]) if handle else ""

    def _variant_name(self, cells: Cells, raw: Cells, first: Cells, options: Sequence[tuple[str, str]]) -> str | None:
        """Return the product's name, followed by the option values or by the variant's title.

        Returns None if the record has no key for the name.
        """
        names = [cell for number in self._name if (cell := cells[number]) is not None]
        if not names:
            return None
        name = next((cell for cell in names if cell), "")
        product_name = next((text for number in self._name if (text := value_of(first, number))), "")
        own_name = next((text for number in self._name if (text := value_of(raw, number))), "")
        # The name of a WooCommerce variation already contains the options. A row without a parent above it is a
        # variation of a product at another place, or a product whose attributes are not options.
        if not name or (self._parent and own_name and (raw is first or own_name != product_name)):
            return name
        parts = [value for _, value in options]
        lists_options = not set(self._name).isdisjoint(self._option_texts)
        folded = "" if own_name == product_name or lists_options else own_name.casefold()
        if parts and all(value.casefold() in folded for value in parts):
            return name
        if not parts and self._variant_title:
            title = value_of(raw, self._variant_title[0])
            parts = [title] if title and title.casefold() not in {name.casefold(), *DEFAULT_OPTIONS} else []
        return f"{name} {DASH} {' / '.join(parts)}" if parts else name

    def _all_images(self, raw: Cells, product_images: list[str]) -> list[str]:
        """Return the images of the variant, then the images in its row, then the images of the product."""
        variant_images = [image for number in self._variant_images for image in split_images(value_of(raw, number))]
        row_images = [image for number in self._images for image in split_images(value_of(raw, number))]
        return list(dict.fromkeys([*variant_images, *row_images, *product_images]))[:MAX_IMAGES]


def slug(text: str) -> str:
    """Convert a text to lower case, remove accents, and join the words with hyphens: `Größe L` becomes `grosse-l`.

    Letters of scripts other than Latin are kept.
    """
    return re.sub(r"[\W_]+", "-", without_marks(text.casefold())).strip("-")
