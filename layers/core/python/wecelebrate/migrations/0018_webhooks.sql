-- Webhooks: what happens at a client's, told to addresses of its own.
--
-- What is told is a row in the transaction of what happened: one delivery for each endpoint that asked for it. Workers
-- take an endpoint's line, not a delivery, so that an endpoint is sent one after the other, by one worker.

set local role app_owner;

create table webhooks (
  id uuid primary key default app.uuid7(),
  client_id uuid not null references clients (id) on delete cascade,
  url text not null check (length(url) between 1 and 2048),
  description text,
  events text[] not null check (cardinality(events) between 1 and 50),
  status text not null default 'enabled' check (status in ('enabled', 'disabled')),
  disabled_reason text check (disabled_reason in ('by_hand', 'gone', 'failing')),
  disabled_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  failures integer not null default 0,
  failing_since timestamptz,
  rest_until timestamptz not null default now(),
  leased_until timestamptz,
  fence bigint not null default 0,
  constraint webhooks_of_client unique (client_id, id),
  check ((status = 'disabled') = (disabled_reason is not null and disabled_at is not null))
);
comment on column webhooks.events is 'Names of events, or of all of a kind: job.*; or * for every one.';
comment on column webhooks.disabled_reason is 'gone: it answered 410. failing: it did nothing but fail for days.';
comment on column webhooks.failures is 'Failed attempts in a row, of all its deliveries.';
comment on column webhooks.rest_until is 'Nothing is sent before: it failed, or asked for a pause.';
comment on column webhooks.leased_until is 'Until when a worker has its line.';
-- What workers note is no change of it: its entity tag stays.
create trigger touch before update on webhooks for each row
  when ((old.client_id, old.url, old.description, old.events, old.status, old.disabled_reason, old.updated_at)
    is distinct from (new.client_id, new.url, new.description, new.events, new.status, new.disabled_reason, new.updated_at))
  execute function app.touch();

alter table webhooks enable row level security;
alter table webhooks force row level security;
create policy definer on webhooks for select to app_definer using (true);
create policy definer_update on webhooks for update to app_definer using (true) with check (true);
create policy migrate on webhooks to app_migrate using (true) with check (true);
create policy admin on webhooks to app_admin
  using ((select app.admin_role()) is not null) with check ((select app.admin_role()) is not null);
create policy support on webhooks for select to app_support using ((select app.admin_role()) is not null);
create policy client on webhooks for select to app_client using (client_id = any ((select app.client_ids())::uuid[]));
create policy client_insert on webhooks for insert to app_client
  with check (client_id = any ((select app.editor_ids())::uuid[]));
create policy client_update on webhooks for update to app_client
  using (client_id = any ((select app.editor_ids())::uuid[]))
  with check (client_id = any ((select app.editor_ids())::uuid[]));
create policy client_delete on webhooks for delete to app_client
  using (client_id = any ((select app.editor_ids())::uuid[]));
create policy system on webhooks for select to app_system using ((select app.subject()) is not null);
create policy system_update on webhooks for update to app_system
  using ((select app.subject()) is not null) with check ((select app.subject()) is not null);
grant select, update on webhooks to app_definer;
grant select, insert, update, delete on webhooks to app_migrate, app_admin, app_client;
grant select on webhooks to app_support;
grant select, update on webhooks to app_system;

-- Secrets stand apart: who reads endpoints does not read them. The worker that signs does, and nobody else.
create table webhook_secrets (
  id uuid primary key default app.uuid7(),
  client_id uuid not null,
  webhook_id uuid not null,
  secret text not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  constraint webhook_secrets_webhook foreign key (client_id, webhook_id)
    references webhooks (client_id, id) on delete cascade
);
comment on column webhook_secrets.expires_at is 'Of one that was replaced: until then both sign.';
create unique index webhook_secrets_current on webhook_secrets (webhook_id) where expires_at is null;
create index webhook_secrets_by_webhook on webhook_secrets (client_id, webhook_id);

alter table webhook_secrets enable row level security;
alter table webhook_secrets force row level security;
create policy definer on webhook_secrets to app_definer using (true) with check (true);
create policy migrate on webhook_secrets to app_migrate using (true) with check (true);
create policy system on webhook_secrets for select to app_system using ((select app.subject()) is not null);
create policy system_delete on webhook_secrets for delete to app_system using ((select app.subject()) is not null);
grant select, insert, update, delete on webhook_secrets to app_definer, app_migrate;
grant select, delete on webhook_secrets to app_system;

create table webhook_deliveries (
  id uuid primary key default app.uuid7(),
  client_id uuid not null,
  webhook_id uuid not null,
  event text not null,
  payload jsonb not null,
  status text not null default 'pending' check (status in ('pending', 'delivered', 'failed')),
  attempts integer not null default 0,
  failures integer not null default 0,
  next_at timestamptz not null default clock_timestamp(),
  last_at timestamptz,
  last_status integer,
  last_error text,
  last_milliseconds integer,
  last_body text,
  log jsonb not null default '[]',
  created_at timestamptz not null default clock_timestamp(),
  delivered_at timestamptz,
  constraint webhook_deliveries_webhook foreign key (client_id, webhook_id)
    references webhooks (client_id, id) on delete cascade
);
comment on column webhook_deliveries.payload is 'The body, less its spelling: what is signed is its text.';
comment on column webhook_deliveries.failures is 'Failed attempts since it was published or replayed: where it is in the schedule.';
comment on column webhook_deliveries.last_body is 'The beginning of the last answer.';
comment on column webhook_deliveries.log is 'The last attempts, oldest first.';
create index webhook_deliveries_waiting on webhook_deliveries (webhook_id, next_at, created_at, id)
  where status = 'pending';
create index webhook_deliveries_by_webhook on webhook_deliveries (webhook_id, created_at desc, id desc);
create index webhook_deliveries_by_client on webhook_deliveries (client_id, created_at desc, id desc);
create index webhook_deliveries_by_age on webhook_deliveries (created_at desc, id desc);

alter table webhook_deliveries enable row level security;
alter table webhook_deliveries force row level security;
create policy definer on webhook_deliveries for select to app_definer using (true);
create policy definer_insert on webhook_deliveries for insert to app_definer with check (true);
create policy definer_update on webhook_deliveries for update to app_definer using (true) with check (true);
create policy migrate on webhook_deliveries to app_migrate using (true) with check (true);
create policy admin on webhook_deliveries for select to app_admin using ((select app.admin_role()) is not null);
create policy support on webhook_deliveries for select to app_support using ((select app.admin_role()) is not null);
create policy client on webhook_deliveries for select to app_client
  using (client_id = any ((select app.client_ids())::uuid[]));
create policy system on webhook_deliveries for select to app_system using ((select app.subject()) is not null);
create policy system_update on webhook_deliveries for update to app_system
  using ((select app.subject()) is not null) with check ((select app.subject()) is not null);
create policy system_delete on webhook_deliveries for delete to app_system using ((select app.subject()) is not null);
grant select, insert, update on webhook_deliveries to app_definer;
grant select, insert, update, delete on webhook_deliveries to app_migrate;
grant select on webhook_deliveries to app_admin, app_support, app_client;
grant select, update, delete on webhook_deliveries to app_system;

set local role app_definer;

-- A delivery of an event for each enabled endpoint of a client that asked for it (or for the one that is named, whatever
-- it asked for, and however long it was to rest); how many. Whoever acts for the client may: the platform's people and services, who writes for the
-- client, and who visits or orders at one of its sites. Anyone else is refused.
create function app.publish_webhook(client_id uuid, event text, data jsonb, only_to uuid default null) returns integer
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  written integer;
begin
  if ($1 = any (app.editor_ids()) or app.admin_role() is not null or app.subject() = 'service:system'
      or exists (select from sites s where s.id = app.site_id() and s.client_id = $1)) is not true then
    raise exception 'the caller does not act for client %', $1 using errcode = 'insufficient_privilege';
  end if;
  insert into webhook_deliveries (client_id, webhook_id, event, payload)
  select w.client_id, w.id, $2, jsonb_build_object(
    'type', $2, 'timestamp', to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'data', $3)
  from webhooks w
  where w.client_id = $1 and w.status = 'enabled'
    and (w.id = $4 or $4 is null and w.events && array[$2, split_part($2, '.', 1) || '.*', '*']);
  get diagnostics written = row_count;
  if $4 is not null then
    update webhooks w set rest_until = now() where w.id = $4 and w.client_id = $1;
  end if;
  return written;
end
$$;
grant execute on function app.publish_webhook(uuid, text, jsonb, uuid)
  to app_admin, app_support, app_client, app_customer, app_anon, app_system;

-- A new secret of an endpoint that the caller may change; the one before signs for `overlap` more seconds, those before
-- that no longer. False when there is no such endpoint, or the caller may not.
create function app.put_webhook_secret(webhook_id uuid, secret text, overlap double precision) returns boolean
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
grant execute on function app.put_webhook_secret(uuid, text, double precision) to app_admin, app_client;

-- Deliveries of an enabled endpoint that the caller may change are sent again: one, or those that failed and were
-- published `since`, the oldest first and `most` of them; how many. They keep their ids, and the endpoint's rest is over.
create function app.replay_webhook(webhook_id uuid, delivery_id uuid, since timestamptz, most integer) returns integer
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
    update webhooks w set rest_until = now() where w.id = $1;
  end if;
  return replayed;
end
$$;
grant execute on function app.replay_webhook(uuid, uuid, timestamptz, integer) to app_admin, app_client;

-- What waits for an endpoint that is disabled has failed: it can be replayed once the endpoint is enabled again.
create function app.fail_waiting_deliveries() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp
as $$
begin
  update webhook_deliveries d set status = 'failed', last_error = 'its endpoint was disabled'
  where d.webhook_id = new.id and d.client_id = new.client_id and d.status = 'pending';
  return null;
end
$$;
grant execute on function app.fail_waiting_deliveries() to app_owner;

set local role app_owner;

create trigger fail_waiting after update of status on webhooks
  for each row when (new.status = 'disabled' and old.status = 'enabled') execute function app.fail_waiting_deliveries();

-- What workers and the sweeper do, as app_system.

-- Endpoints with a delivery that is due, whose line is free, and since when. The walk goes from endpoint to endpoint in
-- the index of what waits, however much does.
create function app.due_webhooks() returns table (webhook_id uuid, client_id uuid, due_at timestamptz)
language sql stable set search_path = pg_catalog, public, pg_temp
as $$
  with recursive lines (webhook_id) as (
    (select d.webhook_id from webhook_deliveries d where d.status = 'pending' order by d.webhook_id limit 1)
    union all
    select (select d.webhook_id from webhook_deliveries d where d.status = 'pending' and d.webhook_id > l.webhook_id
            order by d.webhook_id limit 1)
    from lines l where l.webhook_id is not null
  )
  select w.id, w.client_id, first.next_at
  from lines l
  join webhooks w on w.id = l.webhook_id
  cross join lateral (
    select d.next_at from webhook_deliveries d where d.webhook_id = w.id and d.status = 'pending'
    order by d.next_at, d.created_at, d.id limit 1
  ) first
  where w.status = 'enabled' and (w.leased_until is null or w.leased_until < now()) and w.rest_until <= now()
    and first.next_at <= now()
$$;

-- Takes up to `lines` endpoints for `seconds`, each with up to `run` deliveries that are due, in the order in which they
-- became so. Clients with the fewest lines at work come first, and nobody has more than `most_of_client`.
create function app.take_webhooks(lines integer, run integer, most_of_client integer, seconds double precision)
returns table (webhook_id uuid, client_id uuid, url text, fence bigint, secrets text[], deliveries jsonb)
language plpgsql volatile set search_path = pg_catalog, public, app, pg_temp
as $$
#variable_conflict use_column
declare
  candidate uuid;
  taken webhooks;
  left_over integer := lines;
begin
  for candidate in
    select ranked.webhook_id
    from (
      select due.webhook_id, due.due_at,
        row_number() over (partition by due.client_id order by due.due_at, due.webhook_id) + (
          select count(*) from webhooks at_work
          where at_work.client_id = due.client_id and at_work.leased_until >= now()) as turn
      from app.due_webhooks() due
    ) ranked
    where ranked.turn <= most_of_client
    order by ranked.turn, ranked.due_at, ranked.webhook_id
    limit 2 * lines
  loop
    exit when left_over = 0;
    update webhooks w
    set leased_until = clock_timestamp() + make_interval(secs => seconds), fence = w.fence + 1
    where w.id = (
      select free.id from webhooks free
      where free.id = candidate and free.status = 'enabled'
        and (free.leased_until is null or free.leased_until < now()) and free.rest_until <= now()
      for update skip locked)
    returning w.* into taken;
    -- A statement of its own: it sees all that whoever had the line before has noted.
    if found then
      left_over := left_over - 1;
      return query
        select taken.id, taken.client_id, taken.url, taken.fence,
          (select array_agg(s.secret order by s.created_at desc, s.id desc) from webhook_secrets s
           where s.client_id = taken.client_id and s.webhook_id = taken.id
             and (s.expires_at is null or s.expires_at > now())),
          (select coalesce(jsonb_agg(jsonb_build_object('id', d.id, 'payload', d.payload::text, 'attempts', d.attempts,
             'failures', d.failures) order by d.next_at, d.created_at, d.id), '[]')
           from (select * from webhook_deliveries d
                 where d.webhook_id = taken.id and d.status = 'pending' and d.next_at <= now()
                 order by d.next_at, d.created_at, d.id limit run) d);
    end if;
  end loop;
end
$$;
grant execute on function app.due_webhooks(), app.take_webhooks(integer, integer, integer, double precision)
  to app_system;

alter table catalogs add column low_inventory integer not null default 5
  constraint catalogs_low_inventory_check check (low_inventory >= 0);
comment on column catalogs.low_inventory is 'What the inventory of a product falls to for inventory.low to be told.';
