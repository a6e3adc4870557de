"""Odoo: the export of products in the language of the user, or with technical names, and the import template.

Source: odoo.com/documentation, "Export and import data". An export that can be imported again has technical names such
as `default_code`. Any other export has the labels of the user's language, such as `Riferimento interno`.
"""

from wecelebrate.feeds.columns.profile import Profile, VariantRule

_REFERENCE = (
    "internalreference|interne?referenz|interneartikelnummer|referenceinterne|referenciainterna|riferimentointerno|"
    "internereferentie|internreferens|internreference|odnosnikwewnetrzny|internikod"
)
_NAME = "name|nom|nombre|nome|naam|nazwa|namn|navn"
_PRICE = (
    "salesprice|saleprice|publicprice|verkaufspreis|prixdevente|preciodeventa|prezzodivendita|verkoopprijs|"
    "precodevenda|forsaljningspris|salgspris|cenasprzedazy"
)
_QUANTITY = (
    "quantityonhand|qtyavailable|freequantity|freeqty|verfugbaremenge|vorratigemenge|bestandsmenge|quantiteenstock|"
    "quantitedisponible|quantiteenmain|cantidadamano|cantidaddisponible|quantitadisponibile|quantitaadisposizione|"
    "beschikbarehoeveelheid|aanwezigehoeveelheid|voorradigehoeveelheid|quantidadeemmaos|quantidadedisponivel|"
    "quantidadeamao|tillgangligkvantitet"
)
_CATEGORY = (
    "(?:productcategory|produktkategorie|categoriedeproduits?|categoriadeproducto|categoriaprodotto|"
    "categoriadelprodotto|productcategorie|categoriadeproduto|categoriadoproduto)"
)
_SOLD = (
    "canbesold|sales?ok|kannverkauftwerden|peutetrevendu|puedeservendido|puedevenderse|sepuedevender|puoesserevenduto|"
    "kanwordenverkocht|podeservendido|kansaljas|kansaelges|mozebycsprzedawany"
)
_DESCRIPTION = (
    "salesdescription|saledescription|descriptionsale|verkaufsbeschreibung|descriptiondevente|"
    "descripciondeventa|descrizionedivendita|descrizionevendita|verkoopomschrijving|descricaodevenda"
)
_BARCODE = "barcode|codebarres|codigodebarras|codiceabarre|streepjescode|strichcode"

ODOO = Profile(
    "odoo",
    (
        (_REFERENCE, _NAME), (_REFERENCE, _PRICE), ("defaultcode", "listprice"), ("defaultcode", "name", "categid.*"),
        ("defaultcode", "lstprice"),
    ),
    {
        "sku": (_REFERENCE, "defaultcode", _BARCODE),
        "name": (_NAME, "displayname"),
        "description": (_DESCRIPTION, "description", "ecommercedescription"),
        "category": (f"{_CATEGORY}(?:name|displayname|completename|.+)?", "productcategoryid", "categid.*"),
        "brand": ("brand.*", "manufacturer.*"),
        "price": (_PRICE, "listprice", "lstprice"),
        "currency": ("currency.*",),
        "images": ("imageurl", "imageurls", "websiteimageurl"),
        "inventory_count": (_QUANTITY,),
        "is_active": ("active|aktiv|actif|activo|attivo|actief|ativo", _SOLD),
    },
    {
        _BARCODE: "barcode", "weight|gewicht|poids|peso": "weight", "unitofmeasure.*|uomid.*": "unit",
        "productvalues": "product_values", "tags|producttags.*": "tags",
    },
    VariantRule(
        key=(_REFERENCE, "defaultcode", _NAME, "externalid"),
        blank_continues=True,
        variant_columns=(_REFERENCE, "defaultcode", _NAME),
    ),
)  # fmt: skip
