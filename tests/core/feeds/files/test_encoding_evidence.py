"""Tests that the letters, the currencies and the header of a file together decide its encoding. An unclear encoding
leads to a question.
"""

# ruff: noqa: RUF001

import pytest

from tests.core.feeds.feed_reading import Reading, read
from wecelebrate.feeds.files.alphabets import Fit
from wecelebrate.feeds.files.evidence import Scored, doubts_of

ENGLISH = "sku;name;price;currency;stock\n"
CURRENCIES = {
    "cs": ("CZK", ["Doplňky k botám", "Batoh", "Hole trekové"]),
    "hu": ("HUF", ["Őszi bögre", "Kék tányér"]), "ro": ("RON", ["Cană roşie", "Farfurie"]),
    "pl": ("PLN", ["Kubek żółty", "Łyżka srebrna"]), "tr": ("TRY", ["Kırmızı bardak", "Çay kaşığı"]),
    "ru": ("RUB", ["Кружка красная", "Чай чёрный"]), "uk": ("UAH", ["Чашка червона", "Їжа"]),
    "th": ("THB", ["แก้วน้ำสีแดง", "จาน"]), "he": ("ILS", ["כוס אדומה", "צלחת"]), "ar": ("SAR", ["كوب أحمر", "صحن"]),
    "tw": ("TWD", ["高山烏龍茶 150g", "手工麵線 3入"]), "jp": ("JPY", ["赤いマグカップ", "皿"]),
}  # fmt: skip
FILES = [
    ("cs", "cp1250"), ("cs", "cp852"), ("hu", "cp1250"), ("hu", "cp852"), ("ro", "cp1250"), ("ro", "iso8859_2"),
    ("pl", "cp852"), ("pl", "iso8859_2"), ("tr", "cp857"), ("ru", "cp866"), ("ru", "koi8_r"), ("ru", "iso8859_5"),
    ("ru", "mac_cyrillic"), ("uk", "koi8_u"), ("th", "cp874"), ("he", "cp1255"), ("he", "cp862"), ("ar", "cp1256"),
    ("ar", "iso8859_6"), ("tw", "big5"), ("jp", "euc_jp"), ("jp", "cp932"),
]  # fmt: skip
HEADERS = [
    ("產品編號,品名,定價,庫存", "TW-1,手工麵線 3入,NT$680,4", "big5"),
    ("Артикул;Наименование;Цена;Остаток", "А1;Кружка;9,50;4", "cp866"),
    ("Šifra artikla;Naziv artikla;Cijena;Zaliha", "A1;Čaj;9,50;4", "cp852"),
    ("Referência;Descrição;Preço;Estoque", "A1;Pão de mel;9,50;4", "cp860"),
    ("Artikelnummer;Größe;Menge;Preis", "A1;Groß;4;9,50", "mac_roman"),
    ("商品コード,商品名,価格,在庫数", "A1,赤いマグ,950,4", "euc_jp"),
]


def texts(reading: Reading) -> list[str | None]:
    return [product.name for product in reading.products]


@pytest.mark.parametrize(("language", "encoding"), FILES)
def test_the_currency_and_the_letters_determine_the_encoding_of_a_file(language: str, encoding: str) -> None:
    currency, names = CURRENCIES[language]
    content = ENGLISH + "".join(f"A{n};{name};950;{currency};{n}\n" for n, name in enumerate(names))
    reading = read(content.encode(encoding))
    assert texts(reading) == names
    assert not reading.feed.questions


@pytest.mark.parametrize(("header", "row", "encoding"), HEADERS, ids=[encoding for *_, encoding in HEADERS])
def test_known_names_in_the_header_determine_the_encoding(header: str, row: str, encoding: str) -> None:
    reading = read(f"{header}\n{row}\n".encode(encoding))
    assert reading.feed.header == header.replace(";", ",").split(",")
    assert "encoding" not in {question.key for question in reading.feed.questions}


@pytest.mark.parametrize("order", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("name", ["Кружка красная", "赤いマグカップ", "كوب أحمر", "แก้วน้ำ"])
def test_utf_16_without_a_byte_order_mark_is_detected_in_all_scripts(order: str, name: str) -> None:
    text = f"{name}1;{name}2;{name}3\nA;{name};5\n" * 3
    reading = read(f"sku;name;price\n{text}".encode(order))
    assert reading.feed.details["encoding"] == order


@pytest.mark.parametrize(
    ("names", "encoding", "rival"),
    [(["Čaj", "Žlica"], "cp1250", "cp1252"), (["Skodelica rdeča", "Žlica"], "cp1250", "cp1252"),
     (["Colher de pão"], "cp860", "cp850"), (["Xícara", "Colher de pão"], "cp860", "cp850")],
)  # fmt: skip
def test_letters_that_fit_several_languages_cause_a_question(names: list[str], encoding: str, rival: str) -> None:
    content = ("sku;name;price\n" + "".join(f"A{n};{name};1\n" for n, name in enumerate(names))).encode(encoding)
    (question,) = read(content).feed.questions
    assert question.key == "encoding"
    assert {encoding, rival} <= {choice.value for choice in question.choices}
    assert {names[-1].split()[-1], names[0].split()[-1]} & {
        word for choice in question.choices for word in choice.examples
    }
    answered = read(content, mapping={"encoding": encoding})
    assert texts(answered) == names
    assert not answered.feed.questions


@pytest.mark.parametrize(
    "names",
    [["Große Tasse", "Crème brûlée", "Café"], ["Taza pequeña", "Cucharón"], ["Tazza da caffè", "Qualità"],
     ["Rød kop", "Tallerken blå"], ["Kopp röd", "Päron"], ["Tasse à café", "Assiette crème"], ["Jalapeño", "Müsli"]],
)  # fmt: skip
@pytest.mark.parametrize("header", ["sku;name;price\n", "Artikelnummer;Bezeichnung;Preis\n"])
def test_western_names_cause_no_question(names: list[str], header: str) -> None:
    reading = read((header + "".join(f"A{n};{name};1\n" for n, name in enumerate(names))).encode("cp1252"))
    assert texts(reading) == names
    assert not reading.feed.questions


@pytest.mark.parametrize(
    "names",
    [("Pilha Nº 4", "Pão"), ("Filter 5 µm", "Filter 25 µm"), ("Résumé", "Filter 5 µm", "Café", "10µg"),
     ("Filter 5 µm", "Rohr Ø 12", "GRÖßE XL"), ("1ª qualità", "2ª scelta"), ("Tasse\u00a0blau", "Kanne"),
     ("Becher\u00a0rot", "Prix\u00a0rouge"), ("Ruban 10µ", "N° 5")],
)  # fmt: skip
def test_names_with_no_break_spaces_or_signs_are_read_as_cp1252(names: tuple[str, ...]) -> None:
    content = "SKU;Name;Price\n" + "".join(f"A{at};{name};1\u00a0005,00\n" for at, name in enumerate(names))
    for text in (content, content.replace("1\u00a0005", "1005")):
        reading = read(text.encode("cp1252"))
        assert [name.replace("\u00a0", " ") for name in texts(reading) if name] == [
            name.replace("\u00a0", " ") for name in names
        ]
        assert [str(product.price) for product in reading.products] == ["1005.00"] * len(names)


@pytest.mark.parametrize(
    "texts_of",
    [("5µm Lápiz", "5ｵm Lápiz", "5µm Lįpiz"), ("Tasse\u00a0bleue É", "Tasseábleue É", "Tasse\u00a0bleue ╔"),
     ("Größe Öl", "Größe 聲", "Gr廲e Öl")],
)  # fmt: skip
def test_each_encoding_of_a_question_has_a_different_example_word(texts_of: tuple[str, ...]) -> None:
    encodings = ("cp1252", "cp850", "cp1257")
    scored = [
        Scored(encoding, 1.0, f"{text};9", Fit(1.0, "de"), is_likely=False)
        for encoding, text in zip(encodings, texts_of, strict=True)
    ]
    words = [word for _, word in doubts_of(scored)]
    assert len({*words}) == len(encodings)
    assert all(word in text for word, text in zip(words, texts_of, strict=True))


@pytest.mark.parametrize(
    "names",
    [["Rör Ø 12"], ["Citroën", "Rohr Ø 12"], ["Lápiz", "Tubo Ø 12"], ["Tè verde", "Tubo ø 12"], ["Children’s cup"],
     ["Kid’s bike", "Men’s mug"], ["L’eau", "Cœur"], ["L’olio", "Tè verde"], ["Ölkanne", "Sand 1 m³"],
     ["Türgriff", "Brett 10×20", "Sand 1 m³"], ["Türgriff", "Brett 10×20", "Rohr Ø 12"],
     ["Geïsoleerde beker", "Crèmekan één liter"]],
)  # fmt: skip
def test_diameters_apostrophes_and_units_cause_no_question(names: list[str]) -> None:
    rows = "".join(f"A{n};{name};5,00\n" for n, name in enumerate([*names, "Plain", "Plain 2"]))
    reading = read(f"Code;Name;Price\n{rows}".encode("cp1252"))
    assert [(name or "").replace("\u00a0", " ") for name in texts(reading)][: len(names)] == [
        name.replace("\u00a0", " ") for name in names
    ]
    assert "encoding" not in {question.key for question in reading.feed.questions}


@pytest.mark.parametrize(
    ("names", "encoding"),
    [(["Città", "Qualità"], "cp850"), (["Voilà"], "cp850"), (["Lápiz", "Día"], "mac_roman"),
     (["Frío", "Café"], "mac_roman"), (["Kubek biały", "Łyżka"], "cp1250")],
)  # fmt: skip
def test_a_file_in_a_rare_encoding_is_read_correctly_or_leads_to_a_question(names: list[str], encoding: str) -> None:
    reading = read(("sku;name;price\n" + "".join(f"A{n};{name};1\n" for n, name in enumerate(names))).encode(encoding))
    assert texts(reading) == names or "encoding" in {question.key for question in reading.feed.questions}
