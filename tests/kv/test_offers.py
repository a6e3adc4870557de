"""Tests offers while the mirror is on. Documents contain the regular price, and a comparison finds no difference.

The module uses its own local cloud, because switching the mirror affects a whole platform.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from psycopg.types.json import Jsonb

from tests.kv.comparing import compare, found
from tests.kv.mirroring import Mirror, mirrored
from tests.platform import Platform

LATER = datetime.now(UTC) + timedelta(days=1)


@pytest.fixture
def mirror(own_platform: Platform) -> Iterator[Mirror]:
    with mirrored(own_platform) as mirror:
        yield mirror


def prices(mirror: Mirror) -> tuple[float, float | None]:
    row = mirror.row("products", "gift:g-a")
    return float(row["price"]), row["regular_price"] and float(row["regular_price"])


def test_the_start_and_the_end_of_an_offer_write_no_documents(own_platform: Platform, mirror: Mirror) -> None:
    before = mirror.document("gift:g-a")
    assert prices(mirror) == (5, None)
    mirror.update("products", "gift:g-a", offers=Jsonb([{"price": "4", "ends_at": LATER.isoformat()}]))
    assert prices(mirror) == (4, 5)
    assert mirror.document("gift:g-a")["price"] == before["price"]
    compare(own_platform, "--full", code=0)
    assert found(own_platform) == set()
    # Change the document: first another field, and then the price.
    mirror.put("gift:g-a", mirror.document("gift:g-a") | {"name": "Cup"})
    assert prices(mirror) == (4, 5)
    mirror.put("gift:g-a", mirror.document("gift:g-a") | {"price": 6})
    assert prices(mirror) == (4, 6)
    # Change the regular price in the row.
    mirror.update("products", "gift:g-a", regular_price=7)
    assert mirror.document("gift:g-a")["price"] == 7
    assert prices(mirror) == (4, 7)
    compare(own_platform, "--full", code=0)
    assert found(own_platform) == set()
    mirror.database.execute("select app.apply_due_offers(%s, 100)", [LATER])
    assert prices(mirror) == (7, None)
    assert mirror.document("gift:g-a")["price"] == 7
    compare(own_platform, "--full", code=0)
    assert found(own_platform) == set()
