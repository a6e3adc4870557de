-- name: list_webhooks
-- List one page of endpoints after the cursor, newest first. A filter that is null matches every row.
select to_json(rows)::text as item, created_at as after_time, id as after_id
from (
  select *
  from app.webhook_view
  where (:client_id::uuid is null or client_id = :client_id)
    and (:status::text is null or status = :status)
    and (:after_id::uuid is null or (created_at, id) < (:after_time::timestamptz, :after_id::uuid))
  order by created_at desc, id desc
  limit :limit + 1
) rows
order by created_at desc, id desc;

-- name: get_webhook^
-- Get an endpoint that the caller may see.
select * from app.webhook_view where id = :webhook_id;

-- name: count_webhooks$
-- Count the endpoints of a client.
select count(*)::integer from webhooks where client_id = :client_id;

-- name: create_webhook^
-- Create an endpoint.
insert into app.webhook_view (client_id, url, description, events)
values (:client_id, :url, :description, :events)
returning *;

-- name: rotate_secret$
-- Replace the secret of an endpoint. For the next `overlap` seconds, requests are signed with the new secret and with
-- the previous secret. It returns false if the caller may not change the endpoint.
select app.rotate_webhook_secret(:webhook_id, :secret, :overlap);

-- name: change_webhook^
-- Merge `changes` into the endpoint (RFC 7396). It returns no row if the caller may not change the endpoint, or if
-- `updated_at` differs from `expected_updated_at`. If `changes` contains a URL or a status, the count of failures
-- becomes 0.
update webhooks old
set (url, description, events, status) = (
    select url, description, events, status
    from jsonb_populate_record(null::webhooks, app.merge_patch(to_jsonb(old), :changes::jsonb))),
  disabled_reason = case :changes::jsonb ->> 'status'
    when 'enabled' then null when 'disabled' then coalesce(disabled_reason, 'by_hand') else disabled_reason end,
  disabled_at = case :changes::jsonb ->> 'status'
    when 'enabled' then null when 'disabled' then coalesce(disabled_at, now()) else disabled_at end,
  failures = case when :changes::jsonb ?| array['url', 'status'] then 0 else failures end,
  failing_since = case when :changes::jsonb ?| array['url', 'status'] then null else failing_since end,
  paused_until = case when :changes::jsonb ?| array['url', 'status'] then now() else paused_until end
where id = :webhook_id and (:expected_updated_at::timestamptz is null or updated_at = :expected_updated_at)
returning id, client_id, url, description, events, status, disabled_reason, disabled_at, created_at, updated_at;

-- name: delete_webhook!
-- Delete the endpoint, its secrets and its deliveries. It affects 0 rows if the caller may not delete the endpoint, or
-- if `updated_at` differs from `expected_updated_at`.
delete from webhooks
where id = :webhook_id and (:expected_updated_at::timestamptz is null or updated_at = :expected_updated_at);

-- name: publish$
-- Create a delivery for each enabled endpoint of the client that subscribes to the event. If `only_to` is not null,
-- create a delivery only for the endpoint with this id. It returns the number of deliveries.
select app.publish_webhook_event(:client_id, :event, :data, :only_to);

-- name: list_deliveries
-- List one page of deliveries after the cursor, newest first. A filter that is null matches every row.
select to_json(rows)::text as item, created_at as after_time, id as after_id
from (
  select *
  from app.webhook_delivery_view
  where (:client_id::uuid is null or client_id = :client_id)
    and (:webhook_id::uuid is null or webhook_id = :webhook_id)
    and (:event::text is null or event = :event)
    and (:status::text is null or status = :status)
    and (:after_id::uuid is null or (created_at, id) < (:after_time::timestamptz, :after_id::uuid))
  order by created_at desc, id desc
  limit :limit + 1
) rows
order by created_at desc, id desc;

-- name: get_delivery^
-- Get a delivery that the caller may see, with its payload, the last response and the log of attempts. For a member who
-- may not see personal data, the payload has no tracking data. The response is then null, because it can repeat the
-- tracking data.
select v.*, case when p.shown then d.payload else app.masked_payload(d.payload) end as payload,
  case when p.shown then d.last_body end as last_body, d.log
from app.webhook_delivery_view v join webhook_deliveries d on d.id = v.id
  cross join lateral (
    select (select app.sees_all_persons()) or d.client_id = any ((select app.person_client_ids())::uuid[]) as shown) p
where v.id = :delivery_id;

-- name: get_last_test$
-- Get the id of the latest test delivery of an endpoint.
select id from webhook_deliveries
where webhook_id = :webhook_id and event = 'webhook.test' order by created_at desc, id desc limit 1;

-- name: replay$
-- Send one delivery again, or at most `max_rows` failed deliveries that were published at or after `since`, beginning
-- with the oldest. It returns the number of deliveries.
select app.replay_webhook_deliveries(:webhook_id, :delivery_id, :since, :max_rows);

-- name: claim_batches
-- Claim endpoints, and return a batch of due deliveries for each endpoint. The length of the lease is `seconds`.
select webhook_id, client_id, url, fence, secrets, deliveries
from app.claim_webhook_batches(:max_batches, :batch_size, :max_per_client, :seconds);

-- name: renew_leases!
-- Renew the leases of endpoints. If another worker has claimed an endpoint, the lease of this endpoint does not change.
update webhooks w set leased_until = clock_timestamp() + make_interval(secs => :seconds)
from jsonb_to_recordset(:batches) b (webhook_id uuid, fence bigint)
where w.id = b.webhook_id and w.fence = b.fence and w.leased_until is not null;

-- name: record_attempts!
-- Record the outcomes of attempts. After a successful attempt, the delivery is always marked as delivered. A failed
-- attempt is ignored if another worker has tried the delivery in the meantime. The log contains the latest `max_log`
-- attempts.
update webhook_deliveries d
set status = a.status, attempts = d.attempts + 1,
  failures = case a.status when 'delivered' then 0 else d.failures + 1 end,
  next_at = now() + make_interval(secs => a.delay), last_at = a.at, last_status = a.answered, last_error = a.error,
  last_milliseconds = a.milliseconds, last_body = a.body, delivered_at = case a.status when 'delivered' then a.at end,
  log = case when jsonb_array_length(d.log) >= :max_log then d.log - 0 else d.log end || jsonb_build_array(
    jsonb_build_object('at', a.at, 'status', a.answered, 'error', a.error, 'milliseconds', a.milliseconds))
from jsonb_to_recordset(:attempts) a (id uuid, attempts integer, status text, delay double precision, at timestamptz,
  answered integer, error text, milliseconds integer, body text)
where d.id = a.id and d.status = 'pending' and (d.attempts = a.attempts or a.status = 'delivered');

-- name: release_batches
-- End the leases of endpoints. A failed endpoint is paused. The pause doubles with each consecutive failure, up to
-- `max_pause` seconds. If the endpoint asked for a longer pause, the pause is longer.
--
-- An endpoint is disabled if it responded with 410 (gone). It is also disabled after at least `max_failures`
-- consecutive failures within more than `failing_for` seconds. The query returns the endpoints that it has disabled.
with released as (
  update webhooks w
  set leased_until = null,
    failures = outcome.failures,
    failing_since = case when outcome.failures > 0 then coalesce(outcome.since, now()) end,
    paused_until = case when b.failed
      then now() + make_interval(
        secs => greatest(least(power(2, least(outcome.failures, 30) - 1), :max_pause), b.pause))
      else now() end,
    status = case when outcome.reason is null then w.status else 'disabled' end,
    disabled_reason = coalesce(outcome.reason, w.disabled_reason),
    disabled_at = case when outcome.reason is null then w.disabled_at else now() end
  from jsonb_to_recordset(:batches) b (webhook_id uuid, fence bigint, arrived boolean, failed boolean, gone boolean,
    pause double precision)
  join webhooks old on old.id = b.webhook_id
  cross join lateral (
    select case when b.arrived then 0 else old.failures end + b.failed::integer as failures,
      case when b.arrived then null else old.failing_since end as since
  ) counted
  cross join lateral (
    select counted.failures, counted.since,
      case when old.status = 'disabled' then null
        when b.gone then 'gone'
        when b.failed and counted.failures >= :max_failures
          and counted.since < now() - make_interval(secs => :failing_for) then 'failing' end as reason
  ) outcome
  where w.id = b.webhook_id and w.fence = b.fence
  returning w.id, w.client_id, outcome.reason
)
select id, client_id, reason from released where reason is not null;

-- name: list_due_clients
-- List at most `max_rows` clients with due deliveries that no worker has claimed. The client with the oldest due
-- delivery comes first.
select client_id from app.due_webhooks() group by client_id order by min(due_at) limit :max_rows;

-- name: delete_expired_secrets!
-- Delete replaced secrets that do not sign requests any more.
delete from webhook_secrets where expires_at < now();

-- name: fail_stranded_deliveries!
-- Mark deliveries as failed that were published while their endpoint was being disabled. Without this query, these
-- deliveries would stay pending forever.
update webhook_deliveries d
set status = 'failed', last_error = 'its endpoint was disabled'
from webhooks w
where w.status = 'disabled' and d.webhook_id = w.id and d.status = 'pending';

-- name: delete_old_deliveries!
-- Delete at most `max_rows` deliveries that are older than `days` days, beginning with the oldest.
delete from webhook_deliveries
where id in (
  select id from webhook_deliveries where created_at < now() - make_interval(days => :days) order by created_at, id
  limit :max_rows);
