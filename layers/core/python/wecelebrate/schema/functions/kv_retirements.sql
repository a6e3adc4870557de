-- The retirement of the documents of an entity: its steps, and the facts for its gates (conditions).
-- wecelebrate.kv.retirement checks the gates. The archive is in functions/kv_archive.sql.

set local role app_mirror;

-- Returns the active retirement of an entity. A retirement is active until it is undone. Returns null if the entity has
-- no active retirement.
create or replace function kv.retirement_of(entity text) returns kv.retirements
language sql stable
as $$ select r.* from kv.retirements r where r.entity = $1 and r.status <> 'undone' $$;

-- Returns a retirement with the counts of its archive. Returns null if the retirement does not exist. If the status is
-- `ending`, `status` contains `restoring`, because the previous release rejects the status `ending`. `exact_status`
-- always contains the status.
create or replace function kv.retirement_content(r kv.retirements) returns jsonb
language sql stable
as $$
  select to_jsonb(r) - '{checkpoint,awaited}'::text[] || jsonb_build_object('exact_status', r.status,
    'status', case r.status when 'ending' then 'restoring' else r.status end, 'parts', count(p.number),
    'documents', coalesce(sum(p.documents), 0), 'bytes', coalesce(sum(p.bytes), 0),
    'deleted', coalesce(sum(p.documents) filter (where p.deleted_at is not null), 0),
    'restored', coalesce(sum(p.documents) filter (where p.restored_at is not null), 0),
    'given_up', coalesce(sum(p.documents) filter (where p.given_up_at is not null), 0))
  from kv.archive_parts p where p.retirement_id = r.id
  having r.id is not null
$$;

-- Returns how many documents of an entity a retirement would delete and keep. The function reads no values.
create or replace function kv.retirable_counts(entity text) returns jsonb
language sql stable
as $$
  select jsonb_build_object(
    'retirable', count(*) filter (where i.state = 'mapped' or kv.entity_of_list(s.key) is not null),
    'kept', count(*) filter (where i.state is distinct from 'mapped' and kv.entity_of_list(s.key) is null))
  from unnest(kv.compared_prefixes($1)) p (prefix)
    join kv_store_6fcaeea3 s on s.key >= p.prefix and s.key < p.prefix || chr(127) and kv.is_compared($1, s.key)
    left join kv.ids i on i.key = s.key and i.list is null
$$;

-- Returns whether the tables lead for an entity, and answer all reads of the entity, for all clients.
create or replace function kv.is_led(entity text) returns boolean
language sql stable
return exists (
    select from kv.stages s where s.entity = $1 and s.client_id is null and s.leads = 'tables' and s.reads = 100)
  and not exists (select from kv.stages s where s.entity = $1 and (s.leads <> 'tables' or s.reads < 100));

-- Returns the facts that the gates of a retirement check. The comparison must include all clients.
create or replace function kv.retirement_facts(entity text) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, public, app, kv, pg_temp
as $$
declare
  r constant kv.retirements := kv.retirement_of(entity);
begin
  perform kv.require_super_admin();
  return jsonb_build_object(
    'retirement', kv.retirement_content(r),
    'is_led', kv.is_led($1),
    'mirror', coalesce((select m.enabled from kv.mirror m), false),
    'subscriptions', (
      select count(*) from pg_subscription s join pg_database d on d.oid = s.subdbid
      where s.subenabled and d.datname = current_database()),
    'comparison', kv.last_comparison($1, null),
    'waited_seconds', extract(epoch from clock_timestamp() - r.started_at),
    'reads', kv.traffic_within($1, 'read', r.quiet_seconds),
    'writes', kv.traffic_within($1, 'write', r.quiet_seconds),
    'counts', kv.retirable_counts($1));
end
$$;
grant execute on function kv.retirement_facts(text) to app_admin;

-- Returns how many seconds ago an application last used the documents of an entity, and for how many clients
-- applications used them. Only requests of the last `seconds` seconds are counted. Returns null if there was no such
-- request.
create or replace function kv.traffic_within(entity text, kind text, seconds integer) returns jsonb
language sql stable
as $$
  select jsonb_build_object('seconds', extract(epoch from clock_timestamp() - max(t.last_at)),
    'clients', count(distinct t.client_id))
  from kv.traffic t
  where t.entity = $1 and t.kind = $2
    and t.last_at > clock_timestamp() - make_interval(secs => coalesce($3, 1209600))
  having count(*) > 0
$$;

-- Returns all retirements that are not undone, and the traffic of the last 30 days.
create or replace function kv.retirement_status() returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, public, app, kv, pg_temp
as $$
begin
  perform kv.require_super_admin();
  return jsonb_build_object('traffic', kv.recent_traffic(), 'retirements', (
    select coalesce(jsonb_agg(kv.retirement_content(r) order by r.entity), '[]') from kv.retirements r
    where r.status <> 'undone'));
end
$$;
grant execute on function kv.retirement_status() to app_admin;

-- Locks the retirement of an entity until the end of the transaction, so that two commands cannot change it at the same
-- time. Before documents are archived, the function also locks the stages, so that the stage cannot change between the
-- check of the gates and the end of the transaction. Returns whether the entity has an active retirement.
create or replace function kv.lock_retirement(entity text) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, public, app, kv, pg_temp
as $$
begin
  perform kv.require_super_admin();
  perform pg_advisory_xact_lock(hashtextextended('kv retirement ' || $1, 0));
  if exists (select from kv.retirements r where r.entity = $1 and r.status = 'waiting') then
    perform pg_advisory_xact_lock(hashtextextended('kv stage changes', 0));
  end if;
  return exists (select from kv.retirements r where r.entity = $1 and r.status <> 'undone');
end
$$;
grant execute on function kv.lock_retirement(text) to app_admin;

-- Starts a retirement: from now on, the store refuses writes of the entity's documents. The caller must use a separate
-- statement with bound parameters, so that injected SQL cannot call the function.
create or replace function kv.start_retirement(entity text, quiet_seconds integer) returns void
language plpgsql volatile security definer set search_path = pg_catalog, public, app, kv, pg_temp
as $$
begin
  perform kv.require_super_admin();
  if current_query() !~ '^select kv\.start_retirement\(\$1, \$2\);?\s*$' then
    raise exception 'only super admins retire documents' using errcode = 'insufficient_privilege';
  end if;
  insert into kv.retirements (entity, quiet_seconds, requested_by) values ($1, $2, app.subject());
  perform app.record_retirement('start', $1, jsonb_build_object('quiet_seconds', $2));
end
$$;
grant execute on function kv.start_retirement(text, integer) to app_admin;

-- Ends an undo: deletes the archived secrets of parts that were not restored, e.g. because their documents were never
-- deleted.
create or replace function kv.end_undo(r kv.retirements) returns void
language sql volatile
as $$
  delete from kv.archive_secrets s using kv.archive_parts p
  where p.retirement_id = r.id and p.restored_at is null and (s.retirement_id, s.number) = (r.id, p.number)
$$;

-- Searches the next `size` products after the product `after`. Appends products to kv.dirty that have changed since a
-- retirement began, including new products in catalogs that the old applications have. The sweeper writes the documents
-- of these products. Other documents must not change, because some of them differ from their row intentionally. Returns
-- the last product that was searched, or null at the end of the table.
create or replace function kv.note_changed_products(since timestamptz, after uuid, size integer) returns uuid
language plpgsql volatile
as $$
declare
  page uuid[];
begin
  page := array(select p.id from products p where after is null or p.id > after order by p.id limit size);
  insert into kv.dirty (entity, row_id)
  select 'product', p.id from products p
  where p.id = any (page) and greatest(p.created_at, p.updated_at) >= since
    and exists (select from kv.mirror m where m.enabled)
    and (exists (select from kv.ids i where i.entity = 'product' and i.id = p.id and i.has_row)
      or kv.old_id_of('catalog', p.catalog_id) is not null
        and not exists (select from kv.ids i where i.entity = 'product' and i.id = p.id));
  return case when cardinality(page) = size then page[size] end;
end
$$;

-- Searches the next products that have changed since the documents were retired, and returns whether all products were
-- searched. A writer of a product never waits for this search.
--
-- The first call stores the open transactions that have changed products, and returns null. The caller must then
-- commit. Later calls wait only for the stored transactions, and not for transactions that began later. If a stored
-- transaction still runs after 2 seconds, a call raises lock_not_available.
--
-- The status `ending` must be committed before the first call. The search can then ignore all later writes, because
-- these writes also change the documents. The caller must use a separate statement with bound parameters.
create or replace function kv.continue_ending(entity text, size integer) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, public, app, kv, pg_temp
as $$
declare
  r constant kv.retirements := kv.retirement_of(entity);
  last uuid;
begin
  perform kv.require_super_admin();
  if current_query() !~ '^select kv\.continue_ending\(\$1, \$2\);?\s*$' or r.status is distinct from 'ending' then
    raise exception 'only super admins retire documents' using errcode = 'insufficient_privilege';
  elsif r.checkpoint = 'end' then
    return true;
  elsif r.awaited is null then
    update kv.retirements u set awaited = kv.writers_of('public.products'::regclass) where u.id = r.id;
    return null;
  elsif r.checkpoint = '' then
    perform kv.wait_for_unmirrored_writes(entity, r.awaited);
  end if;
  last := kv.note_changed_products(r.started_at, nullif(r.checkpoint, '')::uuid, size);
  update kv.retirements u set checkpoint = coalesce(last::text, 'end') where u.id = r.id;
  return last is null;
end
$$;
grant execute on function kv.continue_ending(text, integer) to app_admin;

-- Searches all products that were not searched yet, in this transaction. The previous release ends an undo in this way.
-- Before the status is `ending`, the mirror does not write the documents. Therefore the function then locks the table,
-- and writers of products wait for the end of this transaction. Raises lock_not_available if a transaction that has
-- written products runs for more than 2 seconds.
create or replace function kv.search_at_once(r kv.retirements) returns void
language plpgsql volatile set lock_timeout = '2s'
as $$
declare
  last uuid := case when r.status = 'ending' then nullif(r.checkpoint, '')::uuid end;
begin
  if r.status <> 'ending' then
    lock table products in share row exclusive mode;
  elsif last is null then
    perform kv.wait_for_unmirrored_writes(r.entity, r.awaited);
  end if;
  loop
    last := kv.note_changed_products(r.started_at, last, 5000);
    exit when last is null;
  end loop;
end
$$;

-- Returns whether the status of a retirement can change to the given status. `deleted` is true if documents are
-- deleted. An undo of products has the additional status `ending`, because the mirror has not written the documents of
-- products since they were archived.
create or replace function kv.can_change(r kv.retirements, status text, deleted boolean) returns boolean
language sql stable
return case $2
  when 'restoring' then r.status <> 'ending'
  when 'ending' then r.status = 'restoring' and r.entity = 'product' and not deleted
  when 'undone' then r.status in ('restoring', 'ending') and not deleted
  when 'retired' then r.status = 'deleting' and not exists (
    select from kv.archive_parts p where p.retirement_id = r.id and p.deleted_at is null)
  else ($2, r.status) in (('archiving', 'waiting'), ('deleting', 'archiving'), ('archiving', 'deleting')) end;

-- Changes the status of a retirement, and records it in the audit log. The caller must use a separate statement with
-- bound parameters.
--
-- If no documents are archived or deleted, an undo ends immediately. Otherwise, at the end of an undo of products, the
-- changed products are appended to kv.dirty, so that their documents are written again. If they were not written, a
-- read would return the new values of the row with the revision of the old document, and the base of a later write
-- would be unclear. The audit log has no entry for the change to `ending`, because this change is a part of the undo.
create or replace function kv.change_retirement(entity text, status text, details jsonb) returns void
language plpgsql volatile security definer set search_path = pg_catalog, public, app, kv, pg_temp
as $$
declare
  r kv.retirements := kv.retirement_of(entity);
  target text;
  deleted boolean;
begin
  perform kv.require_super_admin();
  if current_query() !~ '^select kv\.change_retirement\(\$1, \$2, \$3\);?\s*$' then
    raise exception 'only super admins retire documents' using errcode = 'insufficient_privilege';
  end if;
  deleted := exists (select from kv.archive_parts p where p.retirement_id = r.id and p.deleted_at is not null);
  if r.id is null or not coalesce(kv.can_change(r, $2, deleted), false) then
    raise exception 'a retirement that is % cannot become %', r.status, $2 using errcode = 'check_violation';
  end if;
  if $2 = 'archiving' and r.status = 'deleting' then  -- documents have changed, or have arrived, since they were copied
    r.checkpoint := coalesce((select min(p.after_key) from kv.archive_parts p
      where p.retirement_id = r.id and p.deleted_at is null), '');
    delete from kv.archive_secrets s using kv.archive_parts p
    where p.retirement_id = r.id and p.deleted_at is null and (s.retirement_id, s.number) = (r.id, p.number);
    delete from kv.archive_parts p where p.retirement_id = r.id and p.deleted_at is null;
  end if;
  target := case when $2 = 'restoring' and not deleted and (r.entity <> 'product' or r.status = 'waiting') then 'undone'
    else $2 end;
  if $2 = 'undone' and r.entity = 'product' and (r.status = 'restoring' or r.checkpoint <> 'end') then
    perform kv.search_at_once(r);
  end if;
  update kv.retirements u set status = target, changed_at = clock_timestamp(),
    checkpoint = case target when 'ending' then '' else r.checkpoint end, awaited = null
  where u.id = r.id;
  if target = 'undone' then
    perform kv.end_undo(r);
  elsif target = 'ending' then
    return;
  end if;
  perform app.record_retirement(
    case $2 when 'archiving' then 'archive' when 'deleting' then 'delete' when 'retired' then 'complete'
      when 'restoring' then 'undo' else 'undone' end, $1, coalesce($3, '{}'));
end
$$;
grant execute on function kv.change_retirement(text, text, jsonb) to app_admin;

set local role app_definer;

-- Records a step of the retirement of an entity in the audit log.
create or replace function app.record_retirement(action text, entity text, details jsonb) returns void
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
begin
  if app.admin_role() is distinct from 'super_admin' then
    raise exception 'only super admins retire documents' using errcode = 'insufficient_privilege';
  end if;
  perform app.record_action('kv_retirement.' || action, null, entity, details);
end
$$;
grant execute on function app.record_retirement(text, text, jsonb) to app_mirror;

-- Refuses a write of the old applications if the documents of its entity are retired or are being retired. The error
-- contains the reason as the name of a constraint. PostgREST uses the number in the error code `PT410` as the status of
-- the response.
create or replace function app.refuse_retired_document() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  key constant text := case when tg_op = 'DELETE' then old.key else new.key end;
  refused text;
begin
  if not exists (select from kv.retirements r where r.status <> 'undone') then
    return case when tg_op = 'DELETE' then old else new end;
  end if;
  refused := case  -- other families, e.g. settings of sites, stay in the store
    when key ~ '^(gifts?:([^:]+:)?[^:]*$|catalog_gifts:)' then 'product'
    when key ~ '^clients?:([^:]+:)?[^:]*$' then 'client'
    when key ~ '^sites?:([^:]+:)?[^:]*$' and key !~ '^sites:(slug:|[^:]+:catalog_config$)' then 'site'
    when key ~ '^(catalogs?:[^:]*$|catalog_index:)' then 'catalog'
    when key ~ '^(orders?:([^:]+:)?[^:]*$|user_orders:|order_index:)' then 'order' end;
  if exists (select from kv.retirements r where r.entity = refused and r.status <> 'undone') then
    raise exception using errcode = 'PT410', constraint = 'documents_retired',
      message = format('The document "%s" is refused: the documents of each %s are retired', left(key, 200), refused),
      detail = 'Nothing was written.';
  end if;
  return case when tg_op = 'DELETE' then old else new end;
end
$$;
grant execute on function app.refuse_retired_document() to app_owner;

-- Ensures that the tables lead while the documents of an entity are retired, because the store cannot answer reads
-- then.
create or replace function app.keep_stage_of_retired() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
begin
  if (new.leads <> 'tables' or new.reads < 100) and exists (
      select from kv.retirements r where r.entity = new.entity and r.status not in ('waiting', 'undone')) then
    raise exception 'the documents of each % are retired: run wecelebrate kv retire % --undo', new.entity, new.entity
      using errcode = 'lock_not_available';
  end if;
  return new;
end
$$;
grant execute on function app.keep_stage_of_retired() to app_owner;

set local role app_owner;

create or replace trigger retired_documents before insert or update or delete on kv_store_6fcaeea3 for each row
  when (current_user = 'app_kv')
  execute function app.refuse_retired_document();
create or replace trigger stage_of_retired before insert or update on kv.stages for each row
  execute function app.keep_stage_of_retired();
