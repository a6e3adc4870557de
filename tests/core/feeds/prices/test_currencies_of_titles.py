"""Tests a currency that is written in words in a title above the header or in a footer."""

# ruff: noqa: RUF001

import pytest

from tests.core.feeds.feed_reading import Reading, read

ROWS = "Код;Name;Price\nA-1;Cup;1590\nB-2;Mug;2150\n"


def currencies(reading: Reading) -> set[str]:
    return {product.currency for product in reading.products}


@pytest.mark.parametrize(
    ("title", "code"),
    [
        ("Прайс-лист на 15.10.2026, цены в рублях с НДС", "RUB"),
        ("Все цены в руб.", "RUB"), ("цены указаны в тенге", "KZT"),
        ("Цены в долларах США", "USD"), ("ціни в гривнях з ПДВ", "UAH"),
        ("Цены указаны в белорусских рублях (бел. руб.)", "BYN"), ("Ceny w złotych brutto", "PLN"),
        ("Ceny v eurách s DPH", "EUR"),
        ("Az árak bruttó forintban értendők", "HUF"), ("Prețuri în lei fără TVA", "RON"),
        ("Fiyatlar Türk Lirası cinsindendir, KDV dahil", "TRY"), ("Cijene su u eurima s PDV-om", "EUR"),
        ("Cene u dinarima sa PDV-om", "RSD"), ("Kainos eurais su PVM", "EUR"), ("Cenas eiro ar PVN", "EUR"),
        ("Hinnad eurodes km-ga", "EUR"), ("Hinnat euroina sis. ALV", "EUR"), ("Τιμές σε ευρώ με ΦΠΑ", "EUR"),
        ("Priser i svenska kronor", "SEK"),
        ("Alle priser i danske kroner ekskl. moms", "DKK"), ("Öll verð í krónum", "ISK"),
        ("מחירים בשקלים כולל מע״מ", "ILS"), ("الأسعار بالريال السعودي", "SAR"),
        ("価格は円（税込）", "JPY"), ("単位：円", "JPY"),
        ("价格单位：元", "CNY"), ("單位：新台幣", "TWD"),
        ("가격 단위: 원", "KRW"), ("ราคาเป็นบาท", "THB"), ("Đơn vị: đồng", "VND"),
        ("Giá bằng VND", "VND"), ("Harga dalam rupiah", "IDR"),
        ("Prices in Indian Rupees", "INR"), ("Preços em reais", "BRL"),
        ("Precios en pesos mexicanos", "MXN"), ("Prices in Canadian dollars", "CAD"), ("Cenník v EUR", "EUR"),
        ("Moneda: 1 Pesos MXN", "MXN"), ("Lista de precios, pesos COP", "COP"),
    ],
)  # fmt: skip
def test_the_currency_of_a_title_is_the_currency_of_the_prices(title: str, code: str) -> None:
    for currency in ("GBP", code):
        reading = read(f"{title};;\n{ROWS}", currency=currency)
        assert (currencies(reading), reading.feed.questions) == ({code}, ())


def test_the_currency_of_a_footer_is_the_currency_of_the_prices() -> None:
    assert currencies(read(ROWS + "* цены указаны в рублях;;\n", currency="EUR")) == {"RUB"}


@pytest.mark.parametrize(
    ("title", "codes"),
    [
        ("Precios en pesos, IVA incluido", ("CLP", "COP", "MXN")), ("Prix en francs CFA", ("XOF", "XAF")),
        ("Rates in Rs. incl. GST", ("INR", "LKR", "PKR")), ("Prix en dirhams TTC", ("MAD", "AED")),
        ("Priser i kr inkl. moms", ("SEK", "NOK", "DKK")), ("Bei kwa shilingi", ("KES", "TZS")),
    ],
)  # fmt: skip
def test_a_word_of_several_currencies_can_mean_the_catalog_currency(title: str, codes: tuple[str, ...]) -> None:
    for code in codes:
        reading = read(f"{title};;\n{ROWS}", currency=code)
        assert (currencies(reading), reading.feed.questions) == ({code}, ())
    reading = read(f"{title};;\n{ROWS}", currency="EUR")
    (question,) = reading.feed.questions
    assert (question.key, [choice.value for choice in question.choices]) == ("price", ["", "Price"])
    assert title in question.text
    assert not read(f"{title};;\n{ROWS}", currency="EUR", mapping={"price": "Price"}).feed.questions


@pytest.mark.parametrize(
    "title",
    [
        "Прайс-лист, рубли и евро", "Price list of shoes, soles and laces",
        "Preisliste Rand & Söhne", "Price list, 20 ft",
        "Delivery 25 km, prices on request",
        "Цены на сома и льва", "Rubles and customers", "Lista de precios sol y mar",
    ],
)  # fmt: skip
def test_titles_without_a_currency_do_not_affect_the_currency(title: str) -> None:
    reading = read(f"{title};;\n{ROWS}", currency="GBP")
    assert (currencies(reading), reading.feed.questions) == ({"GBP"}, ())


@pytest.mark.parametrize(
    "title",
    ["Price list RM Williams 2026", "Price list Ron Miller", "Price list GS Yuasa batteries", "Price list RP Tools",
     "Preisliste TL-D Röhren", "Price list Lira guitars", "Prices: TRY before you buy", "Preisliste DIN. 912 Schrauben",
     "Price list M.N. Smith", "Prices: COP gear", "Prices: PEN sets", "価格 ドルチェ", "Price list RS Components",
     "Price list DH Design", "Price list KR Motors", "Lista de precios y pesos", "Price list Lei Fashion"],
)  # fmt: skip
def test_a_proper_name_in_a_title_is_not_a_currency(title: str) -> None:
    for content in (f"{title};;\n{ROWS}", f"{ROWS}{title};;\n"):
        reading = read(content, currency="GBP")
        assert (currencies(reading), reading.feed.questions) == ({"GBP"}, ())


@pytest.mark.parametrize(
    "footer", ["Prices and delivery: see RM catalogue", "Questions about prices: ask Ron (ext. 12)"]
)
def test_a_proper_name_in_a_footer_is_not_a_currency(footer: str) -> None:
    assert currencies(read(f"{ROWS}{footer};;\n", currency="GBP")) == {"GBP"}


@pytest.mark.parametrize(
    ("title", "code"),
    [("Prices in RM incl. SST", "MYR"), ("Harga (RM)", "MYR"), ("Ceny: lei fără TVA", "RON"), ("Price list, RM", "MYR"),
     ("Fiyatlar TL KDV dahil", "TRY")],
)  # fmt: skip
def test_a_short_word_after_a_preposition_or_a_price_is_a_currency(title: str, code: str) -> None:
    assert currencies(read(f"{title};;\n{ROWS}", currency=code)) == {code}
