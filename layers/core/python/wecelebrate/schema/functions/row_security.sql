-- Suspensions of row-level security: the kill switch for one table whose policies are broken (decision 0074).
--
-- While a suspension is in force, the policies of the table apply to no role. In the same transaction, the roles of all
-- callers lose their privileges on the table: app_admin keeps only select, whose policy lets it see every row anyway,
-- and app_system keeps what its policies allow on every row. So no caller can see or change a row that it could not see
-- or change before. If a suspension is not ended in time, the table stays closed, and nobody sees more.

set local role app_definer;

-- The tables that can be suspended: app_admin may select every row of them, and other callers have access too. A test
-- derives this list from access.toml. Tables with accounts, secrets or the audit log are not in it.
create or replace function app.suspendable_tables() returns text[]
language sql immutable parallel safe
return '{analytics_events,catalog_grants,catalog_readings,catalogs,client_users,clients,dead_letters,drops,exports,
  images,invitations,jobs,mail_suppressions,mails,order_daily_totals,order_deltas,order_destinations,order_events,
  order_export_runs,order_exports,order_file_drops,order_lines,order_local_totals,order_slot_totals,orders,
  product_sources,products,return_lines,returns,schedules,shipment_lines,shipments,site_product_exclusions,sites,tiers,
  uploads,webhook_deliveries,webhooks}'::text[];
grant execute on function app.suspendable_tables() to app_owner, app_admin;

-- Returns whether a suspension revokes a privilege on a table from a role.
create or replace function app.is_suspended_privilege(role text, table_name text, privilege text) returns boolean
language sql immutable parallel safe
return case role
  when 'app_owner' then false
  when 'app_definer' then false  -- its functions have the conditions on rows in their own statements
  when 'app_migrate' then false
  when 'app_admin' then privilege <> 'SELECT'
  when 'app_system' then table_name = 'jobs' and privilege = 'DELETE'
  else true end;
grant execute on function app.is_suspended_privilege(text, text, text) to app_owner;

-- Saves a suspension. If the table is already suspended, only its reason and its time change.
create or replace function app.save_suspension(table_name text, reason text, minutes integer, privileges jsonb)
returns void
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
#variable_conflict use_column
begin
  if app.admin_role() is distinct from 'super_admin' then
    raise exception 'only super admins suspend row-level security' using errcode = 'insufficient_privilege';
  end if;
  insert into row_security_suspensions as s (table_name, reason, privileges, suspended_by, expires_at)
  values ($1, $2, $4, app.subject(), now() + make_interval(mins => $3))
  on conflict (table_name) do update
  set reason = excluded.reason, suspended_by = excluded.suspended_by, suspended_at = excluded.suspended_at,
    expires_at = excluded.expires_at, ended_at = null,
    privileges = case when s.ended_at is null then s.privileges else excluded.privileges end;
  perform app.record_action('row_security.suspend', null, $1, jsonb_build_object('reason', $2, 'minutes', $3));
end
$$;
grant execute on function app.save_suspension(text, text, integer, jsonb) to app_owner;

-- Ends the suspension of a table, and returns the privileges that the suspension revoked. Returns null if the table is
-- not suspended. Services end only suspensions that have expired, and a deploy ends every suspension.
create or replace function app.end_suspension(table_name text) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
#variable_conflict use_column
declare
  revoked jsonb;
begin
  if session_user <> 'wc_migrate' and app.subject() is distinct from 'service:system'
    and coalesce(app.admin_role(), '') not in ('super_admin', 'admin') then
    raise exception 'only admins end a suspension' using errcode = 'insufficient_privilege';
  end if;
  update row_security_suspensions set ended_at = clock_timestamp()
  where table_name = $1 and ended_at is null
    and (app.subject() is distinct from 'service:system' or expires_at <= clock_timestamp())
  returning privileges into revoked;
  if revoked is not null then
    perform app.record_action('row_security.restore', null, $1);
  end if;
  return revoked;
end
$$;
grant execute on function app.end_suspension(text) to app_owner;

-- The tables whose suspension is in force, or ended within the last minute: a statement that began before the end can
-- still be refused.
create or replace function app.suspended_tables() returns text[]
language sql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
  select coalesce(array_agg(table_name order by table_name), '{}') from row_security_suspensions
  where ended_at is null or ended_at > now() - interval '1 minute'
$$;
grant execute on function app.suspended_tables() to wc_public, wc_api, wc_worker, wc_kv;

-- The tables whose suspension is in force. If `expired` is true, only those whose time is over.
create or replace function app.current_suspensions(expired boolean) returns setof text
language sql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
  select table_name from row_security_suspensions
  where ended_at is null and (not $1 or expires_at <= now()) order by table_name
$$;
grant execute on function app.current_suspensions(boolean) to app_owner, app_system;

set local role app_owner;

-- Suspends row-level security of a table for some minutes, at most 60. The call must be a statement of its own, with
-- bound parameters, so that injected SQL cannot call the function. Errors: WC404 means that the table cannot be
-- suspended. lock_not_available means that running statements use the table: try again.
create or replace function app.suspend_row_security(table_name text, reason text, minutes integer) returns void
language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp set lock_timeout = '2s'
as $$
declare
  privileges jsonb;
  revoked record;
begin
  if app.admin_role() is distinct from 'super_admin'
    or current_query() !~ '^select app\.suspend_row_security\(\$1, \$2, \$3\);?\s*$' then
    raise exception 'only super admins suspend row-level security' using errcode = 'insufficient_privilege';
  elsif table_name <> all (app.suspendable_tables()) then
    raise exception 'row-level security of this table cannot be suspended' using errcode = 'WC404';
  end if;
  execute format('lock table public.%I in access exclusive mode', table_name);
  select coalesce(jsonb_agg(
      jsonb_build_object('role', r.rolname, 'privilege', p.privilege_type, 'column', l.name)), '[]')
    into privileges
    from (
      select null::name as name, c.relacl as list from pg_class c
      where c.oid = format('public.%I', table_name)::regclass
      union all
      select a.attname, a.attacl from pg_attribute a
      where a.attrelid = format('public.%I', table_name)::regclass and a.attacl is not null
    ) l cross join aclexplode(l.list) p join pg_roles r on r.oid = p.grantee
    where app.is_suspended_privilege(r.rolname, table_name, p.privilege_type);
  perform app.save_suspension(table_name, reason, minutes, privileges);
  for revoked in
    select distinct p ->> 'role' as role, p ->> 'privilege' as privilege from jsonb_array_elements(privileges) p
  loop
    -- This revokes the privilege on each column, too.
    execute format('revoke %s on public.%I from %I', revoked.privilege, table_name, revoked.role);
  end loop;
  execute format('alter table public.%I disable row level security', table_name);
end
$$;
grant execute on function app.suspend_row_security(text, text, integer) to app_admin;

-- Ends the suspension of a table: its policies apply again, and the revoked privileges are granted again. Returns
-- whether the table was suspended.
create or replace function app.restore_row_security(table_name text) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp set lock_timeout = '2s'
as $$
declare
  privileges jsonb;
  revoked jsonb;
begin
  if table_name <> all (app.suspendable_tables()) then
    raise exception 'row-level security of this table cannot be suspended' using errcode = 'WC404';
  elsif table_name not in (select app.current_suspensions(false)) then
    return false;
  end if;
  execute format('lock table public.%I in access exclusive mode', table_name);
  privileges := app.end_suspension(table_name);
  if privileges is null then
    return false;
  end if;
  execute format('alter table public.%I enable row level security', table_name);
  for revoked in select p from jsonb_array_elements(privileges) p loop
    execute format('grant %s%s on public.%I to %I', revoked ->> 'privilege',
      '(' || quote_ident(revoked ->> 'column') || ')', table_name, revoked ->> 'role');
  end loop;
  return true;
end
$$;
grant execute on function app.restore_row_security(text) to app_admin, app_system;
