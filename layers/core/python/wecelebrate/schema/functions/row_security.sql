-- Suspensions of row-level security: the kill switch for one table whose policies are broken (decision 0074).
--
-- Row-level security stays enabled. During a suspension, the policies of the table are parked: they apply only to the
-- owner of the table, and not to callers. Two other policies let app_admin and app_system use all rows. As usual, these
-- policies require that the sealed context belongs to the role.
--
-- In the same transaction, the roles of all callers lose their privileges on the table: app_admin keeps only select,
-- and app_system keeps the privileges that its policies allow on every row. Therefore a caller can see and change only
-- rows that it could see and change before.
--
-- If nobody ends a suspension, the table stays closed.

set local role app_definer;

-- The tables that can be suspended. app_admin may select every row of such a table, and other callers also have access
-- to the table. A test derives this list from access.toml. Tables with accounts, secrets or the audit log are not in
-- the list.
create or replace function app.suspendable_tables() returns text[]
language sql immutable parallel safe
return '{analytics_events,catalog_grants,catalog_readings,catalogs,client_users,clients,dead_letters,drops,exports,
  images,invitations,jobs,mail_suppressions,mails,order_daily_totals,order_deltas,order_destinations,order_events,
  order_export_runs,order_exports,order_file_drops,order_lines,order_local_totals,order_slot_totals,orders,
  product_sources,products,report_recipients,report_subscriptions,return_lines,returns,schedules,shipment_lines,
  shipments,site_product_exclusions,sites,tiers,uploads,webhook_deliveries,webhooks}'::text[];
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

-- Saves a suspension. If the table is already suspended, the reason and the time limit change, and privileges that were
-- granted since the first suspension are added.
create or replace function app.save_suspension(table_name text, reason text, minutes integer, privileges jsonb,
  policies jsonb) returns void
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
#variable_conflict use_column
begin
  if app.admin_role() is distinct from 'super_admin' then
    raise exception 'only super admins suspend row-level security' using errcode = 'insufficient_privilege';
  end if;
  insert into row_security_suspensions as s (table_name, reason, privileges, policies, suspended_by, expires_at)
  values ($1, $2, $4, $5, app.subject(), now() + make_interval(mins => $3))
  on conflict (table_name) do update
  set reason = excluded.reason, suspended_by = excluded.suspended_by, suspended_at = excluded.suspended_at,
    expires_at = excluded.expires_at, ended_at = null,
    privileges = case when s.ended_at is null then (
        select coalesce(jsonb_agg(distinct p), '[]') from jsonb_array_elements(s.privileges || excluded.privileges) p
      ) else excluded.privileges end,
    policies = case when s.ended_at is null then s.policies || excluded.policies else excluded.policies end;
  perform app.record_action('row_security.suspend', null, $1, jsonb_build_object('reason', $2, 'minutes', $3));
end
$$;
grant execute on function app.save_suspension(text, text, integer, jsonb, jsonb) to app_owner;

-- Ends the suspension of a table, and returns the policies and the privileges that the suspension has removed. Both
-- results are null if the table is not suspended. A service can end only an expired suspension; a deploy can end every
-- suspension.
create or replace function app.end_suspension(table_name text, out privileges jsonb, out policies jsonb)
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
#variable_conflict use_column
begin
  if session_user <> 'wc_migrate' and app.subject() is distinct from 'service:system'
    and coalesce(app.admin_role(), '') not in ('super_admin', 'admin') then
    raise exception 'only admins end a suspension' using errcode = 'insufficient_privilege';
  end if;
  update row_security_suspensions s set ended_at = clock_timestamp()
  where table_name = $1 and ended_at is null
    and (app.subject() is distinct from 'service:system' or expires_at <= clock_timestamp())
  returning s.privileges, s.policies into end_suspension.privileges, end_suspension.policies;
  if end_suspension.privileges is not null then
    perform app.record_action('row_security.restore', null, $1);
  end if;
end
$$;
grant execute on function app.end_suspension(text) to app_owner;

-- The tables whose suspension is active, or has ended within the last minute. A statement that began before the end can
-- still be refused.
create or replace function app.suspended_tables() returns text[]
language sql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
  select coalesce(array_agg(table_name order by table_name), '{}') from row_security_suspensions
  where ended_at is null or ended_at > now() - interval '1 minute'
$$;
grant execute on function app.suspended_tables() to wc_public, wc_api, wc_worker, wc_kv;

-- The tables whose suspension is active. If `expired` is true, only the tables whose suspension has passed its time
-- limit.
create or replace function app.current_suspensions(expired boolean) returns setof text
language sql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
  select table_name from row_security_suspensions
  where ended_at is null and (not $1 or expires_at <= now()) order by table_name
$$;
grant execute on function app.current_suspensions(boolean) to app_owner, app_system;

set local role app_owner;

-- Parks the policies of a table, and returns their roles: {policy: [role, …], …}. A parked policy applies only to the
-- owner of the table, and the functions of the owner read no rows of the table. Two policies of the suspension replace
-- the parked policies.
create or replace function app.park_policies(table_name text) returns jsonb
language plpgsql volatile set search_path = pg_catalog, public, pg_temp
as $$
declare
  policies jsonb := '{}';
  policy record;
begin
  for policy in
    select p.polname as name, jsonb_agg(coalesce(r.rolname, 'public') order by r.rolname) as roles,
      coalesce(string_agg(quote_ident(r.rolname), ', ') filter (where r.rolname in ('app_definer', 'app_migrate')),
        'app_owner') as kept
    from pg_policy p cross join unnest(p.polroles) role left join pg_roles r on r.oid = role
    where p.polrelid = format('public.%I', table_name)::regclass and p.polname not like 'suspension\_%'
    group by p.polname
    having bool_or(coalesce(r.rolname, 'public') not in ('app_owner', 'app_definer', 'app_migrate'))
  loop
    execute format('alter policy %I on public.%I to %s', policy.name, table_name, policy.kept);
    policies := policies || jsonb_build_object(policy.name, policy.roles);
  end loop;
  execute format('drop policy if exists suspension_admin on public.%I', table_name);
  execute format('drop policy if exists suspension_system on public.%I', table_name);
  execute format('create policy suspension_admin on public.%I for select to app_admin
    using ((select app.admin_role()) is not null)', table_name);
  execute format('create policy suspension_system on public.%I to app_system
    using ((select app.subject()) is not null) with check ((select app.subject()) is not null)', table_name);
  return policies;
end
$$;

-- Applies the policies of a table to their roles again. If none of the roles of a policy exists any more, the policy is
-- dropped, as `drop owned` would have done. Policies that no longer exist are skipped.
create or replace function app.unpark_policies(table_name text, policies jsonb) returns void
language plpgsql volatile set search_path = pg_catalog, public, pg_temp
as $$
declare
  policy record;
begin
  execute format('drop policy if exists suspension_admin on public.%I', table_name);
  execute format('drop policy if exists suspension_system on public.%I', table_name);
  for policy in
    select e.key as name, string_agg(quote_ident(role), ', ')
        filter (where role = 'public' or exists (select from pg_roles r where r.rolname = role)) as roles
    from jsonb_each(policies) e cross join jsonb_array_elements_text(e.value) role
    join pg_policy p on p.polname = e.key and p.polrelid = format('public.%I', table_name)::regclass
    group by e.key
  loop
    if policy.roles is null then
      execute format('drop policy %I on public.%I', policy.name, table_name);
    else
      execute format('alter policy %I on public.%I to %s', policy.name, table_name, policy.roles);
    end if;
  end loop;
end
$$;

-- Revokes the privileges of all callers on a table, except those that app_admin and app_system keep, and returns the
-- revoked privileges.
create or replace function app.revoke_privileges(table_name text) returns jsonb
language plpgsql volatile set search_path = pg_catalog, public, pg_temp
as $$
declare
  privileges jsonb;
  revoked record;
begin
  select coalesce(jsonb_agg(
      jsonb_build_object('role', r.rolname, 'privilege', p.privilege_type, 'column', l.name)), '[]')
    into privileges
    from (
      select null::name as name, c.relacl as list from pg_class c
      where c.oid = format('public.%I', table_name)::regclass
      union all
      select a.attname, a.attacl from pg_attribute a
      where a.attrelid = format('public.%I', table_name)::regclass and a.attacl is not null and not a.attisdropped
    ) l cross join aclexplode(l.list) p join pg_roles r on r.oid = p.grantee
    where app.is_suspended_privilege(r.rolname, table_name, p.privilege_type);
  for revoked in
    select distinct p ->> 'role' as role, p ->> 'privilege' as privilege from jsonb_array_elements(privileges) p
  loop
    -- This revokes the privilege on each column, too.
    execute format('revoke %s on public.%I from %I', revoked.privilege, table_name, revoked.role);
  end loop;
  return privileges;
end
$$;

-- Suspends row-level security of a table for some minutes, at most 60. The call must be a separate statement with bound
-- parameters, so that injected SQL cannot call the function. Raises WC404 if the table cannot be suspended. Raises
-- lock_not_available if running statements use the table, or if a migration is running; the caller can try again.
create or replace function app.suspend_row_security(table_name text, reason text, minutes integer) returns void
language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp set lock_timeout = '2s'
as $$
begin
  if app.admin_role() is distinct from 'super_admin'
    or current_query() !~ '^select app\.suspend_row_security\(\$1, \$2, \$3\);?\s*$' then
    raise exception 'only super admins suspend row-level security' using errcode = 'insufficient_privilege';
  elsif table_name <> all (app.suspendable_tables()) then
    raise exception 'row-level security of this table cannot be suspended' using errcode = 'WC404';
  elsif not pg_try_advisory_xact_lock_shared(7243219080) then  -- the lock of the migrations
    raise exception 'a migration is running' using errcode = 'lock_not_available';
  end if;
  execute format('lock table public.%I in access exclusive mode', table_name);
  perform app.save_suspension(
    table_name, reason, minutes, app.revoke_privileges(table_name), app.park_policies(table_name));
end
$$;
grant execute on function app.suspend_row_security(text, text, integer) to app_admin;

-- Ends the suspension of a table: its policies apply again, and the revoked privileges are granted again. If the role
-- or the column of a privilege no longer exists, the privilege is skipped. Returns whether the table was suspended.
create or replace function app.restore_row_security(table_name text) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp set lock_timeout = '2s'
as $$
declare
  ended record;
  revoked record;
begin
  if table_name <> all (app.suspendable_tables()) then
    raise exception 'row-level security of this table cannot be suspended' using errcode = 'WC404';
  elsif table_name not in (select app.current_suspensions(false)) then
    return false;
  end if;
  execute format('lock table public.%I in access exclusive mode', table_name);
  select * into ended from app.end_suspension(table_name);
  if ended.privileges is null then
    return false;
  end if;
  perform app.unpark_policies(table_name, ended.policies);
  for revoked in
    select p ->> 'role' as role, p ->> 'privilege' as privilege, p ->> 'column' as name
    from jsonb_array_elements(ended.privileges) p join pg_roles r on r.rolname = p ->> 'role'
    where p ->> 'column' is null or exists (
      select from pg_attribute a where a.attrelid = format('public.%I', table_name)::regclass
        and a.attname = p ->> 'column' and not a.attisdropped)
  loop
    execute format('grant %s%s on public.%I to %I', revoked.privilege,
      '(' || quote_ident(revoked.name) || ')', table_name, revoked.role);
  end loop;
  return true;
end
$$;
grant execute on function app.restore_row_security(text) to app_admin, app_system;
