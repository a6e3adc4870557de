-- name: lock_written!
-- If the mirror is on, lock the rows of the documents that this transaction will write.
with documents as materialized (
  select d.key, d.value from json_to_recordset(:documents::json) as d (key text, value jsonb)
)
select kv.lock_written(array(select key from documents), (
  select jsonb_object_agg(key, value) from documents
  where key ~ '^((client|site|catalog|order|gift)s:all$|catalog_gifts:|catalog_index:|user_orders:|order_index:)'));

-- name: fold_written$
-- Copy the next rows of a bulk write to the documents that this transaction will write. Returns the number of remaining
-- rows.
with documents as materialized (
  select d.key, d.value from json_to_recordset(:documents::json) as d (key text, value jsonb)
)
select kv.fold_written(array(select key from documents), (
  select jsonb_object_agg(key, value) from documents
  where key ~ '^((client|site|catalog|order|gift)s:all$|catalog_gifts:|catalog_index:|user_orders:|order_index:)'));

-- name: upsert_documents!
-- Create or replace documents. The documents are written in the order of their keys, so that writers cannot deadlock.
insert into kv_store_6fcaeea3 (key, value)
select d.key, d.value from json_to_recordset(:documents::json) as d (key text, value jsonb)
order by d.key collate "C"
on conflict (key) do update set value = excluded.value;

-- name: insert_documents!
-- Create documents. Their keys must not exist yet. The documents are written in the order of their keys, so that
-- writers cannot deadlock.
insert into kv_store_6fcaeea3 (key, value)
select d.key, d.value from json_to_recordset(:documents::json) as d (key text, value jsonb)
order by d.key collate "C";

-- name: lock_rows^
-- If the mirror is on, lock the rows of the documents that the filter selects. `watched` lists the entities whose
-- requests must be reported immediately.
select kv.lock_rows(:keys, :pattern) as locked, kv.watched_entities() as watched;

-- name: fold_selected$
-- Copy the next rows of a bulk write to the documents that the filter selects. Returns the number of remaining rows.
select kv.fold_selected(:keys, :pattern);

-- name: update_documents!
-- Replace the value of all documents that the filter selects.
with locked as materialized (
  select key from kv_store_6fcaeea3
  where (:keys::text[] is null or key = any (:keys)) and (:pattern::text is null or key like :pattern)
    and (:first_key::text is null or key >= :first_key) and (:end_key::text is null or key < :end_key)
  order by key for update
)
update kv_store_6fcaeea3 set value = (select d.value from json_to_record(:document::json) as d (value jsonb))
where key in (select key from locked);

-- name: delete_documents!
-- Delete all documents that the filter selects.
with locked as materialized (
  select key from kv_store_6fcaeea3
  where (:keys::text[] is null or key = any (:keys)) and (:pattern::text is null or key like :pattern)
    and (:first_key::text is null or key >= :first_key) and (:end_key::text is null or key < :end_key)
  order by key for update
)
delete from kv_store_6fcaeea3 where key in (select key from locked);

-- name: read_documents^
-- Return a page of documents as one JSON array, with the columns in the given order, and the number of documents. A
-- filter that is null selects all documents. The planner computes the conditions on parameters before it chooses an
-- index.
--
-- If `is_dialed` is true, some reads are answered from rows or are compared with rows. The caller must then use
-- read_answers. If `has_dirty` is true, a bulk write is not in all documents yet. The caller must then first call
-- fold_documents for this page. `watched` lists the entities whose requests must be counted immediately.
select coalesce(json_agg(case :columns
    when 'key' then (select to_json(r) from (select d.key) r)
    when 'value' then (select to_json(r) from (select d.value) r)
    when 'value,key' then (select to_json(r) from (select d.value, d.key) r)
    else (select to_json(r) from (select d.key, d.value) r)
  end), '[]')::text as body, count(*) as rows, kv.is_dialed() as is_dialed,
  kv.has_dirty() as has_dirty, kv.watched_entities() as watched
from (
  select key, value from kv_store_6fcaeea3
  where (:keys::text[] is null or key = any (:keys)) and (:pattern::text is null or key like :pattern)
    and (:first_key::text is null or key >= :first_key) and (:end_key::text is null or key < :end_key)
  order by case when :descending then key end desc, case when not :descending then key end
  limit :limit offset :offset
) d;

-- name: fold_documents$
-- Copy the next rows of a bulk write to the documents of a page. Returns the number of remaining rows.
select kv.fold_keys(coalesce(:keys::text[], '{}') || array(
  select key from kv_store_6fcaeea3
  where (:keys::text[] is null or key = any (:keys)) and (:pattern::text is null or key like :pattern)
    and (:first_key::text is null or key >= :first_key) and (:end_key::text is null or key < :end_key)
  order by case when :descending then key end desc, case when not :descending then key end
  limit :limit offset :offset));

-- name: read_answers^
-- Return the same as read_documents, but create a document from its row if the tables lead. `compared` contains the
-- keys of the documents that were compared with their rows. `mismatched` contains the keys of the documents that differ
-- from their rows.
select coalesce(json_agg(case :columns
    when 'key' then (select to_json(r) from (select d.key) r)
    when 'value' then (select to_json(r) from (select d.value) r)
    when 'value,key' then (select to_json(r) from (select d.value, d.key) r)
    else (select to_json(r) from (select d.key, d.value) r)
  end), '[]')::text as body, count(*) as rows,
  array_agg(d.key) filter (where d.agrees is not null) as compared,
  coalesce(array_agg(d.key) filter (where not d.agrees), '{}') as mismatched
from (
  select s.key, coalesce(a.value, s.value) as value, a.agrees
  from (
    select key, value from kv_store_6fcaeea3
    where (:keys::text[] is null or key = any (:keys)) and (:pattern::text is null or key like :pattern)
      and (:first_key::text is null or key >= :first_key) and (:end_key::text is null or key < :end_key)
    order by case when :descending then key end desc, case when not :descending then key end
    limit :limit offset :offset
  ) s
    left join lateral kv.answer(s.key, s.value, random()) a on true
) d;

-- name: count_documents$
-- Return the number of documents that the filter selects.
select count(*) from kv_store_6fcaeea3
where (:keys::text[] is null or key = any (:keys)) and (:pattern::text is null or key like :pattern)
  and (:first_key::text is null or key >= :first_key) and (:end_key::text is null or key < :end_key);

-- name: list_families
-- Count the documents of each family of keys.
select family, meaning, documents, bytes from app.kv_families();

-- name: start_run$
-- Start a run of the backfill, or return the run that is still active.
select kv.start_backfill(:environments, :currency);

-- name: continue_run$
-- Process the next batch of a run, and return the run. Returns null if the run does not exist.
select kv.continue_backfill(:run_id, :size);

-- name: get_status$
-- Return the last run, and the number of documents for each outcome.
select kv.status();

-- name: switch_mirror$
-- Switch the mirror on or off. Returns whether this changed anything.
select kv.switch_mirror(:enabled, :environments, :currency);

-- name: give_revisions$
-- Give the next documents a revision. Returns the last key, or null after the last document.
select kv.give_revisions(:after, :size);

-- name: get_mirror$
-- Return the state of the mirror, and the conflicts by kind.
select kv.mirror_status();

-- name: record_shadow_reads!
-- Count the reads that compared documents with their rows, and record the documents that still differ from their rows.
select kv.record_shadow_reads(:keys, :mismatched);

-- name: list_stages$
-- Return the stages of the cutover, with the number of reads that compared documents with rows.
select kv.list_stages();

-- name: get_cutover_facts$
-- Return the facts that the gates of a cutover check.
select kv.cutover_facts(:entity, :client_id);

-- name: list_mirror_functions
-- Return the functions of the store, with a hash of their text.
select p.proname::text as name, encode(sha256(convert_to(p.prosrc, 'UTF8')), 'hex') as hash
from pg_catalog.pg_proc p where p.pronamespace = 'kv'::regnamespace and p.prosqlbody is null;

-- name: has_applied_functions$
-- Return whether all functions of the store are unchanged since the last migration.
select kv.hash_of_functions() is not distinct from obj_description('kv'::regnamespace, 'pg_namespace');

-- name: list_mirror_triggers
-- Return the triggers of the mirror, and in which mode each trigger is enabled.
select c.relname || '.' || t.tgname as name, t.tgenabled::text as enabled, p.proname::text as calls,
  pg_get_triggerdef(t.oid) as definition
from pg_catalog.pg_trigger t join pg_catalog.pg_class c on c.oid = t.tgrelid join pg_catalog.pg_proc p on p.oid = t.tgfoid
where p.pronamespace = 'kv'::regnamespace and not t.tgisinternal
order by 1;

-- name: hold_stages!
-- Wait until all writes that have checked their stage are committed. Later writes wait for this transaction.
select kv.hold_stages();

-- name: try_canary^
-- Test the mirror with a document and a row, and undo all changes.
select c.document_to_row, c.row_to_document, c.failure from kv.try_canary(:entity) c;

-- name: get_oldest_transaction$
-- Return the age of the oldest other transaction in seconds. Returns null if the platform may not see other
-- transactions.
select app.oldest_transaction();

-- name: change_stage$
-- Change the stage of an entity, and record it in the audit log. Returns whether the client exists.
select kv.change_stage(:entity, :client_id, :leads, :reads, :shadow, :details);

-- name: record_traffic!
-- Add requests of the old applications to the counts of the traffic.
select kv.record_traffic(:requests::jsonb);

-- name: get_retirement_status$
-- Return the active retirements, and the traffic of the last 30 days.
select kv.retirement_status();

-- name: get_retirement_facts$
-- Return the facts that the gates of a retirement check.
select kv.retirement_facts(:entity);

-- name: lock_retirement$
-- Lock the retirement of an entity, so that no other request works on it. Returns whether the retirement is active.
select kv.lock_retirement(:entity);

-- name: start_retirement!
-- Start a retirement. From now on, the store refuses writes of the entity.
select kv.start_retirement(:entity, :quiet_seconds);

-- name: change_retirement!
-- Change the status of a retirement, and record it in the audit log.
select kv.change_retirement(:entity, :status, :details);

-- name: continue_ending$
-- At the end of an undo, search the next products for products that are newer than their documents. Returns whether all
-- products were searched. Returns null if the transaction must be committed before the next call.
select kv.continue_ending(:entity, :size);

-- name: begin_archive_part$
-- Begin the next part of an archive, and return this part with its lines. Returns null if all documents are archived.
select kv.begin_archive_part(:entity, :size, :max_bytes);

-- name: prove_archive_part$
-- Record that the object of a part was read back. Returns false if the lines of the object differ from the documents.
select kv.prove_archive_part(:entity, :number, :version_id, :content_sha256, :object_sha256);

-- name: delete_archived$
-- Delete the documents of the next part of an archive. Returns `deleted`, `changed`, `complete` or `not_led`.
select kv.delete_archived(:entity);

-- name: get_next_deleted_part$
-- Return the first part of an archive after the given number whose documents must be restored. Returns null if no such
-- part exists.
select kv.next_deleted_part(:entity, :after);

-- name: give_up_part$
-- Give up the documents of a part whose object is lost. Returns the keys of the documents.
select kv.give_up_part(:entity, :number, :reason);

-- name: restore_part$
-- Restore the documents of a part. Returns false if the given lines are not the lines of the part.
select kv.restore_part(:entity, :number, :lines);
