"""The reasons why a document is in quarantine, and the advice for each reason."""

from collections.abc import Mapping

_WRITE_PRICE = "Write a price with at most the decimals of its currency into the document, e.g. 19.99."
_DELETE = "Correct the document in the store, or delete it."

ADVICE: Mapping[str, str] = {
    "bad_quantity": "Write the number of pieces into the document, as a whole number from 1.",
    "cannot_be_mapped": "The document made the mapping fail. Look for extreme values, e.g. very long texts. " + _DELETE,
    "catalog_changed": "The catalog of a product never changes. Write the catalog of the product into the document.",
    "catalog_of_another_client": "Choose a catalog of the client of the site, or grant the catalog to this client.",
    "client_changed": "The client of a row never changes. Write the client of the row into the document.",
    "currency_ambiguous": "Write the ISO 4217 code of the currency into `currency`, e.g. USD.",
    "currency_of_catalog": "All prices of a catalog are in one currency. Move the gift to another catalog.",
    "currency_unknown": "Write the ISO 4217 code of the currency into `currency`, e.g. EUR.",
    "id_in_use": "A row that does not come from the store has this id. Give the document another id.",
    "id_of_another_record": "The document states the id of another document: an application wrote it under a wrong "
    "key. Restore it from a backup, or delete it.",
    "id_too_long": "An id has at most 200 characters. " + _DELETE,
    "no_catalog": "Write the id of the catalog into `catalogId`.",
    "no_client": "Write the id of the client into `clientId`.",
    "no_currency": "Write the currency into the document, or start a run with --currency.",
    "no_date": "Write the time of the order into `createdAt`, e.g. 2026-02-20T10:00:00Z.",
    "no_id": "The key contains no id. " + _DELETE,
    "no_lines": "Write the gift of the order into `giftId`.",
    "no_owner": "Write the id of the client that owns the catalog into `ownerClientId`.",
    "no_price": _WRITE_PRICE,
    "no_site": "Write the id of the site into `siteId`.",
    "not_an_object": "The document has no fields. " + _DELETE,
    "order_change_refused": "The order in the platform cannot change in this way, or its lines differ. Change the "
    "order with the API, or restore the document.",
    "person_erased": "The person of the order was erased. Delete the document, or the data of the person in it.",
    "price_ambiguous": "`price` and `value` differ. Delete the wrong one.",
    "price_negative": _WRITE_PRICE,
    "price_too_fine": _WRITE_PRICE,
    "price_too_large": _WRITE_PRICE,
    "price_unreadable": _WRITE_PRICE,
    "row_deleted": "The row was deleted in the platform. Delete the document, or give it a new id.",
    "sku_repeated": "Another product of the catalog has this SKU. Write another SKU into the document.",
    "too_deep": "A document has at most 32 levels of objects and lists. " + _DELETE,
    "too_many_lines": "An order has at most 1,000 lines. Split the order.",
    "total_negative": "Write the total of the order into the document.",
    "total_too_fine": "Write the total with at most the decimals of its currency into the document.",
    "total_too_large": "Write the total of the order into the document.",
    "total_unreadable": "Write the total of the order into the document.",
    "unknown_catalog": "The catalog does not exist, or is in quarantine. Correct the catalog, or `catalogId`.",
    "unknown_client": "The client does not exist, or is in quarantine. Correct the client, or the id of the client.",
    "unknown_site": "The site does not exist, or is in quarantine. Correct the site, or `siteId`.",
    "unknown_status": "Write a state of an order into `status`, e.g. processing.",
}
"""Maps each reason code of the database functions to advice for the operator."""

REFUSALS: Mapping[str, str] = {
    **ADVICE,
    "documents_retired": "Use the API of the platform. `wecelebrate kv retire … --undo` accepts writes again.",
    "mapping_failed": "The platform could not map the document. Write it again, or roll the cutover back.",
    "too_many_documents": "Write at most 500 documents of an entity in one request.",
}
"""Maps each reason for refusing a document to advice for the writer."""

SETTINGS: Mapping[str, str] = {
    "assignment": "The platform has no list of the products that a site shows. Exclude the other products of the "
    "catalog from the site.",
    "availability": "The platform cannot show a product on a site only at some times.",
    "excluded_tags": "Products have no tags. Exclude the products from the site one by one.",
    "overrides": "A product has the same price on all sites. Give the site a catalog of its own.",
    "unknown_site": "The site does not exist, or is in quarantine.",
    "unreadable": "The document, or one of its lists of exclusions, has an unknown format. Correct it in the store.",
}
"""Maps each reason for not copying a setting to advice for the operator."""
