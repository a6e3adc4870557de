"""Tests the usual names of the columns for states, stocks, names and SKUs, and the usual values of these columns."""

# ruff: noqa: E501, RUF001

from decimal import Decimal

import pytest

from tests.core.feeds.feed_reading import read
from wecelebrate.feeds.items import BadCell
from wecelebrate.feeds.notation.numbers import currency_code, price
from wecelebrate.feeds.prices.candidates import name_of_price
from wecelebrate.feeds.states.words import state_of
from wecelebrate.feeds.stock import cells as stock
from wecelebrate.feeds.stock.cells import State


@pytest.mark.parametrize(
    ("column", "sold", "not_sold"),
    [
        ("En ligne", "oui", "non"), ("Situação", "Ativo", "Inativo"), ("Webshop", "ja", "nein"), ("Live?", "Y", "N"),
        ("Active Status", "Active", "Not-active"), ("On web", "yes", "no"), ("Visible", "1", "0"), ("Publié", "oui", "non"),
        ("Aktywny", "tak", "nie"), ("Aktivní", "ano", "ne"), ("Activo", "sí", "no"), ("Attivo", "sì", "no"),
        ("Näkyy verkkokaupassa", "Kyllä", "Ei"), ("Im Shop", "ja", "nein"), ("Estatus", "Alta", "Baja"),
        ("Nettbutikk", "Ja", "Nei"), ("Visa på webb", "Ja", "Nej"), ("На сайте", "Да", "Нет"), ("是否上架", "是", "否"),
        ("판매여부", "예", "아니오"), ("掲載", "する", "しない"), ("Tayang", "ya", "tidak"), ("Aktif", "Evet", "Hayır"),
        ("Kích hoạt", "Có", "Không"), ("Vendable", "oui", "non"), ("Può essere venduto", "TRUE", "FALSE"),
        ("Ενεργό", "Ναι", "Όχι"), ("مفعل", "نعم", "لا"), ("Aktiivne", "jah", "ei"), ("Peut être vendu", "vrai", "faux"),
    ],
)  # fmt: skip
def test_a_column_of_yes_and_no_can_mean_active_products(column: str, sold: str, not_sold: str) -> None:
    text = f"SKU;Name;Price;{column}\nA-1;Mug;1.50;{sold}\nA-2;Cup;2.50;{not_sold}\nA-3;Pot;3.50;{sold}\n"
    assert [product.is_active for product in read(text).products] == [True, False, True]


@pytest.mark.parametrize(
    ("column", "yes", "no"),
    [
        ("Spærret", "Ja", "Nej"), ("Utgått", "J", "N"), ("Utgått", "Ja", "Nei"), ("BAJA", "SI", "NO"), ("Disc?", "Yes", "No"),
        ("Gelöscht", "x", ""), ("Lopetettu", "Kyllä", "Ei"), ("Poistunut", "kyllä", "ei"), ("Wycofany", "tak", "nie"),
        ("Fuori produzione", "sì", "no"), ("Descatalogado", "Sí", "No"), ("En sommeil", "Oui", "Non"),
        ("Снят с продажи", "Да", "Нет"), ("Прихований", "1", "0"), ("販売終了", "はい", "いいえ"), ("是否停售", "是", "否"),
        ("판매중지", "예", "아니오"), ("Ngừng kinh doanh", "Có", "Không"), ("Silindi", "Evet", "Hayır"),
        ("Fora de linha", "Sim", "Não"), ("Uit assortiment", "ja", "nee"), ("Neaktivní", "ano", "ne"),
        ("Megszűnt", "igen", "nem"), ("Скрит", "да", "не"), ("Ukinut", "da", "ne"), ("Abgekündigt", "ja", "nein"),
        ("Slettet", "Ja", "Nei"), ("On stop", "Y", "N"), ("Obsolete", "Y", "N"),
    ],
)  # fmt: skip
def test_a_column_of_yes_and_no_can_mean_inactive_products(column: str, yes: str, no: str) -> None:
    text = f"SKU;Name;Price;{column}\nA-1;Mug;1.50;{no}\nA-2;Cup;2.50;{yes}\nA-3;Pot;3.50;{no}\n"
    assert [product.is_active for product in read(text).products] == [True, False, True]


@pytest.mark.parametrize(
    "column",
    ["Web", "Live", "Shop", "Site", "Sklep", "Loja"],
)
def test_an_ambiguous_column_without_states_is_not_the_state(column: str) -> None:
    text = f"SKU;Name;Price;{column}\nA-1;Mug;1.50;https://x.example/1\nA-2;Cup;2.50;https://x.example/2\n"
    reading = read(text)
    assert "is_active" not in reading.details["mapping"]
    assert reading.feed.warnings.as_json() == []


@pytest.mark.parametrize(
    "column",
    [
        "SOH", "QOH", "On hand", "on_hand", "Qty in Stock", "Free Stock", "Avail.", "Dispo", "LgBst", "Lagerbest.", "Bst.",
        "På lager", "I lager", "Units", "Stück", "Libre", "Existencias", "Giacenza", "Esistenza", "Estoque", "Saldo",
        "Készlet", "Stan", "Magazyn", "Varasto", "Vapaa saldo", "Kogus", "Adet", "Stok Adedi", "Ilość na stanie", "Ks", "Qtde",
        "Q.tà", "Rimanenza", "Kol.", "Atlikums", "Likutis", "Остаток", "Кол-во", "Кількість", "К-во", "Απόθεμα", "库存",
        "庫存數量", "現有庫存", "在庫", "残数", "재고", "จำนวนคงเหลือ", "Tồn", "SL tồn", "Sisa Stok", "الرصيد", "מלאי",
        "How many", "Cant.", "Beschikbare voorraad", "Disponibel", "Free Qty", "Closing Stock",
    ],
)  # fmt: skip
def test_a_column_with_a_usual_heading_for_stocks_contains_the_stock(column: str) -> None:
    text = f"SKU;Name;Price;{column}\nA-1;Mug;1.50;12\nA-2;Cup;2.50;0\nA-3;Pot;3.50;7\n"
    assert [product.inventory_count for product in read(text).products] == [12, 0, 7]


@pytest.mark.parametrize("column", ["Libre", "Units", "Avail.", "Left"])
def test_a_column_such_as_units_is_a_last_choice_for_the_stock(
    column: str,
) -> None:
    clear = read(f"SKU;Name;{column};Stock\nA-1;Mug;3;12\nA-2;Cup;4;0\n").products
    assert [product.inventory_count for product in clear] == [12, 0]
    words = read(f"SKU;Name;{column}\nA-1;Mug;per box\nA-2;Cup;per metre\n").products
    assert [product.inventory_count for product in words] == [None, None]


@pytest.mark.parametrize(
    "column",
    [
        "Item", "Article", "Megnevezés", "Benævnelse", "Benämning", "Varenavn", "Ürün Adı", "Descripción", "Denominazione",
        "Nombre", "Nazwa", "Název", "Tuote", "Nimike", "Nimitys", "Text1", "Varetekst", "Part Description", "Desc", "Peça",
        "Concepto", "Articolo", "Наименование", "Назва", "Номенклатура", "品名", "商品名", "상품명", "Tên hàng", "Nama Barang",
        "اسم الصنف", "שם פריט", "ชื่อสินค้า", "Ονομασία", "Naziv", "Nimetus", "Nosaukums", "Pavadinimas", "Denumire",
    ],
)  # fmt: skip
def test_a_column_with_a_usual_heading_for_names_contains_the_product_name(column: str) -> None:
    text = f"SKU;{column};Price\nA-1;Rote Tasse;1.50\nA-2;Blaue Tasse;2.50\nA-3;Topf;3.50\n"
    assert [product.name for product in read(text).products] == ["Rote Tasse", "Blaue Tasse", "Topf"]


@pytest.mark.parametrize(
    "column",
    [
        "Nr", "Nummer", "CLAVE", "Riferimento interno", "No.", "Number", "Part", "Part #", "Model", "Varenr", "Art.nr",
        "Tuotekoodi", "Cikkszám", "Stok Kodu", "Kód", "Indeks", "Codice articolo", "Referência", "Réf.", "Cod.", "P/N", "Cat. No.",
        "Артикул", "Код", "Шифра", "Κωδικός", "货号", "商品编号", "品番", "商品コード", "품번", "รหัสสินค้า", "Mã", "Mã SP",
        "Kode", "SKU Induk", "رقم الصنف", "الكود", "מק״ט", "Tootekood", "Preces kods", "Prekės kodas", "Cod produs",
        "Katalognummer", "Our Code", "Nº", "№",
    ],
)  # fmt: skip
def test_a_column_with_a_usual_heading_for_skus_contains_the_sku(column: str) -> None:
    text = f"{column};Name;Price\nA-71;Mug;1.50\nB-72;Cup;2.50\nC-73;Pot;3.50\n"
    assert [product.sku for product in read(text).products] == ["A-71", "B-72", "C-73"]


@pytest.mark.parametrize("column", ["Nr", "No", "Nº", "№", "Number", "Sıra No", "מספר", "번호", "番号"])
def test_a_row_number_is_not_the_sku_if_the_file_has_a_gtin(column: str) -> None:
    codes = ("4006381333931", "4006381333948", "4006381333955")
    rows = "".join(f"{number};{code};Mug {number};1.50\n" for number, code in enumerate(codes, 1))
    assert [product.sku for product in read(f"{column};EAN;Name;Price\n{rows}").products] == list(codes)


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        ("Hind ilma km-ta", "net"), ("Cena bez PVN", "net"), ("Kaina be PVM", "net"), ("Preț fără TVA", "net"),
        ("Цена без НДС", "net"), ("税抜価格", "net"), ("未税价", "net"), ("Veroton hinta", "net"), ("KDV hariç fiyat", "net"),
        ("Цена с НДС", "gross"), ("税込価格", "gross"), ("含税价", "gross"), ("Verollinen hinta", "gross"), ("MPC", "gross"),
        ("Áfás ár", "gross"), ("Precio (imp. incl.)", "gross"), ("Prezzo IVA inclusa", "gross"), ("Giá đã gồm VAT", "gross"),
        ("希望小売価格", "list"), ("РРЦ", "list"), ("建议零售价", "list"), ("권장소비자가", "list"), ("Giá niêm yết", "list"),
        ("セール価格", "offer"), ("促销价", "offer"), ("할인가", "offer"), ("Цена со скидкой", "offer"), ("Giá khuyến mãi", "offer"),
        ("Старая цена", "compare"), ("划线价", "compare"), ("Giá so sánh", "compare"), ("السعر قبل الخصم", "compare"),
        ("Preis (intern)", "purchase"), ("Price (supplier)", "purchase"), ("Цена (поставщик)", "purchase"),
        ("価格（仕入先）", "purchase"), ("Prijs [intern]", "purchase"), ("Fiyat (bayi)", "purchase"), ("下代", "purchase"),
        ("Sell", "plain"), ("Asking", "plain"), ("Precio público", "plain"), ("現在価格", "plain"),
    ],
)  # fmt: skip
def test_the_name_of_a_price_column_states_the_type_of_the_price(column: str, kind: str) -> None:
    name = name_of_price(column)
    assert name is not None
    assert name.kind == kind


@pytest.mark.parametrize(
    ("column", "currency"),
    [("Цена, руб.", "RUB"), ("Ціна, грн", "UAH"), ("価格（円）", "JPY"), ("售价（元）", "CNY"), ("판매가(원)", "KRW"),
     ("Fiyat (TL)", "TRY"), ("Cena (zł)", "PLN"), ("Ár (Ft)", "HUF"), ("Giá bán (VNĐ)", "VND"), ("Cena Kč", "CZK"),
     ("Hind km-ga", None), ("Цена за шт", None)],
)  # fmt: skip
def test_the_name_of_a_price_contains_its_currency(column: str, currency: str | None) -> None:
    name = name_of_price(column)
    assert name is not None
    assert name.currency == currency


@pytest.mark.parametrize(
    ("cell", "meaning"),
    [
        ("在庫あり", State.IN_STOCK), ("有货", State.IN_STOCK), ("есть", State.IN_STOCK), ("є в наявності", State.IN_STOCK),
        ("متوفر", State.IN_STOCK), ("במלאי", State.IN_STOCK), ("+", State.IN_STOCK), ("còn hàng", State.IN_STOCK),
        ("品切れ", State.OUT_OF_STOCK), ("품절", State.OUT_OF_STOCK), ("售罄", State.OUT_OF_STOCK), ("немає", State.OUT_OF_STOCK),
        ("نفدت الكمية", State.OUT_OF_STOCK), ("אזל מהמלאי", State.OUT_OF_STOCK), ("Hết hàng", State.OUT_OF_STOCK),
        ("εξαντλήθηκε", State.OUT_OF_STOCK), ("под заказ", State.TO_ORDER), ("预售", State.TO_ORDER), ("예약판매", State.TO_ORDER),
        ("残りわずか", 1), ("мало", 1), ("품절임박", 1), ("sur rdv", 0), ("уточняйте", 0),
        ("残り3点", 3), ("осталось 3", 3), ("12 шт.", 12), ("12шт", 12), ("10개", 10), ("5件", 5), ("库存 8", 8), ("còn 4 cái", 4),
        ("в наличии 7 шт", 7), ("٥", 5), ("１２", 12), ("仅剩2件", 2), ("sisa 6", 6), ("נותרו 3", 3),
        ("ожидается", State.UNKNOWN), ("quelques pièces", 1), ("無制限", State.UNLIMITED),
    ],
)  # fmt: skip
def test_usual_stock_cells_are_read(cell: str, meaning: int | State) -> None:
    assert stock.read(cell, None) == meaning


@pytest.mark.parametrize("cell", ["склад 4, полка 2", "3F", "残業", "5 шт/кор", "货架 12"])
def test_unrelated_texts_are_not_a_stock(cell: str) -> None:
    with pytest.raises(BadCell):
        stock.read(cell, None)


@pytest.mark.parametrize(
    "word", ["not-active", "Ngừng kinh doanh", "下架", "판매중지", "非公開", "снято с продажи", "غير نشط"]
)
def test_words_in_other_scripts_can_mean_that_a_product_is_inactive(word: str) -> None:
    assert state_of(word.casefold()) == "inactive"


@pytest.mark.parametrize(
    ("cell", "catalog", "amount", "currency"),
    [
        ("￥1,200", "JPY", "1200", "JPY"), ("￥69.00", "CNY", "69.00", "CNY"), ("１，２００円", "JPY", "1200", "JPY"),
        ("1 200 руб.", "RUB", "1200", "RUB"), ("1 200,50 ₽", "RUB", "1200.50", "RUB"), ("₩12,000", "KRW", "12000", "KRW"),
        ("98,000원", "KRW", "98000", "KRW"), ("450 ر.س", "SAR", "450", "SAR"), ("٤٥٠ ر.س", "SAR", "450", "SAR"),
        ("١٢٫٥٠", "SAR", "12.50", None), ("۱۲۰", "SAR", "120", None), ("1 850,00 грн.", "UAH", "1850.00", "UAH"),
        ("99,90 ש\"ח", "ILS", "99.90", "ILS"), ("Rp 25.500,00", "IDR", "25500.00", "IDR"), ("120 บาท", "THB", "120", "THB"),
        ("69 人民币", "CNY", "69", "CNY"), ("12,50 лв.", "BGN", "12.50", "BGN"),
    ],
)  # fmt: skip
def test_a_price_is_read_in_the_digits_and_with_the_currency_of_its_country(
    cell: str, catalog: str, amount: str, currency: str | None
) -> None:
    assert price(cell, None, catalog) == (Decimal(amount), currency)


@pytest.mark.parametrize("text", ["шт", "个", "за", "kg", "р.п."])
def test_words_that_are_not_currencies_are_not_read_as_currencies(text: str) -> None:
    assert currency_code(text, "EUR") is None
