"""Which column feeds which field: the catalog's own mapping first, then a known export, then names."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice

from wecelebrate.feeds.columns import FIELDS, folded, is_inverse, meaning
from wecelebrate.feeds.convert import LONGEST_ATTRIBUTE_NAME, MOST_ATTRIBUTES
from wecelebrate.feeds.items import UnreadableFeed, shown
from wecelebrate.feeds.numbers import CURRENCIES
from wecelebrate.feeds.profile import Profile
from wecelebrate.feeds.profiles import recognise

OPTIONS = ("decimal", "delimiter", "encoding", "language", "record", "sheet")
"""Keys of a catalog's mapping that are settings of the file rather than fields."""

# Words of is_active columns that may say anything: an unknown one leaves the product active.
LENIENT = frozenset(("status", "state", "etat", "estado", "stato", "visibility"))


@dataclass(frozen=True, slots=True)
class Price:
    column: int
    currency: str | None = None
    """Named by the column itself."""
    currency_column: int | None = None


@dataclass(frozen=True, slots=True)
class Active:
    column: int
    inverse: bool = False
    lenient: bool = False


@dataclass(slots=True)
class Plan:
    """Column numbers per field; of several the first that is not blank counts, except where the field joins them."""

    header: list[str]
    profile: Profile | None
    sku: list[int] = field(default_factory=list)
    name: list[int] = field(default_factory=list)
    description: list[int] = field(default_factory=list)
    category: list[int] = field(default_factory=list)
    brand: list[int] = field(default_factory=list)
    prices: list[Price] = field(default_factory=list)
    currency: int | None = None
    images: list[int] = field(default_factory=list)
    inventory: list[int] = field(default_factory=list)
    active: list[Active] = field(default_factory=list)
    attributes: list[tuple[int, str]] = field(default_factory=list)
    pairs: list[int] = field(default_factory=list)
    keyed: bool = False
    """Each product has a handle, which stands for a SKU that is missing."""

    @property
    def given(self) -> frozenset[str]:
        """The fields that the file's columns speak about."""
        there = {
            "sku": True,
            "name": self.name,
            "description": self.description,
            "category": self.category,
            "brand": self.brand,
            "price": self.prices,
            # An amount without its currency means nothing, so the price brings the catalog's along.
            "currency": self.prices or self.currency is not None,
            "images": self.images,
            "attributes": self.attributes or self.pairs,
            "inventory_count": self.inventory,
            "is_active": self.active,
        }
        return frozenset(name for name, columns in there.items() if columns)

    @property
    def mapped(self) -> dict[str, list[int]]:
        """Field to the numbers of its columns."""
        columns = {
            "sku": self.sku, "name": self.name, "description": self.description, "category": self.category,
            "brand": self.brand, "price": [price.column for price in self.prices],
            "currency": [] if self.currency is None else [self.currency], "images": self.images,
            "inventory_count": self.inventory, "is_active": [active.column for active in self.active],
        }  # fmt: skip
        return {name: numbers for name, numbers in columns.items() if numbers}

    def details(self) -> dict[str, str | list[str]]:
        """Field to column name, for the job's result."""
        named = {name: [self.header[number] for number in numbers] for name, numbers in self.mapped.items()}
        return {name: names[0] if len(names) == 1 else names for name, names in named.items()}

    @property
    def last_mapped(self) -> int:
        """The highest column number that a field needs."""
        return max((number for numbers in self.mapped.values() for number in numbers), default=0)


OWN_COLUMNS = "wecelebrate_"
"""How the columns begin that our error files add: a corrected one can be dropped as it is."""


def refuse(problem: str) -> None:
    """What is wrong with a mapping makes the file unreadable."""
    raise UnreadableFeed(problem)


def make_plan(
    header: list[str],
    mapping: Mapping[str, str | None],
    own: str,
    profile: Profile | None = None,
    problem: Callable[[str], None] = refuse,
) -> Plan:
    """Assign columns to fields. `own` is the catalog's currency: it chooses between price columns.

    `profile` is what the file is known to be; otherwise its columns tell. `problem` is told of a mapped column that
    does not exist, an unknown field, or that nothing holds a SKU.
    """
    names = [folded(column) for column in header]
    profile = profile or recognise(names)
    plan = _by_profile(header, names, profile, own) if profile else _by_name(header, own)
    _by_mapping(plan, names, mapping, problem)
    plan.keyed = bool(profile and profile.variants and find(names, profile.variants.handle))
    if not plan.sku and not plan.keyed:
        columns = ", ".join(shown(column, 40) for column in header[:40]) + (" …" if len(header) > 40 else "")
        problem(
            f"no column holds a SKU, handle or product code: the columns found are {columns}; name the one to use in "
            "the catalog's sync settings"
        )
    if not profile or profile.others:
        plan.attributes = _free_columns(plan)
    return plan


def extended(plan: Plan, header: list[str], own: str) -> Plan:
    """The plan for a header that has grown: what was assigned stays, new columns fill what was missing."""
    if plan.profile and plan.profile.others:
        grown = replace(plan, header=header)
        grown.attributes = _free_columns(grown)
        return grown
    fresh = _by_name(header, own)
    grown = Plan(
        header, plan.profile, plan.sku, plan.name or fresh.name, plan.description or fresh.description,
        plan.category or fresh.category, plan.brand or fresh.brand, plan.prices or fresh.prices,
        fresh.currency if plan.currency is None else plan.currency, plan.images or fresh.images,
        plan.inventory or fresh.inventory, plan.active or fresh.active,
    )  # fmt: skip
    grown.attributes = _free_columns(grown)
    return grown


def _free_columns(plan: Plan) -> list[tuple[int, str]]:
    """Columns that no field needs, which become attributes; but for what our own error files add."""
    used = {number for numbers in (*plan.mapped.values(), plan.pairs) for number in numbers}
    free = (
        (number, _label(column))
        for number, column in enumerate(plan.header)
        if number not in used and not column.startswith(OWN_COLUMNS)
    )
    return list(islice(free, MOST_ATTRIBUTES))


def find(names: list[str], patterns: tuple[str, ...], every: bool = False) -> list[int]:
    """Numbers of the columns that match, in the order of the patterns; each pattern's first unless `every`."""
    found: list[int] = []
    for pattern in patterns:
        hits = [number for number, name in enumerate(names) if number not in found and re.fullmatch(pattern, name)]
        found += hits if every else hits[:1]
    return found


def _by_profile(header: list[str], names: list[str], profile: Profile, own: str) -> Plan:
    plan = Plan(header, profile)
    for name in FIELDS:
        patterns = profile.fields.get(name, ())
        columns = find(names, patterns, every=name in profile.joined)
        if name == "price":
            plan.prices = _profile_prices(names, patterns, own)
        elif name == "currency":
            plan.currency = columns[0] if columns else None
        elif name == "is_active":
            plan.active = [Active(column, lenient=profile.lenient) for column in columns]
        elif name == "inventory_count":
            plan.inventory = columns
        else:
            setattr(plan, name, columns)
    plan.pairs = find(names, profile.pairs)
    for pattern, attribute in profile.attributes.items():
        for column in find(names, (pattern,), every=not attribute):
            plan.attributes.append((column, attribute or _label(header[column])))
    del plan.attributes[MOST_ATTRIBUTES:]
    return plan


def _label(column: str) -> str:
    """An attribute's name: without what JSON paths and Saleor's exports put around it."""
    name = re.sub(r"\s*\((product|variant) attribute\)$", "", column)
    return (name.removeprefix("attributes.") or name)[:LONGEST_ATTRIBUTE_NAME]


def _profile_prices(names: list[str], patterns: tuple[str, ...], own: str) -> list[Price]:
    prices: list[Price] = []
    for pattern in patterns:
        for number, name in enumerate(names):
            match = re.fullmatch(pattern, name)
            if not match or any(price.column == number for price in prices):
                continue
            groups = match.groupdict()
            if channel := groups.get("channel"):
                codes = find(names, (rf"{re.escape(channel)}channel(?:product|variant)?currencycode",))
                prices.append(Price(number, None, codes[0] if codes else None))
            elif "currency" in groups:
                code = groups["currency"].upper()
                if code in CURRENCIES:
                    prices.append(Price(number, code))
            else:
                prices.append(Price(number))
        if prices and prices[0].currency:
            break  # columns per currency: one is chosen, no other kind is mixed in
    return _one_currency(prices, own)


def _one_currency(prices: list[Price], own: str) -> list[Price]:
    """Of columns in several currencies the one in the catalog's, else the first: never a mixture from row to row."""
    if any(price.currency for price in prices):
        mine = [price for price in prices if price.currency == own] or [p for p in prices if not p.currency] or prices
        return mine[:1]
    return prices


def _by_name(header: list[str], own: str) -> Plan:
    plan = Plan(header, None)
    meanings = [meaning(column) for column in header]
    found: dict[str, list[tuple[int, int, str | None]]] = {name: [] for name in FIELDS}
    for number, column in enumerate(header):
        for name, rank, currency in meanings[number]:
            found[name].append((rank, number, currency))
        if not meanings[number] and re.search(r"\d$", column):
            # Bild 2, image_url_3: further images beside the first.
            further = [m for m in meaning(re.sub(r"[\s_.-]*\d+$", "", column)) if m[0] == "images"]
            found["images"] += [(rank + 5, number, None) for _, rank, _ in further]
    taken: set[int] = set()

    def take(name: str) -> list[int]:
        best = sorted((rank, number) for rank, number, _ in found[name] if number not in taken)
        chosen = [number for _, number in (best if name == "images" else best[:1])]
        taken.update(chosen)
        return chosen

    plan.sku = take("sku")
    plan.name = take("name")
    plan.prices = _named_prices(found["price"], taken, own)
    taken.update(price.column for price in plan.prices)
    plan.description = take("description")
    if not plan.name and plan.prices and plan.description:
        # In many an ERP export the description is the name.
        plan.name, plan.description = plan.description, take("description")
    plan.category, plan.brand = take("category"), take("brand")
    plan.currency = next(iter(take("currency")), None)
    plan.images = take("images")
    plan.inventory = take("inventory_count")
    plan.active = _named_active(header, found["is_active"], taken)
    return plan


def _named_prices(found: list[tuple[int, int, str | None]], taken: set[int], own: str) -> list[Price]:
    free = sorted((rank, number, currency) for rank, number, currency in found if number not in taken)
    if not free:
        return []
    best = free[0][0] // 10
    return _one_currency([Price(number, currency) for rank, number, currency in free if rank // 10 == best], own)[:1]


def _named_active(header: list[str], found: list[tuple[int, int, str | None]], taken: set[int]) -> list[Active]:
    free = sorted((rank, number) for rank, number, _ in found if number not in taken)
    straight = [number for _, number in free if not is_inverse(header[number])][:1]
    inverse = [number for _, number in free if is_inverse(header[number])]
    return [Active(n, lenient=folded(header[n]) in LENIENT) for n in straight] + [
        Active(n, inverse=True) for n in inverse
    ]


def _by_mapping(
    plan: Plan, names: list[str], mapping: Mapping[str, str | None], problem: Callable[[str], None]
) -> None:
    for name, column in mapping.items():
        if name in OPTIONS:
            continue
        if name not in FIELDS:
            problem(
                f"the catalog's sync settings map an unknown field {shown(name)}; the fields are {', '.join(FIELDS)}"
            )
            continue
        number = _column(plan.header, names, column) if column else None
        if column and number is None:
            columns_there = ", ".join(shown(one, 40) for one in plan.header[:40])
            problem(
                f"the catalog's sync settings take {name} from the column {shown(column)}, which the file does not "
                f"have; its columns are {columns_there}" + (" …" if len(plan.header) > 40 else "")
            )
            continue
        columns = [] if number is None else [number]
        if columns:
            plan.attributes = [(number, label) for number, label in plan.attributes if number not in columns]
        if name == "price":
            currency = next((c for m, _, c in meaning(column or "") if m == "price"), None)
            plan.prices = [Price(number, currency) for number in columns]
        elif name == "currency":
            plan.currency = columns[0] if columns else None
        elif name == "is_active":
            plan.active = [Active(number, inverse=is_inverse(plan.header[number])) for number in columns]
        elif name == "inventory_count":
            plan.inventory = columns
        else:
            setattr(plan, name, columns)
        if columns:
            _free(plan, columns[0], keep=mapping)


def _free(plan: Plan, column: int, keep: Mapping[str, str | None]) -> None:
    """A column that the mapping gives to a field is no longer guessed to be another's that it does not name."""
    for name in {"sku", "name", "description", "category", "brand", "images"} - keep.keys():
        setattr(plan, name, [number for number in getattr(plan, name) if number != column])
    if "inventory_count" not in keep:
        plan.inventory = [number for number in plan.inventory if number != column]
    if "price" not in keep:
        plan.prices = [price for price in plan.prices if price.column != column]
    if "is_active" not in keep:
        plan.active = [active for active in plan.active if active.column != column]


def _column(header: list[str], names: list[str], column: str) -> int | None:
    """The number of the column that a mapping names; None when there is none."""
    exact = [number for number, name in enumerate(header) if name.strip().casefold() == column.strip().casefold()]
    if exact:
        return exact[0]
    return names.index(folded(column)) if folded(column) and folded(column) in names else None
