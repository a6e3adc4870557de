"""Medusa: the product export of the admin of versions 1 and 2.

Source: docs.medusajs.com, "Export Products".
"""

from wecelebrate.feeds.columns.profile import Profile, VariantRule

OPTIONS = tuple((f"(?:variant)?option{n}name", f"(?:variant)?option{n}value") for n in range(1, 9))

MEDUSA = Profile(
    "medusa",
    (("producthandle", "producttitle"), ("producthandle", "varianttitle"), ("producthandle", "variantsku")),
    {
        "sku": ("variantsku",),
        "name": ("producttitle",),
        "description": ("productdescription",),
        "category": ("productcategory1name", "producttype", "producttypevalue", "productcollectiontitle"),
        "price": ("(?:variant)?price(?P<currency>[a-z]{3})", "price1amount", "price[a-z]+?(?P<currency>[a-z]{3})"),
        "currency": ("price1currencycode",),
        "images": ("productthumbnail", r"productimage\d+(?:url)?", r"image\d+url"),
        "inventory_count": ("variantinventoryquantity",),
        "is_active": ("productstatus",),
    },
    {
        "productstatus": "status",
        "productsubtitle": "subtitle",
        "producttags": "tags",
        r"producttag\d+": "",
        "variantbarcode": "barcode",
        "variantean": "ean",
        "variantupc": "upc",
        "variantweight|productweight": "weight",
        "variantmaterial|productmaterial": "material",
        "productorigincountry": "origin_country",
    },
    VariantRule(
        key=("producthandle", "productid"),
        handle=("producthandle",),
        variant_columns=(
            "variantid", "varianttitle", "variantsku", "(?:variant)?option1value", "(?:variant)?price[a-z]{3}",
            "price1amount", "variantinventoryquantity",
        ),
        options=OPTIONS,
        variant_title=("varianttitle",),
        own_columns=("variant.*", r"option\d+value", "price.*"),
    ),
    joined_fields=("images",),
    # `draft`, `proposed` and `published` are editing states. An editing state does not make a product inactive.
    inactive_pattern="rejected",
)  # fmt: skip
