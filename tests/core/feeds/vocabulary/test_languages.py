"""Tests that a usual export in each language is read without a question, and that purchase prices and suppliers are
private.
"""

# ruff: noqa: E501, RUF001

import pytest

from tests.core.feeds.feed_reading import read
from tests.core.feeds.languages import LANGUAGES, PURCHASE_SIDE, Language
from wecelebrate.feeds import Product
from wecelebrate.feeds.columns.names import field_candidates
from wecelebrate.feeds.columns.visibility import internal_part, is_property
from wecelebrate.feeds.prices.candidates import name_of_price
from wecelebrate.feeds.vocabulary import FOLDER

SUPPLIER, PURCHASE = "Planted Trading Ltd", "7310"
BY_CODE = {language.code: language for language in LANGUAGES}
PRIVATE = [(line.split("|")[0], *line.split("|")[1:]) for line in PURCHASE_SIDE.strip().splitlines()]
IDS = [language.code for language in LANGUAGES]


def export(language: Language) -> str:
    header = (
        language.sku, language.name, language.supplier, language.purchase, language.price, language.stock,
        language.state, language.color,
    )  # fmt: skip
    rows = [
        ("T-101", "Lampa Nord", SUPPLIER, PURCHASE, "20000", "5", language.active, "x1"),
        ("T-102", "Korb Alto", SUPPLIER, PURCHASE, "21000", language.in_stock, language.active, "x2"),
        ("T-103", "Vase Lin", SUPPLIER, PURCHASE, "22000", language.sold_out, language.inactive, "x3"),
        ("T-104", "Tasse Mo", SUPPLIER, PURCHASE, "23000", "0", language.active, "x1"),
    ]
    return "\n".join("\t".join(cells) for cells in (header, *rows)) + "\n"


def public_texts(product: Product) -> str:
    texts = (product.name, product.description, product.category, product.brand, product.price, product.attributes)
    return " ".join(map(str, texts))


def test_each_language_of_the_vocabulary_has_a_sample() -> None:
    assert {code.partition("-")[0] for code in BY_CODE} == {file.stem for file in FOLDER.glob("*.toml")}
    assert [code for code, *_ in PRIVATE] == IDS


@pytest.mark.parametrize("language", LANGUAGES, ids=IDS)
def test_an_export_in_each_language_is_read_without_a_question(language: Language) -> None:
    reading = read(export(language), currency=language.currency)
    assert reading.feed.questions == ()
    assert not reading.rejected
    assert [(p.sku, p.name) for p in reading.products][:2] == [("T-101", "Lampa Nord"), ("T-102", "Korb Alto")]
    assert [int(p.price or 0) for p in reading.products] == [20000, 21000, 22000, 23000]
    assert [p.is_active for p in reading.products] == [True, True, False, True]
    stocks = [(p.inventory_policy, p.inventory_count) for p in reading.products]
    assert stocks == [("tracked", 5), ("untracked", 0), ("tracked", 0), ("tracked", 0)]
    vague = [language.in_stock] if language.in_stock == "plenty" else []
    warnings = [(warning["code"], warning["value"]) for warning in reading.feed.warnings.as_json()]
    assert warnings == [("vague_stock", text) for text in vague]


@pytest.mark.parametrize("language", LANGUAGES, ids=IDS)
def test_the_purchase_price_and_the_supplier_are_private_and_the_colour_is_public(language: Language) -> None:
    for product in read(export(language), currency=language.currency).products:
        assert product.attributes == {language.color: product.attributes[language.color]}
        assert SUPPLIER not in public_texts(product) and PURCHASE not in public_texts(product)
        assert product.source[language.purchase] == PURCHASE


@pytest.mark.parametrize("language", LANGUAGES, ids=IDS)
def test_a_purchase_price_is_never_the_price(language: Language) -> None:
    text = f"{language.sku}\t{language.name}\t{language.purchase}\nT-1\tLampa\t7310\nT-2\tKorb\t7320\n"
    reading = read(text, currency=language.currency)
    assert [product.price for product in reading.products] == [None, None]
    assert [(question.key, question.choices[0].value) for question in reading.feed.questions] == [("price", "")]


@pytest.mark.parametrize("code, names", [(code, names) for code, *names in PRIVATE], ids=[row[0] for row in PRIVATE])
def test_columns_with_purchase_names_are_private_and_never_the_price(code: str, names: list[str]) -> None:
    language = BY_CODE[code]
    cells = [PURCHASE, PURCHASE, PURCHASE, SUPPLIER, "7310"]
    header = "\t".join((language.sku, language.name, *names, language.price))
    rows = "\n".join(f"T-{n}\tLampa {n}\t" + "\t".join(cells) + f"\t{n}0000" for n in (1, 2, 3))
    reading = read(f"{header}\n{rows}\n", currency=language.currency)
    assert [int(product.price or 0) for product in reading.products] == [10000, 20000, 30000]
    assert reading.feed.questions == ()
    for product in reading.products:
        assert (product.attributes, product.brand, product.category, product.description) == ({}, None, None, None)


@pytest.mark.parametrize("code, names", [(code, names) for code, *names in PRIVATE], ids=[row[0] for row in PRIVATE])
def test_a_column_name_that_contains_a_private_word_is_private(code: str, names: list[str]) -> None:
    language = BY_CODE[code]
    for secret in (language.purchase, names[3]):
        assert internal_part(secret), secret
        for public in (language.name, language.color, language.price):
            name = f"{public} ({secret})"
            assert not is_property(name), name
            assert {"name", "description", "brand"}.isdisjoint(field for field, _, _ in field_candidates(name)), name
            price = name_of_price(name)
            assert price is None or price.kind == "purchase", name


@pytest.mark.parametrize("language", LANGUAGES, ids=IDS)
def test_a_column_name_in_capitals_or_with_additional_spaces_is_recognised(language: Language) -> None:
    assert field_candidates(language.stock.upper()) == field_candidates(language.stock)
    assert field_candidates(f"  {language.sku} : ") == field_candidates(language.sku)


@pytest.mark.parametrize(
    ("column", "field"),
    [
        ("商品编码 SKU", "sku"), ("Артикул (SKU)", "sku"), ("SKU / Артикул", "sku"), ("ＳＫＵ", "sku"), ("商品・コード", "sku"),
        ("商品名【日本語】", "name"), ("Ürün Adı", "name"), ("URUN ADI", "name"), ("ÜRÜN ADİ", "name"),
        ("ΠΕΡΙΓΡΑΦΗ ΕΙΔΟΥΣ", "name"), ("اِسم الـمنتج", "name"), ("إسم المنتج", "name"), ("Tên sản phẩm *", "name"),
        ("TEN HANG", "name"), ("Količina", "inventory_count"), ("KOLICINA", "inventory_count"),
        ("Кол-во", "inventory_count"), ("К-сть", "inventory_count"), ("재고 수량", "inventory_count"),
        ("SOH", "inventory_count"), ("Qty. in Stock", "inventory_count"), ("Lagerbest.", "inventory_count"),
        ("På lager", "inventory_count"), ("Stan mag.", "inventory_count"), ("Dispo", "inventory_count"),
        ("Isıtıcı Rengi", None), ("Ценовая группа", None), ("価格帯", None), ("No", "sku"), ("№", "sku"),
    ],
)  # fmt: skip
def test_usual_spellings_of_a_column_name_are_recognised(column: str, field: str | None) -> None:
    assert next((name for name, _, _ in field_candidates(column)), None) == field
