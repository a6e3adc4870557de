"""PrestaShop: the list of products in the languages of the back office, and the import template.

Source: docs.prestashop-project.org, "Import" (CSV import of products). The columns of the list have the texts of the
back office, for example `Precio (imp. incl.)`.
"""

from wecelebrate.feeds.columns.profile import Profile

_PRICE = "(?:price|prix|precio|preis|prezzo|prijs|preco|cena)"
PRICE_WITH_TAX = (
    f"{_PRICE}(?:(?:tax|impuestos?|imp|tasse|mwst|ust|btw|iva|tva|dph).{{0,6}})?"
    "(?:incl.*|inkl.*|ttc|toutestaxescomprises|con(?:imp.*|iva)|ivato|ivainclus[ao]|civa|zpodatkiem|brutto|sdph)"
)
PRICE_WITHOUT_TAX = (
    f"{_PRICE}(?:(?:tax|impuestos?|imp|tasse|mwst|ust|btw|iva|tva|dph).{{0,6}})?"
    "(?:excl.*|exkl.*|zzgl.*|ohne.*|ht|horstaxes|escl.*|sin(?:imp.*|iva)|siva|bezpodatku|netto|bezdph)"
)
_NAME = "name|nom|nombre|nome|naam|nazwa|nazev"
_REFERENCE = "reference|referencia|riferimento|referentie|referenz|artikelnr|bestellnr|artikelnummer|indeks|kod"
_CATEGORY = "categor(?:y|ie|ia|ies)|kategori(?:e|a)"
_QUANTITY = "quantity|quantite|cantidad|quantita|quantidade|aantal|hoeveelheid|menge|anzahl|ilosc|mnozstvi"
_STATE = "status|state|etat|statut|estado|stato|stav|enabled|active"
_ID = "id|productid|idproduit|produktid|idproducto|idprodotto"

PRESTASHOP = Profile(
    "prestashop",
    (
        ("name", "pricetaxexcluded"), ("name", "pricetaxexcl"), ("name", "priceincludingtax"),
        ("name", "imageurlsxyz"), ("name", "categoriesxyz"), ("name", "pricetaxexcludedorpricetaxincluded"),
        (_ID, _NAME, _REFERENCE, _CATEGORY, PRICE_WITHOUT_TAX, PRICE_WITH_TAX, _QUANTITY, _STATE),
    ),
    {
        "sku": (_REFERENCE, "productid", "id"),
        "name": (_NAME,),
        "description": ("description", "summary", "shortdescription"),
        "category": ("categories(?:xyz)?", "category", _CATEGORY),
        "brand": ("manufacturer", "brand"),
        "price": ("pricetaxincl.*", "priceincludingtax", PRICE_WITH_TAX, "pricetaxexcluded.*", "pricetaxexcl"),
        "images": ("imageurls(?:xyz)?", "image|bild|imagen|immagine|afbeelding|imagem|zdjecie|obrazek"),
        "inventory_count": (_QUANTITY,),
        "is_active": ("active01", "active", "enabled", _STATE),
    },
    {"ean13": "ean", "upc": "upc", "mpn": "mpn", "weight": "weight", "tagsxyz": "tags", "condition": "condition"},
    cell_readers={"category": "first_category"},
)  # fmt: skip
