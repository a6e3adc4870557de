-- Webhooks: publishing events, secrets, replays, and batches for workers.

set local role app_definer;

-- Creates a delivery for each enabled endpoint of the client that subscribes to the event. Returns the number of
-- deliveries. If `only_to` (the id of an endpoint) is not null, only this endpoint gets a delivery, even if it does not
-- subscribe to the event, and the pause of this endpoint ends.
--
-- The caller must act for the client. The callers that act for a client are: staff and services of the platform, owners
-- and editors of the client, and visitors and customers of its sites. A viewer may publish only `job.cancelled` about
-- its own export, in the transaction that deletes the export. Other callers are refused.
create or replace function app.publish_webhook_event(client_id uuid, event text, data jsonb, only_to uuid default null)
returns integer
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  written integer;
begin
  -- The conditions for visitors come first, because every order of a visitor publishes an event, and each function that
  -- reads the context takes time to check the seal.
  if (exists (select from sites s where s.id = (select app.site_id()) and s.client_id = $1)
      or $1 = any (app.editor_ids()) or app.admin_role() is not null or app.subject() = 'service:system'
      or $2 = 'job.cancelled' and $4 is null and exists (
        select from jobs j
        where j.id::text = $3 ->> 'job_id' and j.client_id = $1
          and j.client_id = any ((select app.client_ids())::uuid[])
          and j.type = 'data_export' and j.requested_by = (select app.subject()) and j.status = 'cancelled'
          and j.completed_at = now())) is not true then
    raise exception 'the caller may not publish events for client %', $1 using errcode = 'insufficient_privilege';
  end if;
  insert into webhook_deliveries (client_id, webhook_id, event, payload)
  select w.client_id, w.id, $2, jsonb_build_object(
    'type', $2, 'timestamp', to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'data', $3)
  from webhooks w
  where w.client_id = $1 and w.status = 'enabled'
    and (w.id = $4 or $4 is null and w.events && array[$2, split_part($2, '.', 1) || '.*', '*']);
  get diagnostics written = row_count;
  if $4 is not null then
    update webhooks w set paused_until = now() where w.id = $4 and w.client_id = $1;
    perform app.record_action('webhook.test', $1, $4::text);
  end if;
  return written;
end
$$;
grant execute on function app.publish_webhook_event(uuid, text, jsonb, uuid)
  to app_admin, app_support, app_client, app_customer, app_anon, app_system;

-- Creates a new secret for an endpoint. For the next `overlap` seconds, requests are signed with both the new secret
-- and the previous secret. Older secrets are deleted. Returns false if the endpoint does not exist or the caller may
-- not change it.
create or replace function app.rotate_webhook_secret(webhook_id uuid, secret text, overlap double precision)
returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  owner uuid;
begin
  select w.client_id into owner from webhooks w
  where w.id = $1 and (w.client_id = any (app.editor_ids()) or app.admin_role() in ('super_admin', 'admin', 'service'));
  if owner is null then
    return false;
  end if;
  delete from webhook_secrets s where s.webhook_id = $1 and s.expires_at is not null;
  update webhook_secrets s set expires_at = now() + make_interval(secs => $3) where s.webhook_id = $1;
  insert into webhook_secrets (client_id, webhook_id, secret) values (owner, $1, $2);
  return true;
end
$$;
grant execute on function app.rotate_webhook_secret(uuid, text, double precision) to app_admin, app_client;

-- Queues deliveries of an enabled endpoint again: one delivery, or up to `max_rows` failed deliveries that were
-- published after `since`, the oldest first. Returns the number of deliveries. The deliveries keep their ids. The pause
-- of the endpoint ends. The caller must be allowed to change the endpoint.
create or replace function app.replay_webhook_deliveries(
  webhook_id uuid, delivery_id uuid, since timestamptz, max_rows integer)
returns integer
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  replayed integer;
begin
  update webhook_deliveries d
  set status = 'pending', failures = 0, next_at = now(), delivered_at = null
  where d.id in (
    select f.id
    from webhook_deliveries f join webhooks w on w.id = f.webhook_id and w.client_id = f.client_id
    where w.id = $1 and w.status = 'enabled'
      and (w.client_id = any (app.editor_ids()) or app.admin_role() in ('super_admin', 'admin', 'service'))
      and (f.id = $2 and f.status <> 'pending' or $2 is null and f.status = 'failed' and f.created_at >= $3)
    order by f.created_at, f.id
    limit $4
    for update of f skip locked);
  get diagnostics replayed = row_count;
  if replayed > 0 then
    update webhooks w set paused_until = now() where w.id = $1;
    perform app.record_action('webhook.replay', (select w.client_id from webhooks w where w.id = $1), $1::text,
      jsonb_build_object('count', replayed, 'delivery_id', $2));
  end if;
  return replayed;
end
$$;
grant execute on function app.replay_webhook_deliveries(uuid, uuid, timestamptz, integer) to app_admin, app_client;

-- Marks the pending deliveries of a disabled endpoint as failed. When the endpoint is enabled again, callers can replay
-- these deliveries.
create or replace function app.fail_pending_deliveries() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp
as $$
begin
  update webhook_deliveries d set status = 'failed', last_error = 'its endpoint was disabled'
  where d.webhook_id = new.id and d.client_id = new.client_id and d.status = 'pending';
  return null;
end
$$;
grant execute on function app.fail_pending_deliveries() to app_owner;

set local role app_owner;

create or replace trigger fail_pending_deliveries after update of status on webhooks
  for each row when (new.status = 'disabled' and old.status = 'enabled') execute function app.fail_pending_deliveries();

-- Returns the endpoints that have a due delivery, no lease and no pause, each with the due time of its first delivery.
-- The query is fast even if many deliveries are pending, because it jumps from endpoint to endpoint in the index of
-- pending deliveries.
create or replace function app.due_webhooks() returns table (webhook_id uuid, client_id uuid, due_at timestamptz)
language sql stable set search_path = pg_catalog, public, pg_temp
as $$
  with recursive endpoints (webhook_id) as (
    (select d.webhook_id from webhook_deliveries d where d.status = 'pending' order by d.webhook_id limit 1)
    union all
    select (select d.webhook_id from webhook_deliveries d where d.status = 'pending' and d.webhook_id > e.webhook_id
            order by d.webhook_id limit 1)
    from endpoints e where e.webhook_id is not null
  )
  select w.id, w.client_id, first.next_at
  from endpoints e
  join webhooks w on w.id = e.webhook_id
  cross join lateral (
    select d.next_at from webhook_deliveries d where d.webhook_id = w.id and d.status = 'pending'
    order by d.next_at, d.created_at, d.id limit 1
  ) first
  where w.status = 'enabled' and (w.leased_until is null or w.leased_until < now()) and w.paused_until <= now()
    and first.next_at <= now()
$$;

-- Claims up to `max_batches` endpoints, each with up to `batch_size` due deliveries in the order of their due times.
-- The length of the lease is `seconds`. Clients with the fewest claimed endpoints come first. A client never has more
-- than `max_per_client` claimed endpoints.
create or replace function app.claim_webhook_batches(
  max_batches integer, batch_size integer, max_per_client integer, seconds double precision)
returns table (webhook_id uuid, client_id uuid, url text, fence bigint, secrets text[], deliveries jsonb)
language plpgsql volatile set search_path = pg_catalog, public, app, pg_temp
as $$
#variable_conflict use_column
declare
  candidate uuid;
  claimed webhooks;
  remaining integer := max_batches;
begin
  for candidate in
    select ranked.webhook_id
    from (
      select due.webhook_id, due.due_at,
        row_number() over (partition by due.client_id order by due.due_at, due.webhook_id) + (
          select count(*) from webhooks active
          where active.client_id = due.client_id and active.leased_until >= now()) as turn
      from app.due_webhooks() due
    ) ranked
    where ranked.turn <= max_per_client
    order by ranked.turn, ranked.due_at, ranked.webhook_id
    limit 2 * max_batches
  loop
    exit when remaining = 0;
    update webhooks w
    set leased_until = clock_timestamp() + make_interval(secs => seconds), fence = w.fence + 1
    where w.id = (
      select free.id from webhooks free
      where free.id = candidate and free.status = 'enabled'
        and (free.leased_until is null or free.leased_until < now()) and free.paused_until <= now()
      for update skip locked)
    returning w.* into claimed;
    -- The next statement has a new snapshot, so it sees everything that the previous worker recorded.
    if found then
      remaining := remaining - 1;
      return query
        select claimed.id, claimed.client_id, claimed.url, claimed.fence,
          (select array_agg(s.secret order by s.created_at desc, s.id desc) from webhook_secrets s
           where s.client_id = claimed.client_id and s.webhook_id = claimed.id
             and (s.expires_at is null or s.expires_at > now())),
          (select coalesce(jsonb_agg(jsonb_build_object('id', d.id, 'payload', d.payload::text, 'attempts', d.attempts,
             'failures', d.failures) order by d.next_at, d.created_at, d.id), '[]')
           from (select * from webhook_deliveries d
                 where d.webhook_id = claimed.id and d.status = 'pending' and d.next_at <= now()
                 order by d.next_at, d.created_at, d.id limit batch_size) d);
    end if;
  end loop;
end
$$;
grant execute on function app.due_webhooks(), app.claim_webhook_batches(integer, integer, integer, double precision)
  to app_system;

-- The endpoints in the form of the API.
create or replace view app.webhook_view with (security_invoker = true) as
select id, client_id, url, description, events, status, disabled_reason, disabled_at, created_at, updated_at
from webhooks;
grant select on app.webhook_view to app_support, app_system;
grant select, insert on app.webhook_view to app_admin, app_client;

-- The deliveries in the form that the API shows in lists.
create or replace view app.webhook_delivery_view with (security_invoker = true) as
select id, client_id, webhook_id, event, status, attempts, case status when 'pending' then next_at end as next_at,
  last_at, last_status, last_error, last_milliseconds, created_at, delivered_at
from webhook_deliveries;
grant select on app.webhook_delivery_view to app_admin, app_support, app_client, app_system;
