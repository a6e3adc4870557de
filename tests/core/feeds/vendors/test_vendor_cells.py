"""Tests cells in vendor-specific formats: name-value pairs of Magento, prices of commercetools, commands of
Matrixify.
"""

import pytest

from tests.core.feeds.feed_reading import read
from wecelebrate.feeds.notation.convert import attributes_of_codes


@pytest.mark.parametrize(
    ("cell", "attributes"),
    [
        ("color=Red,size=M", {"color": "Red", "size": "M"}),
        ("color=Red, size=M", {"color": "Red", "size": "M"}),
        ('color=Black,"features=Zip|Pocket, inside"', {"color": "Black", "features": "Zip, Pocket, inside"}),
        ('color="Red, dark",material="Wool|Silk"', {"color": "Red, dark", "material": "Wool, Silk"}),
        ('"features=Laptop ""Sleeve"", 15 inches",size=M', {"features": 'Laptop "Sleeve", 15 inches', "size": "M"}),
        ("features=Lid, round,size=M", {"features": "Lid, round", "size": "M"}),
        ("url=http://x.example?a=b,size=M", {"url": "http://x.example?a=b", "size": "M"}),
        ("color=,size=M", {"size": "M"}),
        ("", {}),
        ('"', {}),
        ("no pair", {}),
    ],
)
def test_name_value_pairs_of_magento_are_attributes(cell: str, attributes: dict[str, str]) -> None:
    assert attributes_of_codes(cell) == attributes


def test_only_public_name_value_pairs_of_magento_become_attributes() -> None:
    cell = '"color=Red,supplier_code=S-9,cost_price=4,size=M"'
    product = read(
        f"sku,attribute_set_code,product_type,name,price,additional_attributes\nA,D,simple,Hat,5,{cell}\n"
    ).product
    assert product.attributes == {"color": "Red", "size": "M"}


@pytest.mark.parametrize(
    "content",
    [
        "sku,attribute_set_code,product_type,name,price,visibility\nA,D,simple,Hat,5,Not Visible Individually\n",
        '{"products": [{"id": 1, "title": "Hat", "status": "draft", "variants": [{"sku": "A", "price": "5"}]}]}',
        "sku,store_view_code,product_type,name,price,visibility\nA,,virtual,Hat,5,Catalog\n",
    ],
)
def test_values_for_the_shop_system_are_not_attributes(content: str) -> None:
    assert not read(content).product.attributes


@pytest.mark.parametrize(
    ("cell", "currency", "price"),
    [
        ("EUR 1299", "EUR", ("12.99", "EUR")),
        ("USD 1500;EUR 1299", "EUR", ("12.99", "EUR")),
        ("DE-EUR 1199;EUR 1299", "EUR", ("12.99", "EUR")),
        ("DE-EUR 1199|999;US-USD 1500", "EUR", ("11.99", "EUR")),
        ("EUR 900 dealers;EUR 1299", "EUR", ("12.99", "EUR")),
        ("JPY 1500", "JPY", ("1500", "JPY")),
        ("USD 1500", "EUR", ("15.00", "USD")),
    ],
)
def test_commercetools_prices_for_all_customers_are_read_in_cents(
    cell: str, currency: str, price: tuple[str, str]
) -> None:
    text = f"productType,variantId,sku,prices,name.en\nmain,1,A,{cell},Hat\n"
    product = read(text, currency=currency).product
    assert (str(product.price), product.currency) == price


@pytest.mark.parametrize(
    "cell", ["12.99", "EUR", "EUR 12.99", "EUR 900 dealers", "EUR 900$2020-01-01~2020-02-01", "XXQ 5"]
)
def test_commercetools_prices_for_some_customers_or_not_in_cents_are_rejected(cell: str) -> None:
    reading = read(f"productType,variantId,sku,prices,name.en\nmain,1,A,{cell},Hat\n")
    assert (reading.rejection.sku, reading.rejection.code) == ("A", "not_a_number")


@pytest.mark.parametrize(
    ("command", "variant_command", "result"),
    [
        ("MERGE", "MERGE", True), ("UPDATE", "", True), ("REPLACE", "REPLACE", True), ("", "", True),
        ("DELETE", "", False), ("MERGE", "DELETE", False), ("IGNORE", "", "ignored"), ("MERGE", "IGNORE", "ignored"),
    ],
)  # fmt: skip
def test_matrixify_commands_can_delete_or_skip_a_product(
    command: str, variant_command: str, result: bool | str
) -> None:
    header = "Handle,Command,Title,Vendor,Variant Command,Option1 Name,Option1 Value,Variant SKU,Variant Price\n"
    (item,) = read(f"{header}hat,{command},Hat,Nord,{variant_command},Title,Default Title,HAT,5\n").items
    assert (item.code if isinstance(result, str) else item.is_active) == result  # type: ignore[union-attr]


def test_only_the_default_store_view_is_read() -> None:
    header = "sku,store_view_code,attribute_set_code,product_type,name,price\n"
    reading = read(header + "A,de,,,Hut,\nA,,Default,simple,Hat,5\nB,fr,,,Chapeau,\nC,default,Default,simple,Cap,6\n")
    assert [(product.sku, product.name, product.rows) for product in reading.products] == [
        ("C", "Cap", 1),
        ("A", "Hat", 2),
    ]
    assert (reading.rejection.sku, reading.rejection.code) == ("B", "translation")
