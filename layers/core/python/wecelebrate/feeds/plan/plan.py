"""Assigns columns to fields.

The catalog's mapping comes first. For other fields, the profile of a known export decides. Without a profile, the usual
column names decide.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.columns.names import PUBLIC_FIELDS, field_candidates, fold, is_inverse
from wecelebrate.feeds.columns.prefixes import with_names, without_prefix
from wecelebrate.feeds.columns.profile import Profile
from wecelebrate.feeds.columns.profile_columns import bare_name, find_columns, profile_names
from wecelebrate.feeds.columns.setting_names import columns_of_pair, is_shortened, setting_name
from wecelebrate.feeds.columns.synonyms import FIELDS
from wecelebrate.feeds.columns.unit_names import units_in_name
from wecelebrate.feeds.columns.visibility import Disclosure, internal_part
from wecelebrate.feeds.items import Cells, UnreadableFeed, quoted
from wecelebrate.feeds.plan.attributes import public_attributes
from wecelebrate.feeds.plan.candidates import candidates_of
from wecelebrate.feeds.plan.choice import choose
from wecelebrate.feeds.plan.completion import complete, is_incomplete, is_sku_doubtful, two_codes_question
from wecelebrate.feeds.plan.model import (
    OPTIONS,
    REPORT_COLUMN_PREFIX,
    ActiveColumn,
    OfferColumns,
    Plan,
    PriceColumn,
)
from wecelebrate.feeds.plan.parents import find_parents
from wecelebrate.feeds.plan.profile_prices import header_currency, profile_prices
from wecelebrate.feeds.plan.profiles import recognise
from wecelebrate.feeds.plan.second_names import find_second_names
from wecelebrate.feeds.prices.candidates import name_of_price, stated_currency
from wecelebrate.feeds.prices.selling import lists_question
from wecelebrate.feeds.questions import Question
from wecelebrate.feeds.states.end_dates import is_end_name
from wecelebrate.feeds.stock.lists import further_places

__all__ = [
    "MAPPED_FIELDS", "OPTIONS", "REPORT_COLUMN_PREFIX", "ActiveColumn", "OfferColumns", "Plan", "PriceColumn",
    "column_number", "command_columns", "extend_plan", "find_columns", "free_column", "make_plan", "named_price",
    "raise_unreadable",
]  # fmt: skip

MAPPED_FIELDS = (*FIELDS, "price_unit", "command", "parent", "stock_as_of", "offers")
"""The fields that a mapping can assign columns to."""


def raise_unreadable(problem: str) -> None:
    """Raise UnreadableFeed. Its message is `problem`, which describes what is wrong in the mapping."""
    raise UnreadableFeed(problem)


def make_plan(  # noqa: PLR0917
    header: list[str],
    mapping: Mapping[str, str | None],
    catalog_currency: str,
    profile: Profile | None = None,
    on_problem: Callable[[str], None] = raise_unreadable,
    sample: Iterable[Cells] = (),
    earlier: Mapping[str, Sequence[str]] | None = None,
    *,
    disclosure: Disclosure | None = None,
    computes_sku: bool = False,
) -> Plan:
    """Assign columns to fields. A price column whose currency is `catalog_currency` is preferred.

    `disclosure` decides which of the other columns become attributes.

    If `profile` is None, the profile is recognised from the header. `sample` are the first rows. Their values help to
    choose columns. `earlier` maps fields to the columns of the catalog's previous file. If the settings compute the SKU
    (`computes_sku`), no column must contain the SKU.

    `on_problem` is called with a description of each problem: a mapped column that does not exist, an unknown field in
    the mapping, or no SKU column.
    """
    names = [fold(column) for column in header]
    columns = Columns(header, sample)
    profile, plan = _initial_plan(
        columns, names, profile, catalog_currency, earlier or {}, has_sku=bool(mapping.get("sku"))
    )
    _by_mapping(plan, names, mapping, on_problem)
    plan.questions = [
        question
        for question in plan.questions
        # For a list of costs without prices, no question is asked if an earlier file contained the prices.
        if question.key not in mapping and not (question.key in (earlier or {}) and not question.choices[0].value)
    ]
    variants = profile.variants if profile and not plan.parent else None
    plan.has_handles = bool(variants and find_columns(names, variants.handle))
    if not plan.sku and not plan.has_handles and not computes_sku:
        file_columns = ", ".join(quoted(column, 40) for column in header[:40]) + (" …" if len(header) > 40 else "")
        on_problem(
            f"no column contains a SKU, handle or product code: the file's columns are {file_columns}; name the SKU "
            "column in the catalog's sync settings"
        )
    plan.disclosure = disclosure or Disclosure()
    plan.attributes = public_attributes(plan)
    return plan


def _initial_plan(
    columns: Columns,
    names: list[str],
    profile: Profile | None,
    currency: str,
    earlier: Mapping[str, Sequence[str]],
    *,
    has_sku: bool,
) -> tuple[Profile | None, Plan]:
    """Return the plan without the mapping, by the profile of a known export or by the names and values of the columns.

    If the profile finds no SKU in the header, or another SKU than the columns in a file without a name of its own, the
    file only looks like a known export, and its columns are used instead. If the profile finds no price, the price is
    searched in the columns, which can lead to a question. So do two columns with codes.
    """
    header = list(columns.header)
    recognised = profile or recognise(names)
    recognised = recognised or recognise([bare_name(column) for column in header], needs_own_name=True)
    if recognised is None:
        return None, _by_name(columns, currency, earlier)
    names = profile_names(header, recognised)
    plan = _by_profile(header, names, recognised, currency)
    plan.questions += price_lists_question(columns, plan.prices, earlier.get("price", ()))
    has_handles = bool(recognised.variants and find_columns(names, recognised.variants.handle))
    if profile is None and not has_handles and not has_sku and is_sku_doubtful(plan, names, recognised):
        by_name = _by_name(columns, currency, earlier)
        question = two_codes_question(columns, plan, by_name, earlier.get("sku", ()))
        plan.questions += question
        if not question and (not plan.sku or by_name.sku[:1] not in ([], plan.sku[:1])):
            return (None, by_name) if by_name.sku else (recognised, plan)
    if is_incomplete(plan, recognised):
        complete(plan, columns, _by_name(columns, currency, {}))
    return recognised, plan


def price_lists_question(columns: Columns, prices: Sequence[PriceColumn], earlier: Sequence[str]) -> list[Question]:
    """Return a question if the price of a known export is one of several numbered price lists: `price [1]`."""
    if not prices or columns.header[prices[0].column] in earlier[:1]:
        return []
    return lists_question(columns, prices[0].column)


def extend_plan(plan: Plan, header: list[str], catalog_currency: str) -> Plan:
    """Return the plan for a header with new columns. A field that already has a column gets no new column."""
    if plan.profile and plan.profile.keep_other_columns:
        extended = replace(plan, header=header)
        extended.attributes = public_attributes(extended)
        return extended
    new = _by_name(Columns(header, ()), catalog_currency, {})
    further = further_places(header, plan.inventory) if plan.sums_stock else []
    extended = replace(
        plan, header=header, name=plan.name or new.name, description=plan.description or new.description,
        category=plan.category or new.category, brand=plan.brand or new.brand, prices=plan.prices or new.prices,
        currency=new.currency if plan.currency is None else plan.currency, images=plan.images or new.images,
        inventory=[*plan.inventory, *further] or new.inventory, active=plan.active or new.active,
    )  # fmt: skip
    extended.attributes = public_attributes(extended)
    return extended


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
            plan.prices = profile_prices(header, allowed, patterns, catalog_currency)
            if currency := header_currency(names, profile.header_currency):
                plan.prices = [replace(price, currency=price.currency or currency) for price in plan.prices]
        elif name == "currency":
            plan.currency = columns[0] if columns else None
        elif name == "is_active":
            plan.active = [
                ActiveColumn(
                    column, is_inverse(header[column]), "commands" if names[column].endswith("command") else "words"
                )
                for column in columns
            ]
        elif name == "inventory_count":
            plan.inventory = columns
        else:
            setattr(plan, name, columns)
    plan.pair_columns = find_columns(names, profile.pair_columns)
    for pattern, attribute in profile.attributes.items():
        for column in find_columns(names, (pattern,), every=not attribute):
            plan.attributes.append((column, attribute))
    return plan


def _by_name(columns: Columns, catalog_currency: str, earlier: Mapping[str, Sequence[str]]) -> Plan:
    """Return the plan by the names and the values of the columns. A common prefix of all names is ignored."""
    plain = without_prefix(columns.header)
    if plain is None:
        return _by_plain_name(columns, catalog_currency, earlier)
    names = dict(zip(columns.header, plain, strict=True))
    plain_earlier = {field: [names.get(name, name) for name in remembered] for field, remembered in earlier.items()}
    plan = _by_plain_name(Columns(plain, columns.sample), catalog_currency, plain_earlier)
    plan.header = list(columns.header)
    in_file = dict(zip(plain, columns.header, strict=True))
    plan.questions = [with_names(question, in_file) for question in plan.questions]
    return plan


def _by_plain_name(columns: Columns, catalog_currency: str, earlier: Mapping[str, Sequence[str]]) -> Plan:
    header = list(columns.header)
    chosen = choose(columns, candidates_of(header), catalog_currency, earlier)
    by_field = chosen.columns
    prices = [
        PriceColumn(pick.column, pick.currency, kind=pick.kind, units=units_in_name(header[pick.column]))
        for pick in chosen.price.columns
    ]
    plan = Plan(
        header, None, by_field["sku"], by_field["name"], by_field["description"], by_field["category"],
        by_field["brand"], prices,
        next(iter(by_field["currency"]), None), by_field["images"], by_field["inventory_count"],
    )  # fmt: skip
    plan.active = [ActiveColumn(number) for number in by_field["is_active"]]
    plan.active += [ActiveColumn(number, inverse=True) for number in chosen.inverse]
    plan.active += [ActiveColumn(number, words="commands") for number in chosen.commands]
    plan.price_unit, plan.reasons, plan.questions = chosen.price_unit, chosen.reasons, chosen.questions
    plan.places, plan.sums_stock, plan.reserved = chosen.places, chosen.sums_stock, chosen.reserved
    find_parents(plan, columns, earlier.get("parent", ()))
    find_second_names(plan, columns, earlier.get("second_name", ()))
    return plan


def _by_mapping(
    plan: Plan, names: list[str], mapping: Mapping[str, str | None], on_problem: Callable[[str], None]
) -> None:
    for name, column in mapping.items():
        if name in OPTIONS:
            continue
        if name not in MAPPED_FIELDS:
            on_problem(
                f"the catalog's sync settings map an unknown field {quoted(name)}; the fields are "
                f"{', '.join(MAPPED_FIELDS)}, and the options are {', '.join(OPTIONS)}"
            )
            continue
        number = column_number(plan.header, names, column) if column else None
        is_pair = name == "offers" and bool(column) and columns_of_pair(plan.header, column or "") is not None
        if column and number is None and not is_pair:
            file_columns = ", ".join(quoted(name, 40) for name in plan.header[:40])
            on_problem(
                f"the catalog's sync settings take {name} from the column {quoted(column)}, which the file does not "
                f"have; its columns are {file_columns}" + (" …" if len(plan.header) > 40 else "")
            )
            continue
        columns = [] if number is None else [number]
        if columns:
            plan.attributes = [(number, label) for number, label in plan.attributes if number not in columns]
        if name != "offers":  # `find_offers` reads this entry, because it needs the values of other columns
            _assign(plan, name, columns, mapping)


def _assign(plan: Plan, name: str, columns: list[int], mapping: Mapping[str, str | None]) -> None:
    """Read a field from the columns that the mapping names. If the mapping names no column, the field is not read."""
    if name == "price":
        plan.prices = _mapped_prices(plan, columns)
    elif name == "is_active":
        states = [
            ActiveColumn(number, inverse=is_inverse(name := plan.header[number]) or is_end_name(name))
            for number in columns
        ]
        plan.active = [*states, *(command_columns(plan) if "command" in mapping else ())]
    elif name == "command":
        plan.active = [active for active in plan.active if active.words != "commands"]
    elif name in ("currency", "price_unit"):
        setattr(plan, name, columns[0] if columns else None)
    else:
        setattr(plan, "inventory" if name == "inventory_count" else name, columns)
        if name == "inventory_count":
            plan.sums_stock, plan.reserved = False, None
        if name == "parent":
            plan.sells_parents, plan.lists_options = True, False
    if columns:
        # If products have no numbers, the name can be the SKU. The column is then read as the name too.
        is_only_name = name == "sku" and plan.name == columns and "name" not in mapping
        free_column(plan, columns[0], keep={**mapping, "name": None} if is_only_name else mapping)
    if name == "command":
        plan.active += [ActiveColumn(number, words="commands") for number in columns]


def command_columns(plan: Plan) -> list[ActiveColumn]:
    """Return the columns with a command for each row."""
    return [active for active in plan.active if active.words == "commands"]


def _mapped_prices(plan: Plan, columns: list[int]) -> list[PriceColumn]:
    """Return the mapped columns. If the first column is an offer, the column of the regular price is added after it.

    The regular price is used in rows in which the offer is blank. Files without a mapping are read in the same way.
    """
    mapped = [named_price(number, plan.header[number]) for number in columns]
    if mapped and mapped[0].kind == "offer" and plan.profile is None:
        regular = [price for price in plan.prices if price.column != mapped[0].column and price.kind != "offer"]
        mapped += regular[:1]
    return mapped


def named_price(number: int, name: str) -> PriceColumn:
    """Return a column of prices with the currency, the kind and the number of units that its name states."""
    currency = next((code for field, _, code in field_candidates(name) if field == "price"), None)
    price_name = name_of_price(name)
    kind = price_name.kind if price_name else "plain"
    return PriceColumn(number, currency or stated_currency(name), kind=kind, units=units_in_name(name))


def free_column(plan: Plan, column: int, keep: Mapping[str, str | None]) -> None:
    """Remove a mapped column from all fields that are not in `keep` (the fields that the mapping assigns)."""
    for name in {"sku", "name", "description", "category", "brand", "images"} - keep.keys():
        setattr(plan, name, [number for number in getattr(plan, name) if number != column])
    plan.places = [number for number in plan.places if number != column]
    if "stock_as_of" not in keep:
        plan.stock_as_of = [number for number in plan.stock_as_of if number != column]
    if "inventory_count" not in keep:
        plan.inventory = [number for number in plan.inventory if number != column]
    if "price" not in keep:
        plan.prices = [price for price in plan.prices if price.column != column]
    if "is_active" not in keep:
        plan.active = [active for active in plan.active if active.column != column]
    if "price_unit" not in keep and plan.price_unit == column:
        plan.price_unit = None


def column_number(header: list[str], names: list[str], column: str) -> int | None:
    """Return the number of the column with this name, or None if the file has no such column.

    If no column has exactly this name, the shortened forms of long names are compared, and then the folded names.
    """
    exact = [number for number, name in enumerate(header) if name.strip().casefold() == column.strip().casefold()]
    if not exact and is_shortened(column):
        exact = [number for number, name in enumerate(header) if setting_name(name) == column.strip()]
    if exact:
        return exact[0]
    return names.index(fold(column)) if fold(column) and fold(column) in names else None
