"""The kinds of damage in documents of the old applications, and the outcome for a document with this damage."""

from typing import Literal, NamedTuple

Outcome = Literal["row", "alias", "quarantine", "list"]


class Damage(NamedTuple):
    """A kind of damage."""

    outcome: Outcome
    """The outcome of the document. `row`: the document becomes a row of the platform with a note. `alias`: the document
    becomes an alias of another document. `quarantine`: the document waits until an operator decides. `list`: only the
    list is wrong, and no document changes."""
    advice: str
    """What the operator should do."""
    reasons: tuple[str, ...] = ()
    """The quarantine reasons that the mapping gives for this damage (`wecelebrate.kv.reasons`)."""


_NOTHING = "nothing: it becomes a row, with a note"
_PRICE = "correct the price in the old application"
_OWNER = "correct the owner in the old application"
_CURRENCY = ("currency_unknown",)
_ANOTHER = ("id_of_another_record",)
_FOREIGN = ("catalog_of_another_client",)
_KEYS = "nothing: the first key becomes the row"
_SHORT_ID = "give the record an id of at most 200 characters, or delete the document"
_LEVELS = "delete the levels below the 32nd in the document"
_COPY = "nothing: the document with its own key becomes the row"

DAMAGE: dict[str, Damage] = {
    "gift_price_text": Damage("row", _NOTHING),
    "gift_price_with_currency": Damage("row", _NOTHING),
    "gift_price_comma": Damage("row", _NOTHING),
    "gift_price_in_value": Damage("row", _NOTHING),
    "gift_price_unreadable": Damage("quarantine", _PRICE, ("price_unreadable", "no_price")),
    "gift_price_negative": Damage("quarantine", _PRICE, ("price_negative",)),
    "gift_price_three_decimals": Damage("quarantine", _PRICE, ("price_too_fine", "price_unreadable")),
    "gift_price_too_big": Damage("quarantine", _PRICE, ("price_too_large",)),
    "gift_currency_bad": Damage("quarantine", "enter a currency of ISO 4217 in the old application", _CURRENCY),
    "gift_sku_missing": Damage("row", "nothing: the old id becomes the SKU"),
    "gift_sku_twice": Damage("quarantine", "give one of the gifts another SKU", ("sku_repeated",)),
    "gift_catalog_missing": Damage("row", "nothing: it moves to the legacy catalog"),
    "gift_catalog_unknown": Damage("quarantine", "choose a catalog in the old application", ("unknown_catalog",)),
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
    "gift_id_of_another": Damage(
        "quarantine", "restore the gift: the document of another gift is under its key", _ANOTHER
    ),
    "gift_object_key": Damage("quarantine", "delete the document if its gift has another key", ("no_id",)),
    "gift_id_empty": Damage("quarantine", "delete the document if its gift has another key", ("no_id",)),
    "gift_id_wildcard": Damage("row", "nothing, but do not delete by the prefix of this key"),
    "gift_double_encoded": Damage("row", _NOTHING),
    "gift_not_an_object": Damage("quarantine", "restore or delete the document", ("not_an_object",)),
    "gift_plural_key": Damage("row", "nothing: the key becomes the row"),
    "gift_environment_key": Damage("row", "nothing: the key becomes the row"),
    "gift_both_keys_equal": Damage("alias", _KEYS),
    "gift_both_keys_differ": Damage("alias", "compare the documents: the first key becomes the row"),
    "gift_catalog_unplaced": Damage("quarantine", "create the legacy catalog, or choose a catalog", ("no_catalog",)),
    "gift_catalog_changed": Damage(
        "quarantine", "choose the old catalog again: a product never moves to another catalog", ("catalog_changed",)
    ),
    "gift_only_in_list": Damage("row", "nothing: the document in the list becomes the row"),
    "gift_list_copy_equal": Damage("alias", _COPY),
    "gift_list_copy_differs": Damage("alias", "compare the documents: the one with its own key becomes the row"),
    "gift_id_too_long": Damage("quarantine", _SHORT_ID, ("id_too_long",)),
    "gift_too_deep": Damage("quarantine", _LEVELS, ("too_deep",)),
    "gift_unlisted": Damage("row", "nothing: the list decides nothing"),
    "gift_listed_twice": Damage("row", "nothing: the list decides nothing"),
    "gift_dangling": Damage("list", "nothing: the list names gifts that do not exist"),
    "order_number_twice": Damage("row", "nothing: the number of the second order gets a suffix"),
    "order_state_confirmed": Damage("row", _NOTHING),
    "order_state_failed": Damage("row", _NOTHING),
    "order_state_in_transit": Damage("row", _NOTHING),
    "order_state_out_for_delivery": Damage("row", _NOTHING),
    "order_state_syncing": Damage("row", _NOTHING),
    "order_state_unknown": Damage("quarantine", "correct the state in the old application", ("unknown_status",)),
    "order_site_missing": Damage("quarantine", _OWNER, ("no_site",)),
    "order_site_unknown": Damage("quarantine", _OWNER, ("unknown_site",)),
    "order_client_of_another_site": Damage("row", "nothing: the client of the site owns the order"),
    "order_gift_unknown": Damage("row", "nothing: the line keeps its name, and has no product"),
    "order_gift_nested": Damage("row", _NOTHING),
    "order_total_missing": Damage("row", "nothing: the total is computed from the line"),
    "order_total_zero": Damage("row", "nothing: the total is computed from the line"),
    "order_total_disagrees": Damage("row", "nothing: the total does not change"),
    "order_email_missing": Damage("row", "nothing: the order has no address for mails"),
    "order_address_text": Damage("row", _NOTHING),
    "order_address_missing": Damage("row", _NOTHING),
    "order_quantity_bad": Damage("quarantine", "correct the quantity in the old application", ("bad_quantity",)),
    "order_date_in_words": Damage("row", _NOTHING),
    "order_date_bad": Damage("row", _NOTHING),
    "order_date_missing": Damage("row", _NOTHING),
    "order_deleted": Damage("row", "nothing: documents never delete orders"),
    "order_snake_case": Damage("row", _NOTHING),
    "order_key_is_id": Damage("row", "nothing: the key is the old id"),
    "order_id_empty": Damage("quarantine", "delete the document if its order has another key", ("no_id",)),
    "order_id_of_another": Damage("quarantine", "restore the order: another document is under its key", _ANOTHER),
    "order_double_encoded": Damage("row", _NOTHING),
    "order_not_an_object": Damage("quarantine", "restore or delete the document", ("not_an_object",)),
    "order_plural_key": Damage("row", "nothing: the key becomes the row"),
    "order_environment_key": Damage("row", "nothing: the key becomes the row"),
    "order_both_keys_equal": Damage("alias", _KEYS),
    "order_both_keys_differ": Damage("alias", "compare the documents: the first key becomes the row"),
    "order_too_many_lines": Damage("quarantine", "split the order: it has more than 1,000 lines", ("too_many_lines",)),
    "order_only_in_list": Damage("row", "nothing: the document in the list becomes the row"),
    "order_list_copy_equal": Damage("alias", _COPY),
    "order_list_copy_differs": Damage("alias", "compare the documents: the one with its own key becomes the row"),
    "order_id_too_long": Damage("quarantine", _SHORT_ID, ("id_too_long",)),
    "order_too_deep": Damage("quarantine", _LEVELS, ("too_deep",)),
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
    "site_client_missing": Damage("quarantine", _OWNER, ("no_client",)),
    "site_client_unknown": Damage("quarantine", _OWNER, ("unknown_client",)),
    "site_catalog_unknown": Damage("row", "choose a catalog in the old application: the site has none"),
    "site_catalog_of_another_client": Damage("quarantine", "choose another catalog, or grant this one", _FOREIGN),
    "site_alias_key": Damage("alias", _KEYS),
    "catalog_name_short": Damage("row", "enter the name: the id replaces it"),
    "catalog_type_missing": Damage("row", "nothing: the type becomes `manual`"),
    "catalog_status_unknown": Damage("row", "check whether the catalog may be active"),
    "catalog_credentials": Damage("row", "enter the credentials on the platform: they are not copied"),
    "catalog_client_missing": Damage("quarantine", _OWNER, ("no_owner",)),
    "catalog_client_unknown": Damage("quarantine", _OWNER, ("unknown_client",)),
    "catalog_alias_key": Damage("alias", _KEYS),
    **{
        f"{entity}_{kind}": damage
        for entity in ("client", "site", "catalog")
        for kind, damage in (
            ("keys_differ", Damage("alias", "compare the documents: the first key becomes the row")),
            ("id_empty", Damage("quarantine", "delete the document if it has another key", ("no_id",))),
            (
                "id_of_another",
                Damage(
                    "quarantine", "restore the document: another document is under its key", _ANOTHER
                ),
            ),
            ("double_encoded", Damage("row", _NOTHING)),
            ("not_an_object", Damage("quarantine", "restore or delete the document", ("not_an_object",))),
            ("only_in_list", Damage("row", "nothing: the document in the list becomes the row")),
            ("list_copy_equal", Damage("alias", _COPY)),
            (
                "list_copy_differs",
                Damage("alias", "compare the documents: the one with its own key becomes the row"),
            ),
            ("id_too_long", Damage("quarantine", _SHORT_ID, ("id_too_long",))),
            ("too_deep", Damage("quarantine", _LEVELS, ("too_deep",))),
            ("dangling", Damage("list", f"nothing: the list names {entity}s that do not exist")),
        )
    },
}  # fmt: skip

NOT_INSPECTED: dict[str, str] = {
    "cannot_be_mapped": "The damage is unexpected.",
    "client_changed": "It depends on the owner of the row.",
    "currency_ambiguous": "It depends on the currency of the catalog.",
    "currency_of_catalog": "It depends on the prices of the catalog.",
    "id_in_use": "It depends on the rows of the platform.",
    "no_currency": "It depends on the catalog, and on the option of the backfill.",
    "no_date": "It depends on the times in other fields.",
    "no_lines": "It depends on the spellings of the fields of a line.",
    "order_change_refused": "It depends on the state of the order in the platform.",
    "person_erased": "The store does not know which persons were erased.",
    "price_ambiguous": "It depends on two fields, of which the inspection reads one.",
    "row_deleted": "It depends on the rows that the platform has deleted.",
    "total_negative": "The inspection computes a total that is missing, and compares no other.",
    "total_too_fine": "It depends on the currency of the order.",
    "total_too_large": "The inspection computes a total that is missing, and compares no other.",
    "total_unreadable": "The inspection computes a total that is missing, and compares no other.",
}
"""The quarantine reasons that the inspection cannot detect, each with an explanation."""
