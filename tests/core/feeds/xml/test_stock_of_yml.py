"""Tests that the stock in a YML feed is the number of pieces, and not only the availability."""

import pytest

from tests.core.feeds.feed_reading import read


@pytest.mark.parametrize("element", ["quantity_in_stock", "stock_quantity", "count"])
@pytest.mark.parametrize("available", ["true", "false"])
def test_the_number_of_pieces_is_the_stock(element: str, available: str) -> None:
    offers = "".join(
        f'<offer id="{at}" available="{available}"><price>5</price><currencyId>UAH</currencyId><name>Cup</name>'
        f"<{element}>{at}</{element}></offer>"
        for at in (0, 3, 25)
    )
    reading = read(f"<yml_catalog><shop><offers>{offers}</offers></shop></yml_catalog>", "feed.xml")
    assert [(product.inventory_count, product.inventory_policy) for product in reading.products] == [
        (0, "tracked"), (3, "tracked"), (25, "tracked"),
    ]  # fmt: skip
