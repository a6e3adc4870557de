"""Assigns columns to fields.

The catalog's mapping comes first. For other fields, the profile of a known export decides. Without a profile, the usual
column names decide.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from wecelebrate.core.types import currencies
from wecelebrate.feeds.columns import FIELDS, PUBLIC_FIELDS, field_candidates, fold, is_inverse
from wecelebrate.feeds.items import UnreadableFeed, quoted
from wecelebrate.feeds.profile import Profile
from wecelebrate.feeds.profiles import recognise
from wecelebrate.feeds.visibility import Disclosure, internal_part, public_columns

OPTIONS = ("decimal", "delimiter", "encoding", "language", "record", "sheet")
"""The keys of a catalog's mapping that are not fields, but options for reading the file."""

# Columns for `is_active` with these names can contain any value. A product with an unknown value is active.
LENIENT = frozenset(("status", "state", "etat", "estado", "stato", "visibility"))


@dataclass(frozen=True, slots=True)
class PriceColumn:
    column: int
    currency: str | None = None
    """The currency that the column's name contains, as in `price_usd`."""
    currency_column: int | None = None


@dataclass(frozen=True, slots=True)
class ActiveColumn:
    column: int
    inverse: bool = False
    lenient: bool = False


@dataclass(slots=True)
class Plan:
    """The numbers of the columns of each field. Of the cells in these columns, the first that is not blank is used.

    For fields whose cells the profile joins, all cells are used."""

    header: list[str]
    profile: Profile | None
    sku: list[int] = field(default_factory=list)
    name: list[int] = field(default_factory=list)
    description: list[int] = field(default_factory=list)
    category: list[int] = field(default_factory=list)
    brand: list[int] = field(default_factory=list)
    prices: list[PriceColumn] = field(default_factory=list)
    currency: int | None = None
    images: list[int] = field(default_factory=list)
    inventory: list[int] = field(default_factory=list)
    active: list[ActiveColumn] = field(default_factory=list)
    attributes: list[tuple[int, str]] = field(default_factory=list)
    pair_columns: list[int] = field(default_factory=list)
    has_handles: bool = False
    """Whether each product has a handle, from which a missing SKU is computed."""
    disclosure: Disclosure = field(default_factory=Disclosure)

    @property
    def fields_set(self) -> frozenset[str]:
        """The fields for which the file has columns."""
        columns_of = {
            "sku": True,
            "name": self.name,
            "description": self.description,
            "category": self.category,
            "brand": self.brand,
            "price": self.prices,
            # A price without a currency is in the catalog's currency, so a price sets the currency too.
            "currency": self.prices or self.currency is not None,
            "images": self.images,
            "attributes": self.attributes or self.pair_columns,
            "inventory_count": self.inventory,
            "is_active": self.active,
        }
        return frozenset(name for name, columns in columns_of.items() if columns)

    @property
    def field_columns(self) -> dict[str, list[int]]:
        """Maps each field that has columns to the numbers of these columns."""
        columns = {
            "sku": self.sku, "name": self.name, "description": self.description, "category": self.category,
            "brand": self.brand, "price": [price.column for price in self.prices],
            "currency": [] if self.currency is None else [self.currency], "images": self.images,
            "inventory_count": self.inventory, "is_active": [active.column for active in self.active],
        }  # fmt: skip
        return {name: numbers for name, numbers in columns.items() if numbers}

    def details(self) -> dict[str, str | list[str]]:
        """For the job's result, map each field to the name of its column, or to a list of the names of its columns."""
        by_field = {name: [self.header[number] for number in numbers] for name, numbers in self.field_columns.items()}
        return {name: names[0] if len(names) == 1 else names for name, names in by_field.items()}

    @property
    def last_field_column(self) -> int:
        """The highest number of a column that is assigned to a field."""
        return max((number for numbers in self.field_columns.values() for number in numbers), default=0)


REPORT_COLUMN_PREFIX = "wecelebrate_"
"""The prefix of the columns that we add to error files.

Columns with this prefix are ignored, so that a corrected error file can be uploaded.
"""


def raise_unreadable(problem: str) -> None:
    """Raise UnreadableFeed. Its message is `problem`, which describes what is wrong in the mapping."""
    raise UnreadableFeed(problem)


def make_plan(
    header: list[str],
    mapping: Mapping[str, str | None],
    catalog_currency: str,
    profile: Profile | None = None,
    on_problem: Callable[[str], None] = raise_unreadable,
    *,
    disclosure: Disclosure | None = None,
) -> Plan:
    """Assign columns to fields. Prefers the price column whose currency is `catalog_currency`.

    `disclosure` decides which of the other columns become attributes.

    If `profile` is None, the profile is recognised from the header. `on_problem` is called with a description of each
    problem: a mapped column that does not exist, an unknown field in the mapping, or no SKU column.
    """
    names = [fold(column) for column in header]
    profile = profile or recognise(names)
    plan = _by_profile(header, names, profile, catalog_currency) if profile else _by_name(header, catalog_currency)
    _by_mapping(plan, names, mapping, on_problem)
    plan.has_handles = bool(profile and profile.variants and find_columns(names, profile.variants.handle))
    if not plan.sku and not plan.has_handles:
        columns = ", ".join(quoted(column, 40) for column in header[:40]) + (" …" if len(header) > 40 else "")
        on_problem(
            f"no column contains a SKU, handle or product code: the file's columns are {columns}; name the SKU column "
            "in the catalog's sync settings"
        )
    plan.disclosure = disclosure or Disclosure()
    plan.attributes = _public_attributes(plan)
    return plan


def extend_plan(plan: Plan, header: list[str], catalog_currency: str) -> Plan:
    """Return the plan for a header with new columns. A field that already has a column gets no new column."""
    if plan.profile and plan.profile.keep_other_columns:
        extended = replace(plan, header=header)
        extended.attributes = _public_attributes(extended)
        return extended
    new = _by_name(header, catalog_currency)
    extended = Plan(
        header, plan.profile, plan.sku, plan.name or new.name, plan.description or new.description,
        plan.category or new.category, plan.brand or new.brand, plan.prices or new.prices,
        new.currency if plan.currency is None else plan.currency, plan.images or new.images,
        plan.inventory or new.inventory, plan.active or new.active, plan.attributes, disclosure=plan.disclosure,
    )  # fmt: skip
    extended.attributes = _public_attributes(extended)
    return extended


def _public_attributes(plan: Plan) -> list[tuple[int, str]]:
    """Return the columns that become attributes. Columns that we add to error files never do.

    The candidates are the attributes of the profile. Without a profile, and in most XML formats, every column that no
    field uses is a candidate.
    """
    candidates: dict[int, str | None] = {number: label or None for number, label in plan.attributes}
    if not plan.profile or plan.profile.keep_other_columns:
        used = {number for numbers in (*plan.field_columns.values(), plan.pair_columns) for number in numbers}
        candidates = {number: None for number in range(len(plan.header)) if number not in used}
    columns = public_columns(plan.header, plan.disclosure, candidates)
    return [(number, label) for number, label in columns if not plan.header[number].startswith(REPORT_COLUMN_PREFIX)]


def find_columns(names: list[str], patterns: tuple[str, ...], every: bool = False) -> list[int]:
    """Return the numbers of the columns whose names match a pattern, in the order of the patterns.

    Only the first match of each pattern is returned, unless `every` is set.
    """
    columns: list[int] = []
    for pattern in patterns:
        matches = [n for n, name in enumerate(names) if n not in columns and re.fullmatch(pattern, name)]
        columns += matches if every else matches[:1]
    return columns


def _by_profile(header: list[str], names: list[str], profile: Profile, catalog_currency: str) -> Plan:
    plan = Plan(header, profile)
    for name in FIELDS:
        patterns = profile.fields.get(name, ())
        allowed = names
        if name in PUBLIC_FIELDS:  # a pattern such as `brand.*` does not match `Brand cost`
            allowed = [
                "" if folded not in patterns and internal_part(column) else folded
                for folded, column in zip(names, header, strict=True)
            ]
        columns = find_columns(allowed, patterns, every=name in profile.joined_fields)
        if name == "price":
            plan.prices = _profile_prices(allowed, patterns, catalog_currency)
        elif name == "currency":
            plan.currency = columns[0] if columns else None
        elif name == "is_active":
            plan.active = [ActiveColumn(column, lenient=profile.lenient) for column in columns]
        elif name == "inventory_count":
            plan.inventory = columns
        else:
            setattr(plan, name, columns)
    plan.pair_columns = find_columns(names, profile.pair_columns)
    for pattern, attribute in profile.attributes.items():
        for column in find_columns(names, (pattern,), every=not attribute):
            plan.attributes.append((column, attribute))
    return plan


def _without_number(column: str) -> str:
    """Return a column name without the number at its end, and without the separators before the number."""
    end = len(column)
    while end and column[end - 1].isdecimal():
        end -= 1
    while end and (column[end - 1].isspace() or column[end - 1] in "_.-"):
        end -= 1
    return column[:end]


def _profile_prices(names: list[str], patterns: tuple[str, ...], catalog_currency: str) -> list[PriceColumn]:
    prices: list[PriceColumn] = []
    for pattern in patterns:
        for number, name in enumerate(names):
            match = re.fullmatch(pattern, name)
            if not match or any(price.column == number for price in prices):
                continue
            groups = match.groupdict()
            if channel := groups.get("channel"):
                codes = find_columns(names, (rf"{re.escape(channel)}channel(?:product|variant)?currencycode",))
                prices.append(PriceColumn(number, None, codes[0] if codes else None))
            elif "currency" in groups:
                code = groups["currency"].upper()
                if code in currencies():
                    prices.append(PriceColumn(number, code))
            else:
                prices.append(PriceColumn(number))
        if prices and prices[0].currency:
            break  # the name of each column contains a currency: ignore later patterns
    return _one_currency(prices, catalog_currency)


def _one_currency(prices: list[PriceColumn], catalog_currency: str) -> list[PriceColumn]:
    """If the columns have different currencies, choose one column for all rows.

    Prefers a column in the catalog's currency, then a column without a currency, then the first column.
    """
    if any(price.currency for price in prices):
        preferred = [price for price in prices if price.currency == catalog_currency]
        return (preferred or [price for price in prices if not price.currency] or prices)[:1]
    return prices


Candidate = tuple[int, int, str | None]
"""The rank of a column for a field, the column's number, and the currency in its name."""


def _by_name(header: list[str], catalog_currency: str) -> Plan:
    plan = Plan(header, None)
    candidates = _candidates(header)
    used: set[int] = set()

    def take(name: str) -> list[int]:
        best = sorted((rank, number) for rank, number, _ in candidates[name] if number not in used)
        columns = [number for _, number in (best if name == "images" else best[:1])]
        used.update(columns)
        return columns

    plan.sku = take("sku")
    plan.name = take("name")
    plan.prices = _price_by_name(candidates["price"], used, catalog_currency)
    used.update(price.column for price in plan.prices)
    plan.description = take("description")
    if not plan.name and plan.prices and plan.description:
        # Many ERP exports have no name column. They write the name into the description column.
        plan.name, plan.description = plan.description, take("description")
    plan.category, plan.brand = take("category"), take("brand")
    plan.currency = next(iter(take("currency")), None)
    plan.images = take("images")
    plan.inventory = take("inventory_count")
    plan.active = _active_by_name(header, candidates["is_active"], used)
    return plan


def _candidates(header: list[str]) -> dict[str, list[Candidate]]:
    """Return, for each field, the columns whose names match the field."""
    candidates: dict[str, list[Candidate]] = {name: [] for name in FIELDS}
    for number, column in enumerate(header):
        matches = field_candidates(column)
        for name, rank, currency in matches:
            candidates[name].append((rank, number, currency))
        if not matches and re.search(r"\d$", column):
            # A numbered image column, such as `Bild 2` or `image_url_3`, contains a further image.
            unnumbered = field_candidates(_without_number(column))
            candidates["images"] += [(rank + 5, number, None) for name, rank, _ in unnumbered if name == "images"]
    return candidates


def _price_by_name(candidates: list[Candidate], used: set[int], catalog_currency: str) -> list[PriceColumn]:
    free = sorted((rank, number, currency) for rank, number, currency in candidates if number not in used)
    if not free:
        return []
    best = free[0][0] // 10
    prices = [PriceColumn(number, currency) for rank, number, currency in free if rank // 10 == best]
    return _one_currency(prices, catalog_currency)[:1]


def _active_by_name(header: list[str], candidates: list[Candidate], used: set[int]) -> list[ActiveColumn]:
    free = [number for _, number in sorted((rank, number) for rank, number, _ in candidates if number not in used)]
    active = [number for number in free if not is_inverse(header[number])][:1]
    inverse = [number for number in free if is_inverse(header[number])]
    return [
        *(ActiveColumn(number, lenient=fold(header[number]) in LENIENT) for number in active),
        *(ActiveColumn(number, inverse=True) for number in inverse),
    ]


def _by_mapping(
    plan: Plan, names: list[str], mapping: Mapping[str, str | None], on_problem: Callable[[str], None]
) -> None:
    for name, column in mapping.items():
        if name in OPTIONS:
            continue
        if name not in FIELDS:
            on_problem(
                f"the catalog's sync settings map an unknown field {quoted(name)}; the fields are {', '.join(FIELDS)}"
            )
            continue
        number = _column_number(plan.header, names, column) if column else None
        if column and number is None:
            file_columns = ", ".join(quoted(name, 40) for name in plan.header[:40])
            on_problem(
                f"the catalog's sync settings take {name} from the column {quoted(column)}, which the file does not "
                f"have; its columns are {file_columns}" + (" …" if len(plan.header) > 40 else "")
            )
            continue
        columns = [] if number is None else [number]
        if columns:
            plan.attributes = [(number, label) for number, label in plan.attributes if number not in columns]
        if name == "price":
            currency = next((c for m, _, c in field_candidates(column or "") if m == "price"), None)
            plan.prices = [PriceColumn(number, currency) for number in columns]
        elif name == "currency":
            plan.currency = columns[0] if columns else None
        elif name == "is_active":
            plan.active = [ActiveColumn(number, inverse=is_inverse(plan.header[number])) for number in columns]
        elif name == "inventory_count":
            plan.inventory = columns
        else:
            setattr(plan, name, columns)
        if columns:
            _free(plan, columns[0], keep=mapping)


def _free(plan: Plan, column: int, keep: Mapping[str, str | None]) -> None:
    """Remove a mapped column from all fields that are not in `keep` (the fields that the mapping assigns)."""
    for name in {"sku", "name", "description", "category", "brand", "images"} - keep.keys():
        setattr(plan, name, [number for number in getattr(plan, name) if number != column])
    if "inventory_count" not in keep:
        plan.inventory = [number for number in plan.inventory if number != column]
    if "price" not in keep:
        plan.prices = [price for price in plan.prices if price.column != column]
    if "is_active" not in keep:
        plan.active = [active for active in plan.active if active.column != column]


def _column_number(header: list[str], names: list[str], column: str) -> int | None:
    """Return the number of the column with this name, or None if the file has no such column.

    If no column has exactly this name, the folded names are compared.
    """
    exact = [number for number, name in enumerate(header) if name.strip().casefold() == column.strip().casefold()]
    if exact:
        return exact[0]
    return names.index(fold(column)) if fold(column) and fold(column) in names else None
