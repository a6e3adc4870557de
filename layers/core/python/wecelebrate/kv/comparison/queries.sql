-- name: has_dirty$
-- Return whether a bulk write has documents that are not written yet.
select kv.has_dirty();

-- name: start_comparison$
-- Start a comparison, or return the one that has not ended. Returns null if the client does not exist.
select kv.start_comparison(:entity, :client_id, :sample);

-- name: lock_comparison$
-- Lock a comparison, and return it with the environments that it compares. Returns null if it does not exist.
select kv.lock_comparison(:comparison_id);

-- name: next_documents$
-- Return the next keys to compare, or a range of documents that has not changed.
select kv.next_documents(:comparison_id, :after, :size, :version);

-- name: read_records$
-- Return documents, the rows that they lead to, and what the mapping has recorded, from one snapshot.
select kv.compared(:entity, :keys::text[], :ids::uuid[], :others::text[], :values);

-- name: get_owner$
-- Return the client that owns the record to which a document refers.
select kv.owner_of(:entity, :environment, :old_id, :keys::text[]);

-- name: list_rows_without_documents$
-- Return which of the next rows have no document.
select kv.rows_without_documents(:entity, :client_id, :after, :ids::uuid[], :size, :share, :seed);

-- name: list_documents_missing_in_list$
-- Return the documents that a list contained when it was last mapped, and that it does not contain any more.
select kv.documents_missing_in_list(:entity, :list, :keys::text[]);

-- name: record_page$
-- Record a page of a comparison with its differences, and return the comparison.
select kv.record_page(:comparison_id, :status, :checkpoint, :compared, :counts, :differences, :bucket);

-- name: get_comparisons$
-- Return the last comparison of each entity, or one comparison, with the differences that are open.
select kv.comparison_status(:comparison_id);

-- name: start_repair$
-- Record in the audit log that differences are repaired. Returns whether the comparison exists.
select kv.record_repair_start(:comparison_id, :source);

-- name: next_open_record$
-- Return the next record with open differences.
select kv.next_open_record(:comparison_id, :after);

-- name: get_newer_document$
-- Return whether the document of a row is newer than the row. This is the case if an application has written the
-- document since the document was last mapped, unless the row has changed even later.
select kv.is_document_newer(:entity, :key, :row_id, :fields::text[]);

-- name: repair_record!
-- Map the documents of a record again, or write its document from its row.
select kv.repair_record(:source, :entity, :key, :row_id, :fields::text[]);

-- name: record_repair!
-- Record that differences are repaired.
select kv.record_repair(:ids::uuid[]);
