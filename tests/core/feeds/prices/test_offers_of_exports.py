"""Tests offers without days in known exports. They are valid if the documentation of the vendor says this. Otherwise,
they lead to a question.
"""

import json

import pytest

from tests.core.feeds.feed_reading import Reading, read

WOOCOMMERCE = "Type,SKU,Name,Published,Date sale price starts,Date sale price ends,Sale price,Regular price\n"
WOOCOMMERCE_DE = (
    "Typ,Artikelnummer,Name,Veröffentlicht,Angebotspreis,Regulärer Preis,"
    '"Datum, an dem Angebotspreis beginnt","Datum, an dem Angebotspreis endet"\n'
)
MAGENTO = "sku,attribute_set_code,product_type,name,price,special_price,special_price_from_date,special_price_to_date\n"
GOOGLE = "id,title,image_link,price,sale_price\n"
BIGCOMMERCE = "Item,ID,Name,SKU,Options,Inventory Tracking,Price,Sale Price\n"
TIENDANUBE = "Identificador de URL,Nombre,SKU,Precio,Precio promocional\n"
SQUARESPACE = "Product ID,Product URL,Title,SKU,Price,Sale Price,On Sale,Hosted Image URLs\n"


def offers(reading: Reading) -> dict[str, list[str]]:
    return {item.sku: [str(offer.price) for offer in item.offers or ()] for item in reading.products}


@pytest.mark.parametrize(
    ("text", "sold"),
    [
        (WOOCOMMERCE + "simple,A,Pot,1,,,24.00,29.00\nsimple,B,Cup,1,,,,9.00\n", {"A": ["24.00"], "B": []}),
        (WOOCOMMERCE_DE + "simple,A,Kanne,1,24,29,,\nsimple,B,Tasse,1,,9,,\n", {"A": ["24.00"], "B": []}),
        (MAGENTO + "A,Default,simple,Pot,29.00,24.00,,\nB,Default,simple,Cup,9.00,,,\n", {"A": ["24.00"], "B": []}),
        (GOOGLE + "A,Pot,,29.00 EUR,24.00 EUR\nB,Cup,,9.00 EUR,\n", {"A": ["24.00"], "B": []}),
        (TIENDANUBE + "pava,Pava,A,29.00,24.00\ntaza,Taza,B,9.00,\n", {"A": ["24.00"], "B": []}),
        (
            SQUARESPACE + "1,pot,Pot,A,29.00,24.00,Yes,\n2,cup,Cup,B,9.00,7.00,No,\n3,jug,Jug,C,8.00,,No,\n",
            {"A": ["24.00"], "B": [], "C": []},
        ),
        (
            BIGCOMMERCE
            + "Product,1,Pot,P,,variant,29.00,24.00\nVariant,,,P-1,Type=R|Name=Size|Value=S,,,\n"
            + "Variant,,,P-2,Type=R|Name=Size|Value=L,,35.00,\n",
            {"P-1": ["24.00"], "P-2": []},
        ),
    ],
)
def test_an_offer_without_days_is_valid_if_the_vendor_documents_such_offers(
    text: str, sold: dict[str, list[str]]
) -> None:
    reading = read(text)
    assert offers(reading) == sold
    assert not reading.feed.questions
    assert not any("price" in name for item in reading.products for name in item.attributes)


def test_the_sale_price_in_the_woocommerce_rest_api_is_an_offer() -> None:
    products = [
        {"id": 1, "sku": "A", "type": "simple", "name": "Pot", "price": "24", "regular_price": "29", "sale_price": "24",
         "date_on_sale_from": None, "date_on_sale_to": None, "stock_status": "instock", "manage_stock": False},
        {"id": 2, "sku": "B", "type": "simple", "name": "Cup", "price": "9", "regular_price": "9", "sale_price": "",
         "date_on_sale_from": None, "date_on_sale_to": None, "stock_status": "instock", "manage_stock": False},
    ]  # fmt: skip
    reading = read(json.dumps(products), "products.json")
    assert (offers(reading), reading.feed.questions) == ({"A": ["24.00"], "B": []}, ())
    assert [str(item.price) for item in reading.products] == ["29.00", "9.00"]


@pytest.mark.parametrize("rows", [1, 400])
def test_offers_that_first_appear_after_the_sample_are_used(rows: int) -> None:
    text = WOOCOMMERCE + "".join(f"simple,S{n},Pot {n},1,,,,29.00\n" for n in range(rows))
    text += "simple,A,Pot,1,2020-01-01,2020-01-31,24.00,29.00\nsimple,B,Cup,1,,,7.00,9.00\n"
    items = {item.sku: item for item in read(text).products}
    (ended,), (running,) = items["A"].offers or (), items["B"].offers or ()
    assert (str(ended.last), str(running.last)) == ("2020-01-31", "None")


@pytest.mark.parametrize("rows", [1, 700])
def test_the_offers_of_an_xml_google_feed_are_used_in_every_record(rows: int) -> None:
    item = "<item><g:id>{}</g:id><g:title>Pot</g:title><g:price>29.00 EUR</g:price>{}</item>"
    sale = "<g:sale_price>24.00 EUR</g:sale_price>"
    period = "<g:sale_price_effective_date>2020-01-01/2020-01-31</g:sale_price_effective_date>"
    items = "".join(item.format(f"S{n}", "") for n in range(rows)) + item.format("A", sale)
    items += item.format("B", sale + period)
    feed = f'<rss xmlns:g="http://base.google.com/ns/1.0"><channel>{items}</channel></rss>'
    products = {item.sku: item for item in read(feed, "feed.xml").products}
    (running,), (ended,) = products["A"].offers or (), products["B"].offers or ()
    assert (str(running.price), running.last, str(ended.last)) == ("24.00", None, "2020-01-31")


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("item_sku\titem_name\tstandard_price\tsale_price\nA\tPot\t29.00\t24.00\nB\tCup\t9.00\t\n", "sale_price"),
        (
            "item_sku\titem_name\tstandard_price\tsale_price\tsale_from_date\tsale_end_date\n"
            "A\tPot\t29.00\t24.00\t\t\nB\tCup\t9.00\t\t\t\n", "sale_price",
        ),
        ("Handle,Title,Variant SKU,Variant Price,Promo Price\na,Pot,A,29.00,24.00\nb,Cup,B,9.00,\n", "Promo Price"),
    ],
)  # fmt: skip
def test_an_offer_without_days_leads_to_a_question_if_the_vendor_requires_days(text: str, column: str) -> None:
    reading = read(text)
    (question,) = reading.feed.questions
    assert (question.key, [choice.value for choice in question.choices]) == ("offers", ["", column])
    assert offers(read(text, mapping={"offers": column})) == {"A": ["24.00"], "B": []}
    assert offers(read(text, mapping={"offers": None})) == {"A": [], "B": []}
