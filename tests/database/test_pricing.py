"""Tests that the database computes the same selling prices as a second implementation with exact fractions."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import errors
from psycopg.types.json import Jsonb

from tests.database.conftest import Database
from tests.database.test_placing import BY_NAME, GUEST, act, order
from tests.database.world import A_CATALOG, A_PRODUCT
from tests.faults.environment import FULL
from wecelebrate.catalogs import pricing
from wecelebrate.core.types import minor_units

EXAMPLES = 2_000 if FULL else 150
"""The number of rule sets, each with up to 30 prices. `make test` tries 150 sets, and `make faults` tries 2,000
sets.
"""
Rules = dict[str, Any]


@pytest.fixture(scope="module")
def connection(database: Database) -> Iterator[psycopg.Connection]:
    with database.connect(autocommit=True) as connection:
        yield connection


@pytest.fixture
def superuser(database: Database) -> Iterator[psycopg.Connection]:
    """A connection that can act as any caller. Its changes are rolled back."""
    with database.connect(autocommit=True) as connection, connection.transaction(force_rollback=True):
        yield connection


@dataclass(frozen=True)
class Example:
    """Valid rules of a catalog whose products have prices in `currency`."""

    currency: str
    rules: Rules

    @property
    def target(self) -> str:
        return str(self.rules.get("conversion", {}).get("to", self.currency))


def selling_price(example: Example, base: Decimal) -> Decimal:
    """Return the selling price as the documentation defines it, computed with fractions."""
    decimals = minor_units(example.target)
    if base == 0:
        return Decimal(0)
    rules = example.rules
    price = Fraction(base)
    if "conversion" in rules:
        price *= Fraction(rules["conversion"]["rate"])
    price += price * Fraction(rules.get("markup_percent", "0")) / 100
    price += Fraction(rules.get("fixed_amount", "0"))
    rounding = rules.get("rounding", {"step": str(Decimal(1).scaleb(-decimals))})
    step, ending = Fraction(rounding["step"]), Fraction(rounding.get("ending", "0"))
    steps = (price - ending) / step
    whole = {"up": ceil(steps), "down": floor(steps)}.get(
        rounding.get("direction", "nearest"), floor(steps + Fraction(1, 2))
    )
    lowest = max(Fraction(rules.get("minimum", "0")), ending or step)
    exact = max(whole * step + ending, lowest)
    scaled = exact * 10**decimals
    assert scaled.denominator == 1, "a selling price has the decimals of its currency"
    return Decimal(scaled.numerator).scaleb(-decimals)


def amounts(currency: str, lowest: int, highest: int) -> st.SearchStrategy[str]:
    scale = -minor_units(currency)
    return st.integers(lowest, highest).map(lambda units: f"{Decimal(units).scaleb(scale):f}")


@st.composite
def examples(draw: st.DrawFn) -> Example:
    currency, other = draw(st.permutations(["EUR", "JPY", "KWD", "USD"]))[:2]
    rules: Rules = {}
    target = currency
    if draw(st.booleans()):
        rate = draw(st.decimals("0.000001", "9999", places=6).map(lambda rate: f"{rate:f}"))
        rules["conversion"] = {"from": currency, "to": other, "rate": rate, "date": "2026-02-28"}
        target = other
    if draw(st.booleans()):
        percents = st.one_of(st.integers(-99, 300).map(Decimal), st.decimals("-99.9999", "10000", places=4))
        rules["markup_percent"] = f"{draw(percents):f}"
    if draw(st.booleans()):
        rules["fixed_amount"] = draw(amounts(target, -5000, 5000))
    if draw(st.booleans()):
        step = draw(amounts(target, 1, 2000))
        rules["rounding"] = {"step": step}
        if draw(st.booleans()):
            units = int(Decimal(step).scaleb(minor_units(target)))
            rules["rounding"]["ending"] = draw(amounts(target, 0, units - 1))
        if draw(st.booleans()):
            rules["rounding"]["direction"] = draw(st.sampled_from(["nearest", "up", "down"]))
    if draw(st.booleans()) or rules.get("fixed_amount", "").startswith("-"):
        rules["minimum"] = draw(amounts(target, 1, 9000))
    return Example(currency, rules)


def prices_in(currency: str) -> st.SearchStrategy[list[Decimal]]:
    units = st.one_of(st.integers(0, 20_000), st.integers(0, 10**12 - 1))
    scale = -minor_units(currency)
    return st.lists(units.map(lambda n: Decimal(n).scaleb(scale)), min_size=1, max_size=30)


def compiled(connection: psycopg.Connection, example: Example) -> Any:
    rules = Jsonb(pricing.checked(example.rules, example.currency))
    row = connection.execute("select app.compile_pricing(%s, %s)", [rules, example.currency]).fetchone()
    assert row is not None
    return row[0]


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), example=examples())
def test_selling_prices_are_exact_and_monotonic_and_never_0(
    connection: psycopg.Connection, data: st.DataObject, example: Example
) -> None:
    bases = sorted(data.draw(prices_in(example.currency)))
    rules = compiled(connection, example)
    assert (rules is None) == (pricing.checked(example.rules, example.currency) == {})
    rows = connection.execute(
        "select app.selling_price(base, %s)::text from unnest(%s::numeric[]) with ordinality t (base, n) order by n",
        [None if rules is None else Jsonb(rules), bases],
    ).fetchall()
    prices = [Decimal(row[0]) for row in rows]
    if rules is not None:
        decimals = minor_units(example.target)
        assert [row[0] for row in rows] == [f"{selling_price(example, base):.{decimals}f}" for base in bases]
    assert prices == sorted(prices)
    assert [price == 0 for price in prices] == [base == 0 for base in bases]


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), example=examples().filter(lambda example: example.rules != {}))
def test_filters_on_selling_prices_and_on_base_prices_select_the_same_products(
    connection: psycopg.Connection, data: st.DataObject, example: Example
) -> None:
    bases = data.draw(prices_in(example.currency))
    limit = data.draw(
        st.one_of(st.sampled_from([selling_price(example, base) for base in bases]), st.decimals(0, 10**9, places=3))
    )
    rows = connection.execute(
        """
        select app.selling_price(base, rules) >= %(limit)s, base >= app.lowest_base_price(%(limit)s, false, rules),
          app.selling_price(base, rules) <= %(limit)s, base <= app.lowest_base_price(%(limit)s, true, rules) - 0.001
        from unnest(%(bases)s::numeric[]) base cross join (select %(rules)s::jsonb) r (rules)
        """,
        {"limit": limit, "bases": bases, "rules": Jsonb(compiled(connection, example))},
    ).fetchall()
    for at_least, selected_from, at_most, selected_to in rows:
        assert (at_least, at_most) == (selected_from, selected_to)


JUNK: st.SearchStrategy[Any] = st.sampled_from(
    [None, 1, -1, "x", "NaN", "1e3", "-0.5", "0", "100", True, [], {"step": "1"}, "EUR", "0.0001"]
)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), example=examples())
def test_invalid_price_rules_never_make_a_product_free_or_stop_a_storefront(
    connection: psycopg.Connection, data: st.DataObject, example: Example
) -> None:
    """The API refuses more rules than the database. The API also checks the day and large numbers, and requires a
    minimum.
    """
    rules = {name: dict(rule) if isinstance(rule, dict) else rule for name, rule in example.rules.items()}
    place = data.draw(st.sampled_from([rules, *(rule for rule in rules.values() if isinstance(rule, dict))]))
    names = ["conversion", "markup_percent", "fixed_amount", "rounding", "minimum", "margin"]
    name = data.draw(
        st.sampled_from(names if place is rules else ["from", "to", "rate", "step", "ending", "direction"])
    )
    place[name] = data.draw(JUNK)
    for base in ("0.001", "1", "999999999999"):
        query = "select app.selling_price(%s, app.compile_pricing(%s, %s))"
        (row,) = connection.execute(query, [base, Jsonb(rules), example.currency]).fetchall()
        assert row[0] > 0


@pytest.mark.parametrize(
    "rules",
    [
        {}, [], "text", 5, {"margin": "10"}, {"markup_percent": 10}, {"markup_percent": "-100"}, {"minimum": "0.001"},
        {"rounding": {"ending": "0.99"}}, {"rounding": {"step": "1", "ending": "1"}}, {"rounding": {"step": "0"}},
        {"rounding": {"step": "1", "direction": "sideways"}}, {"rounding": "0.99"}, {"conversion": {"to": "USD"}},
        {"conversion": {"from": "USD", "to": "JPY", "rate": "1", "date": "2026-01-01"}},
        {"conversion": {"from": "EUR", "to": "USD", "rate": "0", "date": "2026-01-01"}},
        {"conversion": {"from": "EUR", "to": "USD", "rate": "1"}}, {"conversion": None}, {"markup_percent": "NaN"},
    ],
)  # fmt: skip
def test_the_database_ignores_price_rules_without_the_documented_form(
    connection: psycopg.Connection, rules: Any
) -> None:
    (row,) = connection.execute("select app.compile_pricing(%s, 'EUR')", [Jsonb(rules)]).fetchall()
    assert row == (None,)


def test_an_update_of_the_previous_release_does_not_activate_price_rules(superuser: psycopg.Connection) -> None:
    status_of = "app.pricing_status(pricing_rules, pricing)"
    rules = f"update catalogs set pricing_rules = %s where id = %s returning pricing, {status_of}"
    superuser.execute("update catalogs set currency = 'USD' where id = %s", [A_CATALOG])
    for value, status in (({"markup_percent": "10"}, "unread"), ({"margin": 1}, "unread"), ({}, "none")):
        assert superuser.execute(rules.encode(), [Jsonb(value), A_CATALOG]).fetchall() == [(None, status)]


def test_active_price_rules_change_with_every_later_update(superuser: psycopg.Connection) -> None:
    superuser.execute("update catalogs set currency = 'USD' where id = %s", [A_CATALOG])
    write = "update catalogs set pricing_rules = %s, pricing = '{}' where id = %s returning pricing ->> 'factor'"
    assert superuser.execute(write, [Jsonb({"markup_percent": "10"}), A_CATALOG]).fetchall() == [("1.1",)]
    later = "update catalogs set pricing_rules = %s where id = %s returning pricing ->> 'factor'"
    assert superuser.execute(later, [Jsonb({"markup_percent": "20"}), A_CATALOG]).fetchall() == [("1.2",)]
    with pytest.raises(errors.CheckViolation, match="the price rules are for prices in USD"), superuser.transaction():
        superuser.execute("update catalogs set currency = null where id = %s", [A_CATALOG])
    assert superuser.execute(later, [Jsonb({"margin": "20"}), A_CATALOG]).fetchall() == [(None,)]


def test_an_order_is_placed_at_the_selling_price_in_the_selling_currency(superuser: psycopg.Connection) -> None:
    superuser.execute(
        "update products set price = '10', currency = 'USD', inventory_count = 10 where catalog_id = %s", [A_CATALOG]
    )
    rules = {
        "conversion": {"from": "USD", "to": "JPY", "rate": "150.5", "date": "2026-02-28"},
        "rounding": {"step": "100", "ending": "80", "direction": "up"},
    }
    superuser.execute(
        "update catalogs set currency = 'USD', pricing_rules = %s, pricing = '{}' where id = %s",
        [Jsonb(rules), A_CATALOG],
    )
    assert order(superuser, GUEST, {A_PRODUCT: 2}, Decimal(3010))[:2] == ("total", "3160")
    refusal, _, placed, _ = order(superuser, GUEST, {A_PRODUCT: 2}, Decimal(3160))
    assert (refusal, placed["total_amount"], placed["currency"]) == (None, "3160", "JPY")
    assert placed["items"][0]["unit_price"] == "1580"


@pytest.mark.parametrize(
    ("caller", "sees"),
    [
        ("super admin", True), ("A's owner", True), ("support", False), ("A's viewer", False), ("B's owner", False),
        ("both, for B only", False),
    ],
)  # fmt: skip
def test_only_writers_of_a_catalog_can_read_the_explanation_of_a_price(
    superuser: psycopg.Connection, caller: str, sees: bool
) -> None:
    rows = act(superuser, BY_NAME[caller], "select product_id from app.product_price(%s)", A_PRODUCT)
    assert rows == ([(A_PRODUCT,)] if sees else [])
