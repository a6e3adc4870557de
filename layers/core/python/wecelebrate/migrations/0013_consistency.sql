-- What every part of the platform has to agree upon: whether a reader keeps up, what is switched off, and which
-- requests were answered already. app.enter tells the first two, with more about the caller.

set local role app_owner;

-- When somebody last wrote to the primary on purpose. A reader that has an old one lags, or nobody beats any more.
create table app.heartbeat (
  only_row boolean primary key default true check (only_row),
  at timestamptz not null
);
comment on table app.heartbeat is 'None at first: no opinion. Kept by app.beat, read by app.enter on readers.';

-- What is not as it is by default, for everybody.
create table switches (
  name text primary key check (name in ('reads', 'cache', 'limits')),
  value text not null,
  updated_at timestamptz not null default now(),
  updated_by text default app.subject(),
  constraint switches_value_check check ((name, value) in (('reads', 'primary'), ('cache', 'off'), ('limits', 'off')))
);
create trigger touch before update on switches for each row execute function app.touch();

-- Answers of requests that may come twice. A row without a status is a request that is still being answered.
create table idempotency_keys (
  subject text not null,
  key text not null check (length(key) between 1 and 255),
  request_hash text not null,
  status integer,
  headers jsonb,
  body text,
  created_at timestamptz not null default now(),
  primary key (subject, key)
);
create index idempotency_keys_by_created_at on idempotency_keys (created_at);

alter table app.heartbeat enable row level security;
alter table app.heartbeat force row level security;
create policy migrate on app.heartbeat to app_migrate using (true) with check (true);
create policy definer on app.heartbeat to app_definer using (true) with check (true);
grant select, insert, update, delete on app.heartbeat to app_migrate;
grant select, insert, update on app.heartbeat to app_definer;

alter table switches enable row level security;
alter table switches force row level security;
create policy migrate on switches to app_migrate using (true) with check (true);
create policy definer on switches for select to app_definer using (true);
create policy admin on switches to app_admin
  using ((select app.admin_role()) in ('super_admin', 'admin'))
  with check ((select app.admin_role()) in ('super_admin', 'admin'));
grant select, insert, update, delete on switches to app_migrate;
grant select on switches to app_definer;
grant select, insert, update, delete on switches to app_admin;

alter table idempotency_keys enable row level security;
alter table idempotency_keys force row level security;
create policy migrate on idempotency_keys to app_migrate using (true) with check (true);
create policy caller on idempotency_keys to app_admin, app_support, app_client, app_customer
  using (subject = (select app.subject())) with check (subject = (select app.subject()));
create policy system on idempotency_keys for select to app_system using ((select app.subject()) is not null);
create policy system_delete on idempotency_keys for delete to app_system using ((select app.subject()) is not null);
grant select, insert, update, delete on idempotency_keys to app_migrate;
grant select, insert, update on idempotency_keys to app_admin, app_support, app_client, app_customer;
grant select, delete on idempotency_keys to app_system;

set local role app_definer;

create function app.beat() returns void
language sql volatile security definer set search_path = pg_catalog, app, pg_temp
as $$
  insert into heartbeat (at) values (now()) on conflict (only_row) do update set at = excluded.at
$$;
grant execute on function app.beat() to app_system;

-- Entering tells more from here on: what it returns changes, so each of its functions is made anew. What a statement
-- of the release before names is still there, and it enters as before.
set local role app_owner;
drop function app.enter(text, text, text, uuid, text[], uuid);
set local role app_definer;
drop function app.admit(text, text, text, uuid, uuid);
drop function app.lookup(text, text, uuid);

-- Who `subject` is, as far as the login that asks may let it in. One row, or an error. The hourly limit is that of
-- the tier; admins, support and services have none.
create function app.lookup(
  subject text, site_domain text, client_id uuid,
  out role text, out admin_role text, out client_ids uuid[], out editor_ids uuid[], out owner_ids uuid[],
  out site_id uuid, out site_client_id uuid, out site_catalog_id uuid,
  out tier text, out requests_per_hour integer, out statement_timeout interval)
language plpgsql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_column
begin
  if subject = '' then
    raise exception 'a subject has a name' using errcode = 'WC401';
  elsif subject like 'service:%' then
    -- Our own workers. A token's subject never reaches this: only the login of queues and schedules may.
    if session_user <> 'wc_worker' then
      raise exception 'a service enters by its own login' using errcode = 'WC401';
    end if;
    case subject
      when 'service:system' then role := 'app_system';
      when 'service:staging' then role := 'app_worker';
      else
        -- A service acts for one client, as an editor of it, or for the platform.
        if $3 is null then
          role := 'app_admin';
          admin_role := 'service';
        else
          role := 'app_client';
          client_ids := array[$3];
          editor_ids := array[$3];
          select c.tier, t.statement_timeout into tier, statement_timeout
            from clients c join tiers t on t.name = c.tier where c.id = $3;
          if tier is null then
            raise exception 'there is no client %', $3 using errcode = 'WC401';
          end if;
        end if;
    end case;
  elsif session_user = 'wc_public' or site_domain is not null then
    -- A storefront: whoever calls is a visitor or a customer of that site, and nothing more.
    select s.id, s.client_id, s.catalog_id, c.tier, t.requests_per_hour, t.statement_timeout
      into site_id, site_client_id, site_catalog_id, tier, requests_per_hour, statement_timeout
      from sites s join clients c on c.id = s.client_id join tiers t on t.name = c.tier
      where s.domain = lower($2) and s.status = 'active' and c.is_active;
    if site_id is null and site_domain is not null then
      raise exception 'no site is shown at %', $2 using errcode = 'WC404';
    end if;
    role := case when $1 is null then 'app_anon' else 'app_customer' end;
  else
    select a.role into admin_role from admin_users a where a.user_id = $1 and a.is_active;
    if admin_role is not null then
      role := case admin_role when 'support' then 'app_support' else 'app_admin' end;
    else
      select array_agg(m.client_id), array_agg(m.client_id) filter (where m.role in ('owner', 'editor')),
             array_agg(m.client_id) filter (where m.role = 'owner'), max(t.statement_timeout),
             (array_agg(c.tier order by t.statement_timeout desc))[1],
             (array_agg(t.requests_per_hour order by t.statement_timeout desc))[1]
        into client_ids, editor_ids, owner_ids, statement_timeout, tier, requests_per_hour
        from client_users m join clients c on c.id = m.client_id join tiers t on t.name = c.tier
        where m.user_id = $1 and m.is_active and c.is_active and ($3 is null or m.client_id = $3);
      if client_ids is null then
        raise exception 'this account belongs to no client' using errcode = 'WC401';
      end if;
      role := 'app_client';
    end if;
  end if;
  if not pg_has_role(session_user, role, 'member') then
    raise exception 'this login lets nobody in as %', role using errcode = 'WC401';
  end if;
  statement_timeout := coalesce(statement_timeout, interval '60 s');
end
$$;

-- Looks the caller up and writes the sealed context: all of entering but the switch of the role, which PostgreSQL
-- refuses to a SECURITY DEFINER function. SQL that was injected may go back to the login's own role, even commit, but
-- may not enter again as somebody else: app.enter is a statement of its own, whose values come as parameters, and no
-- text inside another statement, block or batch is that. (A lock held until the transaction ends would tell the same,
-- but finding one's own in pg_locks takes 1.7 ms beside 60 busy connections.)
create function app.admit(subject text, email text, site_domain text, client_id uuid, job_id uuid,
  out role text, out admin_role text, out client_ids uuid[], out editor_ids uuid[], out owner_ids uuid[],
  out site_id uuid, out site_client_id uuid, out site_catalog_id uuid,
  out tier text, out requests_per_hour integer, out statement_timeout interval, out lags boolean, out switches jsonb)
language plpgsql security definer set search_path = pg_catalog, app, pg_temp
as $$
begin
  if current_query() !~ '^select [a-z_, ]+ from app\.enter\(\$1(, \$\d)*\)$' then
    raise exception 'app.enter is called by a statement of its own' using errcode = 'WC401';
  end if;
  select * into role, admin_role, client_ids, editor_ids, owner_ids, site_id, site_client_id, site_catalog_id,
      tier, requests_per_hour, statement_timeout
    from app.lookup($1, $3, $4);
  -- The primary is not asked whether it keeps up with itself.
  lags := pg_is_in_recovery();
  if lags then
    lags := exists (select from heartbeat where at < now() - interval '45 s');
  end if;
  switches := (select coalesce(jsonb_object_agg(s.name, s.value), '{}') from public.switches s);
  perform set_config('app.subject', coalesce($1, ''), true),
          set_config('app.email', coalesce($2, ''), true),
          set_config('app.admin_role', coalesce(admin_role, ''), true),
          set_config('app.client_ids', coalesce(client_ids::text, ''), true),
          set_config('app.editor_ids', coalesce(editor_ids::text, ''), true),
          set_config('app.owner_ids', coalesce(owner_ids::text, ''), true),
          set_config('app.site_id', coalesce(site_id::text, ''), true),
          set_config('app.job_id', coalesce($5::text, ''), true);
  perform set_config('app.seal', app.seal(role), true);
end
$$;
grant execute on function app.admit(text, text, text, uuid, uuid) to wc_public, wc_api, wc_worker;

set local role app_owner;

create function app.enter(
  subject text, email text default null, site_domain text default null, client_id uuid default null,
  min_xids text[] default '{}', job_id uuid default null)
returns table (role text, admin_role text, client_ids uuid[], editor_ids uuid[], owner_ids uuid[], site_id uuid,
  site_client_id uuid, site_catalog_id uuid, tier text, requests_per_hour integer, caught_up boolean, switches jsonb)
language plpgsql set search_path = pg_catalog, app, pg_temp
as $$
#variable_conflict use_column
declare
  found record;
begin
  found := app.admit($1, $2, $3, $4, $6);
  -- The gateway gives up after 30 s: what still runs then would be work for nobody. Jobs have the whole.
  perform
    set_config('statement_timeout', (case
      when session_user = 'wc_worker' then extract(epoch from found.statement_timeout) * 1000
      else least(extract(epoch from found.statement_timeout) * 1000, 25000) end)::integer::text, true),
    set_config('role', found.role, true);
  role := found.role;
  admin_role := found.admin_role;
  client_ids := found.client_ids;
  editor_ids := found.editor_ids;
  owner_ids := found.owner_ids;
  site_id := found.site_id;
  site_client_id := found.site_client_id;
  site_catalog_id := found.site_catalog_id;
  tier := found.tier;
  requests_per_hour := found.requests_per_hour;
  switches := found.switches;
  caught_up := not found.lags;
  if caught_up and pg_is_in_recovery() then
    caught_up := (select coalesce(bool_and(pg_visible_in_snapshot(xid::xid8, pg_current_snapshot())), true)
                  from unnest($5) xid);
  end if;
  return next;
end
$$;
grant execute on function app.enter(text, text, text, uuid, text[], uuid) to wc_public, wc_api, wc_worker;
