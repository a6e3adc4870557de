-- The functions that switch the mirror on and off. While the mirror is off, its triggers are disabled, so the mirror
-- takes no time. To enable a trigger, PostgreSQL takes a lock that waits for open writes. Therefore each transaction is
-- mirrored completely or not at all.

set local role app_mirror;

-- Returns whether the mirror is on.
create or replace function kv.is_mirrored() returns boolean
language sql stable security definer set search_path = pg_catalog, public, app, kv, pg_temp
as $$ select exists (select from kv.mirror m where m.enabled) $$;
grant execute on function kv.is_mirrored() to app_owner;

-- Saves the settings of the mirror, and returns whether they changed. If `environments` is null, the environments and
-- the currency do not change. While the tables lead, the function raises object_in_use if the mirror would be switched
-- off or would lose an environment. The function waits for a running cutover because of the lock, and a later cutover
-- uses the new settings.
create or replace function kv.save_mirror(enabled boolean, environments text[], currency text) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, public, app, kv, pg_temp
as $$
declare
  led text;
begin
  perform kv.require_super_admin();
  perform pg_advisory_xact_lock(hashtextextended('kv stages', 0));
  select string_agg(distinct s.entity, ', ' order by s.entity) into led from kv.stages s where s.leads = 'tables';
  if led is not null and (not $1 or exists (select from kv.mirror m where not m.environments <@ $2)) then
    raise exception 'The tables lead for %. Roll back first, e.g. with `wecelebrate kv rollback`.', led
      using errcode = 'object_in_use';
  end if;
  if not $1 and exists (select from kv.dirty) then
    raise exception 'documents of a bulk write are not written yet' using errcode = 'lock_not_available';
  end if;
  insert into kv.mirror default values on conflict (is_only) do nothing;
  update kv.mirror m set enabled = $1, environments = coalesce($2, m.environments),
    currency = case when $2 is null then m.currency else $3 end, changed_at = clock_timestamp()
  where m.is_only and (m.enabled, m.environments, m.currency) is distinct from
    ($1, coalesce($2, m.environments), case when $2 is null then m.currency else $3 end);
  if not found then
    return false;
  end if;
  delete from kv.history;  -- without the triggers, revisions do not follow the documents
  delete from kv.writes;
  return true;
end
$$;
grant execute on function kv.save_mirror(boolean, text[], text) to app_owner;

-- Returns the state of the mirror: the number of earlier versions in the history, the number of products that are not
-- folded yet, and the conflicts. For each kind of conflict, at most five keys are returned. Keys of entities are not
-- secret.
create or replace function kv.mirror_status() returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, public, app, kv, pg_temp
as $$
begin
  perform kv.require_super_admin();
  return coalesce((select to_jsonb(m) - 'is_only' from kv.mirror m where m.is_only),
    '{"enabled": false, "environments": [], "currency": null, "changed_at": null}') || jsonb_build_object(
      'earlier_values', (select count(*) from kv.history),
      'unwritten', (select count(distinct d.row_id) from kv.dirty d), 'conflicts', (
    select coalesce(jsonb_agg(to_jsonb(c) order by c.kind), '[]') from (
      select kind, count(*) as conflicts, max(noticed_at) as last_at,
        (array_agg(distinct left(key, 200) order by left(key, 200)))[1:5] as keys
      from kv.conflicts group by kind) c));
end
$$;
grant execute on function kv.mirror_status() to app_admin;

set local role app_definer;

-- Records in the audit log that the mirror was switched.
create or replace function app.record_mirror_switch(enabled boolean, details jsonb) returns void
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
begin
  if app.admin_role() is distinct from 'super_admin' then
    raise exception 'only super admins switch the mirror' using errcode = 'insufficient_privilege';
  end if;
  perform app.record_action(case when enabled then 'kv_mirror.on' else 'kv_mirror.off' end, null, 'kv', details);
end
$$;
grant execute on function app.record_mirror_switch(boolean, jsonb) to app_owner;

set local role app_owner;

-- Returns a hash of all functions of the store, including functions whose text PostgreSQL does not keep. `migrate`
-- stores this hash as the comment of the schema, so that a manual change of a function can be detected.
create or replace function kv.hash_of_functions() returns text
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select encode(sha256(convert_to(string_agg(concat_ws(' ', p.oid::regprocedure, p.prosrc,
    pg_get_function_sqlbody(p.oid)), ' ' order by p.oid::regprocedure::text collate "C"), 'UTF8')), 'hex')
  from pg_proc p where p.pronamespace = 'kv'::regnamespace
$$;
grant execute on function kv.hash_of_functions() to app_admin;

-- Enables or disables the triggers of the mirror. The triggers also run in sessions with the replication role. The
-- trigger `mirror_replicated` runs only in these sessions.
create or replace function kv.enable_triggers(enabled boolean) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  t record;
begin
  for t in
    select c.oid::regclass as name, g.tgname, case when not enabled then 'disable' when g.tgname = 'mirror_replicated'
      then 'enable replica' else 'enable always' end as action
    from pg_trigger g join pg_class c on c.oid = g.tgrelid join pg_proc p on p.oid = g.tgfoid
    where p.pronamespace = 'kv'::regnamespace and not g.tgisinternal
    order by c.relname, g.tgname
  loop
    execute format('alter table %s %s trigger %I', t.name, t.action, t.tgname);
  end loop;
end
$$;

-- Switches the mirror on or off, and returns whether this changed anything. The caller must use a separate statement
-- with bound parameters, so that injected SQL cannot call the function. Raises lock_not_available if a write runs for
-- more than 2 seconds, or if a migration is running. The caller can try again.
create or replace function kv.switch_mirror(enabled boolean, environments text[], currency text) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp set lock_timeout = '2s'
as $$
begin
  if app.admin_role() is distinct from 'super_admin'
    or current_query() !~ '^select kv\.switch_mirror\(\$1, \$2, \$3\);?\s*$' then
    raise exception 'only super admins switch the mirror' using errcode = 'insufficient_privilege';
  elsif not pg_try_advisory_xact_lock_shared(7243219080) then  -- the lock of the migrations
    raise exception 'a migration is running' using errcode = 'lock_not_available';
  end if;
  lock table clients, catalogs, sites, products, orders, kv_store_6fcaeea3 in share row exclusive mode;
  if not kv.save_mirror($1, $2, $3) then
    return false;
  end if;
  perform kv.enable_triggers($1);
  perform app.record_mirror_switch($1, jsonb_build_object('environments', $2, 'currency', $3));
  return true;
end
$$;
grant execute on function kv.switch_mirror(boolean, text[], text) to app_admin;

create or replace trigger mirror_revision before insert or update on kv_store_6fcaeea3 for each row
  when (current_user <> 'app_mirror'
    and new.key ~ '^((client|site|gift|order)s?:([^:]+:)?[^:]*|catalogs?:[^:]*)$'
    and new.key !~ '^(client|site|order|gift|catalog)s:all$|^client:[^:]+:site:|^sites:(slug:|[^:]+:catalog_config$)')
  execute function kv.revise_document();
create or replace trigger mirror_list_revision before insert or update on kv_store_6fcaeea3 for each row
  when (current_user <> 'app_mirror'
    and new.key ~ '^((client|site|catalog|order|gift)s:all$|catalog_gifts:|catalog_index:|user_orders:|order_index:)')
  execute function kv.revise_list();
create or replace trigger mirror_insert after insert on kv_store_6fcaeea3 referencing new table as after
  for each statement when (current_user <> 'app_mirror') execute function kv.mirror_documents();
create or replace trigger mirror_update after update on kv_store_6fcaeea3
  referencing old table as before new table as after
  for each statement when (current_user <> 'app_mirror') execute function kv.mirror_documents();
create or replace trigger mirror_delete after delete on kv_store_6fcaeea3 referencing old table as before
  for each statement when (current_user <> 'app_mirror') execute function kv.mirror_documents();
create or replace trigger mirror_replicated after insert or update or delete on kv_store_6fcaeea3
  for each row when (current_user <> 'app_mirror') execute function kv.mirror_replicated_document();

do $$
declare
  t record;
begin
  for t in
    select * from (values ('clients', 'client'), ('catalogs', 'catalog'), ('sites', 'site'), ('products', 'product'),
      ('orders', 'order')) tables (name, entity)
  loop
    execute format('create or replace trigger mirror_insert after insert on %I referencing new table as after
      for each statement when (current_user <> ''app_mirror'') execute function kv.mirror_rows(%L)', t.name, t.entity);
    execute format('create or replace trigger mirror_update after update on %I
      referencing old table as before new table as after
      for each statement when (current_user <> ''app_mirror'') execute function kv.mirror_rows(%L)', t.name, t.entity);
    execute format('create or replace trigger mirror_delete after delete on %I referencing old table as before
      for each statement when (current_user <> ''app_mirror'') execute function kv.mirror_rows(%L)', t.name, t.entity);
  end loop;
  if not exists (select from pg_trigger g where g.tgrelid = 'kv.list_changes'::regclass and g.tgname = 'mirror_lists')
  then  -- a constraint trigger can be deferred until the end of the transaction, and cannot be replaced
    create constraint trigger mirror_lists after insert on kv.list_changes deferrable initially deferred
      for each row execute function kv.write_lists();
  end if;
  -- The statements above enable the triggers that they replace.
  perform kv.enable_triggers(kv.is_mirrored());
end
$$;
