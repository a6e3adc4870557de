"""Tests exports of Tally masters, and other XML files in which only the name identifies a product."""

from decimal import Decimal

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
