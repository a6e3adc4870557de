"""Tests that a column is public only if it is a field or a known property, or if the settings of the catalog choose
it.
"""

import pytest

from tests.core.feeds.feed_reading import Body, read, read_file
from wecelebrate.feeds import Disclosure, open_feed, propose
from wecelebrate.feeds.columns.properties import PROPERTIES
from wecelebrate.feeds.columns.synonyms import FIELDS, SYNONYMS
from wecelebrate.feeds.columns.visibility import KNOWN_NAMES, internal_part, is_property, private_part, words
from wecelebrate.feeds.plan.profiles import PROFILES

PUBLIC = (
    """
Color|Colour|farbe|Größe|Groesse (cm)|Taille|Talla|Taglia|Tamanho|Maat|Størrelse|Storlek|Koko|Rozmiar|Velikost
Material|Matériau|Materiał|Materiaali|weight_kg|Poids (g)|Gewicht in kg|netWeight|Hmotnost|Länge|Długość|Pituus
GTIN-13|EAN|ean13|UPC|Barcode|Strichcode|ISBN|Country of Origin|Herkunftsland|Pays d'origine|Pays d\u2019origine
Age group|Geschlecht|Muster|Capacity|Füllmenge|Compare At Price|sale_price|UVP|MSRP|RRP EUR|Produktfarbe
Artikelgewicht|attributes.color|pa_size|param.Kolor|specs.material|Flavor (product attribute)|Material 2
tradeItemMeasurements.netWeight@measurementUnitCode|Warranty|Care instructions|Nennspannung|Vegan
""".replace("\n", "|")
    .strip("|")
    .split("|")
)
PRIVATE = (
    """
Cost|Cost per item|Cost Price|Unit cost|cost_price|standard_price|wholesale_price|Dealer price|Purchase note
Meta: _wc_cog_cost|Default Unit Cost|Default Vendor Name|Supplier|Supplier SKU|Vendor code|Margin %|Markup|Internal note
Warehouse|Bin Picking Number|Stock on hand|Reorder point|Units sold|EK|EK-Preis|EKPreis|Einkaufspreis netto
Einstandspreis|Händlerpreis|Lieferant|Lieferanten-Nr.|Spanne|Rohertrag|Lagerplatz|Lagerort|Bemerkung intern|Rabattgruppe
Prix d'achat HT|Prix de revient|Fournisseur|Marge|Coût|Entrepôt|Coste|Precio de compra|Proveedor|Margen|Almacén
Costo|Prezzo d'acquisto|Fornitore|Magazzino|Custo|Preço de custo|Fornecedor|Armazém|Inkoopprijs|Leverancier|Kostprijs
Kostpris|Indkøbspris|Innkjøpspris|Inköpspris|Leverandør|Leverantör|Avance|Ostohinta|Toimittaja|Kate|Varasto
Cena zakupu|Dostawca|Marża|Cena hurtowa|Nákupní cena|Dodavatel|Marže|E1MBEWM.STPRS|net_customer|Preis Großhandel
""".replace("\n", "|")
    .strip("|")
    .split("|")
)
COMPOUND = ["Material cost", "Farbe intern", "Color (internal)", "Gewicht Lieferant", "Supplier color", "size.cost"]
UNKNOWN = [
    "Projekt",
    "Gültig ab",
    "list price",
    "x",
    "",
    "Sale price (staff)",
    "Farbe サイズ",
    "Настроение",
    "Preisgruppe B",
]


@pytest.mark.parametrize("name", PUBLIC)
def test_the_name_of_a_known_property_is_public(name: str) -> None:
    assert is_property(name)


@pytest.mark.parametrize("name", [*PRIVATE, *COMPOUND])
def test_a_column_name_about_purchases_or_the_warehouse_is_private(name: str) -> None:
    assert private_part(name)
    assert not is_property(name)


@pytest.mark.parametrize("name", UNKNOWN)
def test_a_column_with_an_unknown_name_is_private(name: str) -> None:
    assert not is_property(name)


def test_each_known_property_name_is_normalized_and_contains_no_private_word() -> None:
    assert [name for name in KNOWN_NAMES if private_part(name) or words(name) != (name,)] == []
    assert len(KNOWN_NAMES) > 1_400
    assert all(len(names.split()) == len(set(names.split())) for names in PROPERTIES.values())


def test_usual_names_of_public_texts_and_prices_are_not_private() -> None:
    texts = ("name", "description", "category", "brand", "price")
    assert [name for field in texts for name in SYNONYMS[field] if internal_part(name)] == []


def test_no_attribute_of_a_profile_comes_from_a_private_column() -> None:
    labels = [label for profile in PROFILES for label in profile.attributes.values() if label]
    assert [label for label in labels if private_part(label)] == []


LANTERN = (
    "SKU,Name,Sales Price,Cost Price,Supplier,Margin %,Internal note,Colour,Stock\n"
    "LK-7,Lantern,30.00,11.40,Hidden Trading Ltd,62,never below 25,green,5\n"
)


def test_costs_and_suppliers_and_margins_and_notes_are_only_in_the_source_data() -> None:
    product = read(LANTERN).product
    assert (product.brand, product.attributes) == (None, {"Colour": "green"})
    private = {
        "Cost Price": "11.40",
        "Supplier": "Hidden Trading Ltd",
        "Margin %": "62",
        "Internal note": "never below 25",
    }
    assert private.items() <= product.source.items()


@pytest.mark.parametrize(
    ("column", "field"),
    [
        ("Supplier", "brand"), ("Lieferant", "brand"), ("Vendor", "brand"), ("Fournisseur", "brand"),
        ("VERPR", "price"),
        ("Price (dealer)", "price"), ("Preis (EK)", "price"), ("Name (internal)", "name"),
        ("Beschreibung intern", "description"),
        ("Description [intern]", "description"), ("Kategorie (Einkauf)", "category"),
    ],
)  # fmt: skip
def test_no_public_field_is_read_from_an_internal_column(column: str, field: str) -> None:
    product = read(f"sku,weight,{column}\nA-1,5,77\n").product
    assert getattr(product, field) is None
    assert field in FIELDS


VENDOR_FILES = {
    "shopify": "Handle,Title,Vendor,Option1 Name,Option1 Value,Variant SKU,Variant Price,Variant Compare At Price,"
    "Cost per item,Variant Inventory Qty\nmug,Mug,Acme,Size,L,S-1,20,25,7.31,3\n",
    "woocommerce": "Type,SKU,Name,Published,Regular price,Stock,Purchase note,Meta: _wc_cog_cost,Attribute 1 name,"
    "Attribute 1 value(s),Attribute 2 name,Attribute 2 value(s)\n"
    "simple,S-1,Mug,1,20,3,planted note,7.31,Material,wool,Supplier,Planted Ltd\n",
    "odoo": "Internal Reference,Name,Sales Price,Cost,standard_price,Vendors,Barcode\n"
    "S-1,Mug,20,7.31,7.31,Planted Ltd,4\n",
    "magento": "sku,product_type,attribute_set_code,name,price,cost,special_price,qty\n"
    "S-1,simple,Default,Mug,20,7.31,18,3\n",
    "prestashop": "Reference,Name,Price tax excluded,Wholesale price,Supplier,Supplier reference,Quantity\n"
    "S-1,Mug,20,7.31,Planted Ltd,planted-1,3\n",
    "square": "Token,Item Name,SKU,Price,Default Unit Cost,Default Vendor Name,Default Vendor Code\n"
    "t,Mug,S-1,20,7.31,Planted Ltd,planted-1\n",
    "loyverse": "Handle,SKU,Name,Category,Price,Cost,Purchase cost,Supplier,In stock [Shop]\n"
    "mug,S-1,Mug,Cups,20,7.31,7.31,Planted Ltd,3\n",
    "bigcommerce": "SKU,Product Name,Price,Cost Price,Bin Picking Number,Warehouse\n"
    "S-1,Mug,20,7.31,planted bin,planted\n",
    "erp": "Artikelnummer;Bezeichnung;VK-Preis;EK-Preis;Lieferant;Lagerplatz;DB %;Farbe intern\n"
    "S-1;Tasse;20,00;7,31;Planted GmbH;planted;7,31;planted\n",
    "json": '[{"sku": "S-1", "title": "Mug", "price": 20, "cost": 7.31, "color": "red",'
    ' "supplier": {"name": "Planted Ltd"}, "attributes": {"material": "wool", "cost": "7.31"},'
    ' "metafields": {"custom": {"unit_cost": "7.31"}}}]',
    "saleor": "variant sku,name,price,Cost (product attribute),Supplier (variant attribute),Color (product attribute)\n"
    "S-1,Mug,20,7.31,Planted Ltd,red\n",
}  # fmt: skip


@pytest.mark.parametrize("vendor", VENDOR_FILES)
def test_costs_and_suppliers_in_a_shop_export_are_private(vendor: str) -> None:
    content = VENDOR_FILES[vendor]
    (product,) = read(content, f"{vendor}.json" if vendor == "json" else f"{vendor}.csv").products
    public = [product.name, product.description, product.category, product.brand, product.attributes]
    assert not [value for value in ("7.31", "7,31", "lanted") if value in str(public)], public
    assert "7.31" in str(product.source) or "7,31" in str(product.source)
    assert str(product.price) == "20.00"


FEATURES = """<BMECAT version="2005"><HEADER><CATALOG><LANGUAGE>deu</LANGUAGE><CATALOG_ID>1</CATALOG_ID>
<CATALOG_VERSION>1</CATALOG_VERSION><CURRENCY>EUR</CURRENCY></CATALOG></HEADER><T_NEW_CATALOG><PRODUCT mode="new">
<SUPPLIER_PID>P-1</SUPPLIER_PID><PRODUCT_DETAILS><DESCRIPTION_SHORT>Tasse</DESCRIPTION_SHORT></PRODUCT_DETAILS>
<PRODUCT_FEATURES><FEATURE><FNAME>Farbe</FNAME><FVALUE>rot</FVALUE></FEATURE>
<FEATURE><FNAME>Einkaufspreis</FNAME><FVALUE>7.31</FVALUE></FEATURE>
<FEATURE><FNAME>Brenntemperatur</FNAME><FVALUE>1240</FVALUE></FEATURE></PRODUCT_FEATURES>
<PRODUCT_PRICE_DETAILS><PRODUCT_PRICE price_type="net_list"><PRICE_AMOUNT>20</PRICE_AMOUNT></PRODUCT_PRICE>
<PRODUCT_PRICE price_type="net_customer"><PRICE_AMOUNT>7.31</PRICE_AMOUNT></PRODUCT_PRICE></PRODUCT_PRICE_DETAILS>
<USER_DEFINED_EXTENSIONS><UDX.ACME.COST>7.31</UDX.ACME.COST><UDX.ACME.MATERIAL>Ton</UDX.ACME.MATERIAL>
</USER_DEFINED_EXTENSIONS></PRODUCT></T_NEW_CATALOG></BMECAT>"""


def test_features_of_a_bmecat_are_public_if_they_are_known_or_chosen() -> None:
    product = read(FEATURES, "catalog.xml").product
    assert (product.attributes, str(product.price)) == ({"Farbe": "rot"}, "20.00")
    chosen = Disclosure({"Brennt bei": "Brenntemperatur"}, ["Farbe"])
    with open_feed(Body(FEATURES.encode()), "catalog.xml", None, "EUR", disclosure=chosen) as feed:
        (item,) = feed
    assert getattr(item, "attributes", None) == {"Brennt bei": "1240"}


@pytest.mark.parametrize(
    "content",
    [
        "Internal Reference,Name,Sales Price,Brand cost,Manufacturer margin\nS-1,Mug,20,7.31,7.31\n",
        "Product Handle,Product Title,Variant SKU,Price Cost EUR,Price Shop EUR\nmug,Mug,S-1,7.31,20\n",
    ],
)
def test_a_profile_pattern_reads_no_public_field_from_an_internal_column(content: str) -> None:
    product = read(content).product
    assert (product.brand, str(product.price)) == (None, "20.00")


def test_the_settings_override_whether_a_column_is_public() -> None:
    disclosure = Disclosure({"Note": "Internal note", "Origin": "cost price"}, ["colour"])
    with open_feed(Body(LANTERN.encode()), "a.csv", None, "EUR", disclosure=disclosure) as feed:
        (product,) = feed
        assert feed.details["attributes"] == {"Note": "Internal note", "Origin": "Cost Price"}
    assert getattr(product, "attributes", None) == {"Note": "never below 25", "Origin": "11.40"}


def test_a_variant_option_is_public_if_its_name_is_not_private() -> None:
    text = "Handle,Title,Option1 Name,Option1 Value,Option2 Name,Option2 Value,Variant SKU,Variant Price\n"
    product = read(text + "mug,Mug,Engraving,heart,Supplier,Planted Ltd,S-1,20\n").product
    assert (product.name, product.attributes) == ("Mug – heart", {"Engraving": "heart"})


def test_a_proposal_states_for_each_column_whether_and_why_it_is_public() -> None:
    proposal = propose(
        Body(LANTERN.encode()), "a.csv", None, "EUR", disclosure=Disclosure({"Cost": "Cost Price", "Y": "Year"})
    )
    uses = {column.name: (column.use, column.target) for column in proposal.columns}
    assert uses == {
        "SKU": ("field", "sku"), "Name": ("field", "name"), "Sales Price": ("field", "price"),
        "Cost Price": ("attribute", "Cost"), "Supplier": ("private", None), "Margin %": ("private", None),
        "Internal note": ("private", None), "Colour": ("attribute", "Colour"), "Stock": ("field", "inventory_count"),
    }  # fmt: skip
    reasons = {column.name: column.reason for column in proposal.columns}
    assert reasons["Supplier"] == 'private: a name with "supplier" is never public, unless the settings name it'
    assert reasons["Colour"] == "this is the name of a property of products"
    assert proposal.warnings == [
        'the settings show the column "Cost Price" as the attribute "Cost", but a name with "cost" usually means a '
        "private value",
        'the settings take the attribute "Y" from the column "Year", which the file does not have',
    ]


def test_a_product_lists_the_attributes_with_blank_cells() -> None:
    product = read("sku,colour,size,material\nA,,M,\n").product
    assert (product.attributes, product.blank_attributes) == ({"size": "M"}, ("colour", "material"))


def test_the_rejection_of_a_row_does_not_contain_private_cells() -> None:
    rejected = read(b"sku,name,cost note\nA,Mug,planted \x00\n").rejection
    assert rejected.code == "nul_character"
    assert rejected.reason == "cost note: the cell contains a NUL character; remove it"


def test_the_sample_files_show_no_internal_value() -> None:
    for name in (
        "bmecat12-new-catalog.xml",
        "gdsn-catalogue-item.xml",
        "odoo.csv",
        "medusa-v1.csv",
        "woocommerce.csv",
    ):
        for product in read_file(name).products:
            assert not [label for label in product.attributes if private_part(label)], name
