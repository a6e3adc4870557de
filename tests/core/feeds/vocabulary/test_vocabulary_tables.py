"""Tests that the vocabulary is consistent: a word has one meaning in a language, and private words have priority."""

# ruff: noqa: E501, RUF001

import subprocess
import sys
import tomllib
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from wecelebrate.feeds.columns.names import count_known_columns, field_candidates, is_inverse
from wecelebrate.feeds.columns.synonyms import SYNONYMS
from wecelebrate.feeds.columns.visibility import internal_part
from wecelebrate.feeds.prices.names import price_name
from wecelebrate.feeds.states.words import state_of
from wecelebrate.feeds.stock import cells as stock
from wecelebrate.feeds.vocabulary import FOLDER, Vocabulary, vocabulary
from wecelebrate.feeds.vocabulary.folding import squeezed, word_lists

KEYS = {
    "columns": "sku gtin foreign key name description category brand currency images inventory_count is_active inactive "
    "availability in_stock sold_out price_unit end_date weak",
    "columns.weak": "sku name inventory_count is_active inactive",
    "prices": "base weak alone tax with without purchase compare list offer gross net neutral per currencies",
    "values": "yes no active inactive in_stock out_of_stock unlimited to_order on_request few unknown beside units "
    "over under closed",
    "private": "words stems operational",
    "properties": "product color size material weight length width height capacity gtin origin audience other",
}
REQUIRED = ("columns.sku", "columns.name", "columns.inventory_count", "columns.is_active", "prices.purchase",
            "values.in_stock", "values.out_of_stock", "values.active", "values.inactive", "private.stems")  # fmt: skip
NEW = [code for code, tables in vocabulary().by_language.items() if "prices.base" in tables and code != "fi"]
"""The languages whose words are only in the vocabulary file of the language."""
STATES = {
    "values.yes": "active", "values.active": "active", "values.in_stock": "active", "values.no": "inactive",
    "values.inactive": "inactive", "values.out_of_stock": "inactive",
}  # fmt: skip
STOCKS = {
    "values.yes": "in stock", "values.in_stock": "in stock", "values.no": "out of stock", "values.few": "few",
    "values.out_of_stock": "out of stock", "values.unlimited": "unlimited", "values.to_order": "to order",
    "values.on_request": "on request", "values.unknown": "unknown",
}  # fmt: skip
PUBLIC_TEXTS = ("columns.name", "columns.description", "columns.category", "columns.brand", "columns.images")


def meanings(tables: dict[str, list[str]], meaning_of: dict[str, str]) -> dict[str, set[str]]:
    """Map each word with several meanings to these meanings."""
    words: dict[str, set[str]] = {}
    for table, meaning in meaning_of.items():
        for word in tables.get(table, ()):
            words.setdefault(word, set()).add(meaning)
    return {word: several for word, several in words.items() if len(several) > 1}


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.toml")), ids=lambda file: file.stem)
def test_a_vocabulary_file_has_only_known_keys_and_all_required_keys(file) -> None:  # type: ignore[no-untyped-def]
    content = tomllib.loads(file.read_text("utf-8"))
    assert content.pop("language") and content.pop("decimal") in (",", ".")
    weak = content["columns"].get("weak", {})
    assert [key for key in weak if key not in KEYS["columns.weak"].split()] == []
    for table, keys in content.items():
        assert [key for key in keys if key not in KEYS[table].split()] == [], table
    assert [table for table in REQUIRED if not vocabulary().by_language[file.stem].get(table)] == []


@pytest.mark.parametrize("code", NEW)
def test_each_language_has_words_for_prices_and_taxes_and_properties(code: str) -> None:
    tables = vocabulary().by_language[code]
    wanted = ("prices.base", "prices.tax", "prices.neutral", "prices.without", "private.operational",
              *(f"properties.{name}" for name in ("color", "size", "material", "weight", "product")))  # fmt: skip
    assert [table for table in wanted if not tables.get(table)] == []


@pytest.mark.parametrize("code", sorted(vocabulary().by_language))
def test_no_word_has_two_meanings_in_a_language(code: str) -> None:
    tables = vocabulary().by_language[code]
    names = {table: table for table in tables if table.startswith("columns.") and ".weak." not in table}
    kinds = ("tax", "purchase", "compare", "list", "offer", "gross", "net")
    assert meanings(tables, names) == {}
    assert meanings(tables, {f"prices.{kind}": kind for kind in kinds}) == {}
    assert meanings(tables, STATES) == {}
    assert meanings(tables, STOCKS) == {}
    inverse = {"columns.is_active": "active", "columns.inactive": "inactive", "columns.weak.is_active": "active",
               "columns.weak.inactive": "inactive"}  # fmt: skip
    assert meanings(tables, inverse) == {}


def test_state_and_stock_words_have_no_opposite_meaning_in_another_language() -> None:
    everything: dict[str, list[str]] = {}
    for tables in vocabulary().by_language.values():
        for table, words in tables.items():
            everything.setdefault(table, []).extend(words)
    assert meanings(everything, STATES) == {}
    assert meanings(everything, {table: STOCKS[table] for table in STATES if table in STOCKS}) == {}


def test_state_words_of_modules_and_vocabulary_do_not_contradict_each_other() -> None:
    for table, state in STATES.items():
        if table in ("values.active", "values.inactive", "values.yes", "values.no"):
            words = vocabulary().words(table)
            assert [word for word in words if state_of(word) not in (state, "unknown")] == [], table


def test_stock_words_of_modules_and_vocabulary_do_not_contradict_each_other() -> None:
    in_stock = [
        word for word in vocabulary().words("values.in_stock") if stock.read(word, None) == stock.State.OUT_OF_STOCK
    ]
    sold_out = [
        word for word in vocabulary().words("values.out_of_stock") if stock.read(word, None) != stock.State.OUT_OF_STOCK
    ]
    assert (in_stock, sold_out) == ([], [])


def named() -> Iterator[str]:
    for table in PUBLIC_TEXTS:
        yield from vocabulary().words(table)


def test_names_of_public_texts_and_properties_contain_no_private_word() -> None:
    properties = (f"properties.{name}" for name in KEYS["properties"].split())
    words = chain(named(), *(vocabulary().words(table) for table in properties))
    synonyms = (name for field in ("name", "description", "category", "brand") for name in SYNONYMS[field])
    assert [word for word in chain(words, synonyms) if internal_part(word)] == []


def test_a_public_text_is_never_read_from_a_column_with_a_purchase_name() -> None:
    texts = {"name", "description", "category", "brand", "images"}
    private = chain(vocabulary().words("private.words"), vocabulary().words("private.stems"))
    assert [word for word in private if texts & {field for field, _, _ in field_candidates(word)}] == []


def test_a_purchase_word_and_a_price_word_together_mean_a_purchase_price() -> None:
    wrong = []
    for tables in vocabulary().by_language.values():
        for base in tables.get("prices.base", ())[:2]:
            for word in tables["prices.purchase"]:
                names = [price_name(word + base), price_name(base + word)]
                wrong += [(word, base, name) for name in names if name is not None and name.kind != "purchase"]
    assert wrong == []


def test_selling_price_names_do_not_mean_purchase_prices_in_other_languages() -> None:
    wrong = []
    for code, tables in vocabulary().by_language.items():
        purchase = set(tables["prices.purchase"])
        for base in tables.get("prices.base", ())[:1]:
            for word in tables["prices.neutral"]:
                name = price_name(word + base)
                if word not in purchase and name is not None and name.kind == "purchase":
                    wrong.append((code, word, base))
    assert wrong == []


def test_only_column_names_that_mean_inactive_are_inverse() -> None:
    assert all(is_inverse(name) for name in vocabulary().words("columns.inactive"))
    assert [name for name in vocabulary().words("columns.is_active") if is_inverse(name)] == []


def test_words_that_are_also_cell_values_do_not_count_as_column_names() -> None:
    row = ["Nr", "No", "Web", "Live", "Ja", "Stück", "в наличии", "售罄", "품절", "нет", "Pasif"]
    assert count_known_columns(row) == 0
    assert count_known_columns(["Артикул", "Наименование", "Цена", "Нет"]) == 3


def test_words_are_separated_by_commas_and_have_languages() -> None:
    text = (
        "language = 'X'\ndecimal = ','\n[columns]\nsku = '''Код, Art. Nr,\n  SKU'''\n[prices.currencies]\nEUR = 'ев'\n"
    )
    words = Vocabulary({"xx": text, "yy": text.replace("Код", "Шифра")})
    assert dict(words.words("columns.sku")) == {
        "код": ("xx",), "artnr": ("xx", "yy"), "sku": ("xx", "yy"), "шифра": ("yy",),
    }  # fmt: skip
    assert words.ranks("columns.sku") == {"код": 0, "artnr": 1, "sku": 2, "шифра": 0}
    assert words.currencies == {"ев": ("EUR", ("xx", "yy"))}
    assert words.decimals == {"xx": ",", "yy": ","}


@pytest.mark.parametrize(
    ("spellings", "folded"),
    [
        (("Adı", "ADI", "ADİ", "adi"), "adi"), (("ΚΩΔΙΚΟΣ", "Κωδικός", "κωδικοσ"), "κωδικοσ"),
        (("ＳＫＵ", "S.K.U", "sku"), "sku"), (("№", "No.", "nº"), "no"), (("販売価格（税込）", "販売価格(税込)", "販売・価格 税込"), "販売価格税込"),
        (("ｶﾗｰ", "カラー"), "カラー"), (("الاســم", "اَلاِسم", "الإسم"), "الاسم"), (("كمية", "كميه"), "كميه"),
        (("Œuvre", "OEUVRE"), "oeuvre"), (("가격", "\u1100\u1161\u1100\u1167\u11a8"), "가격"), (("Ёлка", "елка"), "елка"),
        (("Größe", "GRÖSSE", "gro\u0308ße"), "grosse"), (("Đơn giá", "ĐƠN GIÁ", "don gia"), "dongia"),
    ],
)  # fmt: skip
def test_all_spellings_of_a_word_have_the_same_folded_form(spellings: tuple[str, ...], folded: str) -> None:
    assert {squeezed(spelling) for spelling in spellings} == {folded}


def test_kana_with_and_without_a_voicing_mark_are_different() -> None:
    assert squeezed("ガラス") != squeezed("カラス")


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.toml")), ids=lambda file: file.stem)
def test_the_vocabulary_reader_and_a_toml_parser_read_the_same_words(file: Path) -> None:
    def lists(content: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, list[str]]]:
        for key, value in content.items():
            if isinstance(value, dict):
                yield from lists(value, f"{prefix}{key.lower()}.")
            elif prefix:
                words = (squeezed(word) for word in value.split(","))
                yield f"{prefix}{key.lower()}", list(dict.fromkeys(word for word in words if word))

    content = tomllib.loads(file.read_text("utf-8"))
    assert vocabulary().by_language[file.stem] == dict(lists(content))
    assert vocabulary().decimals[file.stem] == content["decimal"]


def test_characters_are_folded_in_the_same_way_in_lists_and_in_names() -> None:
    characters = [chr(code) for code in range(1, 0x1_0000) if not 0xD800 <= code < 0xE000 and code != ord(",")]
    assert word_lists(characters) == [[folded] if (folded := squeezed(char)) else [] for char in characters]


def test_prepare_loads_all_modules_and_tables_that_a_file_needs() -> None:
    program = """
from io import BytesIO
from wecelebrate import feeds
from wecelebrate.core.types import currencies
from wecelebrate.feeds.vocabulary import vocabulary
assert not vocabulary.cache_info().currsize
feeds.prepare()
assert vocabulary.cache_info().currsize and currencies.cache_info().currsize
modules = set(__import__("sys").modules)
with feeds.open_feed(BytesIO("Artikelnummer;Bezeichnung;VK brutto\\nA-1;Tasse;12,50\\n".encode()), "a.csv", None, "EUR") as feed:
    assert len(list(feed)) == 1
print(sorted(set(__import__("sys").modules) - modules))
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (0, "[]\n"), run.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["read", "--help"]])
def test_the_help_of_the_command_does_not_load_the_vocabulary(arguments: list[str]) -> None:
    program = """
import sys
from infra.command import app
try:
    app(sys.argv[1:])
except SystemExit:
    print([name for name in sys.modules if name.startswith("wecelebrate")], file=sys.stderr)
"""
    run = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "[]\n")
