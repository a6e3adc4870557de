-- A statement that changes many products, e.g. a chunk of a sync, does not write the documents of the products. It
-- appends the products to kv.dirty. Some seconds later, the sweeper folds the products: it writes their values into
-- their documents. If an application reads or writes such a document earlier, its request first folds the product.
-- Therefore the application gets the new values with a new revision.

set local role app_mirror;

-- If a statement changes at least this number of rows, the documents of the rows are written later.
create or replace function kv.bulk_size() returns integer
language sql immutable parallel safe
return 200;

-- Returns whether the documents of a row still have to be written.
create or replace function kv.is_dirty(row_id uuid) returns boolean
language sql stable
return exists (select from kv.dirty d where d.row_id = $1);

-- Writes new documents for products without a document, as kv.create_document() does. A product that had a document
-- before, or whose key is in use, is left out. Returns the products that got a document.
create or replace function kv.create_product_documents(ids uuid[]) returns uuid[]
language plpgsql volatile
as $$
declare
  created uuid[];
begin
  with documents as materialized (
    select p.id, (kv.keys_of('product', 'production', p.id::text))[2] as key,
      kv.with_revision(kv.document_of('product', p.id::text, kv.mirrored_row(to_jsonb(p))), 1) as value
    from products p
    where p.id = any (ids) and kv.old_id_of('catalog', p.catalog_id) is not null
      and not exists (select from kv.ids i where i.entity = 'product' and i.id = p.id)
  ), written as (
    insert into kv_store_6fcaeea3 (key, value) select d.key, d.value from documents d order by d.key
    on conflict (key) do nothing returning key
  ), recorded as (
    insert into kv.ids (key, entity, environment, old_id, id, state, has_row, fingerprint, mapped_fingerprint)
    select d.key, 'product', 'production', d.id::text, d.id, 'mapped', true, f, f
    from documents d join written w on w.key = d.key cross join lateral kv.fingerprint(d.value) f
    on conflict (key) do nothing returning id
  )
  select coalesce(array_agg(id), '{}') into created from recorded;
  perform kv.record_agreements('product', created);
  return created;
end
$$;

-- Returns the columns of a row that differ from `document`, without the columns that the platform decides. `document`
-- is the document that decides the values of the row. Other documents of the product can differ in further columns, and
-- keep their values in these columns.
create or replace function kv.stale_columns(leading_key text, document jsonb, r jsonb) returns jsonb
language plpgsql stable
as $$
begin
  return (
    select coalesce(jsonb_object_agg(c.key, c.value), '{}')
    from kv.ids i cross join lateral jsonb_each(kv.disagreements(i, kv.decoded(document), r)) c
    where i.key = leading_key and not (c.key in ('is_active', 'status', 'catalog_id')
      and exists (select from kv.notes n where n.key = i.key and n.note = 'kept')));
end
$$;

-- Writes the row of one product into its documents. `document` is the document that decides the values of the row.
-- Returns whether a document with its own key has changed. If so, the caller must record that the document agrees with
-- the row. `r` is null if the row was deleted. `leading_key` is null if the product has no document.
create or replace function kv.fold_product(product_id uuid, r jsonb, leading_key text, document jsonb) returns boolean
language plpgsql volatile
as $$
declare
  changed jsonb;
begin
  if r is null then
    perform kv.mirror_change('product', jsonb_build_object('id', product_id), null);
    return false;
  elsif kv.is_retired('product') then
    return false;
  elsif leading_key is null then
    perform kv.mirror_change('product', null, r);
    return false;
  end if;
  perform kv.note_conflict(d.key, 'row_not_mirrored', '', null, null)
  from kv.ids i join kv_store_6fcaeea3 d on d.key = i.key
  where i.entity = 'product' and i.id = product_id and i.has_row and i.list is null and kv.is_unmapped(i, d.value);
  changed := kv.stale_columns(leading_key, document, r);
  return changed <> '{}' and kv.write_documents('product', product_id, changed, r);
exception when others then
  perform kv.raise_deadlock(sqlstate, sqlerrm);
  raise warning 'a row was not mirrored into the key-value store (%)', sqlstate;
  perform kv.note_conflict(kv.name_of('product') || ':' || product_id, 'row_not_mirrored', sqlstate, null, null);
  return false;
end
$$;

-- Folds the given products that are in kv.dirty, and returns their number. The caller must have locked the rows of the
-- products, so that no other transaction folds them at the same time.
create or replace function kv.fold_locked(ids uuid[]) returns integer
language plpgsql volatile
as $$
declare
  folded uuid[];
  created uuid[] := '{}';
  changed uuid[] := '{}';
  p record;
begin
  with removed as (
    delete from kv.dirty d where d.id in (
      select e.id from kv.dirty e where e.row_id = any (ids) for update skip locked)
    returning d.row_id
  )
  select array_agg(distinct row_id) into folded from removed;
  if folded is null then
    return 0;
  end if;
  if 'production' = any (kv.mirrored_environments()) and not kv.is_retired('product') then
    created := kv.create_product_documents(folded);
  end if;
  for p in
    with deciding as materialized (
      select f.id, kv.leading_key('product', f.id) as key from unnest(folded) f (id)
      where f.id not in (select unnest(created))
    ), documents as materialized (  -- each list is read once
      select d.key, d.value from kv.documents(array(select l.key from deciding l where l.key is not null)) d
    )
    select l.id, l.key, d.value as document, case when r.id is not null then kv.mirrored_row(to_jsonb(r)) end as content
    from deciding l left join documents d on d.key = l.key left join products r on r.id = l.id order by l.id
  loop
    if kv.fold_product(p.id, p.content, p.key, p.document) then
      changed := changed || p.id;
    end if;
  end loop;
  perform kv.record_agreements('product', changed);
  return cardinality(folded);
end
$$;

-- Does the same as kv.fold_locked(). After an unexpected error, the function folds the products one by one, and records
-- the products that cannot be folded.
create or replace function kv.fold_each(ids uuid[]) returns integer
language plpgsql volatile
as $$
declare
  id uuid;
  folded integer := 0;
begin
  return kv.fold_locked(ids);
exception when others then
  perform kv.raise_deadlock(sqlstate, sqlerrm);
  foreach id in array ids loop
    begin
      folded := folded + kv.fold_locked(array[id]);
    exception when others then
      perform kv.raise_deadlock(sqlstate, sqlerrm);
      raise warning 'a row was not mirrored into the key-value store (%)', sqlstate;
      perform kv.note_conflict(kv.name_of('product') || ':' || id, 'row_not_mirrored', sqlstate, null, null);
      delete from kv.dirty d where d.row_id = id;
    end;
  end loop;
  return folded;
end
$$;

-- Waits until no other transaction folds the given products. A deleted product has no row to lock. Without this lock,
-- the write of an application could restore the product while the sweeper deletes its documents.
create or replace function kv.lock_dirty(ids uuid[]) returns void
language plpgsql volatile
as $$
begin
  perform from kv.dirty d where d.row_id = any (ids) order by d.row_id, d.id for update;
end
$$;

-- Raises PT503 (PostgREST responds with the status 503) if the number of given products in kv.dirty is larger than one
-- transaction can fold.
create or replace function kv.require_few_dirty(ids uuid[]) returns void
language plpgsql stable
as $$
begin
  if (select count(*) from (select distinct d.row_id from kv.dirty d where d.row_id = any (ids)
      limit kv.bulk_size() + 1) waiting) > kv.bulk_size() then
    raise exception using errcode = 'PT503', constraint = 'bulk_write_unfinished',
      message = 'The documents of a bulk write are being written',
      detail = 'Nothing of this request was written.', hint = 'Send the request again after a few seconds.';
  end if;
end
$$;

-- Locks the rows of documents before an application writes these documents, and folds their products. Raises PT503 if
-- there are more products in kv.dirty than one transaction can fold: kv.fold_written() or kv.fold_selected() must be
-- called before. Documents in lists are written immediately, and not at the end of the transaction, so that the
-- application's write is merged with the updated list.
create or replace function kv.lock_before_write(ids uuid[]) returns void
language plpgsql volatile
as $$
begin
  perform kv.require_few_dirty(ids);
  perform kv.lock_entities(ids);
  perform kv.lock_dirty(ids);
  perform kv.require_few_dirty(ids);  -- a sync can have ended while this transaction waited for the rows
  if kv.fold_each(ids) > 0 then
    set constraints kv.mirror_lists immediate;
    set constraints kv.mirror_lists deferred;
  end if;
end
$$;

-- Folds at most kv.bulk_size() of the given products. Returns how many of the given products are still in kv.dirty. If
-- the result is 0, no further call is needed. The function waits at most `wait` for each lock.
create or replace function kv.fold_next(ids uuid[], wait text default null) returns integer
language plpgsql volatile
as $$
declare
  usual constant text := current_setting('lock_timeout');
  next uuid[];
begin
  next := array(
    select distinct d.row_id from kv.dirty d where d.row_id = any (ids) order by 1 limit kv.bulk_size());
  if next = '{}' then
    return 0;
  end if;
  perform set_config('lock_timeout', coalesce(wait, usual), true);
  perform kv.lock_entities(next);
  perform kv.lock_dirty(next);
  perform set_config('lock_timeout', usual, true);  -- a document that is not written now would be noted as a conflict
  perform kv.fold_each(next);
  return (select count(distinct d.row_id) from kv.dirty d where d.row_id = any (ids));
end
$$;

-- Returns whether the caller is an old application and the mirror is on.
create or replace function kv.may_fold() returns boolean
language sql stable
return app.subject() is not distinct from 'service:kv' and exists (select from kv.mirror m where m.enabled);

-- Folds products whose documents an application is about to write, as kv.fold_next() does.
create or replace function kv.fold_written(keys text[], lists jsonb) returns integer
language plpgsql volatile security definer set search_path = pg_catalog, public, app, kv, pg_temp
as $$
begin
  return case when kv.may_fold() then kv.fold_next(kv.rows_of_written(keys, lists)) else 0 end;
end
$$;
grant execute on function kv.fold_written(text[], jsonb) to app_kv;

-- Folds products whose documents a filter selects, as kv.fold_next() does.
create or replace function kv.fold_selected(keys text[], pattern text) returns integer
language plpgsql volatile security definer set search_path = pg_catalog, public, app, kv, pg_temp
as $$
begin
  return case when kv.may_fold() then kv.fold_next(kv.rows_of_selected(keys, pattern)) else 0 end;
end
$$;
grant execute on function kv.fold_selected(text[], text) to app_kv;

-- Folds products of kv.dirty, the oldest first, and returns their number. Only the sweeper calls this function. It
-- skips products that another transaction is writing, and returns 0 immediately if another sweeper is folding.
create or replace function kv.fold(size integer) returns integer
language plpgsql volatile security definer set search_path = pg_catalog, public, app, kv, pg_temp
as $$
declare
  oldest uuid[];
  locked uuid[];
begin
  if app.subject() is distinct from 'service:system' or not exists (select from kv.mirror m where m.enabled)
      or not pg_try_advisory_xact_lock(hashtextextended('kv.fold', 0)) then
    return 0;
  end if;
  oldest := array(select distinct d.row_id from (select row_id from kv.dirty order by id limit 20 * size) d);
  locked := array(
    select p.id from products p where p.id = any (oldest) order by p.id limit size for no key update skip locked)
    || array(select o from unnest(oldest) o where not exists (select from products p where p.id = o) limit size);
  return case when locked = '{}' then 0 else kv.fold_each(locked) end;
end
$$;
grant execute on function kv.fold(integer) to app_system;

-- Returns whether some rows still have to be written into their documents.
create or replace function kv.has_dirty() returns boolean
language sql stable security definer set search_path = pg_catalog, public, app, kv, pg_temp
as $$ select exists (select from kv.dirty) $$;
grant execute on function kv.has_dirty() to app_kv, app_admin;

-- Folds products whose documents an application is about to read, as kv.fold_next() does. If the sweeper is folding
-- these products, the function waits for the sweeper. If a sync is writing the products, the function waits at most 3
-- seconds, and then raises lock_not_available. In this case, the read returns the documents without the new values.
create or replace function kv.fold_keys(keys text[]) returns integer
language plpgsql volatile security definer set search_path = pg_catalog, public, app, kv, pg_temp
as $$
begin
  if not kv.may_fold() then
    return 0;
  end if;
  return kv.fold_next(array(select i.id from kv.ids i where i.key = any (keys) or i.list = any (keys))
    || kv.rows_of_new_keys(keys), '3s');
end
$$;
grant execute on function kv.fold_keys(text[]) to app_kv;
