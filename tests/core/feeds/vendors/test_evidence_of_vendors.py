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
