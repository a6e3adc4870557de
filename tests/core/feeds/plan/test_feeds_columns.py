"""Tests how columns are assigned to fields: by names in many languages, or by the mapping. Also tests invalid cells."""

import pytest

from tests.core.feeds.feed_reading import read
from wecelebrate.feeds import UnreadableFeed


@pytest.mark.parametrize(
    "header",
    [
        "SKU;Name;Description;Category;Brand;Price;Currency;Image URL;Stock;Active",
        "Article No.;Product Name;Long Description;Product Group;Manufacturer;Unit Price;Currency;Picture;Qty;Enabled",
        "Artikel-Nr.;Bezeichnung;Beschreibung;Warengruppe;Hersteller;VK-Preis;Währung;Bild;Lagerbestand;Aktiv",
        "Référence;Désignation;Description;Catégorie;Marque;Prix de vente;Devise;Photo;Quantité;Actif",
        "Código;Nombre;Descripción;Categoría;Marca;Precio;Moneda;Imagen;Existencias;Activo",
        "Codice articolo;Nome;Descrizione;Categoria;Marca;Prezzo;Valuta;Immagine;Giacenza;Attivo",
        "Código do produto;Nome do produto;Descrição;Categoria;Marca;Preço;Moeda;Imagem;Estoque;Ativo",
        "Artikelnummer;Productnaam;Omschrijving;Productgroep;Merk;Verkoopprijs;Munt;Afbeelding;Voorraad;Actief",
        "Varenummer;Varenavn;Beskrivelse;Varegruppe;Mærke;Salgspris;Valuta;Billede;Lagerantal;Aktiv",
        "Indeks;Nazwa;Opis;Kategoria;Producent;Cena brutto;Waluta;Zdjęcie;Ilość;Aktywny",
        "MATNR;MAKTX;Langtext;MATKL;Hersteller;KBETR;WAERS;Bild;LABST;Status",
        "item_number;item_name;full_description;item_group;manufacturer;selling_price;currency;image_src;quantity_on_hand;is_active",
        "itemNumber;itemName;longDescription;productType;brandName;salesPrice;currencyCode;imageUrl;stockLevel;isActive",
    ],
)
def test_usual_column_names_in_many_languages_are_recognised(header: str) -> None:
    product = read(header + "\nA-1;Mug;A mug.;Mugs;Acme;12,50;CHF;https://x.example/a.jpg;7;1\n").product
    assert (product.sku, product.name, product.description, product.category, product.brand) == (
        "A-1", "Mug", "A mug.", "Mugs", "Acme",
    )  # fmt: skip
    assert (str(product.price), product.currency, product.images) == ("12.50", "CHF", ["https://x.example/a.jpg"])
    assert (product.inventory_count, product.is_active, product.attributes) == (7, True, {})


def test_the_most_specific_column_name_is_used_for_a_field() -> None:
    product = read("id,sku,barcode,price,cost price,list price,name\n1,A,400,5,2,9,Mug\n").product
    assert (product.sku, str(product.price)) == ("A", "5.00")
    assert product.attributes == {"barcode": "400"}
    assert (product.source["cost price"], product.source["list price"]) == ("2", "9")


def test_the_price_column_in_the_currency_of_the_catalog_is_used() -> None:
    text = "sku,price_usd,price_eur\nA,10,9\n"
    assert (str(read(text).product.price), read(text).product.currency) == ("9.00", "EUR")
    assert (str(read(text, currency="USD").product.price), read(text, currency="USD").product.currency) == (
        "10.00",
        "USD",
    )
    assert (str(read(text, currency="GBP").product.price), read(text, currency="GBP").product.currency) == (
        "10.00",
        "USD",
    )


def test_the_description_is_used_as_the_name_if_the_file_has_no_name_column() -> None:
    assert read("Item No,Description,Price\nA,Mug,1\n").product.name == "Mug"


def test_all_numbered_image_columns_are_used() -> None:
    product = read("sku,name,Image 1,Image 2,image_url_3\nA,Mug,a.jpg,b.jpg,c.jpg\n").product
    assert product.images == ["a.jpg", "b.jpg", "c.jpg"]


def test_a_product_is_inactive_if_it_is_marked_as_discontinued() -> None:
    reading = read("sku,active,discontinued\nA,yes,no\nB,yes,1\nC,no,0\nD,,\n")
    assert [p.is_active for p in reading.products] == [True, False, False, True]
    assert "is_active" not in reading.products[3].fields_set


@pytest.mark.parametrize("column", ["status", "active", "Status (Shop)"])
def test_a_product_with_an_unknown_state_is_inactive_only_if_it_is_new(column: str) -> None:
    reading = read(f"sku,name,{column}\nA,Mug,checked by Bob\nB,Cap,active\n")
    unknown, active = reading.products
    assert (unknown.is_active, "is_active" in unknown.fields_set) == (False, False)
    assert (active.is_active, "is_active" in active.fields_set) == (True, True)
    assert reading.feed.warnings.as_json() == [
        {"code": "unknown_state", "column": column, "value": "checked by Bob", "rows": 1}
    ]


def test_the_mapping_overrides_the_detection_of_column_names() -> None:
    text = "sku;Artikelnummer;name;Titel lang;preis;VK Preis\nx;A-1;short;A long title;1,00;2,00\n"
    mapping = {"sku": "artikelnummer", "name": "Titel lang", "price": "vk-preis"}
    product = read(text, mapping=mapping).product
    assert (product.sku, product.name, str(product.price)) == ("A-1", "A long title", "2.00")


def test_the_mapping_can_exclude_a_field() -> None:
    product = read("sku,name,brand\nA,Mug,Acme\n", mapping={"brand": None}).product
    assert product.brand is None
    assert "brand" not in product.fields_set


def test_the_mapping_can_use_one_column_for_two_fields() -> None:
    product = read("Nummer;Text;x\nA;Mug;1\n", mapping={"sku": "Nummer", "name": "Text", "description": "Text"}).product
    assert (product.name, product.description) == ("Mug", "Mug")


def test_the_mapping_overrides_a_profile() -> None:
    text = "Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price,Cost per item\nmug,Mug,Size,S,M-S,5,2\n"
    assert str(read(text, mapping={"price": "Cost per item"}).product.price) == "2.00"


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        (
            {"price": "Betrag"},
            'take price from the column "Betrag", which the file does not have; its columns are "sku", "name"',
        ),
        ({"colour": "name"}, 'an unknown field "colour"'),
        ({"decimal": ";"}, "the decimal mark must be"),
        ({"minor_units": "cents"}, "must be yes or no"),
        ({"delimiter": "::"}, "a single character"),
    ],
)
def test_an_invalid_mapping_or_option_is_refused(mapping: dict[str, str | None], message: str) -> None:
    with pytest.raises(UnreadableFeed, match=message):
        read("sku,name\nA,Mug\n", mapping=mapping)


def test_the_delimiter_option_overrides_the_detection() -> None:
    assert read("sku!name\nA!b,c;d\n", mapping={"delimiter": "!"}).product.name == "b,c;d"


@pytest.mark.parametrize(
    ("row", "reason", "code"),
    [
        (",Mug,1,EUR,", "sku: is empty", "empty"),
        ("A\x07B,Mug,1,EUR,", 'sku: "A\\x07B" contains a control character', "control_character"),
        ("A" * 201 + ",Mug,1,EUR,", "longer than 200 characters", "too_long"),
        ("4.00638E+12,Mug,1,EUR,", "export the column as text", "rounded_number"),
        ("A,,1,EUR,", "name: is empty", "empty"),
        ("A," + "x" * 501 + ",1,EUR,", "longer than 500 characters", "too_long"),
        ("A,Mug,,EUR,", "price: is empty", "empty"),
        ('A,Mug,"12,3x",EUR,', 'price: "12,3x" is not a number', "not_a_number"),
        ("A,Mug,-1,EUR,", 'price: "-1" is negative', "negative"),
        ("A,Mug,1,Taler,", 'currency: "Taler" is not an ISO 4217 currency', "unknown_currency"),
        (
            "A,Mug,1,EUR,javascript:alert(1)",
            'image: "javascript:alert(1)" is not an http or https address',
            "not_an_address",
        ),
        ("A,Mug,1,EUR,data:image/png;base64", "is not an http or https address", "not_an_address"),
        ('A,Mug,1,EUR,"java\tscript:alert(1)"', "is not an address", "not_an_address"),
        ("A,Mug,1,EUR,https://x.example/" + "x" * 2_050, "longer than 2,048 characters", "too_long"),
    ],
)
def test_the_rejection_of_a_bad_cell_has_a_code_and_names_the_column(row: str, reason: str, code: str) -> None:
    rejection = read("sku,name,price,currency,image\n" + row + "\n").rejection
    assert reason in rejection.reason
    assert rejection.code == code


@pytest.mark.parametrize(
    ("cell", "images"),
    [
        ("https://x.example/a.jpg, https://x.example/b.jpg", ["https://x.example/a.jpg", "https://x.example/b.jpg"]),
        ("https://x.example/a.jpg;https://x.example/b.jpg", ["https://x.example/a.jpg", "https://x.example/b.jpg"]),
        ("https://x.example/a.jpg https://x.example/b.jpg", ["https://x.example/a.jpg", "https://x.example/b.jpg"]),
        ("https://x.example/w_1,h_2/a.jpg", ["https://x.example/w_1,h_2/a.jpg"]),
        ("a.jpg,b.png;c.webp", ["a.jpg", "b.png", "c.webp"]),
        ("a.jpg|b.jpg", ["a.jpg", "b.jpg"]),
        ("/media/a.jpg,/media/b.jpg", ["/media/a.jpg", "/media/b.jpg"]),
        ("a.jpg,a.jpg", ["a.jpg"]),
        ("", []),
    ],
)
def test_a_cell_with_several_images_is_split(cell: str, images: list[str]) -> None:
    assert read(f'sku,name,images\nA,Mug,"{cell}"\n').product.images == images


def test_only_the_first_fifty_images_are_read() -> None:
    assert len(read(f"sku,name,images\nA,Mug,{'|'.join(f'{n}.jpg' for n in range(70))}\n").product.images) == 50


def test_a_field_without_a_column_is_not_set() -> None:
    product = read("SKU;Bestand\nA;3\n").product
    assert product.fields_set == {"sku", "inventory_count"}
    assert (product.name, product.price, product.description) == (None, None, None)


def test_a_field_with_a_blank_cell_is_set_to_no_value() -> None:
    product = read("sku,name,description,brand,images\nA,Mug,,,\n").product
    assert {"description", "brand", "images"} <= product.fields_set
    assert (product.description, product.brand, product.images) == (None, None, [])


def test_the_source_of_a_product_is_the_unchanged_row() -> None:
    product = read('sku,name,price,note\nA, Mug ,"1,5",\n').product
    assert product.source == {"sku": "A", "name": " Mug ", "price": "1,5", "note": ""}
