-- name: has_dirty$
-- Return whether the documents of a bulk write are not all written yet.
select kv.has_dirty();

-- name: start_comparison$
-- Start a comparison, or return the comparison that is still active. Returns null if the client does not exist.
select kv.start_comparison(:entity, :client_id, :sample);

-- name: lock_comparison$
-- Lock a comparison, and return it with the environments that it compares. Returns null if it does not exist.
select kv.lock_comparison(:comparison_id);

-- name: next_documents$
-- Return the keys of the next documents to compare, or a range of documents that have not changed.
select kv.next_documents(:comparison_id, :after, :size, :version);

-- name: read_records$
-- Return documents, the rows that can belong to them, and what the mapping has recorded about them, from one snapshot.
select kv.compared(:entity, :keys::text[], :ids::uuid[], :others::text[], :values);

-- name: get_owner$
-- Return the client that owns the record to which a document refers.
select kv.owner_of(:entity, :environment, :old_id, :keys::text[]);

-- name: list_rows_without_documents$
-- Return the rows without documents among the next rows.
select kv.rows_without_documents(:entity, :client_id, :after, :ids::uuid[], :size, :share, :seed);

-- name: list_documents_missing_in_list$
-- Return the documents that have disappeared from a list since the list was last mapped.
select kv.documents_missing_in_list(:entity, :list, :keys::text[]);

-- name: record_page$
-- Record a page of a comparison with its differences, and return the comparison.
select kv.record_page(:comparison_id, :status, :checkpoint, :compared, :counts, :differences, :bucket);

-- name: get_comparisons$
-- Return the last comparison of each entity, or one comparison. The open differences are included.
select kv.comparison_status(:comparison_id);

-- name: start_repair$
-- Record in the audit log that a repair begins. Returns whether the comparison exists.
select kv.record_repair_start(:comparison_id, :source);

-- name: next_open_record$
-- Return the next record with open differences.
select kv.next_open_record(:comparison_id, :after);

-- name: get_newer_document$
-- Return whether the document of a row is newer than the row: an application has written the document after its last
-- mapping, and the row has not changed after this write.
select kv.is_document_newer(:entity, :key, :row_id, :fields::text[]);

-- name: repair_record!
-- Map the documents of a record again, or write its document from its row.
select kv.repair_record(:source, :entity, :key, :row_id, :fields::text[]);

-- name: record_repair!
-- Record which differences are repaired.
select kv.record_repair(:ids::uuid[]);
