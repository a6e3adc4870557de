"""Tests price names that are abbreviated, that mention a piece or a pack, or that end with a preposition."""

# ruff: noqa: RUF001

import pytest

from tests.core.feeds.feed_reading import Reading, read


def prices(reading: Reading) -> list[str]:
    assert (reading.rejected, reading.feed.questions) == ([], ())
    return [f"{product.price:.2f} {product.currency}" for product in reading.products]


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        ("CLAVE,DESCRIPCION,P. S/IVA,P. C/IVA,MAYOREO C/IVA,EXIST.", "A-1,Cuaderno,33.62,39.00,34.50,7"),
        ("CLAVE;DESCRIPCION;COSTO;P. VTA.;EXIST", "A-1;Taza;12,50;39,00;7"),
        ("REF;DESCRICAO;CUSTO;P. VENDA;ESTQ", "A-1;Caneca;12,50;39,00;7"),
        ("Réf;Désignation;Pr. HT;Pr. TTC;Qté stock", "A-1;Tasse;32,50;39,00;7"),
        ("Código;Descripción;P. con IVA;Exis.", "A-1;Taza;39,00;7"),
    ],
)
def test_abbreviations_of_price_and_stock_are_recognised(header: str, rows: str) -> None:
    reading = read(f"{header}\n{rows}\n")
    assert prices(reading) == ["39.00 EUR"]
    assert reading.product.inventory_count == 7
    assert reading.product.name in {"Cuaderno", "Taza", "Caneca", "Tasse"}


@pytest.mark.parametrize(
    ("unit", "price"),
    [
        ("P.V.P. (IVA incl.) por", "Precio"), ("Preis pro", "Preis"), ("Prix TTC pour", "Prix"),
        ("Prezzo per", "Prezzo"),
        ("Price incl. VAT per", "Price"),
    ],
)  # fmt: skip
def test_a_price_name_that_ends_with_a_preposition_can_mean_the_price_unit(unit: str, price: str) -> None:
    reading = read(f"SKU;Name;{unit};{price};Stock\nA-1;Tornillo;100;18,00;5\nB-2;Candado;1;8,95;6\n")
    assert prices(reading) == ["0.18 EUR", "8.95 EUR"]
    assert reading.details["mapping"]["price_unit"] == unit


@pytest.mark.parametrize(
    ("pack", "other"),
    [
        ("Price per pack inc GST", "Price per 100 (growers)"), ("Preis pro Beutel inkl. MwSt", "Preis pro 100"),
        ("Prix par sachet TTC", "Prix pour 100"),
        ("Precio por bolsa con IVA", "Precio por 100"),
    ],
)  # fmt: skip
def test_a_pack_price_with_tax_is_preferred_to_a_price_per_100(pack: str, other: str) -> None:
    reading = read(f"SKU;Name;{pack};{other};Stock\nA-1;Daffodil;16,50;98,00;5\nB-2;Tulip;17,90;104,00;6\n")
    assert prices(reading) == ["16.50 EUR", "17.90 EUR"]


def test_a_column_of_packs_is_the_stock_if_another_column_is_the_state() -> None:
    text = "SKU,Name,Price,Packs avail.,Available\nA-1,Daffodil,16.50,340,Yes\nB-2,Tulip,18.50,0,Sold out\n"
    assert [product.inventory_count for product in read(text).products] == [340, 0]


@pytest.mark.parametrize("carton", ["Preis pro Karton inkl. MwSt", "Price per case inc VAT"])
def test_a_carton_price_as_the_only_price_leads_to_a_question(carton: str) -> None:
    reading = read(f"SKU;Name;{carton}\nA-1;Glas;16,50\nB-2;Vase;17,90\n")
    assert [question.key for question in reading.feed.questions] == ["price"]


@pytest.mark.parametrize(
    ("each", "other"),
    [
        ("Each (inc VAT)", "Tray of 12 (trade)"), ("Stück inkl. MwSt", "Karton netto"), ("Pièce TTC", "Colis HT"),
        ("Stuk incl. btw", "Doos excl. btw"),
    ],
)  # fmt: skip
def test_the_price_of_each_piece_with_tax_is_read(each: str, other: str) -> None:
    reading = read(f"Code;Item;{each};{other}\nA-1;Bath bun;1,60;14,40\nB-2;Scone;1,85;16,60\n")
    assert prices(reading) == ["1.60 EUR", "1.85 EUR"]


@pytest.mark.parametrize("header", ["CHF/Stück", "EUR/pc", "EUR per piece", "€/pièce", "EUR/ks"])
def test_a_column_named_after_a_currency_and_a_piece_is_the_price(header: str) -> None:
    code = "CHF" if "CHF" in header else "EUR"
    reading = read(f"Nr.;Name;{code}/kg;{header}\nA-1;Gruyère;29.00;8.70\nB-2;Laib;27.00;12.96\n")
    assert prices(reading) == [f"8.70 {code}", f"12.96 {code}"]


@pytest.mark.parametrize("header", ["Your Web Price", "Ihr Onlinepreis", "Votre prix web", "Su precio web"])
def test_a_column_named_your_web_price_contains_the_selling_price(header: str) -> None:
    reading = read(f"Part #;Description;{header};QOH\nA-1;Oil filter;6.99;4\nB-2;Wiper;17.95;5\n")
    assert prices(reading) == ["6.99 EUR", "17.95 EUR"]
    assert [product.name for product in reading.products] == ["Oil filter", "Wiper"]


def test_a_column_named_your_price_leads_to_a_question() -> None:
    reading = read("Part #;Description;Your Price\nA-1;Oil filter;6.99\nB-2;Wiper;17.95\n")
    assert [question.key for question in reading.feed.questions] == ["price"]


@pytest.mark.parametrize(
    ("cells", "currency"),
    [(("Rs. 48,500/-", "Rs. 865/-"), "PKR"), (("Rp 48.500", "Rp 1.250"), "IDR"), (("Tk 48,500.00", "Tk 1,250"), "BDT")],
)
def test_a_column_named_rate_is_the_price_beside_a_dealer_rate(cells: tuple[str, str], currency: str) -> None:
    reading = read(
        f"item_no;name;rate;dealer_rate;qty\nA-1;Bat;{cells[0]};{cells[1]};6\nB-2;Ball;{cells[0]};{cells[1]};7\n",
        currency=currency,
    )
    assert prices(reading) == [f"48500.00 {currency}"] * 2


@pytest.mark.parametrize(
    ("cell", "catalog", "code"),
    [
        ("٣٧٥٫٠٠ د.إ", "AED", "AED"), ("375.00 د.إ.", "EUR", "AED"), ("375.00 د.ا", "AED", "JOD"),
        ("375.00 د.أ", "JOD", "JOD"), ("375.00 د.ك", "KWD", "KWD"),
    ],
)  # fmt: skip
def test_an_amount_in_dirham_is_not_read_as_dinar(cell: str, catalog: str, code: str) -> None:
    assert prices(read(f"SKU,Name,Price\nA-1,عود,{cell}\nB-2,مسك,{cell}\n", currency=catalog)) == [f"375.00 {code}"] * 2


@pytest.mark.parametrize(("name", "code"), [("السعر (د.إ)", "AED"), ("سعر البيع د.إ", "AED"), ("السعر (د.ا)", "JOD")])
def test_a_column_name_with_dirham_does_not_mean_dinar(name: str, code: str) -> None:
    assert prices(read(f"SKU,Name,{name}\nA-1,عود,375.00\nB-2,مسك,375.00\n", currency="AED")) == [f"375.00 {code}"] * 2


@pytest.mark.parametrize("page", ["cp1252", "utf-8"])
def test_the_pound_symbol_is_decoded_correctly_in_a_file_with_few_words(page: str) -> None:
    text = "Code,Item,Price,Tray\nB1,Sourdough \u2013 800g,£4.20,£38.50\nB2,Rye,£3.95,£35.90\nC1,Cake,95p,£8.60\n"
    assert prices(read(text, currency="GBP", encoding=page)) == ["4.20 GBP", "3.95 GBP", "0.95 GBP"]
