-- name: list_webhooks
-- One page of endpoints, newest first, after the cursor; a null filter matches everything.
select to_json(rows)::text as item, created_at as after_time, id as after_id
from (
  select id, client_id, url, description, events, status, disabled_reason, disabled_at, created_at, updated_at
  from webhooks
  where (:client_id::uuid is null or client_id = :client_id)
    and (:status::text is null or status = :status)
    and (:after_id::uuid is null or (created_at, id) < (:after_time::timestamptz, :after_id::uuid))
  order by created_at desc, id desc
  limit :limit + 1
) rows
order by created_at desc, id desc;

-- name: get_webhook^
-- The endpoint, when the caller may see it.
select id, client_id, url, description, events, status, disabled_reason, disabled_at, created_at, updated_at
from webhooks
where id = :webhook_id;

-- name: count_webhooks$
-- How many endpoints a client has.
select count(*)::integer from webhooks where client_id = :client_id;

-- name: create_webhook^
insert into webhooks (client_id, url, description, events)
values (:client_id, :url, :description, :events)
returning id, client_id, url, description, events, status, disabled_reason, disabled_at, created_at, updated_at;

-- name: put_secret$
-- Gives an endpoint a new secret; the one before signs for `overlap` more seconds. False when the caller may not.
select app.put_webhook_secret(:webhook_id, :secret, :overlap);

-- name: change_webhook^
-- Merges `changes` into the endpoint (RFC 7396); no row when the caller may not, or when it changed after it was `seen`.
-- Another address or status begins the count of failures anew.
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
  rest_until = case when :changes::jsonb ?| array['url', 'status'] then now() else rest_until end
where id = :webhook_id and (:seen::timestamptz is null or updated_at = :seen)
returning id, client_id, url, description, events, status, disabled_reason, disabled_at, created_at, updated_at;

-- name: delete_webhook!
-- Removes the endpoint, its secrets and its deliveries; 0 rows when the caller may not, or when it changed after it was
-- `seen`.
delete from webhooks where id = :webhook_id and (:seen::timestamptz is null or updated_at = :seen);

-- name: publish$
-- A delivery for each enabled endpoint of the client that asked for the event, or for the one it is only for; how many.
select app.publish_webhook(:client_id, :event, :data, :only_to);

-- name: list_deliveries
-- One page, newest first, after the cursor; a null filter matches everything.
select to_json(rows)::text as item, created_at as after_time, id as after_id
from (
  select id, client_id, webhook_id, event, status, attempts, case status when 'pending' then next_at end as next_at, last_at,
    last_status, last_error, last_milliseconds, created_at, delivered_at
  from webhook_deliveries
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
-- The delivery with all that is known of it, when the caller may see it.
select id, client_id, webhook_id, event, status, attempts, case status when 'pending' then next_at end as next_at, last_at,
  last_status, last_error, last_milliseconds, created_at, delivered_at, payload, last_body, log
from webhook_deliveries
where id = :delivery_id;

-- name: last_test$
-- The last trial of an endpoint.
select id from webhook_deliveries
where webhook_id = :webhook_id and event = 'webhook.test' order by created_at desc, id desc limit 1;

-- name: replay$
-- Sends again: one delivery, or those that failed since, the oldest first and `most` of them; how many.
select app.replay_webhook(:webhook_id, :delivery_id, :since, :most);

-- name: take_lines
-- Endpoints with what is due for each, for `seconds` this worker's alone.
select webhook_id, client_id, url, fence, secrets, deliveries
from app.take_webhooks(:lines, :run, :most_of_client, :seconds);

-- name: note_attempts!
-- What became of deliveries. One that arrived has, whoever tried it meanwhile; a failure counts for whoever had it alone.
update webhook_deliveries d
set status = a.status, attempts = d.attempts + 1, failures = case a.status when 'delivered' then 0 else d.failures + 1 end,
  next_at = now() + make_interval(secs => a.delay), last_at = a.at, last_status = a.answered, last_error = a.error,
  last_milliseconds = a.milliseconds, last_body = a.body, delivered_at = case a.status when 'delivered' then a.at end,
  log = case when jsonb_array_length(d.log) >= :most then d.log - 0 else d.log end || jsonb_build_array(
    jsonb_build_object('at', a.at, 'status', a.answered, 'error', a.error, 'milliseconds', a.milliseconds))
from jsonb_to_recordset(:attempts) a (id uuid, attempts integer, status text, delay double precision, at timestamptz,
  answered integer, error text, milliseconds integer, body text)
where d.id = a.id and d.status = 'pending' and (d.attempts = a.attempts or a.status = 'delivered');

-- name: release_lines
-- Gives lines back: with a pause that doubles with each failure in a row, or the one that was asked for; disabled when the
-- endpoint is gone, or did nothing but fail so often and for so long. Those that are disabled by this.
with worked as (
  update webhooks w
  set leased_until = null,
    failures = now_failing.failures,
    failing_since = case when now_failing.failures > 0 then coalesce(now_failing.since, now()) end,
    rest_until = case when l.failed
      then now() + make_interval(secs => greatest(least(power(2, least(now_failing.failures, 30) - 1), :rest), l.pause))
      else now() end,
    status = case when now_failing.reason is null then w.status else 'disabled' end,
    disabled_reason = coalesce(now_failing.reason, w.disabled_reason),
    disabled_at = case when now_failing.reason is null then w.disabled_at else now() end
  from jsonb_to_recordset(:lines) l (webhook_id uuid, fence bigint, arrived boolean, failed boolean, gone boolean,
    pause double precision)
  join webhooks old on old.id = l.webhook_id
  cross join lateral (
    select case when l.arrived then 0 else old.failures end + l.failed::integer as failures,
      case when l.arrived then null else old.failing_since end as since
  ) counted
  cross join lateral (
    select counted.failures, counted.since,
      case when old.status = 'disabled' then null
        when l.gone then 'gone'
        when l.failed and counted.failures >= :failures
          and counted.since < now() - make_interval(secs => :failing_for) then 'failing' end as reason
  ) now_failing
  where w.id = l.webhook_id and w.fence = l.fence
  returning w.id, w.client_id, now_failing.reason
)
select id, client_id, reason from worked where reason is not null;

-- name: due_clients
-- Clients with deliveries that no worker has and that are due, those that have waited longest first.
select client_id from app.due_webhooks() group by client_id order by min(due_at) limit :most;

-- name: forget_secrets!
-- Secrets that were replaced and sign no longer.
delete from webhook_secrets where expires_at < now();

-- name: fail_stranded!
-- What was published while its endpoint was being disabled: it does not wait for ever.
update webhook_deliveries d
set status = 'failed', last_error = 'its endpoint was disabled'
from webhooks w
where w.status = 'disabled' and d.webhook_id = w.id and d.status = 'pending';

-- name: forget_deliveries!
-- The oldest deliveries that are past their life, `most` of them.
delete from webhook_deliveries
where id in (
  select id from webhook_deliveries where created_at < now() - make_interval(days => :days) order by created_at, id
  limit :most);
