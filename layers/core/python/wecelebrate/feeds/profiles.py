"""Profiles of the exports of common shops and ERP systems. A file's profile is recognised from its columns.

The column names in a profile are folded (see `columns.fold`) and can be regular expressions. Patterns are tried in
the order of the profile, and the first column that matches a pattern is used. Columns that the profile does not name
are ignored.
"""

import re

from wecelebrate.feeds.profile import Profile, RejectRule, VariantRule
from wecelebrate.feeds.vendors import VENDOR_PROFILES

SHOPIFY_OPTIONS = tuple((f"option{n}name", f"option{n}value") for n in (1, 2, 3))
MEDUSA_OPTIONS = tuple((f"(?:variant)?option{n}name", f"(?:variant)?option{n}value") for n in range(1, 9))
JSON_OPTIONS = tuple((f"options{n - 1}name", f"variantsoption{n}") for n in (1, 2, 3))

PROFILES = (
    *VENDOR_PROFILES,
    Profile(
        "json with variants",
        (("title", "variantsprice"), ("name", "variantsprice"), ("title", "variantssku"), ("name", "variantssku")),
        {
            "sku": ("variantssku",),
            "name": ("title", "name"),
            "description": ("bodyhtml", "descriptionhtml", "description"),
            "category": ("producttype", "category", "categoryname", "type"),
            "brand": ("vendor", "brand", "brandname", "manufacturer"),
            "price": ("variantsprice", "variantspriceamount", r"variantsprices0?amount"),
            "currency": ("variantspricecurrency(?:code)?", "currency", "variants(?:prices0?)?currency(?:code)?"),
            "images": ("images", "image", "imagesrc", "thumbnail"),
            "inventory_count": ("variantsinventoryquantity", "variantsstock", "variantsquantity", "variantsinventory"),
            "is_active": ("status", "published", "active"),
        },
        {
            "tags": "tags",
            "variantsbarcode": "barcode",
            "variantsgrams": "weight_grams",
            "variantscompareatprice": "compare_at_price",
            "status": "status",
        },
        VariantRule(
            key=("handle", "slug", "id"),
            handle=("handle", "slug", "id"),
            variant_columns=("variants.*",),
            options=JSON_OPTIONS,
            variant_title=("variantstitle", "variantsname"),
            variant_images=("variantsfeaturedimagesrc", "variantsimagesrc", "variantsimage", "variantsimages"),
            own_columns=("variants.*",),
        ),
        joined_fields=("images",),
    ),
    Profile(
        "shopify",
        (
            ("handle", "title", "option1name", "variantprice"),
            ("handle", "bodyhtml", "vendor"),
            ("handle", "title", "variantsku"),
            ("handle", "title", "option1value"),
            ("handle", "option1value", "variantprice"),
            ("urlhandle", "title"),
            ("urlhandle", "option1value"),
        ),
        {
            "sku": ("variantsku", "sku"),
            "name": ("title",),
            "description": ("bodyhtml", "description"),
            "category": ("type", "productcategory", "customproducttype", "standardproducttype"),
            "brand": ("vendor",),
            "price": ("variantprice", "price"),
            "images": ("imagesrc", "productimageurl"),
            "inventory_count": ("variantinventoryqty", "inventoryquantity"),
            "is_active": ("status", "published", "publishedononlinestore"),
        },
        {
            "tags": "tags",
            "variantbarcode|barcode": "barcode",
            "variantgrams|weightvaluegrams": "weight_grams",
            "variantcompareatprice|compareatprice": "compare_at_price",
            "status": "status",
        },
        VariantRule(
            key=("handle", "urlhandle"),
            handle=("handle", "urlhandle"),
            variant_columns=(
                "variantsku", "sku", "variantprice", "price", "option1value", "option2value", "option3value",
                "variantinventoryqty", "inventoryquantity",
            ),
            options=SHOPIFY_OPTIONS,
            variant_images=("variantimage", "variantimageurl"),
            own_columns=("variant.*", "barcode", "weightvaluegrams", "compareatprice", "costperitem", "image.*"),
        ),
    ),
    Profile(
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
            options=MEDUSA_OPTIONS,
            variant_title=("varianttitle",),
            own_columns=("variant.*", r"option\d+value", "price.*"),
        ),
        joined_fields=("images",),
        # `draft`, `proposed` and `published` are editing states. An editing state does not make a product inactive.
        inactive_pattern="rejected",
    ),
    Profile(
        "woocommerce",
        (
            ("type", "sku", "name", "regularprice"),
            ("type", "sku", "name", "published"),
            ("sku", "name", "regularprice", "categories"),
        ),
        {
            "sku": ("sku",),
            "name": ("name",),
            "description": ("description", "shortdescription"),
            "category": ("categories",),
            "brand": ("brands", "brand", "metabrand"),
            # The regular price is preferred, because the file does not reliably say how long a sale price is valid.
            "price": ("regularprice", "saleprice"),
            "images": ("images",),
            "inventory_count": ("stock",),
            "is_active": ("published",),
        },
        {
            "tags": "tags",
            "weight[a-z]*": "weight",
            "gtinupceanorisbn": "gtin",
            "saleprice": "sale_price",
            "shortdescription": "short_description",
        },
        VariantRule(
            key=("sku", "id"),
            parent=("parent",),
            variant_columns=("parent",),
            parent_patterns={"type": ".*variable.*"},
            options=tuple((f"attribute{n}name", f"attribute{n}values") for n in range(1, 7)),
            own_columns=("id", "type", "saleprice", "weight[a-z]*", "gtinupceanorisbn", r"attribute\d+values"),
        ),
        (
            RejectRule(
                "type", ".*(variable|grouped).*", "not_sold_itself",
                "is a product type without a price, and no variation follows directly below; export its variations too",
                ("regularprice", "saleprice"),
            ),
        ),
        cell_readers={"category": "first_category"},
    ),
    Profile(
        "magento",
        (
            ("sku", "attributesetcode", "producttype"), ("sku", "storeviewcode"), ("sku", "attributeset", "type"),
            ("sku", "name", "baseimage"), ("sku", "name", "productonline"), ("sku", "name", "urlkey", "price"),
        ),
        {
            "sku": ("sku",),
            "name": ("name",),
            "description": ("description", "shortdescription"),
            "category": ("categories", "category"),
            "brand": ("manufacturer", "brand"),
            "price": ("price",),
            "images": ("baseimage", "image", "additionalimages", "mediaimage"),
            "inventory_count": ("qty",),
            "is_active": ("productonline", "status"),
        },
        {
            "weight": "weight",
            "specialprice": "special_price",
            "visibility": "visibility",
            "producttype": "product_type",
            "metakeywords": "keywords",
            "color|size|material|countryofmanufacture": "",
        },
        VariantRule(key=("sku",), blank_continues=True, variant_columns=("price", "storeviewcode")),
        (
            RejectRule(
                "storeviewcode", ".+", "translation",
                "marks a translation, but only the default store view is imported; export only this store view",
            ),
            RejectRule(
                "producttype|type", "configurable|grouped", "not_sold_itself",
                "is the type of a product that is not sold itself, because its variants are separate rows",
            ),
            RejectRule(
                "producttype|type", "bundle", "not_sold_itself",
                "is the type of a product whose parts are sold, and the bundle has no price of its own", ("price",),
            ),
        ),
        joined_fields=("images",),
        inactive_pattern="2|0|disabled",
        cell_readers={"category": "first_category"},
    ),
    Profile(
        "prestashop",
        (
            ("name", "pricetaxexcluded"), ("name", "pricetaxexcl"), ("name", "priceincludingtax"),
            ("name", "imageurlsxyz"), ("name", "categoriesxyz"), ("name", "pricetaxexcludedorpricetaxincluded"),
        ),
        {
            "sku": ("reference", "productid", "id"),
            "name": ("name",),
            "description": ("description", "summary", "shortdescription"),
            "category": ("categories(?:xyz)?", "category"),
            "brand": ("manufacturer", "brand"),
            "price": ("pricetaxincl.*", "priceincludingtax", "pricetaxexcluded.*", "pricetaxexcl"),
            "images": ("imageurls(?:xyz)?", "image"),
            "inventory_count": ("quantity",),
            "is_active": ("active01", "active", "enabled", "status"),
        },
        {"ean13": "ean", "upc": "upc", "mpn": "mpn", "weight": "weight", "tagsxyz": "tags", "condition": "condition"},
        cell_readers={"category": "first_category"},
    ),
    Profile(
        "odoo",
        (("internalreference", "name"), ("internalreference", "salesprice"), ("defaultcode", "listprice")),
        {
            "sku": ("internalreference", "defaultcode", "barcode"),
            "name": ("name", "displayname"),
            "description": (
                "salesdescription", "saledescription", "descriptionsale", "description", "ecommercedescription",
            ),
            "category": ("productcategory(?:name|displayname|completename)?", "productcategoryid", "categid.*"),
            "brand": ("brand.*", "manufacturer.*"),
            "price": ("salesprice", "saleprice", "publicprice", "listprice", "lstprice"),
            "currency": ("currency.*",),
            "images": ("imageurl", "imageurls", "websiteimageurl"),
            "inventory_count": ("quantityonhand", "qtyavailable", "freequantity", "freeqty"),
            "is_active": ("active", "canbesold", "sales?ok"),
        },
        {
            "barcode": "barcode", "weight": "weight", "unitofmeasure.*|uomid.*": "unit",
            "productvalues": "product_values", "tags|producttags.*": "tags",
        },
        VariantRule(
            key=("internalreference", "defaultcode", "name", "externalid"),
            blank_continues=True,
            variant_columns=("internalreference", "defaultcode", "name"),
        ),
    ),
    Profile(
        "vendure",
        (
            ("name.*", "sku", "price", "optiongroups.*"),
            ("name.*", "sku", "facets.*"),
            ("name.*", "sku", "stockonhand", "taxcategory"),
        ),
        {
            "sku": ("sku",),
            "name": ("name(?:[a-z]{2})?(?:[a-z]{2})?",),
            "description": ("description(?:[a-z]{2})?(?:[a-z]{2})?",),
            "category": ("facets(?:[a-z]{2})?",),
            "brand": ("facets(?:[a-z]{2})?",),
            "price": ("price",),
            "images": ("assets",),
            "inventory_count": ("stockonhand",),
            "is_active": ("enabled", "productenabled", "variantenabled"),
        },
        {"facets(?:[a-z]{2})?": "facets", "variantfacets(?:[a-z]{2})?": "variant_facets", "slug(?:[a-z]{2})?": "slug"},
        VariantRule(
            key=("name(?:[a-z]{2})?(?:[a-z]{2})?", "slug(?:[a-z]{2})?"),
            blank_continues=True,
            variant_columns=("sku", "price"),
            option_lists=("optiongroups(?:[a-z]{2})?", "optionvalues(?:[a-z]{2})?"),
            variant_images=("variantassets",),
            own_columns=("variant.*", "optionvalues.*", "trackinventory", "taxcategory"),
        ),
        cell_readers={"category": "facet_category", "brand": "facet_brand"},
    ),
    Profile(
        "saleor",
        (("variantsku", "name"), ("variantsku", "productname"), ("variantsku", ".*channelpriceamount")),
        {
            "sku": ("variantsku",),
            "name": ("name", "productname"),
            "description": ("description", "productdescription"),
            "category": ("category", "productcategory"),
            "brand": ("brandproductattribute", "brand"),
            "price": ("(?P<channel>.*)channelpriceamount", "variantprice", "price"),
            "images": ("variantmedia", "productmedia"),
            "inventory_count": (".*warehousequantity",),
        },
        {
            ".*productattribute|.*variantattribute": "",
            "collections": "collections",
            "producttype": "product_type",
            "variantweight|productweight": "weight",
        },
        joined_fields=("images", "inventory_count"),
        cell_readers={"description": "editor_text"},
    ),
    Profile(
        "spryker prices",
        (("concretesku", "valuegross"), ("abstractsku", "valuegross"), ("concretesku", "valuenet")),
        {
            "sku": ("concretesku", "abstractsku"),
            "price": ("valuegross", "valuenet"),
            "currency": ("currency",),
        },
        {"store": "store"},
        # The prices are whole numbers of cents (Spryker documentation, "File details: product_price.csv").
        minor_units=True,
    ),
    Profile(
        "google merchant",
        (("id", "title", "imagelink"), ("id", "title", "link", "price"), ("id", "title", "availability")),
        {
            "sku": ("id",),
            "name": ("title",),
            "description": ("description",),
            "category": ("producttype", "googleproductcategory"),
            "brand": ("brand",),
            "price": ("price",),
            "images": ("imagelink", r"additionalimagelink\d*"),
            "inventory_count": ("quantity", "quantitytosellonfacebook", "inventory", "availability"),
            "is_active": ("status",),
        },
        {
            "gtin|mpn|color|size|material|gender|condition|availability|link|pattern": "",
            "agegroup": "age_group",
            "itemgroupid": "item_group_id",
            "saleprice": "sale_price",
        },
        joined_fields=("images",),
    ),
)  # fmt: skip


def recognise(folded_header: list[str]) -> Profile | None:
    """Return the first profile that has a signature whose columns are all in the header."""
    for profile in PROFILES:
        for signature in profile.signatures:
            if all(has_column(folded_header, column) for column in signature):
                return profile
    return None


def has_column(folded_header: list[str], pattern: str) -> bool:
    return any(re.fullmatch(pattern, name) for name in folded_header)


def known_names() -> frozenset[str]:
    """Return all column names of the profiles, except patterns. These names help to recognise a header."""
    names: set[str] = set()
    for profile in PROFILES:
        for patterns in (*profile.signatures, *profile.fields.values()):
            names.update(name for name in patterns if name.isalnum())
    return frozenset(names)
