-- app.enter: the first statement of every transaction.
--
-- One call determines who the caller is, and limits the transaction to the privileges of the caller. It resolves the
-- caller, writes the sealed context, switches to the database role of the caller, and sets the statement timeout to the
-- value of the caller's tier. In addition, it returns whether this server has replayed the earlier writes of the
-- caller. The context, the role and the timeout end with the transaction. A function changes the settings, because RDS
-- Proxy pins a session after a SET statement, but not after a function call.
--
-- Errors: WC401 means that the caller is not allowed to enter with this login. WC404 means that the site does not
-- exist.

set local role app_definer;

-- Resolves `subject` if it is the subject of a service (one of our own workers). A service acts either for the platform
-- or for one client. A service that acts for a client has the rights of an editor. The API refuses the subject of a
-- service in a token. Only the login for queues and schedules is allowed to use such a subject. The key-value store is
-- an exception, because it has its own login.
create or replace function app.resolve_service(
  subject text, client_id uuid,
  out role text, out admin_role text, out client_ids uuid[], out editor_ids uuid[], out tier text,
  out statement_timeout interval)
language plpgsql stable set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_column
begin
  if session_user = 'wc_kv' and subject = 'service:kv' then
    role := 'app_kv';
  elsif session_user <> 'wc_worker' or subject = 'service:kv' then
    raise exception 'this login may not enter as this service' using errcode = 'WC401';
  elsif subject = 'service:system' then
    role := 'app_system';
  elsif subject = 'service:staging' then
    role := 'app_worker';
  elsif $2 is null then
    role := 'app_admin';
    admin_role := 'service';
  else
    role := 'app_client';
    client_ids := array[$2];
    editor_ids := array[$2];
    select c.tier, t.statement_timeout into tier, statement_timeout
      from clients c join tiers t on t.name = c.tier where c.id = $2;
    if tier is null then
      raise exception 'client % does not exist', $2 using errcode = 'WC401';
    end if;
  end if;
end
$$;

-- Returns the slug if `site_domain` has the form `@<slug>`. Returns null if `site_domain` is a domain. The platform
-- passes the host `<slug>.<domain of the platform>` as `@<slug>`, because the database does not know the domain of the
-- platform. The host of a request cannot have this form, because a domain contains no `@`.
create or replace function app.slug_of(site_domain text) returns text
language sql immutable parallel safe
return case when starts_with(site_domain, '@') then substr(site_domain, 2) end;

-- Resolves `subject` to a caller that is allowed to use the current login. Returns one row or raises an error. The
-- hourly request limit is the limit of the caller's tier. Admins, support and services have no request limit.
create or replace function app.resolve_caller(
  subject text, site_domain text, client_id uuid,
  out role text, out admin_role text, out client_ids uuid[], out editor_ids uuid[], out owner_ids uuid[],
  out site_id uuid, out site_client_id uuid, out site_catalog_id uuid,
  out tier text, out requests_per_hour integer, out statement_timeout interval)
language plpgsql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_column
begin
  if subject = '' then
    raise exception 'the subject must not be empty' using errcode = 'WC401';
  elsif subject like 'service:%' then
    select * into role, admin_role, client_ids, editor_ids, tier, statement_timeout
      from app.resolve_service($1, $3);
  elsif session_user = 'wc_public' or site_domain is not null then  -- a visitor or a customer of one site
    select s.id, s.client_id, s.catalog_id, c.tier, t.requests_per_hour, t.statement_timeout
      into site_id, site_client_id, site_catalog_id, tier, requests_per_hour, statement_timeout
      from sites s join clients c on c.id = s.client_id join tiers t on t.name = c.tier
      where (s.domain = lower($2) and s.domain_verified_at is not null or s.slug = app.slug_of(lower($2)))
        and s.status = 'active' and c.is_active;
    if site_id is null and site_domain is not null then
      raise exception 'no active site has this domain' using errcode = 'WC404';
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
        raise exception 'this account belongs to no active client' using errcode = 'WC401';
      end if;
      role := 'app_client';
    end if;
  end if;
  if not pg_has_role(session_user, role, 'member') then
    raise exception 'this login may not enter as %', role using errcode = 'WC401';
  end if;
  statement_timeout := coalesce(statement_timeout, interval '60 s');
end
$$;

-- Resolves the caller and writes the sealed context. PostgreSQL does not allow a SECURITY DEFINER function, such as
-- this function, to switch the role. Therefore a separate function, app.enter, switches the role.
--
-- Injected SQL can switch back to the role of the login, and can even commit. But it cannot call app.enter again as a
-- different caller. The call must be the only call in its statement, with bound parameters, and injected text is always
-- part of a larger statement, block or batch.
--
-- A lock until the end of the transaction would also detect a second call. But finding this lock in pg_locks takes 1.7
-- ms while 60 other connections are busy.
create or replace function app.establish_context(
  subject text, email text, site_domain text, client_id uuid, job_id uuid,
  out role text, out admin_role text, out client_ids uuid[], out editor_ids uuid[], out owner_ids uuid[],
  out site_id uuid, out site_client_id uuid, out site_catalog_id uuid,
  out tier text, out requests_per_hour integer, out statement_timeout interval, out lags boolean,
  out kill_switches jsonb)
language plpgsql security definer set search_path = pg_catalog, app, pg_temp
as $$
begin
  if current_query() !~ '^select [a-z_, ]+ from app\.enter\(\$1(, \$\d)*\)$' then
    raise exception 'app.enter must be called by a statement of its own' using errcode = 'WC401';
  end if;
  select * into role, admin_role, client_ids, editor_ids, owner_ids, site_id, site_client_id, site_catalog_id,
      tier, requests_per_hour, statement_timeout
    from app.resolve_caller($1, $3, $4);
  -- Only a server in recovery, which is a reader, can lag.
  lags := pg_is_in_recovery();
  if lags then
    lags := exists (select from replica_heartbeat where written_at < now() - interval '45 s');
  end if;
  -- The kill switch `sessions_not_before` applies to one account: older sessions of the account are not valid.
  kill_switches := (select coalesce(jsonb_object_agg(s.name, s.value), '{}') from public.kill_switches s)
    || coalesce((select jsonb_build_object('sessions_not_before', extract(epoch from r.not_before))
                 from public.revoked_sessions r where r.subject = $1), '{}');
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
grant execute on function app.establish_context(text, text, text, uuid, uuid) to wc_public, wc_api, wc_worker, wc_kv;

set local role app_owner;

-- Returns whether the commit or the rollback of a transaction is visible to the next statements on this server.
--
-- pg_visible_in_snapshot gives a wrong answer on a standby, because the snapshots of a standby have no list of open
-- transactions. An open transaction that is older than the newest ended transaction counts as visible. Therefore this
-- function first compares the id with the newest ended transaction, and then reads the status of the transaction. The
-- comparison must be first, because pg_xact_status raises an error if the id is in the future. The status is null if
-- the transaction is so old that PostgreSQL has removed its status.
--
-- Only READ COMMITTED takes a new snapshot for the next statement. A REPEATABLE READ transaction must begin after
-- app.enter has returned that this server has caught up.
create or replace function app.has_replayed(xid xid8) returns boolean
language sql volatile set search_path = pg_catalog, pg_temp
as $$
  select case
    when xid >= pg_snapshot_xmax(pg_current_snapshot()) then false
    else coalesce(pg_xact_status(xid), 'committed') <> 'in progress'
  end
$$;
grant execute on function app.has_replayed(xid8) to public;

-- Enters the database as the caller, until the end of the transaction. `min_xids` are the ids of earlier transactions.
-- `caught_up` is true only if this server has replayed all these transactions.
--
-- `milliseconds_left` is the remaining time of the Lambda function, or null if the time is not limited. No statement
-- runs longer than this time. The audit log stores `request_id` (the id of the API request) and `address` (the IP
-- address of the caller).
create or replace function app.enter(
  subject text, email text, site_domain text, client_id uuid, min_xids text[], job_id uuid, milliseconds_left integer,
  request_id text, address text)
returns table (role text, admin_role text, client_ids uuid[], editor_ids uuid[], owner_ids uuid[], site_id uuid,
  site_client_id uuid, site_catalog_id uuid, tier text, requests_per_hour integer, caught_up boolean,
  kill_switches jsonb)
language plpgsql set search_path = pg_catalog, app, pg_temp
as $$
#variable_conflict use_column
declare
  caller record;
begin
  perform app.reset_session();
  caller := app.establish_context($1, $2, $3, $4, $6);
  if request_id is not null or address is not null then
    perform app.establish_request(request_id, address);
  end if;
  -- API Gateway ends a request after 30 s, so the result of a longer statement would be lost. Statements of jobs can
  -- use the whole statement timeout of the tier. The timeout is at least 1 ms, because 0 would mean that there is no
  -- limit.
  perform
    set_config('statement_timeout', greatest(1, least(extract(epoch from caller.statement_timeout) * 1000,
      case when session_user <> 'wc_worker' then 25000 end, milliseconds_left))::integer::text, true),
    set_config('role', caller.role, true);
  -- A statement can begin late in the transaction, so the transaction has a time limit, too. PostgreSQL has this limit
  -- since version 17, and ends the connection when the time is over.
  if milliseconds_left is not null and current_setting('transaction_timeout', true) is not null then
    perform set_config('transaction_timeout', (greatest(milliseconds_left, 0) + 1000)::text, true);
  end if;
  role := caller.role;
  admin_role := caller.admin_role;
  client_ids := caller.client_ids;
  editor_ids := caller.editor_ids;
  owner_ids := caller.owner_ids;
  site_id := caller.site_id;
  site_client_id := caller.site_client_id;
  site_catalog_id := caller.site_catalog_id;
  tier := caller.tier;
  requests_per_hour := caller.requests_per_hour;
  kill_switches := caller.kill_switches;
  caught_up := not caller.lags;
  if caught_up and pg_is_in_recovery() then
    caught_up := (select coalesce(bool_and(app.has_replayed(xid::xid8)), true) from unnest($5) xid);
  end if;
  return next;
end
$$;
-- The roles of callers are allowed to call the function, too, because a session can still have the role of its previous
-- caller.
grant execute on function app.enter(text, text, text, uuid, text[], uuid, integer, text, text)
  to wc_public, wc_api, wc_worker, wc_kv,
     app_admin, app_support, app_client, app_customer, app_anon, app_system, app_worker, app_kv;

-- The signature that the previous release calls. It has no parameters for the remaining time and for the request.
create or replace function app.enter(
  subject text, email text default null, site_domain text default null, client_id uuid default null,
  min_xids text[] default '{}', job_id uuid default null)
returns table (role text, admin_role text, client_ids uuid[], editor_ids uuid[], owner_ids uuid[], site_id uuid,
  site_client_id uuid, site_catalog_id uuid, tier text, requests_per_hour integer, caught_up boolean,
  kill_switches jsonb)
language sql set search_path = pg_catalog, app, pg_temp
as $$ select * from app.enter($1, $2, $3, $4, $5, $6, null, null, null) $$;
grant execute on function app.enter(text, text, text, uuid, text[], uuid) to wc_public, wc_api, wc_worker,
  app_admin, app_support, app_client, app_customer, app_anon, app_system, app_worker;
