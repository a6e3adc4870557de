-- name: request_erasure^
-- Request the erasure of a person, and create its job. It returns the ids, or the reason why the request was refused.
select refusal, detail, erasure_id, job_id from app.request_erasure(:client_id, :email, :subject);

-- name: count_open_erasures$
-- Count the requested erasures of a client that are not complete.
select app.count_open_erasures(:client_id);

-- name: count_recent_erasures$
-- Count the erasures that were requested for a client in 24 hours.
select app.count_recent_erasures(:client_id);

-- name: list_erasures
-- List one page of the erasures of a client after the cursor, newest first. A filter that is null matches every row.
select to_json(rows)::text as item, created_at as after_time, id as after_id
from (
  select *
  from app.erasure_view
  where client_id = :client_id
    and (:cause::text is null or cause = :cause)
    and (:after_id::uuid is null or (created_at, id) < (:after_time::timestamptz, :after_id::uuid))
  order by created_at desc, id desc
  limit :limit + 1
) rows
order by created_at desc, id desc;

-- name: get_erasure^
-- Get an erasure that the caller may see.
select * from app.erasure_view where id = :erasure_id;

-- name: client_exists$
-- Return whether the caller can see a client.
select exists (select from clients where id = :client_id);

-- name: prepare_erasure^
-- Collect the addresses, subjects and other values that identify the person. It returns no row if the erasure is
-- complete or does not exist.
select client_id, cause, emails, subjects, hashes, orders_before, created_at, open
from app.prepare_erasure(:erasure_id);

-- name: continue_erasure$
-- Prepare the erasure for the person's remaining orders. It returns false if no orders remain.
select app.continue_erasure(:erasure_id);

-- name: record_hashes
-- Store the keyed hashes of the person until the erasure is complete.
select app.set_erasure_hashes(:erasure_id, :hashes::text[]);

-- name: mark_documents$
-- Mark the person's orders that have a document but no row, in the next documents. It returns the key of the last
-- document, or null at the end.
select app.mark_erased_documents(:erasure_id, :after, :max_rows);

-- name: erase_document_copies$
-- Remove copies of erased persons' documents from the next documents of orders. It returns the key of the last
-- document, or null at the end.
select app.erase_document_copies(:erasure_id, :after, :max_rows);

-- name: erase_orders$
-- Erase up to `max_rows` orders with all data that belongs to them. It returns the number of orders.
select app.erase_orders(:erasure_id, :max_rows);

-- name: erase_addresses$
-- Erase the mails, suppressions and limits of the addresses. It returns the number of mails.
select app.erase_addresses(:erasure_id);

-- name: erase_events$
-- Erase up to `max_rows` events of the person. It returns the number of events.
select app.erase_events(:erasure_id, :max_rows);

-- name: erase_responses$
-- Erase the stored responses of one hour. It returns the number of responses.
select app.erase_responses(:erasure_id, :hours_ago);

-- name: erase_mentions$
-- Erase the texts about the person in the next rows of a table. It returns the last id, or null at the end of the
-- table.
select app.erase_mentions(:erasure_id, :kind, :after::uuid, :max_rows);

-- name: end_exports
-- End the exports that can contain orders of the person.
select export_id, client_id from app.end_exports(:erasure_id);

-- name: has_waiting_order_files$
-- Return whether a waiting or running job for order files may have read the orders before they were erased.
select app.has_waiting_order_files(:erasure_id);

-- name: list_runs
-- List the runs of order exports whose files contain orders of the person.
select run_id, destination_id, seq, settings, created_at, key, refused from app.list_runs_to_rewrite(:erasure_id);

-- name: list_remaining_orders
-- List the orders of a run that were not erased, in the order of the run's file.
select order_id, action, document from app.list_remaining_orders(:erasure_id, :run_id);

-- name: record_run_file
-- Record the rewritten file of a run.
select app.set_run_file(:erasure_id, :run_id, :key, :size, :sha256);

-- name: find_files_to_search^
-- Get the texts that files must not contain after the erasure, and the destinations whose files must be searched.
select texts, destination_ids, first_order_at from app.files_to_search(:erasure_id);

-- name: find_phrases_to_search^
-- Get the phrases that files must not contain beside one of the numbers, the numbers, and the own phrases. A row with
-- an own phrase must contain the number of another order.
select phrases, numbers, own_phrases from app.phrases_to_search(:erasure_id);

-- name: has_number_of_others$
-- Return whether one of the words is the order number of another person's order.
select app.has_number_of_others(:erasure_id, :words::text[]);

-- name: erase_job_of_file
-- Erase the texts of the job that read or wrote a file that mentions the person.
select app.erase_job_of_file(:erasure_id, :key, :version_id);

-- name: complete_erasure$
-- Complete an erasure. It returns false if another worker has completed it.
select app.complete_erasure(:erasure_id, :counts, :version);

-- name: list_identities$
-- List the next addresses and subjects in the data of a client.
select app.list_identities(:client_id, :after, :max_rows);

-- name: restore_erasure$
-- Create an erasure again from its entry in the list of erasures. It returns the job of the erasure, or null if the
-- database still has the erasure.
select app.restore_erasure(:erasure_id, :client_id, :emails::text[], :subjects::text[], :orders_before, :created_at);

-- name: start_retention_erasures
-- Create an erasure for each client that has finished orders older than the client's retention time.
select client_id, job_id from app.start_retention_erasures();
