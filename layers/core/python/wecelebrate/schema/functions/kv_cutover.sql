-- Functions for the cutover of an entity to the tables, and for the rollback. They collect the facts for the gates
-- (conditions) of a cutover. wecelebrate.kv.gates checks the gates.

set local role app_mirror;

-- Returns the stages. Each stage has the number of reads that have compared both sides since the last reset of this
-- count. A stage for all clients includes the counts of each client.
create or replace function kv.list_stages() returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, public, app, kv, pg_temp
as $$
begin
  perform kv.require_super_admin();
  return (
    select coalesce(jsonb_agg(to_jsonb(s) - 'id' || kv.shadow_counts(s.entity, s.client_id)
      order by s.entity, s.client_id nulls first), '[]')
    from kv.stages s);
end
$$;
grant execute on function kv.list_stages() to app_admin;

-- Returns the number of reads that compared both sides, and the number of these reads that found a difference.
create or replace function kv.shadow_counts(entity text, client_id uuid) returns jsonb
language sql stable
return (
  select jsonb_build_object('shadow_reads', coalesce(sum(s.reads), 0), 'mismatches', coalesce(sum(s.mismatches), 0))
  from kv.shadow_reads s where s.entity = $1 and ($2 is null or s.client_id = $2));

-- Returns the UUID at the end of a key. Null means that the key does not end with a UUID.
create or replace function kv.uuid_in(key text) returns uuid
language sql immutable parallel safe
return substring(key from '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$')::uuid;

-- Returns the number of documents and rows with a change of the row that has not reached the documents, and that a
-- comparison cannot have seen. A comparison cannot have seen a change that is later than `since`, or whose transaction
-- had not ended in the snapshot `seen`. Transaction ids in the future come from another database, see
-- kv.is_new_trouble(). A row whose client is unknown counts for each client.
create or replace function kv.unmirrored_rows(entity text, client_id uuid, since timestamptz, seen pg_snapshot)
returns bigint
language plpgsql stable
as $$
begin
  return (
    select count(distinct c.key) from kv.conflicts c
    where c.kind = 'row_not_mirrored' and kv.entity_of_key(c.key) = $1
      and (c.noticed_at >= since
        or c.noticed_at >= since - interval '1 day' and not pg_visible_in_snapshot(c.xid, seen)
          and not kv.is_future(c.xid) and not kv.is_future(pg_snapshot_xmax(seen)))
      and ($2 is null or coalesce(kv.client_of_row($1, coalesce(
        (select i.id from kv.ids i where i.key = c.key), kv.uuid_in(c.key))) = $2, true)));
end
$$;

-- The signature that functions of the previous release call. The next release drops it.
create or replace function kv.unmirrored_rows(entity text, client_id uuid, since timestamptz) returns bigint
language sql stable
return kv.unmirrored_rows($1, $2, $3, null);

-- Returns the last full comparison of an entity that includes the client, and its open differences. Also returns the
-- number of rows with changes since this comparison that have not reached the documents.
create or replace function kv.last_comparison(entity text, client_id uuid) returns jsonb
language sql stable
return (
  select jsonb_build_object('ended_at', c.ended_at, 'is_recent', c.ended_at > now() - interval '24 hours',
    'is_mirrored', c.started_at >= (select m.changed_at from kv.mirror m), 'open', (
      select count(*) from kv.differences f
      where f.comparison_id = c.id and f.repaired_at is null
        and ($2 is null or f.client_id = $2 or f.client_id is null)),
    'unmirrored', kv.unmirrored_rows($1, $2, c.started_at, c.snapshot))
  from kv.comparisons c
  where c.entity = $1 and (c.client_id = $2 or c.client_id is null) and c.scope = 'full' and c.status = 'complete'
  order by c.ended_at desc limit 1);

-- Returns whether a document belongs to a client, or may belong to the client because the document's client is unknown
-- and the document has no row.
create or replace function kv.may_belong_to(d kv.ids, client_id uuid) returns boolean
language plpgsql stable
as $$
begin
  return coalesce(kv.client_of_document(d) = client_id, not d.has_row);
end
$$;

-- Returns the facts that the gates of a cutover check. A document that must be mapped again counts as pending.
create or replace function kv.cutover_facts(entity text, client_id uuid) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, public, app, kv, pg_temp
as $$
begin
  perform kv.require_super_admin();
  return jsonb_build_object(
    'client_exists', $2 is null or exists (select from clients c where c.id = $2),
    'mirror', coalesce((select m.enabled from kv.mirror m), false),
    'run', (select r.status from kv.runs r order by r.started_at desc, r.id desc limit 1),
    'pending', (
      select count(*) from kv.ids i
      where i.entity = $1 and i.state in ('pending', 'mapped') and i.fingerprint is distinct from i.mapped_fingerprint
        and i.environment = any (array(select unnest(m.environments) from kv.mirror m))
        and ($2 is null or kv.may_belong_to(i, $2))),
    'quarantined', (
      select count(*) from kv.quarantine q join kv.ids i on i.key = q.key
      where i.entity = $1 and ($2 is null or kv.may_belong_to(i, $2))),
    'comparison', kv.last_comparison($1, $2),
    'open_mismatches', (
      select count(*) from kv.differences f
      where f.comparison_id is null and f.entity = $1 and f.repaired_at is null
        and ($2 is null or f.client_id = $2 or f.client_id is null)))
    || kv.shadow_counts($1, $2);
end
$$;
grant execute on function kv.cutover_facts(text, uuid) to app_admin;

-- Locks the stages, so that the check of the gates and the change of the stage are one atomic step. The function waits
-- until running writes have ended. Later writes wait for this transaction, and use the new stage. Raises
-- lock_not_available if a write runs for more than 2 seconds. Each later statement of this transaction has a timeout of
-- 2 seconds, because writes are waiting.
create or replace function kv.hold_stages() returns void
language plpgsql volatile security definer
set search_path = pg_catalog, public, app, kv, pg_temp set lock_timeout = '2s'
as $$
begin
  perform kv.require_super_admin();
  perform pg_advisory_xact_lock(hashtextextended('kv stages', 0));
  perform set_config('statement_timeout', '2s', true);
end
$$;
grant execute on function kv.hold_stages() to app_admin;

-- Changes the stage of an entity, and records it in the audit log. Returns whether the client exists. If a parameter is
-- null, its stored value does not change. The first stage of a client starts with the values of the stage for all
-- clients. The caller must use a separate statement with bound parameters, so that injected SQL cannot call the
-- function.
create or replace function kv.change_stage(
  entity text, client_id uuid, leads text, reads integer, shadow integer, details jsonb) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, public, app, kv, pg_temp
as $$
declare
  usual kv.stages;
begin
  perform kv.require_super_admin();
  if current_query() !~ '^select kv\.change_stage\(\$1, \$2, \$3, \$4, \$5, \$6\);?\s*$' then
    raise exception 'only super admins change stages' using errcode = 'insufficient_privilege';
  elsif $2 is not null and not exists (select from clients c where c.id = $2) then
    return false;
  end if;
  perform pg_advisory_xact_lock(hashtextextended('kv stage changes', 0));  -- a rollback includes every client
  usual := kv.stage_of(entity, null);
  insert into kv.stages as s (entity, client_id, leads, reads, shadow, changed_by)
  values ($1, $2, coalesce($3, usual.leads, 'kv'), coalesce($4, usual.reads, 0), coalesce($5, usual.shadow, 0),
    app.subject())
  on conflict on constraint stages_key do update set leads = coalesce($3, s.leads), reads = coalesce($4, s.reads),
    shadow = coalesce($5, s.shadow), changed_by = excluded.changed_by, changed_at = clock_timestamp();
  if $3 = 'kv' and $2 is null then  -- a rollback of all clients is one of each client
    update kv.stages s set leads = $3, reads = $4, changed_by = app.subject(), changed_at = clock_timestamp()
    where s.entity = $1 and s.client_id is not null and s.leads <> $3;
  end if;
  if $5 is not null then
    delete from kv.shadow_reads r where r.entity = $1 and ($2 is null or r.client_id = $2);
  end if;
  perform app.record_stage_change(
    case $3 when 'tables' then 'cutover' when 'kv' then 'rollback' else 'shadow' end, $2, $1,
    jsonb_strip_nulls(jsonb_build_object('leads', $3, 'reads', $4, 'shadow', $5)) || coalesce($6, '{}'));
  return true;
end
$$;
grant execute on function kv.change_stage(text, uuid, text, integer, integer, jsonb) to app_admin;

-- Returns the id of the row to which a canary (a test document) was mapped. Returns null if the canary was not mapped
-- to a row.
create or replace function kv.canary_row(key text) returns uuid
language plpgsql stable security definer set search_path = pg_catalog, public, app, kv, pg_temp
as $$
begin
  perform kv.require_super_admin();
  return (select i.id from kv.ids i
    where i.key = $1 and split_part($1, ':', 2) like 'canary-%' and i.state = 'mapped' and i.has_row);
end
$$;
grant execute on function kv.canary_row(text) to app_admin;

-- Returns the name in a canary document. For an order, this is the name of the customer.
create or replace function kv.canary_name(key text) returns text
language plpgsql stable security definer set search_path = pg_catalog, public, app, kv, pg_temp
as $$
begin
  perform kv.require_super_admin();
  return (select coalesce(s.value ->> 'customerName', s.value ->> 'name') from kv_store_6fcaeea3 s
    where s.key = $1 and split_part($1, ':', 2) like 'canary-%');
end
$$;
grant execute on function kv.canary_name(text) to app_admin;

-- Tests the mirror with a canary: writes a document of the entity, checks its row, changes the row, checks the
-- document, and undoes all changes.
create or replace function kv.try_canary(entity text, out document_to_row boolean, out row_to_document boolean,
  out failure text)
language plpgsql volatile
as $$
declare
  token constant text := 'canary-' || replace(gen_random_uuid()::text, '-', '');
  key constant text := case entity when 'product' then 'gift' when 'catalog' then 'catalogs' else entity end
    || ':' || token;
  row_id uuid;
begin
  document_to_row := false;
  row_to_document := false;
  perform app.write_canary(token);
  row_id := kv.canary_row(key);
  document_to_row := row_id is not null;
  case entity
    when 'client' then update public.clients set name = 'Canary 2' where id = row_id;
    when 'catalog' then update public.catalogs set name = 'Canary 2' where id = row_id;
    when 'site' then update public.sites set name = 'Canary 2' where id = row_id;
    when 'product' then update public.products set name = 'Canary 2' where id = row_id;
    when 'order' then update public.orders set customer_name = 'Canary 2' where id = row_id;
  end case;
  row_to_document := coalesce(kv.canary_name(key) = 'Canary 2', false);
  raise exception 'the canary is undone' using errcode = 'KV001';
exception
  when sqlstate 'KV001' then null;
  when others then failure := sqlstate;
end
$$;
grant execute on function kv.try_canary(text) to app_admin;

set local role app_definer;

-- Writes a client with a catalog, a site, a gift and an order into the store. kv.try_canary undoes these changes.
create or replace function app.write_canary(token text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
begin
  if app.admin_role() is distinct from 'super_admin' or token !~ '^canary-[0-9a-f]{32}$' then
    raise exception 'only super admins write canaries' using errcode = 'insufficient_privilege';
  end if;
  insert into kv_store_6fcaeea3 (key, value) values
    ('client:' || token, jsonb_build_object('id', token, 'name', 'Canary')),
    ('catalogs:' || token, jsonb_build_object('id', token, 'name', 'Canary', 'type', 'manual', 'ownerId', token)),
    ('site:' || token, jsonb_build_object('id', token, 'name', 'Canary', 'clientId', token, 'catalogId', token)),
    ('gift:' || token, jsonb_build_object('id', token, 'name', 'Canary', 'sku', token, 'price', 1, 'currency', 'EUR',
      'catalogId', token)),
    ('order:' || token, jsonb_build_object('id', token, 'siteId', token, 'giftId', token, 'quantity', 1, 'unitPrice', 1,
      'currency', 'EUR', 'customerName', 'Canary', 'createdAt', '2026-02-20T11:00:00Z'));
end
$$;
grant execute on function app.write_canary(text) to app_admin;

-- Records in the audit log that a stage has changed.
create or replace function app.record_stage_change(change text, client_id uuid, entity text, details jsonb) returns void
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
begin
  if app.admin_role() is distinct from 'super_admin' then
    raise exception 'only super admins change stages' using errcode = 'insufficient_privilege';
  end if;
  perform app.record_action('kv_stage.' || change, client_id, entity, details);
end
$$;
grant execute on function app.record_stage_change(text, uuid, text, jsonb) to app_mirror;

-- Returns the age of the oldest other transaction in seconds. Returns null if the platform does not have the right to
-- see other transactions.
create or replace function app.oldest_transaction() returns double precision
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
begin
  if app.admin_role() is distinct from 'super_admin' then
    raise exception 'only super admins look for transactions' using errcode = 'insufficient_privilege';
  elsif not pg_has_role('pg_read_all_stats', 'usage') then
    return null;
  end if;
  return coalesce((
    select max(extract(epoch from clock_timestamp() - a.xact_start)) from pg_stat_activity a
    where a.datname = current_database() and a.pid <> pg_backend_pid() and a.backend_type = 'client backend'), 0);
end
$$;
grant execute on function app.oldest_transaction() to app_admin;
