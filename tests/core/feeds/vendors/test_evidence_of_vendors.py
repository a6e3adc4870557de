"""Tests that a vendor export is recognised only by column names that other systems do not use."""

import json

import pytest

from tests.core.feeds.feed_reading import read

TAXED = {"name": "Mug", "price_excluding_tax": 8.4, "price_including_tax": 10.0, "price_currency": "SGD"}


def lines(*records: dict[str, object]) -> bytes:
    return "\n".join(json.dumps(record) for record in records).encode()


def test_records_with_usual_names_are_read_without_a_vendor_profile() -> None:
    reading = read(
        lines(
            {"id": "f1", "sku": "M-1", **TAXED, "tracks": 1, "quantity_on_hand": 4},
            {"id": "f2", "sku": "M-2", **TAXED, "tracks": 1, "quantity_on_hand": 0},
        ),
        "products.ndjson",
    )
    products = [(one.sku, str(one.price), one.currency, one.inventory_count) for one in reading.products]
    assert products == [("M-1", "10.00", "SGD", 4), ("M-2", "10.00", "SGD", 0)]


@pytest.mark.parametrize("sku", ["sku", "item_number", "article_code", "artikelnummer"])
@pytest.mark.parametrize("price", ["price_tax_excluded", "price_tax_excl", "price_including_tax"])
def test_an_internal_id_beside_a_sku_column_is_not_the_sku(sku: str, price: str) -> None:
    reading = read(f"id,{sku},name,{price}\n71,M-1,Mug,12.00\n72,M-2,Cup,13.00\n".encode(), "a.csv")
    assert [one.sku for one in reading.products] == ["M-1", "M-2"]


def test_an_export_with_a_vendor_specific_name_is_recognised() -> None:
    reading = read(b"id;Name;Price tax excluded;Image URLs (x,y,z...)\n71;Mug;12.00;\n72;Cup;13.00;\n", "a.csv")
    assert [one.sku for one in reading.products] == ["71", "72"]
    assert reading.feed.reading["profile"] == "prestashop"


def test_a_currency_column_outside_of_the_profile_is_read() -> None:
    reading = read(
        b"Reference;Name;Price tax excluded;Currency;Quantity\nM-1;Mug;12.00;CHF;3\nM-2;Cup;13.00;CHF;4\n", "a.csv"
    )
    assert [one.currency for one in reading.products] == ["CHF", "CHF"]


def test_a_record_whose_stock_is_not_counted_is_untracked() -> None:
    reading = read(
        lines(
            {"sku": "M-1", **TAXED, "has_inventory": True, "stock": 4},
            {"sku": "M-2", **TAXED, "has_inventory": False, "stock": 0},
        ),
        "products.ndjson",
    )
    assert [(one.inventory_policy, one.inventory_count) for one in reading.products] == [
        ("tracked", 4),
        ("untracked", 0),
    ]


@pytest.mark.parametrize(
    "header",
    [
        "Type;SKU;Name;Regular price (GBP);Sale price (GBP)", "Type;SKU;Name;Regular price NOK;Sale price NOK",
        "Categories;SKU;Name;Regular price [PLN];Sale price [PLN]",
    ],
)  # fmt: skip
def test_usual_names_with_a_currency_do_not_make_a_known_export(header: str) -> None:
    rows = "Gift;A-1;Mug;19.00;15.00\nGift;A-2;Cup;9.00;\n"
    reading = read(f"{header}\n{rows}", currency="EUR")
    assert reading.feed.reading["profile"] == "plain"
    assert [question.subject for question in reading.feed.questions] == ["money"]
    assert [one.offers for one in reading.products] == [(), ()]


@pytest.mark.parametrize(
    "header", ["Handle;SKU;Name;Retail price (NZD);Stock", "reference;code;name;price_including_tax (SEK);quantity"]
)
def test_a_loose_signature_needs_the_names_without_a_currency(header: str) -> None:
    reading = read(f"{header}\nmug;A-1;Mug;19.00;4\ncup;A-2;Cup;9.00;5\n", currency="EUR")
    assert reading.feed.reading["profile"] == "plain"


WOO = "ID,Type,SKU,Name,Published,Stock,{0}\n1,simple,A-1,Mug,1,5,19.00,21.00\n2,simple,A-2,Cup,1,6,9.00,10.50\n"
SHOP = (
    "Handle,Title,Option1 Name,Option1 Value,Variant SKU,{0}\nm,Mug,Size,S,A-1,19.00,21.00\nm,,Size,M,A-2,9.00,10.50\n"
)
MAGENTO = (
    "sku,name,product_type,attribute_set_code,{0}\nA-1,Mug,simple,Default,19.00,21.00\nA-2,Cup,simple,Default,9,10.50\n"
)


@pytest.mark.parametrize(
    ("content", "names", "codes"),
    [
        (WOO, "Regular price (GBP),Regular price (PLN)", ("GBP", "PLN")),
        (WOO, "Regular price £,Regular price (zł)", ("GBP", "PLN")),
        (WOO, "Regular price (A$),Regular price ($)", ("AUD", "USD")),
        (SHOP, "Variant Price (CHF),Variant Price (SEK)", ("CHF", "SEK")),
        (MAGENTO, "price (CZK),price (EUR)", ("CZK", "EUR")),
    ],
)
def test_the_price_of_a_known_export_is_the_one_in_the_currency_of_the_catalog(
    content: str, names: str, codes: tuple[str, str]
) -> None:
    for code, amounts in zip(codes, (["19.00", "9.00"], ["21.00", "10.50"]), strict=True):
        reading = read(content.format(names), currency=code)
        assert [(str(one.price), one.currency) for one in reading.products] == [(each, code) for each in amounts]
        assert reading.feed.reading["profile"] != "plain"


@pytest.mark.parametrize("names", ["Variant Price,Variant Price (SEK)", "Variant Price (SEK),Variant Price"])
def test_a_column_without_a_currency_is_preferred_to_another_currency(names: str) -> None:
    for code, named in (("EUR", False), ("SEK", True)):
        (product, _) = read(SHOP.format(names), currency=code).products
        is_first = names.startswith("Variant Price (SEK)") is named
        assert (str(product.price), product.currency) == ("19.00" if is_first else "21.00", code)


@pytest.mark.parametrize("code", ["GBP", "CHF", "DKK"])
def test_the_currency_of_an_offer_says_nothing_about_the_regular_price(code: str) -> None:
    reading = read(WOO.format(f"Regular price,Sale price ({code})").replace("21.00", "18.00"), currency="EUR")
    assert [(str(one.price), one.currency, one.offers) for one in reading.products] == [
        ("19.00", "EUR", ()), ("9.00", "EUR", ()),
    ]  # fmt: skip
    own = read(WOO.format(f"Regular price,Sale price ({code})").replace("21.00", "18.00"), currency=code)
    assert [len(one.offers or ()) for one in own.products] == [1, 0]


def test_a_row_without_a_regular_price_is_not_sold_at_an_offer_in_another_currency() -> None:
    content = WOO.format("Regular price,Sale price (GBP)").replace("19.00,21.00", ",18.00")
    reading = read(content, currency="EUR")
    assert [one.sku for one in reading.products if one.price is not None] == ["A-2"]


@pytest.mark.parametrize(
    ("content", "currency", "names"),
    [
        (
            "default_code;name;list_price;Item code\nA-1;Mug;19.00;X9\nA-2;Cup;9.00;X8\n",
            "EUR",
            ("default_code", "Item code"),
        ),
        (
            "Barkod;Stok No;Urun Adi;Trendyol'da Satilacak Fiyat (KDV Dahil)\n"
            "8680001000017;UK1;Kupa;190,00\n8680001000024;UK2;Fincan;90,00\n",
            "TRY",
            ("Barkod", "Stok No"),
        ),
        (
            "reference;Nom;Prix TTC;Code article;Quantité\nA-1;Bol;19,00;X9;1\nA-2;Pot;9,00;X8;4\n",
            "EUR",
            None,
        ),
    ],
)
def test_two_columns_with_codes_in_a_known_export_are_a_question(
    content: str, currency: str, names: tuple[str, str] | None
) -> None:
    reading = read(content, currency=currency)
    questions = [each for each in reading.feed.questions if each.key == "sku"]
    if names is None:
        assert reading.feed.reading["profile"] == "plain"
        return
    (question,) = questions
    assert (question.subject, tuple(choice.value for choice in question.choices)) == ("identity", names)
    for name in names:
        answered = read(content, currency=currency, mapping={"sku": name})
        assert not [each for each in answered.feed.questions if each.key == "sku"]
        again = read(content, currency=currency, memory=answered.feed.reading)
        assert not [each for each in again.feed.questions if each.key == "sku"]
        assert [one.sku for one in again.products] == [one.sku for one in answered.products]


def test_an_internal_number_beside_a_code_is_no_question() -> None:
    rows = [{"id": f"0a{at}", "sku": f"M-{at}", "name": f"Mug {at}", "price_including_tax": 9.5 + at} for at in (1, 2)]
    reading = read(lines(*rows), "products.ndjson")
    assert ([one.sku for one in reading.products], reading.feed.questions) == (["M-1", "M-2"], ())
