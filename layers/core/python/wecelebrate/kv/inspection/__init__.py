"""Inspects the documents of the store, and finds the entity and the damage of each document.

`inspect` inspects one document. Some damage can only be found by comparing documents, e.g. two gifts with the same SKU.
For this purpose, the result of `inspect` contains tokens of the id and of the references of the document. The command
`wecelebrate kv inspect` compares these tokens. A token is a short hash, so that no value of a document leaves this
package.

    damage      the kinds of damage, and the outcome for a damaged document
    fields      reads the values of fields, e.g. prices and dates
    entities    finds the damage of a gift, an order, a client, a site or a catalog
    documents   inspects a document
    pages       inspects the documents of the store, page by page
"""
