-- The mirror from documents to rows. Triggers on the store map the documents that a statement has written, in the same
-- transaction. A write of an old application does not fail because of the mapping: a document that cannot be mapped is
-- put into quarantine.
--
-- The role of the writer shows the origin of a write. Only the functions of the mirror write as app_mirror, and no
-- login can use this role. The triggers do not run for writes of app_mirror, so a mirrored write is not mirrored back.
-- If a write of app_mirror starts a trigger that writes with another role, the writes of this trigger are mirrored. A
-- caller cannot forge the origin, because it does not depend on a setting.

set local role app_mirror;

-- Returns whether documents with this key belong to a client, site, catalog, product or order. The function gives the
-- same result as app.kv_key_families(), but is faster.
create or replace function kv.is_entity_key(key text) returns boolean
language sql immutable parallel safe
return key ~ '^((client|site|gift|order)s?:([^:]+:)?[^:]*|catalogs?:[^:]*)$'
  and key !~ '^(client|site|order|gift|catalog)s:all$|^client:[^:]+:site:|^sites:(slug:|[^:]+:catalog_config$)';

-- Returns whether a document with this key contains settings of a site that are copied (functions/kv_settings.sql).
create or replace function kv.is_settings_key(key text) returns boolean
language sql immutable parallel safe
return key ~ '^sites:[^:]+:catalog_config$|^(site_catalog_config|site_configs):';

-- Returns whether the mirror reads documents with this key: a document of an entity, a list that can contain such
-- documents, or the settings of a site.
create or replace function kv.is_mirrored_key(key text) returns boolean
language sql immutable parallel safe
return kv.is_entity_key(key) or kv.entity_of_list(key) is not null or kv.is_settings_key(key);

-- Maps the documents with the given keys. Also maps the other documents of the rows to which these keys belonged
-- before. `gone` contains the keys of deleted documents: another document now decides the row of a deleted document.
-- The function never deletes a row, and never restores a deleted row. It maps at most 500 rows of each entity. The next
-- run of the backfill maps the other rows.
create or replace function kv.map_written(keys text[], gone text[]) returns void
language plpgsql volatile
as $$
declare
  settings kv.mirror;
  earlier uuid[] := array(select i.id from kv.ids i where i.key = any (keys || gone) or i.list = any (keys || gone))
    || kv.sites_without_catalog(keys);
  name text;
  ids uuid[];
  mapped_sites uuid[];
  labels jsonb;
begin
  select * into settings from kv.mirror;
  update kv.ids i set state = 'gone', mapped_fingerprint = null
  where (i.key = any (gone) or i.list = any (gone)) and i.state not in ('gone', 'deleted');
  delete from kv.quarantine q using kv.ids i where q.key = i.key and (i.key = any (gone) or i.list = any (gone));
  delete from kv.history h using kv.ids i where h.key = i.key and (i.key = any (gone) or i.list = any (gone));
  perform kv.index_written(keys, settings.environments,
    case when keys::text ~ 'orders?:[^,:]+:' then kv.environment_names() else '{}' end);
  perform kv.refuse_deleted(keys);
  foreach name in array '{client,catalog,site,product,order}'::text[] loop
    ids := array(
      select distinct i.id from kv.ids i
      where i.entity = name and i.state not in ('gone', 'deleted')
        and case when i.key = any (keys) or i.list = any (keys)
        then i.fingerprint is distinct from i.mapped_fingerprint else i.id = any (earlier) end
      order by 1 limit 501);
    if cardinality(ids) > 500 then  -- the statement of the application must not time out
      perform kv.note_conflict((keys || gone)[1], 'document_not_mirrored', 'too_many', null, null);
      update kv.ids i set mapped_fingerprint = null
      where i.entity = name and i.id = any (earlier) and i.id <> all (ids[1:500]);
    end if;
    labels := case when name = 'product' then kv.product_labels(ids[1:500]) end;
    perform kv.map_rows(name, ids[1:500], settings.currency);
    if name = 'site' then
      mapped_sites := ids[1:500];
    elsif name = 'product' and 'production' = any (settings.environments) then
      perform kv.exclude_products(
        array(select k from unnest(keys) k where kv.is_settings_key(k)) || kv.settings_keys_of(mapped_sites), null);
      perform kv.exclude_labelled(array(
        select l.key::uuid from jsonb_each(kv.product_labels(ids[1:500])) l
        where l.value is distinct from labels -> l.key));
    end if;
  end loop;
end
$$;

-- Returns, for each product, the values that settings of sites can exclude.
create or replace function kv.product_labels(ids uuid[]) returns jsonb
language sql stable
return (
  select coalesce(jsonb_object_agg(p.id, jsonb_build_array(p.catalog_id, p.sku, p.category, p.brand)), '{}')
  from products p where p.id = any ($1));

-- Applies the exclusions in the settings of sites to products that are new, or whose values in kv.product_labels() have
-- changed. A sale does not change these values, so it reads no settings, even if many sites show the catalog.
create or replace function kv.exclude_labelled(ids uuid[]) returns void
language plpgsql volatile
as $$
begin
  if ids <> '{}' then
    perform kv.exclude_products(kv.settings_keys_of(array(
      select s.id from products p join sites s on s.catalog_id = p.catalog_id where p.id = any (ids))), ids);
  end if;
end
$$;

-- Puts documents whose rows were deleted in the platform into quarantine, and records each of these documents once. If
-- a bulk statement has deleted a product, its documents may still exist, because the sweeper has not processed the
-- entry in kv.dirty yet.
create or replace function kv.refuse_deleted(keys text[]) returns void
language plpgsql volatile
as $$
declare
  d record;
begin
  update kv.ids i set state = 'deleted', has_row = false, mapped_fingerprint = null, base = null
  where i.entity = 'product' and (i.key = any (keys) or i.list = any (keys)) and i.state not in ('gone', 'deleted')
    and exists (select from kv.dirty) and kv.is_dirty(i.id) and not exists (select from products p where p.id = i.id);
  for d in
    select s.key from kv.documents(array(
      select i.key from kv.ids i where (i.key = any (keys) or i.list = any (keys)) and i.state = 'deleted')) s
    where not exists (select from kv.quarantine q where q.key = s.key) order by s.key
  loop
    insert into kv.quarantine (key, reason, field, xid) values (d.key, 'row_deleted', 'id', pg_current_xact_id());
    perform kv.note_conflict(d.key, 'row_deleted', '', null, null);
  end loop;
end
$$;

-- Indexes the documents with the given keys. A document that cannot be read is indexed as unreadable.
create or replace function kv.index_written(keys text[], environments text[], names text[]) returns void
language plpgsql volatile
as $$
declare
  name text;
begin
  begin
    perform kv.index_keys(keys, environments, names, false);
    return;
  exception when others then
    perform kv.raise_deadlock(sqlstate, sqlerrm);
  end;
  foreach name in array keys loop
    begin
      perform kv.index_keys(array[name], environments, names, false);
    exception when others then
      perform kv.raise_deadlock(sqlstate, sqlerrm);
      perform kv.index_keys(array[name], environments, names, true);
    end;
  end loop;
end
$$;

-- Raises the given error again if it is a deadlock or a serialization failure, because a retry of the transaction can
-- succeed.
create or replace function kv.raise_deadlock(code text, message text) returns void
language plpgsql immutable
as $$
begin
  if left(code, 2) = '40' then
    raise exception using errcode = code, message = message;
  end if;
end
$$;

-- Records a conflict that the mirror could not resolve. The function never fails: if it cannot record the conflict, it
-- logs a warning.
create or replace function kv.note_conflict(key text, kind text, field text, base_rev bigint, rev bigint) returns void
language plpgsql volatile
as $$
begin
  insert into kv.conflicts (key, kind, field, base_rev, rev, noticed_at, xid)
  values (left($1, 1024), $2, left($3, 500), $4, $5, clock_timestamp(), pg_current_xact_id());
exception when others then
  perform kv.raise_deadlock(sqlstate, sqlerrm);
  raise warning 'a conflict of the key-value store was not noted (%)', sqlstate;
end
$$;

-- Records that the mapping of documents has failed, and marks these documents. The gates of a cutover count the marked
-- documents, and the next run of the backfill maps them. Errors in this function do not stop the write, because the old
-- applications do not depend on the mapping.
create or replace function kv.note_failure(keys text[], gone text[], code text) returns void
language plpgsql volatile
as $$
declare
  name text;
begin
  raise warning 'the mirror of the key-value store failed (%)', code;
  foreach name in array keys || gone loop
    perform kv.note_conflict(name, 'document_not_mirrored', code, null, null);
  end loop;
  update kv.ids i set mapped_fingerprint = null where i.key = any (keys || gone) or i.list = any (keys || gone);
  begin  -- a new document has no entry that can be marked
    perform kv.index_written(keys, kv.mirrored_environments(),
      case when keys::text ~ 'orders?:[^,:]+:' then kv.environment_names() else '{}' end);
    perform kv.refuse_deleted(keys);
  exception when others then
    perform kv.raise_deadlock(sqlstate, sqlerrm);
    raise warning 'the index of the key-value store failed (%)', sqlstate;
  end;
end
$$;

-- Mirrors the documents that a statement has written. The names of the transition tables are `before` and `after`.
-- After an unexpected error, only the mapping is undone. The next write or the next run of the backfill maps the
-- documents again. But if the tables lead, the write fails (functions/kv_stages.sql).
create or replace function kv.mirror_documents() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, public, app, kv, pg_temp
as $$
declare
  keys text[] := '{}';
  gone text[] := '{}';
  earlier kv.ids[];
  failure text;
begin
  if tg_op <> 'DELETE' then
    keys := array(select a.key from after a where kv.is_mirrored_key(a.key));
  end if;
  if tg_op = 'DELETE' then
    gone := array(select b.key from before b where kv.is_mirrored_key(b.key));
  elsif tg_op = 'UPDATE' then
    gone := array(select b.key from before b where kv.is_mirrored_key(b.key) and b.key <> all (keys));
  end if;
  if keys = '{}' and gone = '{}' then
    return null;
  end if;
  if tg_op = 'UPDATE' then  -- an error of the mapping does not undo this, because later writes need their base
    perform kv.remember(b.key, b.value) from before b join after a on a.key = b.key
    where b.key = any (keys) and b.value <> a.value;
    if cardinality(keys) = 1 and gone = '{}' and (
        select kv.map_single(a.key, b.value, a.value) from before b join after a on a.key = b.key
        where a.key = keys[1]) then
      perform kv.refuse_documents(keys, null, '{}');
      return null;
    end if;
  end if;
  earlier := kv.entries_before(keys);
  begin
    perform kv.map_written(keys, gone);
  exception when others then
    perform kv.raise_deadlock(sqlstate, sqlerrm);
    failure := sqlstate;
    perform kv.note_failure(keys, gone, failure);
  end;
  perform kv.refuse_documents(keys, failure, earlier);
  return null;
end
$$;
grant execute on function kv.mirror_documents() to app_owner;

-- Mirrors a document that logical replication has written, because logical replication runs only row triggers.
create or replace function kv.mirror_replicated_document() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, public, app, kv, pg_temp
as $$
declare
  keys text[] := case when tg_op = 'DELETE' then '{}' else array[new.key] end;
  gone text[] := case when tg_op = 'INSERT' then '{}' when tg_op = 'DELETE' or old.key <> new.key then array[old.key]
    else '{}' end;
begin
  if tg_op = 'UPDATE' and old.value <> new.value then
    perform kv.remember(old.key, old.value);
  end if;
  begin
    perform kv.map_written(keys, gone);
  exception when others then
    perform kv.raise_deadlock(sqlstate, sqlerrm);
    perform kv.note_failure(keys, gone, sqlstate);
  end;
  return null;
end
$$;
grant execute on function kv.mirror_replicated_document() to app_owner;

-- Locks rows and their documents before the backfill maps them. Otherwise the backfill could write a value that an
-- application replaces at the same time. Does nothing while the mirror is off.
create or replace function kv.lock_documents(entity text, ids uuid[]) returns void
language plpgsql volatile
as $$
begin
  if exists (select from kv.mirror m where m.enabled) then
    perform kv.lock_entities(ids);
    perform from kv_store_6fcaeea3 d
    where d.key = any (array(select coalesce(i.list, i.key) from kv.ids i where i.entity = $1 and i.id = any ($2)))
    order by d.key for update;
  end if;
end
$$;

-- Locks rows, sorted by entity and id.
create or replace function kv.lock_entities(ids uuid[]) returns void
language plpgsql volatile
as $$
begin
  perform from clients r where r.id = any (ids) order by r.id for no key update;
  perform from catalogs r where r.id = any (ids) order by r.id for no key update;
  perform from sites r where r.id = any (ids) order by r.id for no key update;
  perform from products r where r.id = any (ids) order by r.id for no key update;
  perform from orders r where r.id = any (ids) order by r.id for no key update;
end
$$;

-- Returns the rows of the documents that a filter selects. For a list, returns the rows of all documents in the list.
create or replace function kv.rows_of_selected(keys text[], pattern text) returns uuid[]
language sql stable
return array(
  select i.id from kv.ids i
  where i.has_row and (keys is not null or pattern is not null)
    and (keys is null or i.key = any (keys) or i.list = any (keys))
    and (pattern is null or i.key like pattern or i.list like pattern));

-- Locks the rows of the documents that the old applications are about to write, sorted by entity and id. Every writer
-- locks a row before its documents. Therefore writers of documents and writers of rows wait for each other, and do not
-- deadlock. Does nothing while the mirror is off. Raises PT503 if a bulk write must be folded first
-- (functions/kv_folding.sql).
create or replace function kv.lock_rows(keys text[], pattern text default null) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, public, app, kv, pg_temp
as $$
begin
  if app.subject() is distinct from 'service:kv' or not exists (select from kv.mirror m where m.enabled) then
    return false;
  end if;
  perform kv.lock_before_write(kv.rows_of_selected(keys, pattern));
  return true;
end
$$;
grant execute on function kv.lock_rows(text[], text) to app_kv;

-- Returns the rows of keys that are not in kv.ids yet.
create or replace function kv.rows_of_new_keys(keys text[]) returns uuid[]
language sql stable
return array(
  select kv.id_of(f.meaning, 'production', split_part(k, ':', -1)) from unnest(keys) k
    cross join lateral (
      select n.meaning from app.kv_key_families() n
      where split_part(k, ':', 1) = any (n.heads) and k ~ n.pattern limit 1) f
  where kv.is_entity_key(k) and not exists (select from kv.ids i where i.key = k));

-- Returns the rows of documents that are about to be written, including rows of new keys and of new items of a list.
-- `lists` contains the new values of lists, by key.
create or replace function kv.rows_of_written(keys text[], lists jsonb) returns uuid[]
language plpgsql stable
as $$
begin
  return array(select i.id from kv.ids i where i.has_row and (i.key = any (keys) or i.list = any (keys)))
    || kv.rows_of_new_keys(keys) || kv.rows_in_lists(lists) || kv.sites_without_catalog(keys);
end
$$;

-- Locks the rows of documents before they are written, as kv.lock_rows() does.
create or replace function kv.lock_written(keys text[], lists jsonb) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, public, app, kv, pg_temp
as $$
begin
  if app.subject() is distinct from 'service:kv' or not exists (select from kv.mirror m where m.enabled) then
    return false;
  end if;
  perform kv.lock_before_write(kv.rows_of_written(keys, lists));
  return true;
end
$$;
grant execute on function kv.lock_written(text[], jsonb) to app_kv;
