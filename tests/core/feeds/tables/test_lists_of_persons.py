"""Tests that lists of persons are refused, and that product lists that also contain persons are read."""

# ruff: noqa: RUF001

import re
from typing import Any

import pytest

from tests.core.feeds.feed_reading import read
from wecelebrate.feeds import UnreadableFeed

PERSONS = {
    "staff": (
        "Emp No,Name,E-mail,Phone,Department,Date of birth,Hourly rate,Start date,Status\n"
        "E-1001,Ann Bexley,ann.bexley@example.com,+44 20 7946 0001,Warehouse,1988-02-14,18.50,2019-04-01,Active\n"
        "E-1002,Tom Harker,tom.harker@example.com,+44 20 7946 0002,Sales,1990-11-30,22.75,2021-09-15,Active\n"
        "E-1003,Ines Calvo,ines.calvo@example.com,+44 20 7946 0003,Sales,1979-07-03,24.00,2015-01-05,Active\n"
        "E-1004,Raj Patel,raj.patel@example.com,+44 20 7946 0004,IT,1995-05-21,31.20,2023-02-01,Leaver\n"
    ),
    "kunden": (
        "KdNr;Anrede;Name;E-Mail;Geb.-Datum;Rabatt;Umsatz;Punkte;gesperrt\n"
        "10021;Frau;Erika Sommer;erika.sommer@example.org;12.03.1971;3,00;1.240,50;124;\n"
        "10022;Herr;Jürgen Wolff;j.wolff@example.org;30.09.1965;0,00;310,00;31;\n"
        "10023;Frau;Meike Brandt;meike@example.org;01.01.1989;5,00;8.112,20;811;x\n"
        "10024;Herr;Ali Yıldız;ali.y@example.org;22.12.1993;0,00;0,00;0;\n"
    ),
    "members": (
        '{"members": [{"id": "M-001", "name": "Olga Brandt", "email": "olga@example.net", "birthday": '
        '"1980-03-02", "credit": 12.5, "active": true}, {"id": "M-002", "name": "Sam Hill", "email": '
        '"sam.hill@example.net", "birthday": "1991-06-30", "credit": 0, "active": true}, {"id": "M-003", '
        '"name": "Kim Roe", "email": "kim@example.net", "birthday": "1975-12-12", "credit": 140.0, '
        '"active": true}]}'
    ),
    "hr_de": (
        "Nr;Name;Vorname;Geburtstag;Abteilung;Status\n"
        "101;Sommer;Erika;12.03.1971;Lager;aktiv\n"
        "102;Wolff;Jürgen;30.09.1965;Verkauf;aktiv\n"
        "103;Brandt;Meike;01.01.1989;Verkauf;inaktiv\n"
    ),
    "no_mail_customers": (
        "No.,Name,Street,Zip,City,Balance,Status\n"
        "1001,Ann Bexley,High Street 1,10001,Leeds,120.50,active\n"
        "1002,Tom Harker,Low Street 2,10002,York,0.00,active\n"
        "1003,Ines Calvo,Mill Lane 3,10003,Bath,33.10,blocked\n"
    ),
    "loyalty": (
        "ID,Name,Email,Birthday,Points,Level\n"
        "7001,Ann Bexley,ann@example.com,1988-02-14,120,gold\n"
        "7002,Tom Harker,tom@example.com,1990-11-30,0,silver\n"
        "7003,Ines Calvo,ines@example.com,1979-07-03,45,gold\n"
    ),
    "leads_fr": (
        "Code;Nom;Prénom;Courriel;Téléphone;Date de naissance;Montant;Actif\n"
        "C1;Dupont;Jean;jean@example.fr;0611223344;01/02/1980;120,00;oui\n"
        "C2;Morel;Anne;anne@example.fr;0611223355;14/07/1991;80,50;oui\n"
        "C3;Petit;Luc;luc@example.fr;0611223366;30/11/1975;0,00;non\n"
    ),
    "rates_it": (
        "Matricola;Nominativo;E-mail;Data di nascita;Tariffa oraria;Ore\n"
        "501;Rossi Mario;m.rossi@example.it;03/05/1981;18,50;160\n"
        "502;Bianchi Anna;a.bianchi@example.it;21/12/1990;22,00;152\n"
        "503;Verdi Luca;l.verdi@example.it;11/06/1974;25,00;0\n"
    ),
    "es_prices": (
        "Código;Nombre;Apellidos;Correo;Fecha nacimiento;Cuota;Saldo\n"
        "1;Ana;García;ana@example.es;03/05/1981;25,00;0\n"
        "2;Luis;Pérez;luis@example.es;13/06/1990;25,00;12\n"
        "3;Eva;Ruiz;eva@example.es;30/07/1985;35,00;3\n"
    ),
    "price_level": (
        "Code,Name,Price,Email,Birth date,Stock\n"
        "AA1,Ann Bexley,0.00,ann@example.com,1988-02-14,0\n"
        "AA2,Tom Harker,5.00,tom@example.com,1990-11-30,1\n"
        "AA3,Ines Calvo,0.00,ines@example.com,1979-07-03,0\n"
    ),
    "pl": (
        "Kod;Nazwisko;Imię;E-mail;Data urodzenia;Rabat;Limit kredytu\n"
        "K1;Nowak;Jan;jan@example.pl;1980-01-02;5,00;1000,00\n"
        "K2;Kowalska;Ewa;ewa@example.pl;1991-05-06;3,00;500,00\n"
        "K3;Wójcik;Adam;adam@example.pl;1977-09-30;0,00;0,00\n"
    ),
    "ja": (
        "番号,氏名,メールアドレス,生年月日,ポイント,状態\n"
        "1001,山田太郎,taro@example.jp,1980/01/02,120,有効\n"
        "1002,佐藤花子,hanako@example.jp,1991/05/06,0,有効\n"
        "1003,鈴木一郎,ichiro@example.jp,1975/09/30,45,無効\n"
    ),
    "ru": (
        "Код;ФИО;Эл. почта;Дата рождения;Скидка;Баланс\n"
        "101;Иванов И.И.;ivanov@example.ru;02.01.1980;5,00;120,00\n"
        "102;Петрова А.А.;petrova@example.ru;06.05.1991;3,00;0,00\n"
        "103;Сидоров П.П.;sidorov@example.ru;30.09.1975;0,00;45,50\n"
    ),
    "shopify_customers": (
        "Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Total Spent,Total Orders,Phone,Tags\n"
        "'7001,Ann,Bexley,ann@example.com,yes,120.50,3,'+441,vip\n"
        "'7002,Tom,Harker,tom@example.com,no,0.00,0,,\n"
        "'7003,Ines,Calvo,ines@example.com,yes,45.00,1,,\n"
    ),
    "birthdays_only": (
        "Nr,Name,Birthday,Amount,Gift\n"
        "1,Ann Bexley,1988-02-14,25.00,mug\n"
        "2,Tom Harker,1990-11-30,25.00,cap\n"
        "3,Ines Calvo,1979-07-03,30.00,mug\n"
    ),
    "sku_named": (
        "SKU,Name,Email,Birthday,Price\n"
        "P-1,Ann Bexley,ann@example.com,1988-02-14,10.00\n"
        "P-2,Tom Harker,tom@example.com,1990-11-30,10.00\n"
        "P-3,Ines Calvo,ines@example.com,1979-07-03,12.00\n"
    ),
    "patients": (
        '{"data": [{"id": 7, "name": "Ann Bexley", "dob": "1988-02-14", "price": "20.00"}, '
        '{"id": 8, "name": "Tom Harker", "dob": "1990-11-30", "price": "25.00"}, '
        '{"id": 9, "name": "Ines Calvo", "dob": "1979-07-03", "price": "20.00"}]}'
    ),
    "members, nl": (
        "Lidnr;Voornaam;Achternaam;Geboortedatum;Contributie;Openstaand\n"
        "1001;Jan;de Boer;01-02-1980;120,00;0,00\n"
        "1002;Els;Visser;14-07-1991;95,00;95,00\n"
    ),
    "customers, sv": (
        "Kundnr,Namn,E-post,Telefon,Pris,Saldo\n"
        "501,Anna Berg,anna.berg@example.se,070-1112233,0,0\n"
        "502,Olle Lund,olle@example.se,070-1112244,10,120\n"
    ),
    "employees_without_days, de": (
        "Personalnr;Nachname;Vorname;Abteilung;Gehalt\n"
        "101;Sommer;Erika;Lager;2100,00\n"
        "102;Wolff;Jürgen;Verkauf;2300,00\n"
        "103;Brandt;Meike;Verkauf;2300,00\n"
    ),
    "tr": (
        "No;Ad;Soyad;Telefon;Puan\n"
        "1;Ali;Yıldız;0532 111 22 33;120\n2;Ayşe;Kaya;0532 111 22 44;0\n3;Can;Demir;0532 111 22 55;45\n"
    ),
    "vi": (
        "Mã;Họ tên;Ngày sinh;Số điện thoại;Điểm\n"
        "1;Nguyễn Văn An;01/02/1980;0912345678;120\n2;Trần Thị Bình;03/04/1991;0912345679;0\n"
    ),
    "zh": "编号,姓名,电话,积分\n1,王小明,13800138000,120\n2,李华,13800138001,0\n3,张伟,13800138002,45\n",
    "ja, two names": (
        "番号,姓,名,電話番号,ポイント\n1,山田,太郎,03-1234-5678,120\n2,佐藤,花子,03-1234-5679,0\n"
        "3,鈴木,一郎,03-1234-5670,45\n"
    ),
    "ko": "번호,성명,전화번호,포인트\n1,김철수,010-1234-5678,120\n"
    "2,이영희,010-1234-5679,0\n3,박민수,010-1234-5670,45\n",
    "ru, three names": (
        "№;Фамилия;Имя;Отчество;Телефон;Баллы\n"
        "1;Иванов;Иван;Иванович;+7 900 111-22-33;120\n2;Петрова;Анна;Сергеевна;+7 900 111-22-44;0\n"
    ),
    "users_json": (
        '[{"id":"u1","username":"ann","email":"ann@example.com","role":"admin","balance":"12.50","active"'
        ':true},{"id":"u2","username":"tom","email":"tom@example.com","role":"user","balance":"0.00","act'
        'ive":true},{"id":"u3","username":"ines","email":"ines@example.com","role":"user","balance":"3.00'
        '","active":false}]'
    ),
    "xml": (
        '<employees><employee id="11"><name>Ann Bexley</name><email>ann@example.com</email><birthdate>198'
        '8-02-14</birthdate><rate>18.50</rate></employee><employee id="12"><name>Tom Harker</name><email>'
        "tom@example.com</email><birthdate>1990-11-30</birthdate><rate>22.00</rate></employee><employee "
        'id="13"><name>Ines Calvo</name><email>ines@example.com</email><birthdate>1979-07-03</birthdate><'
        "rate>24.00</rate></employee></employees>"
    ),
}
PRODUCTS = {
    "contacts": (
        "SKU,Product,Price USD,On hand,Buyer,Buyer e-mail,Brand rep,Rep phone\n"
        "GG-10,Garden gnome classic,24.95,31,Mia Stone,mia.stone@example.com,Bob Ray,555-0100\n"
        "GG-11,Garden gnome fisher,27.95,4,Mia Stone,mia.stone@example.com,Bob Ray,555-0100\n"
        "GG-20,Bird bath stone,89.00,2,Leo Marsh,leo.marsh@example.com,Sue Wu,555-0101\n"
        "GG-21,Bird feeder cedar,39.50,0,Leo Marsh,leo.marsh@example.com,Sue Wu,555-0101\n"
    ),
    "supplier_contact": (
        "Code;Bezeichnung;VK;Bestand;Ansprechpartner;E-Mail;Telefon\n"
        "A-1;Hammer;12,50;4;Frau Klein;klein@example.de;030 111\n"
        "A-2;Zange;13,50;0;Herr Groß;gross@example.de;030 222\n"
        "A-3;Säge;19,90;7;Herr Lang;lang@example.de;030 333\n"
    ),
    "no_price": (
        "SKU,Name,Category,Contact,Contact e-mail\n"
        "G-1,Garden gnome,Garden,Mia Stone,mia@example.com\n"
        "G-2,Bird bath,Garden,Leo Marsh,leo@example.com\n"
        "G-3,Rain barrel,Garden,Sue Wu,sue@example.com\n"
    ),
    "stock_only": (
        "Artikelnr;Bestand;Einkäufer;E-Mail\n"
        "1001;4;Frau Klein;klein@example.de\n"
        "1002;0;Herr Groß;gross@example.de\n"
        "1003;7;Herr Lang;lang@example.de\n"
    ),
    "authors": (
        "ISBN,Title,Author,Birthday of author,Price,Stock\n"
        "9783161484100,Rain,Okoro N.,1970-01-02,12.99,4\n"
        "9780306406157,Sun,Wren A.,1981-05-06,9.99,0\n"
        "9781861972712,Snow,Moss J.,1964-09-30,20.00,7\n"
    ),
    "dolls": (
        "Item No,Name,Birthday,Price,Qty\n"
        "D-1,Doll Anna,1999-02-14,25.00,4\n"
        "D-2,Doll Tom,1998-11-30,25.00,3\n"
        "D-3,Doll Ines,1997-07-03,30.00,0\n"
    ),
    "courses": (
        "Code,Course,Teacher,Teacher e-mail,Price,Places\n"
        "C-1,Yoga,Ann Bexley,ann@example.com,120.00,12\n"
        "C-2,Pilates,Tom Harker,tom@example.com,90.00,8\n"
        "C-3,Boxing,Ines Calvo,ines@example.com,100.00,0\n"
    ),
    "price_list_for_a_customer": (
        "No,Name,Customer number,Role,Price,E-mail\n"
        "1001,Hammer,77001,tool,12.50,info@example.com\n"
        "1002,Pliers,77001,tool,13.50,shop@example.com\n"
        "1003,Saw,77001,tool,19.90,sales@example.com\n"
    ),
    "generic": (
        "No,Name,Price,Stock,Responsible,Mail\n"
        "1001,Hammer,12.50,4,Ann,ann@example.com\n"
        "1002,Pliers,13.50,0,Tom,tom@example.com\n"
        "1003,Saw,19.90,7,Ines,ines@example.com\n"
    ),
}

AMBIGUOUS = {
    "ja": "コード,品名,メーカー名,分類名,価格",
    "ja, stock": "No,商品名,ブランド名,カテゴリ名,倉庫名,在庫数",
    "ja, variants": "商品コード,商品名,メーカー名,カテゴリ名,シリーズ名,色名,サイズ名,販売価格",
    "ja, specification": "番号,製品名,規格名,部門名,単位名,単価",
    "ja, short": "No,名前,価格,ポイント",
    "ja, name": "ID,名,価格,会社名,店舗名",
    "zh": "编码,品名,品牌名,分类名,价格",
    "zh, stock": "编号,名称,仓库名,系列名,库存",
    "zh, traditional": "編號,品名,廠商名,類別名,價格",
    "zh, points": "编号,名字,积分,价格,颜色名",
    "ko": "코드,상품명,브랜드명,카테고리명,가격",
    "ko, name": "번호,이름,가격,포인트,부서",
    "tr": "Id;Ad;Fiyat",
    "tr, stock": "No;Ad;Stok;Fiyat;Şehir",
    "tr, soy": "Kod;Ad;Soya oranı;Fiyat",
    "vi": "Ma;Ten;Gia",
    "vi, accents": "Mã;Tên;Giá;Tồn kho;Địa chỉ kho",
    "id": "No;Nama;Harga;Stok",
    "th": "รหัส;ชื่อ;ราคา;จำนวน",
    "ar": "الرقم;الاسم;السعر;الكمية",
    "he": "מספר;שם;מחיר;מלאי",
    "ru": "Код;Имя;Цена;Остаток;Прокладка",
    "ru, department": "Номер;Название;Отделка;Индекс нагрузки;Адрес хранения;Цена",
    "uk": "Код;Назва;Ціна;Залишок",
    "el": "Κωδικός;Όνομα;Τιμή;Απόθεμα",
    "en, beginnings of contacts": "No;Name;Capacity;Strap;Zip;Structure;Price",
    "en, more beginnings": "No;Name;Cellulose;Television;Streetwear;Zipper;Captain;Price",
    "en, lower case": "id;name;string;strength;mobile;cap;price",
    "en, offers": "id;name;department;start date;turnover;price",
    "en, jobs": "No;Name;Position;Role;Points;Price",
    "de": "Nr;Name;Abteilung;Zuckergehalt;Preis",
    "de, contents": "Nr;Name;Fettgehalt;Alkoholgehalt;Umsatzsteuer;Rolle;Preis",
    "de, places": "Nr;Name;Ort;Straße;Lohnkosten;Preis",
    "pl": "Nr;Nazwa;Dział;Podział;Punkty;Cena",
    "pl, chemistry": "Nr;Nazwa;Chimie;Miasto;Cena",
    "cs": "Č.;Název;Místo;Cena;Body",
    "sk": "Č.;Názov;Mesto;Cena",
    "hu": "Kód;Név;Cím;Város;Ár",
    "ro": "Cod;Denumire;Chimie;Preț;Stoc",
    "bg": "Код;Име;Цена;Отдел",
    "sr": "Šifra;Ime;Cena;Mesto;Ulica",
    "hr": "Šifra;Naziv;Cijena;Adresa",
    "sl": "Šifra;Ime;Cena;Zaloga",
    "es": "Código;Nombre;Impuesto;Repuesto;Puesto;Precio",
    "es, names": "N;Nombres;Marca;Puntos;Precio",
    "fr": "Code;Nom;Portable;Poste;Prix",
    "it": "Codice;Nome;Cap;Via;Prezzo",
    "pt": "Código;Nome;Morada;Cidade;Preço",
    "nl": "Nr;Naam;Stad;Afdeling;Prijs",
    "sv": "Nr;Namn;Stad;Pris",
    "da": "Nr;Navn;Rolle;Pris",
    "no": "Nr;Navn;Stilling;Pris",
    "fi": "Nro;Nimi;Osoite;Hinta",
    "et": "Kood;Nimi;Hind;Ladu",
    "lv": "Kods;Nosaukums;Cena",
    "lt": "Kodas;Pavadinimas;Kaina",
}
AMOUNTS = (
    r"価格|単価|价格|價格|가격|fiyat|gi[aá]$|harga|ราคา|السعر|מחיר|цена|ціна|τιμή|price|preis|cena|ár$|pre[țçcz]|cijena|prix|"
    r"prijs|pris|hinta|hind|kaina"
)
COUNTS = (
    r"在庫|库存|stok|tồn|จำนวน|الكمية|מלאי|остат|залиш|απόθ|stoc|zaloga|ladu|ポイント|积分|포인트|punkty|puntos|body"
)
WORDS = ("Linen", "Walnut", "Cherry", "Marble")
CONTACTS = {
    "": ("", "", "", ""),
    "E-mail": ("shop@alpha.example", "info@beta.example", "sales@gamma.example", "post@delta.example"),
    "Tel": ("030 1234567", "040 2345678", "050 3456789", "060 4567890"),
    "Lang": ("FR", "FR", "FR", "HR"),
    "Collection": ("Madame", "Madame", "Madame", "Madame"),
}
"""Columns that a product list can contain. Each value could also belong to a person."""


def products_of(header: str, contact: str) -> str:
    """Return a product list with this header. Its rows contain keys, words, amounts in the price columns, and a
    contact.
    """
    names = header.replace(",", ";").split(";")
    is_amount = re.compile(AMOUNTS, re.IGNORECASE)
    is_count = re.compile(COUNTS, re.IGNORECASE)
    rows = [";".join([*names, contact]).rstrip(";")]
    for at, word in enumerate(WORDS):
        cells = [
            f"{1001 + at}" if not number
            else f"{12 + at},50" if is_amount.search(name)
            else f"{3 + at}" if is_count.search(name)
            else f"{word} {number}" if number > 1
            else word
            for number, name in enumerate(names)
        ]  # fmt: skip
        rows.append(";".join([*cells, CONTACTS[contact][at]]).rstrip(";"))
    return "\n".join(rows) + "\n"


@pytest.mark.parametrize("contact", CONTACTS)
@pytest.mark.parametrize("header", AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_a_product_list_with_ambiguous_column_names_is_read(header: str, contact: str) -> None:
    text = products_of(header, contact)
    try:
        reading = read(text)
    except UnreadableFeed as error:
        pytest.fail(str(error))
    assert len(reading.products) + len(reading.rejected) == len(WORDS)


def earlier(text: str, columns: list[int]) -> dict[str, Any]:
    """Return the memory of a previous product file. `columns` are the positions of SKU, name, price and stock in that
    file.
    """
    header = text.partition("\n")[0].replace(";", ",").split(",")
    fields = zip(("sku", "name", "price", "inventory_count"), columns, strict=False)
    return {
        "format": "csv",
        "profile": "plain",
        "columns": {field: [{"column": header[at % len(header)], "score": 0.9}] for field, at in fields},
        "decimal": {"mark": ".", "by": "values", "reason": "values"},
        "price": {"kind": "plain", "unit_column": None},
    }


def file_name(text: str) -> str:
    return "list.json" if text[0] in "[{" else "list.xml" if text[0] == "<" else "list.csv"


@pytest.mark.parametrize("text", PERSONS.values(), ids=PERSONS)
@pytest.mark.parametrize("columns", [[], [0, 1], [0, 1, -1], [0, 1, -2, -1], [0, 1, 4], [0, 2, 5, 6]])
def test_a_list_of_persons_is_refused_even_if_the_catalog_remembers_its_columns(text: str, columns: list[int]) -> None:
    with pytest.raises(UnreadableFeed, match="this looks like a list of") as refusal:
        read(text, file_name(text), memory=earlier(text, columns) if columns else None)
    assert "send the list of products" in str(refusal.value)
    assert not any(value in str(refusal.value) for value in ("Bexley", "@", "1988", "Sommer"))


@pytest.mark.parametrize("text", PRODUCTS.values(), ids=PRODUCTS)
@pytest.mark.parametrize("has_memory", [False, True])
def test_a_product_list_with_buyers_sellers_or_authors_is_read(text: str, has_memory: bool) -> None:
    memory = read(text, file_name(text)).feed.reading if has_memory else None
    reading = read(text, file_name(text), memory=memory)
    assert len(reading.products) == len(text.strip().split("\n")) - 1
    assert not reading.feed.questions
    public = [str(value) for product in reading.products for value in (product.attributes or {}).values()]
    assert not any("@" in value or "Frau" in value for value in public)


def test_a_mapped_sku_column_prevents_the_refusal() -> None:
    reading = read(PERSONS["loyalty"], mapping={"sku": "ID", "name": "Level", "price": "Points"})
    assert [product.sku for product in reading.products] == ["7001", "7002", "7003"]


def test_the_same_bank_account_in_all_rows_does_not_cause_a_refusal() -> None:
    account = "DE89370400440532013000"
    rows = "".join(f"{1000 + at};{name};4,00;{account}\n" for at, name in enumerate(("Cup", "Mug", "Pot")))
    assert len(read(f"Nr;Titel;Betrag;Konto\n{rows}").products) == 3
