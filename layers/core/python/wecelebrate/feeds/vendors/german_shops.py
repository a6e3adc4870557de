"""JTL-Wawi and plentymarkets: the exports of JTL-Ameise, and of the catalogues of plentymarkets.

Sources: guide.jtl-software.com, "JTL-Ameise: Artikeldaten"; knowledge.plentymarkets.com, "Exporting items with
catalogues".
"""

from wecelebrate.feeds.columns.profile import Profile, VariantRule

JTL = Profile(
    "jtl",
    (
        ("artikelnummer", "artikelname", "(?:std)?vkbrutto|bruttovk|vkbrutto.*"),
        ("artikelnummer", "artikelname", "stdvkbrutto"),
        ("artikelnummer", "identifizierungsspaltevaterartikel"),
    ),
    {
        "sku": ("artikelnummer",),
        "name": ("artikelname",),
        "description": ("beschreibung", "kurzbeschreibung"),
        "category": ("kategorieebene1", "kategorie"),
        "brand": ("hersteller",),
        "price": ("stdvkbrutto", "bruttovk", "vkbrutto.*", "stdvknetto", "nettovk"),
        "images": (r"bild\d?(?:url|pfad)?",),
        "inventory_count": (
            "verfugbarer(?:lager)?bestand|(?:lager)?bestandverfugbar|verfugbar",
            "lagerbestandgesamt",
            "bestand(?:gesamt)?",
            "lagerbestand",
            "auflager",
        ),
        "is_active": ("aktiv", "artikelaktiv"),
    },
    {"gtin|eangtin|ean": "gtin", "han": "mpn", "artikelgewicht|versandgewicht": "weight"},
    VariantRule(
        key=("artikelnummer",),
        is_scattered=True,
        parent=("identifizierungsspaltevaterartikel", "vaterartikel"),
        variant_columns=("identifizierungsspaltevaterartikel", "vaterartikel"),
        parent_patterns={"artikelnummer": ".+"},
        options=tuple((f"variationsname{n}", f"variationswert(?:name)?{n}") for n in range(1, 5)),
        own_columns=("gtin|eangtin|ean", "han", "artikelgewicht|versandgewicht"),
        inherits_price=True,
    ),
    joined_fields=("images",),
)

PLENTYMARKETS = Profile(
    "plentymarkets",
    (
        ("variationid", "variationnumber", "itemid"), ("itemid", "variationnumber", "itemname1?"),
        ("variationid", "variationnumber", "(?:item)?text.*name1"),
    ),
    {
        "sku": ("variationnumber", "variationexternalid", "variationid"),
        "name": ("itemname1?", "(?:item)?text.*name1", "variationname"),
        "description": ("itemdescription", "itemproductdescription.*", "(?:item)?text.*description"),
        "category": ("category1name", "defaultcategoryname", "category"),
        "brand": ("manufacturername", "itemmanufacturer(?:name)?", "manufacturer"),
        # The sales price 1 is the standard price.
        "price": ("salesprice1?", "variationsalesprice1?(?:price)?", "price"),
        "currency": ("currency",),
        "images": (r"itemimageurl\d*", "imageurl"),
        "inventory_count": ("variationstocknet", "stocknet", "netstock", "stock", "variationstock"),
        "is_active": ("variationisactive", "isactive", "active"),
    },
    {"barcode|variationbarcode|gtin13barcode|ean": "ean", "variationmodel|model": "model", "weightg?": "weight"},
    joined_fields=("images",),
)  # fmt: skip
