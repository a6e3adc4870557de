"""Tests files in the format DATANORM 4."""

from decimal import Decimal

import pytest

from tests.core.feeds.feed_reading import read
from wecelebrate.feeds import UnreadableFeed

HEAD = f"V 020326{'Grosshandel Nord GmbH':<115}04EUR"
ARTICLES = (
    'A;N;WT4711;00;Waschtisch 60 cm weiß;"flach" mit Überlauf;1;0;ST;18950;R10;210;;',
    "B;N;WT4711;WASCHTISCH;;;;;;4012345000016;;;0;0;;;",
    'A;N;DI0815;00;Flachdichtung 3/4";Gummi;1;2;ST;1900;R22;330;;',
    "T;N;DI0815;1;Ein langer Text;",
    "A;N;RO1500;00;Kupferrohr 15x1;;1;1;M;9850;R31;410;;",
    "B;N;RO1500;ROHR;;;;;;4012345000017;;;0;0;;;",
    "A;N;NP2000;00;Nur der Preis des Händlers;;2;0;ST;5000;R31;410;;",
)


def _text(*records: str, head: str = HEAD) -> str:
    return "\r\n".join((head, *records, "\x1a"))


@pytest.mark.parametrize("encoding", ["cp850", "utf-8", "cp1252"])
def test_an_article_is_read_with_its_texts_gtin_and_list_price_per_piece(encoding: str) -> None:
    reading = read(_text(*ARTICLES), name="DATANORM.001", encoding=encoding)
    assert [(one.sku, one.name, one.price, one.currency) for one in reading.products] == [
        ("WT4711", 'Waschtisch 60 cm weiß "flach" mit Überlauf', Decimal("189.50"), "EUR"),
        ("DI0815", 'Flachdichtung 3/4" Gummi', Decimal("0.19"), "EUR"),
        ("RO1500", "Kupferrohr 15x1", Decimal("9.85"), "EUR"),
    ]
    assert [one.attributes.get("EAN") for one in reading.products] == ["4012345000016", None, None]
    assert not reading.feed.questions
    assert reading.feed.declared_mode is None


def test_the_net_price_of_a_dealer_and_the_discount_group_are_private() -> None:
    reading = read(_text(*ARTICLES), name="DATANORM.001")
    assert [item.sku for item in reading.rejected] == ["NP2000"]
    assert all("50.00" not in str(one.attributes) and "R10" not in str(one.attributes) for one in reading.products)


def test_net_prices_of_a_dealer_lead_to_a_question() -> None:
    net = [record.replace(";1;0;ST;", ";2;0;ST;").replace(";1;2;ST;", ";2;2;ST;") for record in ARTICLES[:4]]
    reading = read(_text(*net), name="DATANORM.001")
    assert [question.key for question in reading.feed.questions] == ["price"]
    assert all(one.price is None for one in reading.products)


def test_a_record_that_deletes_an_article_deactivates_the_product() -> None:
    reading = read(_text(*ARTICLES[:2], "A;L;ALT1;00;Alt;;1;0;ST;100;;;;", "A;A;NEU1;00;Neu;;1;9;ST;100;;;;"))
    assert [(one.sku, one.is_active) for one in reading.products] == [("WT4711", True), ("ALT1", False)]
    assert [(item.sku, item.code) for item in reading.rejected] == [("NEU1", "bad_price_unit")]
    assert reading.feed.declared_mode == "delta"


@pytest.mark.parametrize(
    ("head", "words"),
    [
        ("V;050;A;20260302;EUR;Grosshandel;", "DATANORM 5"),
        (f"V 020326{'Nord':<115}03DM ", "DATANORM 3"),
        (HEAD, "without articles"),
    ],
)
def test_the_error_for_an_unsupported_datanorm_file_names_the_format(head: str, words: str) -> None:
    with pytest.raises(UnreadableFeed, match=words):
        read(_text("P;A;WT4711;1;19000;;", head=head))


def test_a_table_that_begins_with_v_is_not_read_as_datanorm() -> None:
    assert [one.sku for one in read("V 1;Name;Price;SKU\nx;Cup;4.20;A-1\n").products] == ["A-1"]
