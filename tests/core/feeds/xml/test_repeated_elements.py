"""Tests that tax and language attributes distinguish repeated elements. The attribute names can be in many
languages.
"""

import pytest

from tests.core.feeds.feed_reading import Reading, read


def document(*products: str) -> Reading:
    items = "".join(f"<item><sku>A-{at}</sku>{product}</item>" for at, product in enumerate(products))
    return read(f"<items>{items}</items>", "feed.xml")


@pytest.mark.parametrize(
    ("element", "with_tax", "without_tax"),
    [
        ("hind", 'kmga="jah"', 'kmga="ei"'), ("prix", 'ht="non"', 'ht="oui"'), ("preis", 'mwst="ja"', 'mwst="nein"'),
        ("price", 'inclVat="true"', 'inclVat="false"'), ("cena", 'brutto="tak"', 'brutto="nie"'),
        ("hinta", 'alv="kyllä"', 'alv="ei"'), ("prezzo", 'ivato="sì"', 'ivato="no"'),
    ],
)  # fmt: skip
@pytest.mark.parametrize("is_first", [True, False])
def test_the_price_with_tax_is_read_if_a_product_has_several_price_elements(
    element: str, with_tax: str, without_tax: str, is_first: bool
) -> None:
    gross, net = (f"<{element} {with_tax}>{{}}</{element}>", f"<{element} {without_tax}>{{}}</{element}>")
    prices = [(gross.format(amount), net.format(amount // 2)) for amount in (34, 66)]
    reading = document(*("".join(pair if is_first else pair[::-1]) for pair in prices))
    assert [f"{product.price:.2f}" for product in reading.products] == ["34.00", "66.00"]
    assert reading.feed.questions == ()


def test_a_price_with_a_tax_code_does_not_necessarily_include_tax() -> None:
    reading = document('<price vat="1">34.00</price>', '<price vat="0">66.00</price>')
    assert reading.details["mapping"]["price"] == "price"


def test_a_purchase_price_with_a_tax_attribute_is_not_the_selling_price() -> None:
    prices = (
        '<prix type="achat" ht="oui">{}.84</prix><prix type="vente" ht="oui">{}.49</prix>'
        '<prix type="vente" ht="non">{}.90</prix>'
    )
    reading = document(prices.format(3, 7, 8), prices.format(4, 8, 9))
    assert ([f"{product.price:.2f}" for product in reading.products], reading.feed.questions) == (["8.90", "9.90"], ())


@pytest.mark.parametrize("attribute", ["keel", "langue", "sprache", "språk", "jazyk", "idioma", "язык"])
def test_the_name_in_the_first_language_is_the_product_name(attribute: str) -> None:
    name = f'<name {attribute}="et">Lõikelaud</name><name {attribute}="en">Board</name><price>5</price>'
    reading = document(name, name)
    assert [product.name for product in reading.products] == ["Lõikelaud"] * 2
