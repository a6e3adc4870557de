-- name: list_documents
-- Return the documents that can be inspected, in the order of their keys. If the last document would make the page too
-- large, the value of this document is null, and the document belongs to the next page.
select key, family, meaning, value from app.kv_documents(:start, :inclusive, :max_rows, :max_bytes);

-- name: list_catalogs_of_products
-- Return the old id of the catalog of each product to which a document was mapped.
select key, catalog from kv.catalogs_of_products(:keys::text[]);
