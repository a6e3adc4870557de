"""Tests offers of products: the price that is valid now, the regular price, and the time of the next start or end."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from psycopg import errors
from psycopg.types.json import Jsonb

from tests.database import merging
from tests.database.conftest import Database
from tests.database.test_placing import BY_NAME, GUEST, act, order
from tests.database.world import A_CATALOG, A_PRODUCT, B_CATALOG

HOUR = timedelta(hours=1)
NOW = datetime.now(UTC).replace(microsecond=0)
STATE = "select price::text, regular_price::text, offers, offer_ends_at, offer_changes_at from products where id = %s"
APPLY = "select app.apply_due_offers(%s, %s)"


@pytest.fixture
def superuser(database: Database) -> Iterator[psycopg.Connection]:
    """A connection that can act as any caller. Its changes are rolled back. All products cost 20, their stock is 10."""
    with database.connect(autocommit=True) as connection, connection.transaction(force_rollback=True):
        connection.execute("update products set price = 20, inventory_count = 10, currency = 'USD'")
        connection.execute("update sites set max_line_quantity = 10000, max_daily_quantity = null")
        yield connection


def offer(price: str, starts_at: datetime | None = None, ends_at: datetime | None = None) -> dict[str, Any]:
    return {
        "price": price,
        "starts_at": starts_at and starts_at.isoformat(),
        "ends_at": ends_at and ends_at.isoformat(),
    }


def set_offers(connection: psycopg.Connection, *offers: dict[str, Any], product: Any = A_PRODUCT) -> None:
    connection.execute("update products set offers = %s where id = %s", [Jsonb(list(offers)), product])


def state(connection: psycopg.Connection, product: Any = A_PRODUCT) -> tuple[Any, ...]:
    row = connection.execute(STATE, [product]).fetchone()
    assert row is not None
    return row


def prices(connection: psycopg.Connection, product: Any = A_PRODUCT) -> tuple[str, str | None]:
    return state(connection, product)[:2]


def sweep(connection: psycopg.Connection, at: datetime, limit: int = 100) -> int:
    [(changed,)] = act(connection, BY_NAME["system"], APPLY, at, limit)
    return int(changed)


def test_a_running_offer_determines_the_current_price(
    superuser: psycopg.Connection,
) -> None:
    end = NOW + 5 * HOUR
    set_offers(superuser, offer("15.0", NOW - HOUR, end), offer("12", NOW + HOUR, NOW + 2 * HOUR))
    price, regular, offers, ends_at, changes_at = state(superuser)
    assert (price, regular, ends_at, changes_at) == ("15.00", "20", end, NOW + HOUR)
    assert [each["price"] for each in offers] == ["15.00", "12.00"]
    assert offers[0]["ends_at"] == end.isoformat()


def test_offers_start_and_end_at_their_times(superuser: psycopg.Connection) -> None:
    start, end = NOW + HOUR, NOW + 2 * HOUR
    set_offers(superuser, offer("15", start, end))
    assert sweep(superuser, start - timedelta(microseconds=1)) == 0
    assert prices(superuser) == ("20", None)
    assert sweep(superuser, start) == 1
    assert state(superuser)[:2] == ("15.00", "20")
    assert state(superuser)[3:] == (end, end)
    assert sweep(superuser, end - timedelta(microseconds=1)) == 0
    assert sweep(superuser, end) == 1
    assert state(superuser) == ("20", None, [], None, None)
    assert sweep(superuser, end + HOUR) == 0


def priced_at(connection: psycopg.Connection, at: datetime, *offers: dict[str, Any]) -> tuple[Any, ...]:
    """Return the price at the given time, the regular price if an offer is valid, and the time of the next change."""
    query = (
        "select p.price::text, p.regular_price::text, p.ends_at, p.changes_at"
        " from app.price_at(20, app.stored_offers(%s, 'USD'), %s) p"
    )
    row = connection.execute(query, [Jsonb(list(offers)), at]).fetchone()
    assert row is not None
    return row


TICK = timedelta(microseconds=1)
SPRING = datetime(2027, 3, 28, tzinfo=ZoneInfo("Europe/Berlin"))
"""A day of 23 hours."""
AUTUMN = datetime(2027, 10, 31, tzinfo=ZoneInfo("Europe/Berlin"))
"""A day of 25 hours."""


@pytest.mark.parametrize("start", [NOW, SPRING, AUTUMN], ids=["today", "spring", "autumn"])
@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/New_York"])
def test_an_offer_is_valid_from_its_start_until_just_before_its_end(
    superuser: psycopg.Connection, start: datetime, zone: str
) -> None:
    end = (start + timedelta(days=1)).astimezone(UTC)  # the next local midnight
    start = start.astimezone(UTC)
    superuser.execute("select set_config('timezone', %s, true)", [zone])
    day = offer("15", start, end)
    assert priced_at(superuser, start - TICK, day) == ("20", None, None, start)
    assert priced_at(superuser, start, day) == ("15.00", "20", end, end)
    assert priced_at(superuser, end - TICK, day) == ("15.00", "20", end, end)
    assert priced_at(superuser, end, day) == ("20", None, None, None)
    assert priced_at(superuser, end + TICK, day) == ("20", None, None, None)


def test_the_next_offer_begins_at_the_end_of_the_first_offer(superuser: psycopg.Connection) -> None:
    middle = (SPRING + timedelta(days=1)).astimezone(UTC)
    first, second = offer("15", SPRING, middle), offer("12", middle, middle + HOUR)
    assert (middle - SPRING.astimezone(UTC)) == 23 * HOUR
    assert priced_at(superuser, middle - TICK, first, second)[0] == "15.00"
    assert priced_at(superuser, middle, first, second)[0] == "12.00"
    assert priced_at(superuser, middle + HOUR, first, second)[0] == "20"


def test_an_offer_can_have_no_start_or_no_end(
    superuser: psycopg.Connection,
) -> None:
    long_ago, far_ahead = datetime(1970, 1, 1, tzinfo=UTC), datetime(2999, 12, 31, tzinfo=UTC)
    for at in (long_ago, NOW, far_ahead):
        assert priced_at(superuser, at, offer("15")) == ("15.00", "20", None, None)
    until, since = offer("15", None, NOW), offer("15", NOW, None)
    assert priced_at(superuser, long_ago, until) == ("15.00", "20", NOW, NOW)
    assert priced_at(superuser, NOW - TICK, until) == ("15.00", "20", NOW, NOW)
    assert priced_at(superuser, NOW, until) == ("20", None, None, None)
    assert priced_at(superuser, NOW - TICK, since) == ("20", None, None, NOW)
    assert priced_at(superuser, NOW, since) == priced_at(superuser, far_ahead, since) == ("15.00", "20", None, None)


def test_the_price_is_the_lowest_of_several_running_offers_until_this_offer_ends(superuser: psycopg.Connection) -> None:
    set_offers(
        superuser, offer("18"), offer("15", NOW - HOUR, NOW + HOUR), offer("16", None, NOW + 2 * HOUR), offer("25")
    )
    assert state(superuser)[0] == "15.00" and state(superuser)[3] == NOW + HOUR
    assert sweep(superuser, NOW + HOUR) == 1
    assert state(superuser)[:2] == ("16.00", "20") and state(superuser)[3] == NOW + 2 * HOUR
    assert sweep(superuser, NOW + 2 * HOUR) == 1
    assert state(superuser)[0] == "18.00" and state(superuser)[3:] == (None, None)


def test_an_offer_applies_only_if_its_price_is_below_the_regular_price(superuser: psycopg.Connection) -> None:
    set_offers(superuser, offer("20"), offer("22"))
    assert prices(superuser) == ("20", None)
    superuser.execute("update products set price = 21 where id = %s", [A_PRODUCT])
    assert prices(superuser) == ("20.00", "21")


def test_an_update_by_the_previous_release_changes_the_regular_price(superuser: psycopg.Connection) -> None:
    """The previous release writes only `price`. A PUT after a GET writes the price that the GET has returned. Such a
    write changes nothing."""
    set_offers(superuser, offer("15"))
    superuser.execute("update products set price = 15 where id = %s", [A_PRODUCT])
    assert prices(superuser) == ("15.00", "20")
    superuser.execute("update products set price = 30 where id = %s", [A_PRODUCT])
    assert prices(superuser) == ("15.00", "30")
    superuser.execute("update products set price = 10 where id = %s", [A_PRODUCT])
    assert prices(superuser) == ("10", None)


def test_the_regular_price_can_be_changed_to_the_offer_price(superuser: psycopg.Connection) -> None:
    set_offers(superuser, offer("15", None, NOW + HOUR))
    superuser.execute("update products set regular_price = 15 where id = %s", [A_PRODUCT])
    assert prices(superuser) == ("15", None)
    assert sweep(superuser, NOW + HOUR) == 1
    assert prices(superuser) == ("15", None)


def test_a_change_of_the_currency_ends_the_offers(superuser: psycopg.Connection) -> None:
    set_offers(superuser, offer("15.50"))
    superuser.execute("update catalogs set currency = null, pricing = null where id = %s", [A_CATALOG])
    superuser.execute("update products set currency = 'JPY' where id = %s", [A_PRODUCT])
    assert state(superuser)[:3] == ("20", None, [])


def test_offers_are_stored_without_duplicates_in_a_normalized_form(superuser: psycopg.Connection) -> None:
    """Offers are omitted if they have ended, if they never run, or if their prices have more decimals than the
    currency.
    """
    superuser.execute("set timezone = 'Asia/Tokyo'")
    local = NOW.astimezone().isoformat()
    set_offers(
        superuser, {**offer("15"), "starts_at": local}, offer("15.00", NOW), offer("9", None, NOW - HOUR),
        offer("8", NOW + HOUR, NOW + HOUR), offer("7.005"),
    )  # fmt: skip
    assert state(superuser)[2] == [{"price": "15.00", "starts_at": NOW.isoformat(), "ends_at": None}]


def test_a_too_large_list_of_offers_is_refused(superuser: psycopg.Connection) -> None:
    with pytest.raises(errors.CheckViolation, match="products_offers_length"), superuser.transaction():
        set_offers(superuser, *(offer(f"{n}.01", None, NOW + n * HOUR) for n in range(1, 200)))


def test_the_start_of_an_offer_updates_the_product_without_an_audit_entry(
    superuser: psycopg.Connection,
) -> None:
    set_offers(superuser, offer("15", NOW + HOUR))
    superuser.execute("update products set updated_at = '2026-01-01' where id = %s", [A_PRODUCT])
    superuser.execute("delete from cache_invalidations")
    [(audited,)] = superuser.execute("select count(*) from audit_log").fetchall()
    before = superuser.execute("select updated_at from products where id = %s", [A_PRODUCT]).fetchone()
    sweep(superuser, NOW + HOUR)
    after = superuser.execute("select updated_at >= now() from products where id = %s", [A_PRODUCT]).fetchone()
    assert before is not None and after == (True,)
    [(tags,)] = superuser.execute("select tags from cache_invalidations").fetchall()
    assert {f"products:{A_CATALOG}", f"product:{A_PRODUCT}"} <= set(tags)
    assert superuser.execute("select count(*) from audit_log").fetchall() == [(audited,)]


def test_an_order_has_the_price_at_the_time_of_the_order(superuser: psycopg.Connection) -> None:
    start, end = NOW + HOUR, NOW + 2 * HOUR
    set_offers(superuser, offer("15", start, end))
    for at, expected, other in ((NOW, "40", "30"), (start, "30.00", "40"), (end, "40", "30")):
        sweep(superuser, at)
        assert order(superuser, GUEST, {A_PRODUCT: 2}, Decimal(other))[0] == "total"
        refusal, _, placed, _ = order(superuser, GUEST, {A_PRODUCT: 2}, Decimal(expected))
        assert refusal is None
        [(total,)] = superuser.execute("select total_amount from orders where id = %s", [placed["id"]]).fetchall()
        assert total == Decimal(expected)
        superuser.execute("update products set inventory_count = 10 where id = %s", [A_PRODUCT])


def test_only_the_platform_starts_offers(superuser: psycopg.Connection) -> None:
    for name in ("A's owner", "visitor of A", "staging"):
        with pytest.raises(errors.InsufficientPrivilege):
            act(superuser, BY_NAME[name], APPLY, NOW, 10)


def test_a_client_with_a_grant_cannot_see_the_offers(
    superuser: psycopg.Connection,
) -> None:
    superuser.execute("update products set offers = %s", [Jsonb([offer("15"), offer("9", NOW + HOUR)])])
    viewer = BY_NAME["A's owner"]
    rows = act(
        superuser, viewer, "select catalog_id, price::text, regular_price, offers from products"
        " union all select p.catalog_id, p.price::text, p.regular_price, p.offers"
        " from unnest(app.granted_catalog_ids()) c, app.granted_products(c, null, null) p",
    )  # fmt: skip
    own = [row for row in rows if row[0] == A_CATALOG]
    others = [row for row in rows if row[0] != A_CATALOG]
    assert own and others and B_CATALOG not in {row[0] for row in rows}
    assert all(row[2] == 20 and len(row[3]) == 2 for row in own)
    assert all(row[1:] == ("15.00", None, []) for row in others)


def test_the_number_of_changed_products_per_transaction_is_limited(superuser: psycopg.Connection) -> None:
    superuser.execute("update products set offers = %s", [Jsonb([offer("15", NOW + HOUR)])])
    [(count,)] = superuser.execute("select count(*) from products").fetchall()
    assert count > 4
    assert [sweep(superuser, NOW + HOUR, 3), sweep(superuser, NOW + HOUR, 3)] == [3, min(3, count - 3)]


def test_each_offer_is_applied_once_even_if_a_sweeper_is_killed(own_database: Database) -> None:
    """The first sweeper is killed between its update and its commit. Its update therefore has no effect."""
    start = NOW + HOUR
    with own_database.connect(autocommit=True) as connection:
        connection.execute("update products set price = 20, currency = 'USD', offers = '[]'")
        connection.execute("update products set offers = %s", [Jsonb([offer("15", start)])])
        [(count,)] = connection.execute("select count(*) from products").fetchall()
    killed = own_database.connect()
    assert killed.execute(APPLY, [start, 2]).fetchone() == (2,)
    with own_database.connect(autocommit=True) as other:
        # The second sweeper skips the rows that the first sweeper has locked, and does not wait.
        other.execute("set lock_timeout = '1s'")
        assert other.execute(APPLY, [start, 1000]).fetchone() == (count - 2,)
        other.execute("select pg_terminate_backend(%s)", [killed.info.backend_pid])
        killed.close()
        rest = 0
        for _ in range(50):
            rest += other.execute(APPLY, [start, 1000]).fetchall()[0][0]
            if rest:
                break
            threading.Event().wait(0.1)
        assert rest == 2
        assert other.execute("select distinct price::text, regular_price::text from products").fetchall() == [
            ("15.00", "20")
        ]
    with own_database.connect(autocommit=True) as connection:
        connection.execute("update products set offers = %s", [Jsonb([offer("15", start)])])

    def run() -> int:
        with own_database.connect(autocommit=True) as sweeper:
            return sum(int(sweeper.execute(APPLY, [start, 1]).fetchall()[0][0]) for _ in range(count))

    with ThreadPoolExecutor(2) as pool:
        changed = sum(pool.map(lambda _: run(), range(2)))
    assert changed == count


# Tests of loads while an offer runs.

STAGED = {"sku": "A-1", "name": "product", "price": Decimal(20), "currency": "USD"}


@pytest.fixture
def load(superuser: psycopg.Connection) -> str:
    """Return the SKU of a product of A. The product has a running offer of 15.00 until NOW + 1 hour."""
    superuser.execute("update catalogs set currency = 'USD', pricing = null where id = %s", [A_CATALOG])
    set_offers(superuser, offer("15", None, NOW + HOUR))
    [(sku, name)] = superuser.execute("select sku, name from products where id = %s", [A_PRODUCT]).fetchall()
    STAGED.update(sku=sku, name=name)
    return str(sku)


def merged(superuser: psycopg.Connection, **columns: Any) -> tuple[int, int, int]:
    merging.stage(superuser, [{**STAGED, **columns}])
    counts = merging.merge(superuser)
    return counts["updated"], counts["running_offers"], counts["waiting_offers"]


def test_loading_a_file_again_during_an_offer_changes_no_product(superuser: psycopg.Connection, load: str) -> None:
    stated = Jsonb([offer("15.00", None, NOW + HOUR)])
    assert merged(superuser, offers=stated) == (0, 1, 0)
    assert merged(superuser) == (0, 0, 0)
    assert prices(superuser) == ("15.00", "20")
    sweep(superuser, NOW + HOUR)
    ended = Jsonb([offer("15.00", None, NOW - HOUR)])
    assert merged(superuser, offers=ended) == (0, 0, 0)


def test_a_file_changes_the_regular_price_and_the_offers(superuser: psycopg.Connection, load: str) -> None:
    assert merged(superuser, price=Decimal(25)) == (1, 0, 0)
    assert prices(superuser) == ("15.00", "25")
    stated = [offer("14", None, NOW + HOUR), offer("13", NOW + HOUR, NOW + 2 * HOUR)]
    assert merged(superuser, price=Decimal(25), offers=Jsonb(stated)) == (1, 1, 1)
    assert prices(superuser) == ("14.00", "25")
    assert merged(superuser, price=Decimal(25), offers=Jsonb([])) == (1, 0, 0)
    assert prices(superuser) == ("25", None)


def test_a_new_product_with_a_running_offer_has_the_price_of_the_offer(
    superuser: psycopg.Connection, load: str
) -> None:
    merged(superuser, sku="NEW-1", price=Decimal("25.00"), offers=Jsonb([offer("19", NOW - HOUR)]))
    row = superuser.execute("select price::text, regular_price::text from products where sku = 'NEW-1'").fetchone()
    assert row == ("19.00", "25.00")


def test_the_plausibility_check_of_prices_compares_regular_prices(superuser: psycopg.Connection, load: str) -> None:
    set_offers(superuser, offer("1"))
    merging.stage(superuser, [STAGED])
    changes = merging.implausible(superuser)
    assert (changes["compared_prices"], changes["price_factors"], changes["large_price_changes"]) == (1, 0, 0)
    staged, stored = merging.compare(superuser, NOW)
    assert staged["price"] == "20" and stored["price"] == "20"
    assert stored["offers"] == [{"price": "1.00", "starts_at": None, "ends_at": None}]


def test_the_plausibility_check_of_prices_counts_new_offers(superuser: psycopg.Connection, load: str) -> None:
    def changed(*offers: dict[str, Any]) -> tuple[int, int]:
        merging.stage(superuser, [STAGED | {"offers": Jsonb(list(offers))}])
        changes = merging.implausible(superuser)
        return changes["price_factors"], changes["large_price_changes"]

    cheap, usual = offer("0.20", NOW + HOUR), offer("15", NOW + HOUR)
    assert changed(usual) == changed(offer("0.20", None, NOW - HOUR)) == changed() == (0, 0)
    assert changed(usual, cheap) == (1, 1)
    set_offers(superuser, cheap)
    assert changed(usual, cheap) == (0, 0)  # the product has this offer


def test_the_document_of_the_key_value_store_has_the_regular_price(superuser: psycopg.Connection) -> None:
    set_offers(superuser, offer("15"))
    rows = superuser.execute(
        "select kv.mirrored_row(to_jsonb(p)) ->> 'price' from products p where id = %s", [A_PRODUCT]
    )
    assert rows.fetchall() == [("20",)]
    [(compared,)] = superuser.execute("select kv.compared_rows('product', %s)", [[A_PRODUCT]]).fetchall()
    assert compared[str(A_PRODUCT)]["price"] == 20


def test_the_time_zone_of_a_catalog_is_shown_only_to_its_readers(superuser: psycopg.Connection) -> None:
    superuser.execute("update clients set timezone = 'Europe/Prague'")
    query = "select app.catalog_timezone(%s)"
    assert act(superuser, BY_NAME["system"], query, A_CATALOG) == [("Europe/Prague",)]
    owner = BY_NAME["A's owner"]
    assert act(superuser, owner, query, A_CATALOG) == [("Europe/Prague",)]
    assert act(superuser, owner, query, B_CATALOG) == [(None,)]
