"""Inspects the documents of the store, and finds the entity and the damage of each document.

`inspect` looks at one document. Some damage needs several documents, e.g. two gifts with the same SKU. For such damage,
an inspected document has tokens of its id and of its references, which a caller compares (`wecelebrate kv inspect` does
it). A token is a short hash, so no value of a document leaves this package.

    damage      the kinds of damage, and what becomes of a document
    fields      reads prices, dates and spellings
    entities    the damage of a gift, an order, a client, a site, a catalog
    documents   inspects a document
    pages       inspects the documents of the store, page by page
"""
