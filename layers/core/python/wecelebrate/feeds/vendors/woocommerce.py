"""WooCommerce: the product exporter. A variation names the SKU of its product, or `id:` and the ID, in `Parent`.

Sources: github.com/woocommerce/woocommerce/wiki, "Product CSV Import Schema"; the documentation of the REST API at
woocommerce.github.io, "Products" and "Product variations"; woocommerce.com, "Adding and managing products": a sale
price without a schedule is valid at once, until somebody removes it.
"""

import re

from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.columns.profile import OPTION_LINE, Profile, RejectRule, VariantRule

MAX_COLUMNS = 10
# The exporter writes the columns in the language of the shop: English, German, French, Spanish, Italian and Dutch.
_TYPE = "type|typ|tipo"
_SKU = "sku|artikelnummer|ugs|skucod"
_NAME = "name|nom|nombre|nome|naam"
_PUBLISHED = "published|veroffentlicht|publie|publicado|pubblicato|gepubliceerd"
_DESCRIPTION = "description|beschreibung|descripcion|descrizione|beschrijving"
_REGULAR_PRICE = "regularprice|regularerpreis|tarifregulier|precionormal|prezzodilistino|regulareprijs|normaleprijs"
_SALE_PRICE = "saleprice|angebotspreis|tarifpromo|preciorebajado|prezzoinofferta|actieprijs|aanbiedingsprijs"
_PARENT = (
    "parent|ubergeordnet(?:es)?(?:produkt)?|elternprodukt|superior|principal|padre|productopadre|genitore|"
    "prodottogenitore|hoofd|hoofdproduct|bovenliggend|produitparent"
)
_ATTRIBUTE_NAME = (
    "attribute{0}name|attribut{0}name|attribuut{0}naam|nomdelattribut{0}|nombredelatributo{0}|nomedellattributo{0}|"
    "naamvaneigenschap{0}"
)
_ATTRIBUTE_VALUES = (
    "attribute{0}values?|attribut{0}werte?|attribuut{0}waarden?|valeursdelattribut{0}|valoresdelatributo{0}|"
    "valoridellattributo{0}|valoredellattributo{0}|waardenvaneigenschap{0}"
)

_TYPES = re.compile(r"(?:simple|variable|variation|grouped|external)(?:, (?:virtual|downloadable)){0,2}")
_OF_VARIATIONS = re.compile(r"variable|variation.*")


def has_types(columns: Columns) -> bool:
    """Return whether a column contains the product types of WooCommerce, which are the same in every language.

    The column names are translated into at least 50 languages, so the profile does not contain all of them.
    """
    return any(
        bool(cells := columns[number].cells)
        and all(map(_TYPES.fullmatch, cells)) and any(map(_OF_VARIATIONS.fullmatch, cells))
        for number in range(min(len(columns.header), MAX_COLUMNS))
    )  # fmt: skip


WOOCOMMERCE = Profile(
    "woocommerce",
    (
        ("type", "sku", "name", "regularprice"),
        ("type", "sku", "name", "published"),
        ("sku", "name", "regularprice", "categories"),
        (_TYPE, _SKU, _NAME, _PUBLISHED, _REGULAR_PRICE),
    ),
    {
        "sku": (_SKU,),
        "name": (_NAME,),
        "description": (_DESCRIPTION, "shortdescription|kurzbeschreibung"),
        "category": ("categories|kategorien|categorias|categorie|categorieen",),
        "brand": ("brands", "brand", "metabrand"),
        # A sale price is an offer. If its dates are blank, the sale price is valid now.
        "price": (_REGULAR_PRICE, _SALE_PRICE),
        "images": ("images|bilder|imagenes|immagini|afbeeldingen",),
        "inventory_count": ("stock|bestand|lagerbestand|lager|inventario|magazzino|voorraad",),
        "is_active": (_PUBLISHED,),
    },
    {
        "tags": "tags",
        "weight[a-z]*": "weight",
        "gtinupceanorisbn": "gtin",
        "shortdescription": "short_description",
    },
    VariantRule(
        key=(_SKU, "id"),
        is_scattered=True,
        parent=(_PARENT,),
        variant_columns=(_PARENT,),
        parent_patterns={_TYPE: ".*variable.*"},
        options=tuple((_ATTRIBUTE_NAME.format(n), _ATTRIBUTE_VALUES.format(n)) for n in range(1, 7)),
        own_columns=(
            "id", _TYPE, _SALE_PRICE, "weight[a-z]*", "gtinupceanorisbn", _ATTRIBUTE_VALUES.format(r"\d+"),
        ),
    ),
    (
        RejectRule(
            _TYPE, ".*(variable|grouped).*", "not_sold_itself",
            "is the type of a product that is not sold itself, and the file has no variation of it; export its "
            "variations too",
        ),
    ),
    offers_without_days="valid",
    cell_readers={"category": "first_category"},
)  # fmt: skip

WOOCOMMERCE_REST = Profile(
    "woocommerce rest",
    (
        ("type", "regularprice", "stockstatus", "managestock"),
        ("permalink", "regularprice", "stockstatus"),
        ("sku", "regularprice", "catalogvisibility"),
    ),
    {
        "sku": ("sku",),
        "name": ("name",),
        "description": ("description", "shortdescription"),
        "category": ("categories0name",),
        "brand": ("brands0name",),
        # `price` is the offer while an offer is valid.
        "price": ("regularprice", "price"),
        "images": ("image(?:src)?", "images"),
        "inventory_count": ("stockquantity",),
        "is_active": ("status",),
    },
    {
        "weight": "weight",
        "globaluniqueid": "gtin",
        # A product has all values of an attribute, and a variation has one of these values.
        "attributes.+": "",
    },
    VariantRule(
        key=("id",),
        is_scattered=True,
        parent=("parentid",),
        variant_columns=("parentid",),
        parent_patterns={"type": ".*variable.*"},
        option_texts=("attributes", OPTION_LINE),
        variant_images=("image(?:src)?",),
        own_columns=(
            "id", "type", "permalink", "slug", "price", "saleprice", "weight", "globaluniqueid",
            "attributes.*",
        ),
    ),
    (
        RejectRule(
            "type", ".*(variable|grouped).*", "not_sold_itself",
            "is the type of a product that is not sold itself, and the file has no variation of it; export its "
            "variations too",
        ),
    ),
    joined_fields=("images",),
    offers_without_days="valid",
)  # fmt: skip
