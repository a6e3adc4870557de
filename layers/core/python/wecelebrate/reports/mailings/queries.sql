-- name: list_subscriptions
-- List one page of subscriptions after the cursor, newest first. A filter that is null matches every row.
select to_json(rows)::text as item, created_at as after_time, id as after_id
from (
  select id, client_id, site_id, name, cadence, period, timezone, language, send_hour, attach_workbook, is_active,
    next_at, last_job_id, recipients, created_at, updated_at
  from app.report_subscription_view
  where (:client_id::uuid is null or client_id = :client_id)
    and (:is_active::boolean is null or is_active = :is_active)
    and (:after_id::uuid is null or (created_at, id) < (:after_time::timestamptz, :after_id::uuid))
  order by created_at desc, id desc
  limit :limit + 1
) rows
order by created_at desc, id desc;

-- name: get_subscription^
-- Get a subscription that the caller may see.
select * from app.report_subscription_view where id = :subscription_id;

-- name: lock_subscription^
-- Get a subscription that the caller may change, and lock it until the transaction ends.
select * from app.report_subscription_view where id = :subscription_id for update;

-- name: count_subscriptions$
-- Count the subscriptions of a client that the caller may see.
select count(*)::integer from report_subscriptions where client_id = :client_id;

-- name: get_client^
-- Get the time zone of a client that the caller may see.
select timezone from clients where id = :client_id;

-- name: owns_site$
-- Return whether a client owns a site that the caller may see.
select exists (select from sites where id = :site_id and client_id = :client_id);

-- name: get_site_name$
-- Get the name of a site that the caller may see.
select name from sites where id = :site_id;

-- name: create_subscription^
-- Create a subscription without recipients.
insert into app.report_subscription_view (client_id, site_id, name, cadence, period, timezone, language, send_hour,
  attach_workbook, is_active, next_at)
values (:client_id, :site_id, :name, :cadence, :period, :timezone, :language, :send_hour, :attach_workbook, :is_active,
  :next_at)
returning id;

-- name: change_subscription!
-- Merge `changes` into the subscription (RFC 7396), and set its next due time.
update app.report_subscription_view old
set (name, cadence, period, timezone, language, send_hour, attach_workbook, is_active, next_at) = (
  select name, cadence, period, timezone, language, send_hour, attach_workbook, is_active, :next_at::timestamptz
  from jsonb_populate_record(null::report_subscriptions, app.merge_patch(to_jsonb(old), :changes::jsonb)))
where id = :subscription_id;

-- name: delete_subscription!
-- Delete a subscription and the list of its recipients.
delete from report_subscriptions where id = :subscription_id;

-- name: set_report_recipients$
-- Replace the recipients. If some ids do not belong to persons of the client, the query returns these ids and changes
-- nothing.
select app.set_report_recipients(:subscription_id, :member_ids::uuid[]);

-- name: set_own_report$
-- Subscribe the caller to a report, or unsubscribe the caller. If nothing has changed, it returns the reason. Otherwise
-- it returns null.
select app.set_own_report(:subscription_id, :wanted);

-- name: count_report_recipients$
-- Count the members who receive a report of a client that the caller may see.
select app.count_report_recipients(:subscription_id);

-- name: queue_report_mails
-- Queue a mail for each member who receives a report. It returns the jobs of the new mails.
select job_id from app.queue_report_mails(:subscription_id, :details::jsonb);

-- name: claim_due_subscriptions
-- Lock at most `max_rows` due subscriptions, sorted by their due times. Subscriptions that another transaction has
-- locked are skipped. The subscriptions of an inactive client are skipped until the client is active.
select id, client_id, cadence, period, timezone, send_hour, covered_until, next_at as due_at
from report_subscriptions
where is_active and next_at <= now() and app.is_active_client(client_id)
order by next_at
limit :max_rows
for update skip locked;

-- name: record_start!
-- Record the job and the last day of the newest report.
update report_subscriptions set covered_until = :covered_until, last_job_id = :job_id where id = :subscription_id;

-- name: set_next!
-- Set the next due time. If `next_at` is null, the report never becomes due.
update report_subscriptions set next_at = :next_at where id = :subscription_id;

-- name: get_report_of_token^
-- Get the data for the page of a link. It returns no row if the platform did not create the token.
select language, client_name, name, is_subscribed from app.report_of_token(:token);

-- name: end_report_of_token$
-- Unsubscribe the recipient of a link. It returns whether the platform created the token.
select app.end_report_of_token(:token);
