"""The kinds of damage that documents of the old applications have, and what becomes of such a document."""

from typing import Literal, NamedTuple

Outcome = Literal["row", "alias", "quarantine", "list"]


class Damage(NamedTuple):
    """A kind of damage."""

    outcome: Outcome
    """What becomes of the document: a `row` of the platform with a note, an `alias` of another document, `quarantine`
    until somebody decides, or nothing, because only the `list` is wrong."""
    advice: str
    """What the operator does about it."""


_NOTHING = "nothing: it becomes a row, with a note"
_PRICE = "correct the price in the old application"
_OWNER = "correct the owner in the old application"
_KEYS = "nothing: the first key becomes the row"

DAMAGE: dict[str, Damage] = {
    "gift_price_text": Damage("row", _NOTHING),
    "gift_price_with_currency": Damage("row", _NOTHING),
    "gift_price_comma": Damage("row", _NOTHING),
    "gift_price_in_value": Damage("row", _NOTHING),
    "gift_price_unreadable": Damage("quarantine", _PRICE),
    "gift_price_negative": Damage("quarantine", _PRICE),
    "gift_price_three_decimals": Damage("quarantine", _PRICE),
    "gift_price_too_big": Damage("quarantine", _PRICE),
    "gift_currency_bad": Damage("quarantine", "enter a currency of ISO 4217 in the old application"),
    "gift_sku_missing": Damage("row", "nothing: the old id becomes the SKU"),
    "gift_sku_twice": Damage("quarantine", "give one of the gifts another SKU"),
    "gift_catalog_missing": Damage("row", "nothing: it moves to the legacy catalog"),
    "gift_catalog_unknown": Damage("quarantine", "choose a catalog in the old application"),
    "gift_image_base64": Damage("row", "upload the image to the platform after the move"),
    "gift_value_huge": Damage("row", "replace the image in the document by a file"),
    "gift_deleted": Damage("row", "nothing: the product becomes inactive"),
    "gift_discontinued": Damage("row", "nothing: the product becomes inactive"),
    "gift_status_unknown": Damage("row", "check whether the product may be visible"),
    "gift_in_stock_flag": Damage("row", "enter the number of pieces"),
    "gift_stock_bad": Damage("row", "enter the number of pieces: the stock becomes 0"),
    "gift_inventory_object": Damage("row", _NOTHING),
    "gift_hostile_text": Damage("row", "look at the text before customers see it"),
    "gift_snake_case": Damage("row", _NOTHING),
    "gift_date_in_words": Damage("row", _NOTHING),
    "gift_date_missing": Damage("row", _NOTHING),
    "gift_date_bad": Damage("row", _NOTHING),
    "gift_id_of_another": Damage("quarantine", "restore the gift: the document of another gift is under its key"),
    "gift_object_key": Damage("quarantine", "delete the document if its gift has another key"),
    "gift_id_empty": Damage("quarantine", "delete the document if its gift has another key"),
    "gift_id_wildcard": Damage("row", "nothing, but do not delete by the prefix of this key"),
    "gift_double_encoded": Damage("row", _NOTHING),
    "gift_not_an_object": Damage("quarantine", "restore or delete the document"),
    "gift_plural_key": Damage("row", "nothing: the key becomes the row"),
    "gift_environment_key": Damage("row", "nothing: the key becomes the row"),
    "gift_both_keys_equal": Damage("alias", _KEYS),
    "gift_both_keys_differ": Damage("alias", "compare the documents: the first key becomes the row"),
    "gift_unlisted": Damage("row", "nothing: the list decides nothing"),
    "gift_listed_twice": Damage("row", "nothing: the list decides nothing"),
    "gift_dangling": Damage("list", "nothing: the list names gifts that do not exist"),
    "order_number_twice": Damage("row", "nothing: the number of the second order gets a suffix"),
    "order_state_confirmed": Damage("row", _NOTHING),
    "order_state_failed": Damage("row", _NOTHING),
    "order_state_in_transit": Damage("row", _NOTHING),
    "order_state_out_for_delivery": Damage("row", _NOTHING),
    "order_state_syncing": Damage("row", _NOTHING),
    "order_state_unknown": Damage("quarantine", "correct the state in the old application"),
    "order_site_missing": Damage("quarantine", _OWNER),
    "order_site_unknown": Damage("quarantine", _OWNER),
    "order_client_of_another_site": Damage("row", "nothing: the client of the site owns the order"),
    "order_gift_unknown": Damage("row", "nothing: the line keeps its name, and has no product"),
    "order_gift_nested": Damage("row", _NOTHING),
    "order_total_missing": Damage("row", "nothing: the total is computed from the line"),
    "order_total_zero": Damage("row", "nothing: the total is computed from the line"),
    "order_total_disagrees": Damage("row", "nothing: the total stays as it is"),
    "order_email_missing": Damage("row", "nothing: the order has no address for mails"),
    "order_address_text": Damage("row", _NOTHING),
    "order_address_missing": Damage("row", _NOTHING),
    "order_quantity_bad": Damage("quarantine", "correct the quantity in the old application"),
    "order_date_in_words": Damage("row", _NOTHING),
    "order_date_bad": Damage("row", _NOTHING),
    "order_date_missing": Damage("row", _NOTHING),
    "order_deleted": Damage("row", "nothing: documents never delete orders"),
    "order_snake_case": Damage("row", _NOTHING),
    "order_key_is_id": Damage("row", "nothing: the key is the old id"),
    "order_id_empty": Damage("quarantine", "delete the document if its order has another key"),
    "order_id_of_another": Damage("quarantine", "restore the order: another document is under its key"),
    "order_double_encoded": Damage("row", _NOTHING),
    "order_not_an_object": Damage("quarantine", "restore or delete the document"),
    "order_plural_key": Damage("row", "nothing: the key becomes the row"),
    "order_environment_key": Damage("row", "nothing: the key becomes the row"),
    "order_both_keys_equal": Damage("alias", _KEYS),
    "order_both_keys_differ": Damage("alias", "compare the documents: the first key becomes the row"),
    "order_unlisted": Damage("row", "nothing: the list decides nothing"),
    "order_listed_twice": Damage("row", "nothing: the list decides nothing"),
    "order_dangling": Damage("list", "nothing: the list names orders that do not exist"),
    "client_name_short": Damage("row", "enter the name: the id completes it"),
    "client_status_unknown": Damage("row", "activate the client if it may be active"),
    "client_logo_base64": Damage("row", "upload the logo to the platform after the move"),
    "client_alias_key": Damage("alias", _KEYS),
    "site_name_short": Damage("row", "enter the name: the id replaces it"),
    "site_status_unknown": Damage("row", "activate the site if it may be active"),
    "site_logo_base64": Damage("row", "upload the logo to the platform after the move"),
    "site_domain_twice": Damage("row", "decide which site has the domain: the first key keeps it"),
    "site_domain_url": Damage("row", _NOTHING),
    "site_client_missing": Damage("quarantine", _OWNER),
    "site_client_unknown": Damage("quarantine", _OWNER),
    "site_catalog_unknown": Damage("row", "choose a catalog in the old application: the site has none"),
    "site_catalog_of_another_client": Damage("quarantine", "choose another catalog, or grant this one"),
    "site_alias_key": Damage("alias", _KEYS),
    "catalog_name_short": Damage("row", "enter the name: the id replaces it"),
    "catalog_type_missing": Damage("row", "nothing: the type becomes `manual`"),
    "catalog_status_unknown": Damage("row", "check whether the catalog may be active"),
    "catalog_credentials": Damage("row", "enter the credentials on the platform: they are not copied"),
    "catalog_client_missing": Damage("quarantine", _OWNER),
    "catalog_client_unknown": Damage("quarantine", _OWNER),
    "catalog_alias_key": Damage("alias", _KEYS),
    **{
        f"{entity}_{kind}": damage
        for entity in ("client", "site", "catalog")
        for kind, damage in (
            ("keys_differ", Damage("alias", "compare the documents: the first key becomes the row")),
            ("id_empty", Damage("quarantine", "delete the document if it has another key")),
            ("id_of_another", Damage("quarantine", "restore the document: another document is under its key")),
            ("double_encoded", Damage("row", _NOTHING)),
            ("not_an_object", Damage("quarantine", "restore or delete the document")),
        )
    },
}  # fmt: skip
