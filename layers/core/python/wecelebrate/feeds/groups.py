"""Exports in which several rows are one product: variants, further images, translations.

A variant becomes a product of its own. Its blank cells are completed from the product's first row, so it can be read
like any plain row; rows that are no variants give their images and count with the product's first item.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence

from wecelebrate.feeds.columns import folded
from wecelebrate.feeds.convert import LONGEST_ATTRIBUTE, LONGEST_ATTRIBUTE_NAME, MOST_IMAGES, split_images
from wecelebrate.feeds.items import Cells, Item, Product, Rejected, Row, shown
from wecelebrate.feeds.plan import Plan, find
from wecelebrate.feeds.products import Build
from wecelebrate.feeds.profile import Variants

# A product of more rows is handed on in parts: memory stays bounded whatever the file holds.
MOST_ROWS = 1_000
MOST_CHARACTERS = 8_000_000
DASH = "\N{EN DASH}"
DEFAULT_OPTIONS = frozenset(("default title", "default", "default variant", "default option value"))


class Grouped:
    """Turns rows into items by a profile's rule for variants.

    Three columns are appended to a variant's cells: the SKU, name and images as put together here.
    """

    def __init__(self, plan: Plan, rule: Variants, build: Callable[[Plan], Build]) -> None:
        names = [folded(column) for column in plan.header]
        self._rule, self._width = rule, len(plan.header)
        self._key, self._parent = find(names, rule.key), find(names, rule.parent)
        self._handles = find(names, rule.handle)
        self._evidence = find(names, rule.evidence, every=True)
        self._options = [(find(names, (a,)), find(names, (b,))) for a, b in rule.options]
        self._option_lists = [find(names, (pattern,)) for pattern in rule.option_lists or ()]
        self._title, self._image = find(names, rule.title), find(names, rule.image)
        self._parent_marks = [(find(names, (c,)), pattern) for c, pattern in rule.first_is_parent.items()]
        self._refusals = [
            (find(names, (r.column,)), r, find(names, r.unless))
            for r in (plan.profile.refusals if plan.profile else ())
        ]
        self._sku, self._name, self._images, self._active = plan.sku, plan.name, plan.images, plan.active
        own = {
            *self._parent,
            *self._evidence,
            *self._title,
            *self._image,
            *plan.images,
            *plan.sku,
            *plan.inventory,
        }
        own.update(price.column for price in plan.prices)
        own.update(find(names, rule.own, every=True))
        own.update(value for _, values in self._options for value in values)
        self._inherited = [number for number in range(self._width) if number not in own]
        # A virtual column each, so that the plain builder reads what was put together.
        virtual = Plan(
            [*plan.header, *self._labels(plan)], plan.profile, [self._width], [self._width + 1] if plan.name else [],
            plan.description, plan.category, plan.brand, plan.prices, plan.currency,
            [self._width + 2] if plan.images or self._image else [], plan.inventory, plan.active, plan.attributes,
        )  # fmt: skip
        self._build = build(virtual)

    def _labels(self, plan: Plan) -> list[str]:
        """What messages call the appended columns: the file's own column that they stand for."""
        sources = (plan.sku or self._handles, plan.name, plan.images or self._image)
        return [plan.header[numbers[0]] if numbers else "" for numbers in sources]

    def items(self, rows: Iterable[Row | Rejected]) -> Iterator[Item]:
        """The rows' items; a row's own rejection passes through. The rows of all items add up to those read."""
        group: list[Row] = []
        keys: frozenset[str] = frozenset()
        size = 0
        for row in rows:
            if isinstance(row, Rejected):
                yield row
                continue
            if group and self._belongs(row[1], keys):
                group.append(row)
                size += sum(len(cell) for cell in row[1] if cell)
                if len(group) > MOST_ROWS or size > MOST_CHARACTERS:
                    yield from self._emit(group)
                    # The first row is remembered for what it passes on; it has been counted.
                    group, size = [(0, group[0][1])], 0
                continue
            yield from self._emit(group)
            group, keys, size = [row], self._keys(row[1]), 0
        yield from self._emit(group)

    def _keys(self, cells: Cells) -> frozenset[str]:
        """What rows of the same product are recognised by: the first key that is not blank, and Woo's `id:12`."""
        values = [value for number in self._key if (value := _at(cells, number))]
        if not self._parent:
            return frozenset(values[:1])
        return frozenset((*values, *(f"id:{value}" for value in values)))

    def _belongs(self, cells: Cells, keys: frozenset[str]) -> bool:
        if self._parent:
            return _at(cells, self._parent[0]) in keys
        own = self._keys(cells)
        return own <= keys if own else self._rule.blank_continues

    def _emit(self, group: list[Row]) -> Iterator[Item]:
        if not group:
            return
        _, first = group[0]
        continued = group[0][0] == 0
        variants = [row for row in group[1:] if any(_at(row[1], number) for number in self._evidence)]
        parent_only = bool(variants) and any(
            re.fullmatch(pattern, _at(first, columns[0]).casefold())
            for columns, pattern in self._parent_marks
            if columns
        )
        if not continued and not parent_only:
            variants.insert(0, group[0])
        pictures = (
            image for _, cells in group for number in self._images for image in split_images(_at(cells, number))
        )
        of_product = list(dict.fromkeys(pictures))[:MOST_IMAGES]
        # Rows without an item of their own count with the first one.
        spare = len(group) - len(variants) - continued
        if not variants:
            if spare:
                line, cells = group[1]
                problem = f"line {line}: rows without a variant follow {MOST_ROWS:,} rows of the same product"
                yield Rejected(line, spare, None, problem, "too_many_rows", [cell or "" for cell in cells])
            return
        for line, cells in variants:
            item = self._refused(line, cells) or self._variant(line, cells, first, of_product)
            item.rows += spare
            spare = 0
            yield item

    def _refused(self, line: int, cells: Cells) -> Rejected | None:
        for columns, refusal, unless in self._refusals:
            value = _at(cells, columns[0]) if columns else ""
            if value and re.fullmatch(refusal.pattern, value.casefold()) and not any(_at(cells, n) for n in unless):
                sku = next((text for number in self._sku if (text := _at(cells, number))), None)
                raw = [cell or "" for cell in cells]
                return Rejected(line, 1, sku, f"{shown(value)} {refusal.why}", refusal.code, raw)
        return None

    def _variant(self, line: int, raw: Cells, first: Cells, of_product: list[str]) -> Item:
        cells = [cell and cell.strip() for cell in raw]
        cells += [None] * (self._width - len(cells))
        if raw is not first:
            for number in self._inherited:
                if not cells[number] and (inherited := _at(first, number)):
                    cells[number] = inherited
            for active in self._active:
                # A variant of a product that is off is off.
                if _at(first, active.column).casefold() in ("0", "-1", "false", "draft", "archived"):
                    cells[active.column] = _at(first, active.column)
        options = self._chosen(cells, first)
        sku = next((text for number in self._sku if (text := _at(raw, number))), "") or self._handle(
            first, raw, options
        )
        pictures = "\n".join(self._pictures(raw, of_product))
        stated = pictures or any(
            number < len(raw) and raw[number] is not None for number in (*self._images, *self._image)
        )
        cells += [sku, self._called(cells, raw, first, options), pictures if stated else None]
        item = self._build(line, cells, raw)
        if isinstance(item, Product):
            for name, value in options:
                if len(value) <= LONGEST_ATTRIBUTE:
                    item.attributes[(name or "option")[:LONGEST_ATTRIBUTE_NAME]] = value
            if options and "attributes" not in item.given:
                item.given |= {"attributes"}
        return item

    def _chosen(self, cells: Cells, first: Cells) -> list[tuple[str, str]]:
        """The variant's options as (name, value); none for the only variant of a product."""
        if self._option_lists and all(self._option_lists):
            names, values = (_at(cells, columns[0]).split("|") for columns in self._option_lists)
            if not any(names):
                names = _at(first, self._option_lists[0][0]).split("|")
            pairs = [
                (names[n].strip() if n < len(names) else "", value.strip())
                for n, value in enumerate(values)
                if value.strip()
            ]
        else:
            pairs = [
                ((_at(cells, name[0]) or _at(first, name[0])) if name else "", _at(cells, value[0]))
                for name, value in self._options
                if value and _at(cells, value[0])
            ]
        return [(name, value) for name, value in pairs if value.casefold() not in DEFAULT_OPTIONS]

    def _handle(self, first: Cells, raw: Cells, options: Sequence[tuple[str, str]]) -> str:
        """A SKU for a variant without: the product's handle and the option values. It depends on no other row."""
        handle = next((text for number in self._handles if (text := _at(raw, number) or _at(first, number))), "")
        slugs = [slug for _, value in options if (slug := slugged(value))]
        return "-".join([handle, *slugs]) if handle else ""

    def _called(self, cells: Cells, raw: Cells, first: Cells, options: Sequence[tuple[str, str]]) -> str | None:
        there = [cell for number in self._name if (cell := cells[number]) is not None]
        if not there:
            return None
        title = next((cell for cell in there if cell), "")
        of_product = next((text for number in self._name if (text := _at(first, number))), "")
        own = next((text for number in self._name if (text := _at(raw, number))), "")
        if not title or (self._parent and own and own != of_product):
            return title
        parts = [value for _, value in options]
        if not parts and self._title:
            alone = _at(raw, self._title[0])
            parts = [alone] if alone and alone.casefold() not in {title.casefold(), *DEFAULT_OPTIONS} else []
        return f"{title} {DASH} {' / '.join(parts)}" if parts else title

    def _pictures(self, raw: Cells, of_product: list[str]) -> list[str]:
        of_variant = [image for number in self._image for image in split_images(_at(raw, number))]
        of_row = [image for number in self._images for image in split_images(_at(raw, number))]
        return list(dict.fromkeys([*of_variant, *of_row, *of_product]))[:MOST_IMAGES]


def slugged(text: str) -> str:
    """`Größe L` is `grosse-l`: lower case, without accents, words joined by hyphens; other scripts stay."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return re.sub(r"[\W_]+", "-", "".join(char for char in plain if not unicodedata.combining(char))).strip("-")


def _at(cells: Cells, number: int) -> str:
    return (cells[number] or "").strip() if number < len(cells) else ""
