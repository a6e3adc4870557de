-- name: upsert_documents!
-- Write documents, each under its key. The last writer wins. While the mirror is on, the rows of the documents are
-- locked first. The order of the keys prevents deadlocks.
with documents as materialized (
  select d.key, d.value from json_to_recordset(:documents::json) as d (key text, value jsonb)
), locked as materialized (
  select kv.lock_written(array(select key from documents), (
    select jsonb_object_agg(key, value) from documents
    where key ~ '^((client|site|catalog|order|gift)s:all$|catalog_gifts:|catalog_index:|user_orders:|order_index:)'
  )) as is_mirrored
)
insert into kv_store_6fcaeea3 (key, value)
select d.key, d.value from documents d cross join locked
order by d.key collate "C"
on conflict (key) do update set value = excluded.value;

-- name: insert_documents!
-- Write documents under keys that must not exist. While the mirror is on, the rows of the documents are locked first.
with documents as materialized (
  select d.key, d.value from json_to_recordset(:documents::json) as d (key text, value jsonb)
), locked as materialized (
  select kv.lock_written(array(select key from documents), (
    select jsonb_object_agg(key, value) from documents
    where key ~ '^((client|site|catalog|order|gift)s:all$|catalog_gifts:|catalog_index:|user_orders:|order_index:)'
  )) as is_mirrored
)
insert into kv_store_6fcaeea3 (key, value)
select d.key, d.value from documents d cross join locked
order by d.key collate "C";

-- name: lock_rows!
-- Lock the rows of the documents that the filter selects, while the mirror is on.
select kv.lock_rows(:keys, :pattern);

-- name: update_documents!
-- Replace the value of all documents that the filter selects.
with locked as materialized (
  select key from kv_store_6fcaeea3
  where (:keys::text[] is null or key = any (:keys)) and (:pattern::text is null or key like :pattern)
  order by key for update
)
update kv_store_6fcaeea3 set value = (select d.value from json_to_record(:document::json) as d (value jsonb))
where key in (select key from locked);

-- name: delete_documents!
-- Delete all documents that the filter selects.
with locked as materialized (
  select key from kv_store_6fcaeea3
  where (:keys::text[] is null or key = any (:keys)) and (:pattern::text is null or key like :pattern)
  order by key for update
)
delete from kv_store_6fcaeea3 where key in (select key from locked);

-- name: read_documents^
-- Return a page of documents as one JSON array, with the columns in the given order, and the number of documents.
-- A null filter selects all documents. The planner computes the conditions on parameters before it chooses an index.
select coalesce(json_agg(case :columns
    when 'key' then (select to_json(r) from (select d.key) r)
    when 'value' then (select to_json(r) from (select d.value) r)
    when 'value,key' then (select to_json(r) from (select d.value, d.key) r)
    else (select to_json(r) from (select d.key, d.value) r)
  end), '[]')::text as body, count(*) as rows
from (
  select key, value from kv_store_6fcaeea3
  where (:keys::text[] is null or key = any (:keys)) and (:pattern::text is null or key like :pattern)
  order by case when :descending then key end desc, case when not :descending then key end
  limit :limit offset :offset
) d;

-- name: count_documents$
-- Return the number of documents that the filter selects.
select count(*) from kv_store_6fcaeea3
where (:keys::text[] is null or key = any (:keys)) and (:pattern::text is null or key like :pattern);

-- name: list_families
-- Count the documents of each family of keys.
select family, meaning, documents, bytes from app.kv_families();

-- name: start_run$
-- Start a run of the backfill, or return the run that has not ended.
select kv.start_backfill(:environments, :currency);

-- name: continue_run$
-- Do the next batch of a run, and return the run. Returns null if the run does not exist.
select kv.continue_backfill(:run_id, :size);

-- name: get_status$
-- Return the last run, and the documents by their outcome.
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
