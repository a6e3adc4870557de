"""Tests exports of Tally masters, and other XML files in which only the name identifies a product."""

from decimal import Decimal

import pytest

from tests.core.feeds.feed_reading import read


def rates(name: str, day: str, rate: str, *amounts: tuple[str, str]) -> str:
    return "".join(f"<{name}><{day}>{since}</{day}><{rate}>{amount}</{rate}></{name}>" for since, amount in amounts)


def item(name: str, stock: str, *prices: tuple[str, str], alias: str = "", mrp: str = "") -> str:
    cost = rates("STANDARDCOSTLIST.LIST", "DATE", "RATE", ("20250401", "1.00/Nos"))
    names = f"<NAME>{name}</NAME>" + (f"<NAME>{alias}</NAME>" if alias else "")
    return (
        f'<TALLYMESSAGE xmlns:UDF="TallyUDF"><STOCKITEM NAME="{name}" RESERVEDNAME=""><PARENT>Toys</PARENT>'
        f"<BASEUNITS>Nos</BASEUNITS><OPENINGBALANCE> 9 Nos</OPENINGBALANCE>"
        f"<CLOSINGBALANCE> {stock} Nos</CLOSINGBALANCE>"
        f"{cost}{rates('STANDARDPRICELIST.LIST', 'DATE', 'RATE', *prices)}"
        + (rates("MRPDETAILS.LIST", "FROMDATE", "MRPRATE", ("20250401", mrp)) if mrp else "")
        + f'<LANGUAGENAME.LIST><NAME.LIST TYPE="String">{names}</NAME.LIST></LANGUAGENAME.LIST></STOCKITEM>'
        + "</TALLYMESSAGE>"
    )


def masters(*items: str) -> bytes:
    body = "".join(items)
    text = f"<ENVELOPE><BODY><IMPORTDATA><REQUESTDATA>{body}</REQUESTDATA></IMPORTDATA></BODY></ENVELOPE>"
    return text.encode("utf-16")


def test_the_name_of_a_stock_item_is_its_sku() -> None:
    content = masters(
        item("Wooden Top", "24", ("20250401", "899.00/Nos"), alias="WT-1"),
        item("Kite", "(-)2", ("20240401", "80.00/Nos"), ("20250401", "1,099.00/Nos"), ("20990401", "9.00/Nos")),
    )
    for encoding in ("utf-16", "utf-8"):
        reading = read(content.decode("utf-16").encode(encoding), "masters.xml", currency="INR")
        assert [(one.sku, one.name, one.category, one.price, one.inventory_count) for one in reading.products] == [
            ("Wooden Top", "Wooden Top", "Toys", Decimal(899), 24), ("Kite", "Kite", "Toys", Decimal(1099), 0),
        ]  # fmt: skip
        assert {key for one in reading.products for key in one.attributes} <= {"mrp"}
        assert not reading.feed.questions


def test_an_item_without_a_standard_price_has_the_retail_price() -> None:
    product = read(masters(item("Kite", "2", mrp="120.00/Nos")), "masters.xml").product
    assert product.price == Decimal("120.00")


def test_the_alias_can_be_chosen_as_the_sku() -> None:
    content = masters(item("Wooden Top", "24", ("20250401", "899.00/Nos"), alias="WT-1"))
    product = read(content, "masters.xml", {"sku": "ALIAS"}).product
    assert (product.sku, product.name) == ("WT-1", "Wooden Top")


def test_a_name_that_is_mapped_to_the_sku_is_also_the_product_name() -> None:
    for content, key in (
        (
            '<list><thing NAME="Kite"><PRICE>9.50</PRICE></thing><thing NAME="Top"><PRICE>8</PRICE></thing></list>',
            "@NAME",
        ),
        ("Name;Price;Stock\nKite;9,50;3\nTop;8,00;4\n", "Name"),
    ):
        name = "a.xml" if content.startswith("<") else "a.csv"
        read_products = read(content, name, {"sku": key}).products
        assert [(one.sku, one.name) for one in read_products] == [("Kite", "Kite"), ("Top", "Top")]


def retail(day: str, *rates: tuple[str, str]) -> str:
    of_states = "".join(
        f"<MRPRATEDETAILS.LIST><STATENAME>{state}</STATENAME><MRPRATE>{rate}</MRPRATE></MRPRATEDETAILS.LIST>"
        for state, rate in rates
    )
    return f"<MRPDETAILS.LIST><FROMDATE>{day}</FROMDATE>{of_states}</MRPDETAILS.LIST>"


def with_retail(content: bytes, *prices: str) -> bytes:
    text = content.decode("utf-16").replace("<LANGUAGENAME.LIST>", "".join(prices) + "<LANGUAGENAME.LIST>")
    return text.encode("utf-16")


@pytest.mark.parametrize("rate", ["500.00/Doz", "12.00/Box", "1,200.00/Kgs", "90/gross"])
def test_a_rate_for_another_unit_than_the_one_of_the_stock_is_rejected(rate: str) -> None:
    reading = read(masters(item("Kite", "24", ("20250401", rate))), "masters.xml", currency="INR")
    assert not reading.products
    assert "STANDARDPRICE" in reading.rejection.reason
    assert rate in reading.rejection.reason
    text = masters(item("Kite", "24", ("20250401", rate))).decode("utf-16").replace("<BASEUNITS>Nos</BASEUNITS>", "")
    assert not read(text, "masters.xml", currency="INR").products


def test_a_rate_for_the_unit_of_the_stock_is_the_price() -> None:
    text = masters(item("Kite", "24", ("20250401", "500.00/ box."))).decode("utf-16")
    product = read(text.replace("Nos", "Box"), "masters.xml", currency="INR").product
    assert (product.price, product.inventory_count) == (Decimal(500), 24)
    without_unit = masters(item("Kite", "24", ("20250401", "500.00")))
    assert read(without_unit, "masters.xml", currency="INR").product.price == Decimal(500)


@pytest.mark.parametrize(("first", "last"), [("899.00", "99.00"), ("99.00", "899.00"), ("9.50", "10.00")])
def test_the_last_of_several_rates_of_a_day_is_the_price(first: str, last: str) -> None:
    content = masters(item("Kite", "2", ("20250401", f"{first}/Nos"), ("20250401", f"{last}/Nos")))
    assert read(content, "masters.xml", currency="INR").product.price == Decimal(last)


@pytest.mark.parametrize(
    ("stock", "pieces"), [("64 Nos = 5 Doz 4", 64), ("(-)3 Nos = (-)0.25 Doz", 0), ("12 Nos = 1 Box 0", 12)]
)
def test_a_stock_in_two_units_is_counted_in_the_first_one(stock: str, pieces: int) -> None:
    product = read(masters(item("Kite", stock, ("20250401", "9.00/Nos"))), "masters.xml", currency="INR").product
    assert product.inventory_count == pieces


def test_retail_prices_of_states_are_read_if_they_are_equal_or_valid_in_all_states() -> None:
    kite = masters(item("Kite", "2"))
    for prices, expected in (
        ([retail("20250401", ("Any", "120.00/Nos"))], "120.00"),
        ([retail("20240401", ("Any", "110.00/Nos")), retail("20250401", ("Any", "130.00/Nos"))], "130.00"),
        ([retail("20250401", ("Goa", "95.00/Nos"), ("Kerala", "95.00/Nos"))], "95.00"),
        ([retail("20250401", ("Any", "99.00/Nos"), ("Kerala", "95.00/Nos"))], "99.00"),
    ):
        product = read(with_retail(kite, *prices), "masters.xml", currency="INR").product
        assert (product.price, product.attributes.get("mrp")) == (Decimal(expected), expected)
    different = read(
        with_retail(kite, retail("20250401", ("Goa", "95.00/Nos"), ("Kerala", "99.00/Nos"))), "masters.xml"
    )
    assert different.rejection.reason == "STANDARDPRICE: is empty"


def test_a_retail_price_for_another_unit_is_no_attribute() -> None:
    content = with_retail(
        masters(item("Kite", "2", ("20250401", "9.00/Nos"))), retail("20250401", ("Any", "120.00/Doz"))
    )
    product = read(content, "masters.xml", currency="INR").product
    assert (product.price, product.attributes) == (Decimal(9), {})
