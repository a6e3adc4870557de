"""Tests column names and cell words of real lists from many countries, and similar words with another meaning."""

# ruff: noqa: E501, RUF001

import pytest

from tests.core.feeds.feed_reading import read

PRICES = [
    ("DKK", "Pris (kr)"), ("DKK", "Pris kr. inkl. moms"), ("NOK", "Pris i kr"), ("NOK", "Pris kr inkl mva"), ("SEK", "Pris (kr)"),
    ("SEK", "Pris i SEK"), ("ISK", "Verð í kr."), ("EUR", "Hind sis. km"), ("EUR", "Hind + km"), ("EUR", "Hind ilma KM"), ("EUR", "Cena v EUR"),
    ("EUR", "Cijena u eurima"), ("EUR", "Hinta euroa"), ("PLN", "Cena w zł"), ("CZK", "Cena v Kč"), ("CZK", "MOC bez DPH"),
    ("BAM", "Cijena u KM"), ("RSD", "Цена у динарима"), ("UAH", "Ціна в гривнях"), ("BYN", "Цана, руб."), ("BYN", "Цена, руб."),
    ("AMD", "Գին AMD"), ("AZN", "Qiymət ƏDV-siz"), ("KZT", "ҚҚС-сыз бағасы"), ("UZS", "Narx UZS"), ("GEL", "ფასი დღგ-ს ჩათვლით"),
    ("ALL", "Çmimi (ALL)"),
]  # fmt: skip
FORMER = [
    ("CZK", "Cena s DPH", "Cena bez slevy s DPH"), ("RUB", "Цена", "Цена без скидки"), ("UAH", "Ціна", "Ціна без знижки"),
    ("EUR", "Kaina su PVM", "Kaina be nuolaidos"), ("RON", "Preț cu TVA", "Preț fără reducere"), ("HUF", "Bruttó ár", "Akció előtti ár"),
]  # fmt: skip
INACTIVE = [
    "Lukket for salg", "Salgsspærret", "Stengt for salg", "Säljspärrad", "Myyntikielto", "Sölubann", "Müük suletud", "Nav pārdošanā",
    "Pardavimas uždraustas", "Sprzedaż zablokowana", "Zákaz prodeje", "Zákaz predaja", "Prodaja blokirana", "Zabrana prodaje", "Забрана продаје",
    "Забрана за продажба", "Închis pentru vânzare", "Eladás tiltva", "Mbyllur për shitje", "Εκτός πώλησης", "Запрет продажи", "Заборона продажу",
    "Забарона продажу", "წაშლილი", "Ջնջված", "Satışdan çıxarılıb", "Сатылымнан алынған", "Sotuvdan olingan",
]  # fmt: skip
STATES = [
    ("Åben", "Lukket"), ("Åpen", "Stengt"), ("Öppen", "Stängd"), ("Myynnissä", "Suljettu"), ("Til sölu", "Lokað"), ("Müügil", "Suletud"),
    ("Aktīvs", "Slēgts"), ("Aktyvus", "Uždaryta"), ("Aktywny", "Zamknięty"), ("V nabídce", "Prodej ukončen"), ("V ponuke", "Vymazané"),
    ("Na voljo", "Zaprto"), ("U ponudi", "Zatvoren"), ("Во продажба", "Повлечен"), ("Видимо", "Спряно"), ("În vânzare", "Lichidat"),
    ("Eladható", "Nem forgalmazott"), ("Në shitje", "I fshirë"), ("Σε κυκλοφορία", "Αποσύρθηκε"), ("Aktif", "Kapalı"), ("Действующий", "Закрыт"),
    ("Діючий", "Вимкнено"), ("Бачны", "Неактыўны"), ("ხილული", "წაშლილი"), ("Տեսանելի", "Ջնջված"), ("Açıq", "Bağlı"),
    ("Жарияланған", "Жойылған"), ("Faol", "Yopiq"),
]  # fmt: skip
OTHER_PIECES = [
    ("Pieejamais daudzums", "Minimālais daudzums"), ("Prieinamas kiekis", "Minimalus kiekis"), ("Volné množství", "Objednané množství"),
    ("Količina na zalihi", "Poručena količina"), ("На залиха", "Минимална залиха"), ("Доступна кількість", "Мінімальна кількість"),
    ("Διαθέσιμη ποσότητα", "Ελάχιστη ποσότητα"), ("Stoc disponibil", "Cantitate comandată"), ("Kullanılabilir Stok", "Kritik Stok"),
    ("Ombordagi qoldiq", "Minimal qoldiq"), ("Elérhető mennyiség", "Megrendelt mennyiség"),
]  # fmt: skip


@pytest.mark.parametrize(("currency", "name"), PRICES, ids=[name for _, name in PRICES])
def test_a_price_with_a_currency_or_a_tax_in_its_name_is_read(currency: str, name: str) -> None:
    reading = read(f"SKU;Name;{name}\nA;Cup;1500\nB;Mug;2500\nC;Jug;3700\n", currency=currency)
    assert reading.feed.questions == ()
    assert [int(product.price or 0) for product in reading.products] == [1500, 2500, 3700]
    assert {product.currency for product in reading.products} == {currency}


@pytest.mark.parametrize("name", ["Pris (kr)", "Pris kr. inkl. moms", "Utsalgspris kr", "Verð kr."])
def test_an_ambiguous_kr_in_a_price_name_leads_to_a_question(name: str) -> None:
    reading = read(f"SKU;Þyngd;Name;{name}\nA;1;Cup;15,00\nB;2;Mug;25,00\nC;3;Jug;35,00\n", currency="USD")
    assert [question.key for question in reading.feed.questions] == ["price"]


def test_icelandic_prices_in_kr_are_not_read_as_swedish_krona() -> None:
    rows = "A;Bolli;1.500 kr;5\nB;Krús;2.500 kr;0\nC;Kanna;3.700 kr;7\n"
    reading = read(f"Vörunúmer;Vöruheiti;Verð með vsk;Birgðir\n{rows}", currency="USD")
    assert [question.key for question in reading.feed.questions] == ["price"]


@pytest.mark.parametrize("name", ["SEK inkl. moms", "NOK inkl. mva", "Kč s DPH"])
def test_a_column_named_after_currency_and_tax_determines_the_currency(name: str) -> None:
    reading = read(f"SKU;Name;{name}\nA;Cup;15,50\nB;Mug;25,50\nC;Jug;35,90\n", currency="USD")
    assert {product.currency for product in reading.products} == {"CZK" if "Kč" in name else name[:3]}


@pytest.mark.parametrize(("currency", "price", "former"), FORMER, ids=[former for _, _, former in FORMER])
def test_a_price_before_the_discount_is_not_the_selling_price(currency: str, price: str, former: str) -> None:
    reading = read(f"SKU;Name;{former};{price}\nA;Cup;2000;1500\nB;Mug;2500;2500\nC;Jug;4000;3700\n", currency=currency)
    assert reading.feed.questions == ()
    assert [int(product.price or 0) for product in reading.products] == [1500, 2500, 3700]


@pytest.mark.parametrize("name", INACTIVE)
def test_a_1_in_a_column_of_blocked_products_means_inactive(name: str) -> None:
    reading = read(f"SKU;Name;Price;{name}\nA;Cup;1.50;0\nB;Mug;2.50;0\nC;Jug;3.50;1\n")
    assert [product.is_active for product in reading.products] == [True, True, False]


@pytest.mark.parametrize(("active", "ended"), STATES, ids=[ended for _, ended in STATES])
def test_state_words_in_a_status_column_are_read(active: str, ended: str) -> None:
    reading = read(f"SKU;Name;Price;Status\nA;Cup;1.50;{active}\nB;Mug;2.50;{active}\nC;Jug;3.50;{ended}\n")
    assert [product.is_active for product in reading.products] == [True, True, False]


@pytest.mark.parametrize(
    ("column", "word"),
    [
        ("Toe", "Closed"), ("Næse", "Lukket"), ("Tå", "Stängd"), ("Konstrukcja", "Zamknięte"), ("Нос", "Закрыто"), ("Burun", "Kapalı"),
        ("Nuanță", "Închis"), ("Cooling", "Passiv"), ("Tip", "Bağlı"), ("Pilt", "Suletud"), ("Pelč", "Zaprto"), ("Uso", "Archiv"),
    ],
)  # fmt: skip
def test_a_word_for_closed_in_an_unrelated_column_is_not_a_state(column: str, word: str) -> None:
    reading = read(f"SKU;Name;Price;{column}\nA;Cup;1.50;\nB;Mug;2.50;\nC;Jug;3.50;{word}\n")
    assert all(product.is_active for product in reading.products)


@pytest.mark.parametrize(("stock", "other"), OTHER_PIECES, ids=[other for _, other in OTHER_PIECES])
def test_minimum_and_ordered_pieces_are_not_added_to_the_stock(stock: str, other: str) -> None:
    reading = read(f"SKU;Name;Price;{stock};{other}\nA;Cup;1.50;12;5\nB;Mug;2.50;0;4\nC;Jug;3.50;7;9\n")
    assert [product.inventory_count for product in reading.products] == [12, 0, 7]


@pytest.mark.parametrize(
    ("stock", "reserved"),
    [
        ("Na sklade", "Rezervované množstvo"), ("На залиха", "Резервирана количина"), ("Raktáron", "Foglalt mennyiség"), ("Брой", "Резервирано количество"),
        ("Pieejams", "Rezervētais daudzums"), ("Наличие", "Кол-во в резерве"),
    ],
)  # fmt: skip
def test_reserved_pieces_are_not_read_as_the_stock(stock: str, reserved: str) -> None:
    reading = read(f"SKU;Name;Price;{stock};{reserved}\nA;Cup;1.50;12;2\nB;Mug;2.50;0;0\nC;Jug;3.50;7;1\n")
    assert [product.inventory_count for product in reading.products] in ([12, 0, 7], [10, 0, 6])


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Hovedlager", "Filiallager"), ("Huvudlager", "Butikslager"), ("Päävarasto", "Myymälävarasto"), ("Antall Trondheim", "Antall Oslo"),
        ("Stanje Sarajevo", "Stanje Mostar"), ("Skladem Praha", "Skladem Ostrava"), ("Magacin Beograd", "Magacin Niš"),
        ("Αποθήκη Αθήνα", "Αποθήκη Πάτρα"), ("Ombor Toshkent", "Ombor Buxoro"),
    ],
)  # fmt: skip
def test_the_stocks_of_two_places_are_added_up(first: str, second: str) -> None:
    reading = read(f"SKU;Name;Price;{first};{second}\nA;Cup;1.50;12;1\nB;Mug;2.50;0;2\nC;Jug;3.50;7;0\n")
    assert [product.inventory_count for product in reading.products] == [13, 2, 7]


@pytest.mark.parametrize("name", ["Price AMD", "Price All", "Price Sum", "Preis LEK"])
def test_a_currency_word_of_another_language_is_not_a_currency(name: str) -> None:
    reading = read(f"SKU;Name;{name}\nA;Cup;1.50\nB;Mug;2.50\nC;Jug;3.50\n")
    assert {product.currency for product in reading.products} == {"EUR"}
