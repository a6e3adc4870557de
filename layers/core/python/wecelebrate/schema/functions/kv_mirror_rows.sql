-- The mirror from rows to documents. Triggers on clients, catalogs, sites, products and orders write the changed
-- columns of a row into its documents, in the same transaction. If the mirror fails, the write of the platform still
-- succeeds, and the mirror records the failure in kv.conflicts.

set local role app_mirror;

-- Returns the mirrored environments of the predecessor.
create or replace function kv.mirrored_environments() returns text[]
language sql stable
return coalesce((select m.environments from kv.mirror m where m.is_only), '{production}');

-- Returns the key of the document that decides the values of a row. The function chooses this document as kv.drafts()
-- does. Returns null if the row has no document.
create or replace function kv.leading_key(entity text, id uuid) returns text
language sql stable
return (
  select i.key from kv.ids i
  where i.entity = $1 and i.id = $2 and i.has_row and i.state not in ('gone', 'deleted')
    and exists (select from kv_store_6fcaeea3 d where d.key = coalesce(i.list, i.key))
  order by array_position(kv.keys_of($1, i.environment, i.old_id), i.key) nulls last, i.list nulls first, i.key
  limit 1);

-- Returns the id of a row in the old applications, in one environment. Returns null if the old applications do not have
-- the row.
create or replace function kv.old_id_in(entity text, id uuid, environment text) returns text
language sql stable
return (
  select i.old_id from kv.ids i
  where i.entity = $1 and i.id = $2 and i.has_row and i.state not in ('gone', 'deleted') and i.environment = $3
  order by i.alias, i.key limit 1);

-- Returns the id of a row in the old applications, in the environment `production`. Returns null if the old
-- applications do not have the row.
create or replace function kv.old_id_of(entity text, id uuid) returns text
language sql stable
return kv.old_id_in(entity, id, 'production');

-- Returns the document of a row in the form that the last version of the old applications wrote.
create or replace function kv.document_of(entity text, old_id text, r jsonb) returns jsonb
language plpgsql stable
as $$
declare
  common constant jsonb := jsonb_build_object('id', old_id,
    'createdAt', kv.moment_text((r ->> 'created_at')::timestamptz),
    'updatedAt', kv.moment_text((r ->> 'updated_at')::timestamptz));
  is_active constant text := case when (r ->> 'is_active')::boolean then 'active' else 'inactive' end;
begin
  return jsonb_strip_nulls(common || case entity
    when 'client' then jsonb_build_object('name', r -> 'name', 'description', r -> 'description',
      'logoUrl', r -> 'logo_url', 'contactEmail', r -> 'contact_email', 'contactPhone', r -> 'contact_phone',
      'address', r -> 'address', 'tier', r -> 'tier', 'status', is_active)
    when 'catalog' then jsonb_build_object('name', r -> 'name', 'type', r -> 'type', 'status', r -> 'status',
      'currency', r -> 'currency', 'ownerClientId', kv.old_id_of('client', (r ->> 'owner_client_id')::uuid))
    when 'site' then jsonb_build_object('name', r -> 'name', 'domain', r -> 'domain', 'status', r -> 'status',
      'clientId', kv.old_id_of('client', (r ->> 'client_id')::uuid),
      'catalogId', kv.old_id_of('catalog', (r ->> 'catalog_id')::uuid), 'branding', r -> 'branding')
    when 'product' then jsonb_build_object('catalogId', kv.old_id_of('catalog', (r ->> 'catalog_id')::uuid),
      'name', r -> 'name', 'sku', r -> 'sku', 'description', r -> 'description', 'category', r -> 'category',
      'brand', r -> 'brand', 'price', trim_scale((r ->> 'price')::numeric), 'currency', r -> 'currency',
      'image', r #> '{images,0}', 'images', r -> 'images', 'attributes', r -> 'attributes', 'status', is_active,
      'availableQuantity', case r ->> 'inventory_policy' when 'tracked' then r -> 'inventory_count' end)
    else kv.order_document(r) end);
end
$$;

-- Returns the fields of an order's document. If the order has one line, the document also has the fields that older
-- versions used for the gift.
create or replace function kv.order_document(r jsonb) returns jsonb
language sql stable
return (
  select jsonb_build_object('orderNumber', r -> 'order_number', 'status', r -> 'status', 'currency', r -> 'currency',
      'siteId', kv.old_id_of('site', (r ->> 'site_id')::uuid),
      'clientId', kv.old_id_of('client', (r ->> 'client_id')::uuid),
      'customerName', r -> 'customer_name', 'customerEmail', r -> 'customer_email',
      'shippingAddress', r -> 'shipping_address', 'totalAmount', trim_scale((r ->> 'total_amount')::numeric),
      'shippedAt', kv.moment_text((r ->> 'shipped_at')::timestamptz),
      'deliveredAt', kv.moment_text((r ->> 'delivered_at')::timestamptz),
      'cancelledAt', kv.moment_text((r ->> 'cancelled_at')::timestamptz), 'items', lines.items)
    || case when jsonb_array_length(lines.items) = 1 then jsonb_build_object('giftId', lines.items #> '{0,giftId}',
      'quantity', lines.items #> '{0,quantity}') else '{}' end
  from (
    select jsonb_agg(jsonb_build_object(
      'giftId', coalesce(kv.old_id_of('product', (l ->> 'product_id')::uuid), l ->> 'product_id'), 'sku', l -> 'sku',
      'name', l -> 'name', 'quantity', l -> 'quantity', 'unitPrice', (l ->> 'unit_price')::numeric,
      'currency', r -> 'currency') order by n) as items
    from jsonb_array_elements(r -> 'items') with ordinality e (l, n)
  ) lines);

-- Writes a new document for a row without a document, if the parent of the row has a document. The parent of a catalog
-- or a site is its client, the parent of a product is its catalog, and the parent of an order is its site. The function
-- does not create a document again that an application has deleted, and does not overwrite another document with the
-- same key. A row that was deleted and restored gets its old id again.
create or replace function kv.create_document(entity text, r jsonb) returns void
language plpgsql volatile
as $$
declare
  row_id constant uuid := r ->> 'id';
  parent constant text := case entity when 'catalog' then 'client' when 'site' then 'client' when 'product' then
    'catalog' when 'order' then 'site' end;
  former kv.ids;
  stated_id text;
  new_key text;
  document jsonb;
begin
  if 'production' <> all (kv.mirrored_environments())
    or exists (select from kv.ids i where i.entity = $1 and i.id = row_id and i.has_row)
    or parent is not null and kv.old_id_of(parent, (r ->> case entity when 'catalog' then 'owner_client_id'
      when 'site' then 'client_id' when 'product' then 'catalog_id' else 'site_id' end)::uuid) is null then
    return;
  end if;
  select * into former from kv.ids i
  where i.entity = $1 and i.id = row_id and i.state = 'deleted' and i.environment = 'production'
  order by i.alias, i.list nulls first, i.key limit 1;
  stated_id := coalesce(former.old_id, row_id::text);
  new_key := case when former.list is null and former.key is not null then former.key
    else (kv.keys_of(entity, 'production', stated_id))[2] end;
  document := kv.with_revision(kv.document_of(entity, stated_id, r), kv.first_revision(new_key, null));
  insert into kv_store_6fcaeea3 (key, value) values (new_key, document) on conflict (key) do nothing;
  if not found then
    perform kv.note_conflict(new_key, 'row_not_mirrored', 'id', null, null);
    return;
  end if;
  update kv.ids i set state = 'gone' where i.entity = $1 and i.id = row_id and i.state = 'deleted';
  insert into kv.ids as i (key, entity, environment, old_id, id, state, has_row, fingerprint, mapped_fingerprint)
  select new_key, $1, 'production', stated_id, row_id, 'mapped', true, f, f
  from kv.fingerprint(document) f
  on conflict (key) do update set old_id = excluded.old_id, id = excluded.id, state = 'mapped', has_row = true,
    alias = false, fingerprint = excluded.fingerprint, mapped_fingerprint = excluded.fingerprint;
  perform kv.record_agreement(entity, row_id);
end
$$;

-- Stores an earlier version of a document in the history. An application that has read this version may still write,
-- and the merge then needs the version.
create or replace function kv.remember(key text, earlier jsonb) returns void
language sql volatile
as $$
  insert into kv.history (key, rev, value)
  select $1, kv.revision_of($2), $2 where kv.revision_of($2) is not null
  on conflict on constraint history_pkey do update set value = excluded.value, replaced_at = excluded.replaced_at
$$;

-- Replaces the value of a document for the mirror. `value` has the current revision, and the document gets the next
-- revision. The earlier value is stored in the history. If the document was marked as mapped, it stays marked as
-- mapped.
create or replace function kv.replace_document(key text, earlier jsonb, value jsonb) returns void
language plpgsql volatile
as $$
begin
  perform kv.remember(key, earlier);
  update kv_store_6fcaeea3 d
  set value = case jsonb_typeof($3) when 'object' then kv.with_revision($3, coalesce(kv.revision_of($3), 0) + 1)
    else $3 end
  where d.key = $1;
  update kv.ids i set fingerprint = f,
    mapped_fingerprint = case when i.mapped_fingerprint = i.fingerprint then f end
  from kv_store_6fcaeea3 d cross join lateral kv.fingerprint(d.value) f
  where i.key = $1 and d.key = $1;
end
$$;

-- Records that documents and their rows now have the same values. The next change of a document is compared with these
-- values, and not with the values at the last mapping. A status is recorded only if it is `active`, because a document
-- must not reopen a row that the platform has closed.
create or replace function kv.record_agreements(entity text, ids uuid[]) returns void
language plpgsql volatile
as $$
declare
  agreed constant jsonb := (select jsonb_object_agg(i.id, i.base -> 'status') from kv.ids i
    where i.entity = $1 and i.id = any ($2) and i.base ? 'status');
begin
  if entity <> 'order' and cardinality(ids) > 0 then
    ids := array(  -- a document that waits to be mapped has other values
      select r.id from unnest(ids) r (id)
      where not exists (
        select from kv.ids i
        where i.entity = $1 and i.id = r.id and not i.alias and i.state not in ('gone', 'deleted')
          and i.fingerprint is distinct from i.mapped_fingerprint));
    perform kv.record_bases(entity, kv.merged(entity, kv.drafts(entity, ids)));
    update kv.ids i set base = jsonb_set(i.base, '{status}', agreed -> i.id::text)
    where i.entity = $1 and i.id = any ($2) and i.base ->> 'status' <> 'active' and agreed ? i.id::text;
  end if;
end
$$;

-- Records that the documents of one row now have the values of the row.
create or replace function kv.record_agreement(entity text, row_id uuid) returns void
language plpgsql volatile
as $$
begin
  perform kv.record_agreements(entity, array[row_id]);
end
$$;

-- Writes the changed columns of a row into all its documents of the mirrored environments, because an application can
-- read any of these documents. The documents are written in the order of their keys, and are locked after the row.
-- Documents in lists change at the end of the transaction. Returns whether a document changed.
create or replace function kv.write_documents(entity text, row_id uuid, changed jsonb, new_row jsonb) returns boolean
language plpgsql volatile
as $$
declare
  d record;
  is_changed boolean := false;
begin
  for d in
    select i.key, i.environment from kv.ids i
    where i.entity = $1 and i.id = row_id and i.list is null and i.has_row and i.state not in ('gone', 'deleted')
      and i.environment = any (kv.mirrored_environments())
    order by i.key
  loop
    is_changed := kv.mirror_document(entity, d.key, d.environment, changed, new_row) or is_changed;
  end loop;
  perform kv.note_list_change(entity, row_id, array(select jsonb_object_keys(changed)));
  return is_changed;
end
$$;

-- Mirrors one row into its documents.
create or replace function kv.mirror_row(entity text, old_row jsonb, new_row jsonb) returns void
language plpgsql volatile
as $$
declare
  row_id constant uuid := new_row ->> 'id';
  changed constant jsonb := kv.changed_columns(entity, old_row, new_row);
begin
  if entity = 'order' and old_row ->> 'erased_at' is null and new_row ->> 'erased_at' is not null then
    perform kv.erase_documents(row_id, new_row);
  elsif changed = '{}' then
    return;
  elsif kv.leading_key(entity, row_id) is null then
    perform kv.create_document(entity, new_row);
  elsif kv.write_documents(entity, row_id, changed, new_row)
    and not kv.record_single_agreement(entity, row_id, new_row) then
    perform kv.record_agreement(entity, row_id);
  end if;
end
$$;

-- Returns whether no row has the values of a document yet. This happens if the document could not be mapped, or if an
-- application wrote the document while the mirror was off.
create or replace function kv.is_unmapped(d kv.ids, stored jsonb) returns boolean
language sql stable
return d.fingerprint is distinct from d.mapped_fingerprint or d.fingerprint <> kv.fingerprint(stored);

-- Writes the changed columns of a row into a document that has its own key, and returns whether the document changed. A
-- document that is JSON in a string keeps this form.
create or replace function kv.mirror_document(
  entity text, key text, environment text, changed jsonb, new_row jsonb) returns boolean
language plpgsql volatile
as $$
declare
  stored jsonb;
  document jsonb;
  updated jsonb;
begin
  select d.value into stored from kv_store_6fcaeea3 d where d.key = $2 for update;
  document := kv.decoded(stored);
  -- Do not overwrite values of an application that no row has yet, e.g. because the document is in quarantine.
  if document is null or jsonb_typeof(document) <> 'object' or kv.is_deep(document)
      or exists (select from kv.ids i where i.key = $2 and kv.is_unmapped(i, stored)) then
    perform kv.note_conflict(key, 'row_not_mirrored', '', null, null);
    return false;
  end if;
  if changed ? 'catalog_id' then
    new_row := new_row || jsonb_build_object(
      'catalog', kv.old_id_in('catalog', (new_row ->> 'catalog_id')::uuid, environment));
  end if;
  updated := kv.with_changes(entity, document, changed, new_row);
  if updated = document then
    return false;
  end if;
  perform kv.replace_document(key, stored, case when jsonb_typeof(stored) = 'string' then to_jsonb(updated::text)
    when stored ? '_rev' then kv.with_revision(updated, kv.revision_of(stored)) else updated end);
  return true;
end
$$;

-- Deletes the documents of a deleted row, and the earlier versions of these documents. Documents in lists are deleted
-- at the end of the transaction. The entries of the documents get the state `deleted`, so that a later write cannot
-- restore the row.
create or replace function kv.delete_documents(entity text, row_id uuid) returns void
language plpgsql volatile
as $$
declare
  keys constant text[] := array(
    select i.key from kv.ids i where i.entity = $1 and i.id = row_id
      and exists (select from kv.ids mapped where mapped.entity = $1 and mapped.id = row_id and mapped.has_row)
    order by i.key);
begin
  delete from kv_store_6fcaeea3 d where d.key in (
    select i.key from kv.ids i
    where i.key = any (keys) and i.list is null and i.environment = any (kv.mirrored_environments()));
  delete from kv.history h where h.key = any (keys);
  delete from kv.quarantine q where q.key = any (keys);
  delete from kv.remainders f where f.key = any (keys);
  delete from kv.notes n where n.key = any (keys);
  perform kv.note_list_change(entity, row_id, null);
  update kv.ids i set state = 'deleted', has_row = false, mapped_fingerprint = null, base = null
  where i.key = any (keys);
end
$$;

-- Mirrors one change of a row in a subtransaction, so that the write succeeds after an unexpected error.
create or replace function kv.mirror_change(entity text, old_row jsonb, new_row jsonb) returns void
language plpgsql volatile
as $$
begin
  if new_row is null then
    perform kv.delete_documents(entity, (old_row ->> 'id')::uuid);
  elsif not kv.is_retired(entity) or old_row ->> 'erased_at' is distinct from new_row ->> 'erased_at' then
    perform kv.mirror_row(entity, old_row, new_row);
  end if;
exception when others then
  perform kv.raise_deadlock(sqlstate, sqlerrm);
  if old_row ->> 'erased_at' is distinct from new_row ->> 'erased_at' then
    raise;  -- an erasure that leaves documents is not complete; its job is repeated
  end if;
  raise warning 'a row was not mirrored into the key-value store (%)', sqlstate;
  perform kv.note_conflict(kv.name_of(entity) || ':' || (coalesce(new_row, old_row) ->> 'id'),
    'row_not_mirrored', sqlstate, null, null);
end
$$;

-- Returns a row with the values that its documents must have. The price of a product is the regular price, because the
-- old applications do not support offers.
create or replace function kv.mirrored_row(r jsonb) returns jsonb
language sql immutable parallel safe
return case when r -> 'regular_price' <> 'null' then r || jsonb_build_object('price', r -> 'regular_price') else r end;

-- Mirrors the rows that a statement has written, in the order of their ids. The argument of the trigger is the entity.
-- If a statement changes many products, their documents are written later (functions/kv_folding.sql), so that a sync
-- needs little extra time. The trigger reads only rows whose documents can change. If a statement changes no column
-- that a document contains, the trigger ends early.
create or replace function kv.mirror_rows() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, public, app, kv, pg_temp
  set plan_cache_mode = force_generic_plan  -- planning would take most of the time of a single write
as $$
declare
  r record;
begin
  if tg_argv[0] = 'product' and tg_op = 'DELETE' then
    if (select count(*) from before) >= kv.bulk_size() then
      insert into kv.dirty (entity, row_id) select 'product', b.id from before b
      where exists (select from kv.ids i where i.entity = 'product' and i.id = b.id);
      return null;
    end if;
  elsif tg_argv[0] = 'product' then
    if (select count(*) from after) >= kv.bulk_size() then
      insert into kv.dirty (entity, row_id) select 'product', a.id from after a
      where a.catalog_id in (select i.id from kv.ids i where i.entity = 'catalog' and i.has_row)
        or exists (select from kv.ids i where i.entity = 'product' and i.id = a.id);
      return null;
    end if;
  end if;
  if tg_op = 'INSERT' then
    for r in select a.id, kv.mirrored_row(to_jsonb(a)) as new_row from after a order by a.id loop
      perform kv.mirror_change(tg_argv[0], null, r.new_row);
    end loop;
  elsif tg_op = 'DELETE' then
    for r in select b.id, jsonb_build_object('id', b.id) as old_row from before b order by b.id loop
      perform kv.mirror_change(tg_argv[0], r.old_row, null);
    end loop;
  else
    for r in
      select a.id, kv.mirrored_row(to_jsonb(b)) as old_row, kv.mirrored_row(to_jsonb(a)) as new_row
      from after a join before b on b.id = a.id where a is distinct from b order by a.id
    loop
      perform kv.mirror_change(tg_argv[0], r.old_row, r.new_row);
    end loop;
  end if;
  return null;
end
$$;
grant execute on function kv.mirror_rows() to app_owner;
