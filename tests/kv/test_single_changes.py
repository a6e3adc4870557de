"""Tests the fast path of the mirror. The fast path handles a change of one product, if the product has only one
document.

The fast path must have the same results as the general mapping. The module uses its own local cloud, because switching
the mirror affects a whole platform.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.kv.mirroring import Mirror, mirrored
from tests.kv.moving import gift
from tests.platform import Platform

KEY = "gift:g-a"
SHORT = ("kv.map_single(text, jsonb, jsonb)", "kv.record_single_agreement(text, uuid, jsonb)")

Step = Callable[[Mirror], None]


@pytest.fixture
def mirror(own_platform: Platform) -> Iterator[Mirror]:
    """A store whose mirror is on. It contains the client `a` with a catalog, a site and a gift."""
    own_platform.database.execute("set track_functions = 'all'")
    with mirrored(own_platform) as mirror:
        yield mirror
    own_platform.database.execute("reset track_functions")


def write(**fields: Any) -> Step:
    """Write the gift with changed fields, as an application does that has just read the gift."""

    def step(mirror: Mirror) -> None:
        current = mirror.value("select value from kv_store_6fcaeea3 where key = %s", KEY)
        mirror.put(KEY, {name: value for name, value in {**current, **fields}.items() if value is not ...})

    return step


def write_stale(**fields: Any) -> Step:
    """Write the first version of the gift with changed fields."""
    return lambda mirror: mirror.put(KEY, gift("g-a", catalogId="c-a", _rev=1, **fields))


def update(**columns: Any) -> Step:
    """Change columns of the row of the gift."""
    return lambda mirror: mirror.update("products", KEY, **columns)


def put(key: str, value: Any) -> Step:
    """Write another document."""
    return lambda mirror: mirror.put(key, value)


def lose_row(key: str) -> Step:
    """Delete the information that a row belongs to a document."""

    def step(mirror: Mirror) -> None:
        mirror.database.execute("update kv.ids set has_row = false where key = %s", [key])

    return step


PLAIN: dict[str, list[Step]] = {
    "a price": [write(price=7.25)],
    "a price as text": [write(price="8,90 €")],
    "a stock": [write(availableQuantity=12), write(availableQuantity=11)],
    "a stock that is not a number": [write(availableQuantity=12), write(availableQuantity="many")],
    "the stock is removed": [write(availableQuantity=12), write(availableQuantity=...)],
    "a stock in another field": [write(stock=3), write(stock=2, inStock=True)],
    "a stock in an object": [write(inventory={"available": 4}), write(inventory={"available": 3})],
    "a name and a description": [write(name="  Cup\t", description="One\ntwo  ")],
    "a name in another field": [write(name=..., title="Title")],
    "no name": [write(name=...)],
    "an image": [write(images=["https://img.example/a.png"], image="https://img.example/a.png")],
    "an embedded image": [write(image="data:image/png;base64,AAAA")],
    "the time of the change": [write(updatedAt="2026-11-01T10:00:00Z"), write(updatedAt="2026-11-02T10:00:00Z")],
    "names in snake_case": [write(available_quantity=4), write(available_quantity=3, updated_at="2026-11-02")],
    "the stock after a sale of the platform": [write(availableQuantity=9), update(inventory_count=7),
                                               write(availableQuantity=6)],
    "the price after the platform has changed the name": [update(name="Renamed"), write(price=6)],
    "the stale price after the platform has changed the name": [update(name="Renamed"), write_stale(price=6)],
    "the stale stock after a sale of the platform": [write(availableQuantity=9), update(inventory_count=7),
                                                     write_stale(availableQuantity=8)],
    "the price of a product that the platform has hidden": [update(is_active=False), write(price=6)],
    "the price of a product with an offer": [update(regular_price=5, price=4), write(price=6)],
}  # fmt: skip
OTHER: dict[str, list[Step]] = {
    "a price that is too fine": [write(price=7.255)],
    "no price": [write(price=...)],
    "another currency": [write(currency="USD")],
    "another SKU": [write(sku="OTHER", price=6)],
    "the SKU of another gift": [put("gift:g-b", gift("g-b", catalogId="c-a")), write(sku="SKU-g-b", price=6)],
    "another category": [write(category="Mugs", price=6)],
    "an unknown catalog": [write(catalogId="unknown", price=6)],
    "no catalog": [write(catalogId=..., price=6)],
    "the document of another catalog under the key of its catalog": [
        put("catalogs:c-a", {"id": "c-z", "name": "Other", "type": "manual", "ownerId": "a"}),
        write(price=6),
    ],
    "a catalog whose row the old id no longer names": [
        lose_row("catalogs:c-a"),
        write(price=6),
    ],
    "another status": [write(status="inactive", price=6)],
    "another id": [write(id="g-z", price=6)],
    "attributes": [write(attributes={"colour": "red"}, price=6)],
    "an unknown field": [write(colour="red", price=6)],
    "a document in quarantine": [write(price="?"), write(price=6)],
    "a second document of the product": [put("gifts:production:g-a", gift("g-a", catalogId="c-a")), write(price=6)],
    "the product in a list": [put("gifts:all", [gift("g-a", catalogId="c-a")]), write(price=6)],
    "a document that becomes a string": [put(KEY, '{"id": "g-a"}'), put(KEY, gift("g-a", catalogId="c-a", price=6))],
}
ROWS: dict[str, list[Step]] = {
    "a price": [update(price=7)],
    "a stock": [update(inventory_policy="tracked", inventory_count=7), update(inventory_count=6)],
    "texts": [update(name="  Cup ", description="New\n", category="Mugs", brand="B")],
    "images": [update(images=["https://img.example/b.png"])],
    "no description": [write(description="Old"), update(description=None)],
    "activity": [update(is_active=False), update(is_active=True), write(price=6)],
    "a price, and then a stale name": [update(price=7), write_stale(name="Stale")],
    "a stock, and then a sale": [write(availableQuantity=9), update(inventory_count=7), write(availableQuantity=5)],
}


def outcome(mirror: Mirror, steps: list[Step]) -> dict[str, Any]:
    """Run the steps, and return the changed data."""
    for step in steps:
        step(mirror)
    written = {
        "documents": (  # The first revision of a document that was a string is computed from the time.
            "select key, case when kv.revision_of(value) > 1000000000000 then value - '_rev' else value end as value"
            " from kv_store_6fcaeea3 order by key"
        ),
        "products": "select * from products where id in (select id from kv.ids) order by id",
        "entries": "select * from kv.ids order by key",
        "remainders": "select * from kv.remainders order by key",
        "notes": "select * from kv.notes order by key, note",
        "quarantine": "select key, reason, field from kv.quarantine order by key",
        "conflicts": "select key, kind, field, base_rev, rev from kv.conflicts order by 1, 2, 3, 4, 5",
    }
    return {name: mirror.rows(query) for name, query in written.items()}


def outcome_of_the_general_mapping(mirror: Mirror, steps: list[Step]) -> dict[str, Any]:
    """Run the steps without the fast path, and roll back. Return the changed data."""
    mirror.database.execute("savepoint general")
    for function in SHORT:
        [row] = mirror.rows("select pg_get_functiondef(%s::regprocedure) as definition", function)
        head, *_ = row["definition"].partition("AS $function$")
        mirror.database.execute(f"{head} AS $function$ begin return false; end $function$".encode())
    result = outcome(mirror, steps)
    mirror.database.execute("rollback to savepoint general")
    return result


def calls(mirror: Mirror, step: Step) -> set[str]:
    """Run a step. Return the functions of the mirror that the step has called."""
    query = "select funcname, calls from pg_stat_xact_user_functions where schemaname = 'kv'"
    before = {(row["funcname"], row["calls"]) for row in mirror.rows(query)}
    step(mirror)
    return {name for name, _ in {(row["funcname"], row["calls"]) for row in mirror.rows(query)} - before}


@pytest.mark.parametrize("steps", [*PLAIN.values(), *OTHER.values(), *ROWS.values()],
                         ids=[*PLAIN, *OTHER, *(f"{name} of the row" for name in ROWS)])  # fmt: skip
def test_the_fast_path_has_the_same_results_as_the_general_mapping(mirror: Mirror, steps: list[Step]) -> None:
    expected = outcome_of_the_general_mapping(mirror, steps)
    assert outcome(mirror, steps) == expected


@pytest.mark.parametrize("field", ["price", "availableQuantity", "description"])
def test_a_simple_change_of_a_document_does_not_run_the_general_mapping(mirror: Mirror, field: str) -> None:
    mirror.put(KEY, gift("g-a", catalogId="c-a", availableQuantity=5))
    assert calls(mirror, write(**{field: 7})) & {"map_single", "map_written"} == {"map_single"}
    assert calls(mirror, write(colour="red", **{field: 8})) >= {"map_single", "map_written"}


def test_a_change_of_a_row_with_one_document_does_not_run_the_general_mapping(mirror: Mirror) -> None:
    short = calls(mirror, update(price=9))
    assert short & {"record_single_agreement", "record_agreements"} == {"record_single_agreement"}
    mirror.put("gifts:all", [gift("g-a", catalogId="c-a")])
    assert calls(mirror, update(price=8)) >= {"record_single_agreement", "record_agreements"}
