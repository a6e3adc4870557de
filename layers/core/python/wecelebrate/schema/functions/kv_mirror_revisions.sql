-- Revisions of documents, and the merge of writes whose base is an earlier revision. The old applications read a
-- document, keep it for up to 30 seconds, and then write the whole document. Therefore a field that they did not change
-- can have an old value.

set local role app_mirror;

-- Returns the revision in the field `_rev` of a document. Null means that the document has no revision.
create or replace function kv.revision_of(value jsonb) returns bigint
language sql immutable parallel safe
return case when jsonb_typeof(value -> '_rev') = 'number' and value ->> '_rev' ~ '^[0-9]{1,15}$'
  then (value ->> '_rev')::bigint end;

-- Returns a document with the given revision. If the document is too large for this additional field, the function
-- returns it unchanged.
create or replace function kv.with_revision(value jsonb, revision bigint) returns jsonb
language sql immutable parallel safe
return case when pg_column_size(value) > 1000000 and octet_length(value::text) > 5999900 then value
  else value || jsonb_build_object('_rev', revision) end;

-- Returns whether a key is the key of a gift, or the computed key of a gift in a list.
create or replace function kv.is_gift_key(key text) returns boolean
language sql immutable parallel safe
return key ~ '^(gifts?|catalog_gifts):';

-- Returns whether a field of a document is a stock count. If several writers change a stock count, the changes are
-- added up. The fields are the same as in kv.stock_of. In an order, `quantity` is not a stock count, but the ordered
-- quantity.
create or replace function kv.is_count(field text, key text) returns boolean
language sql immutable parallel safe
return kv.camel_name(field) in ('availableQuantity', 'inventoryQuantity', 'inventoryCount', 'inventory', 'stock',
  'available') or kv.is_gift_key(key) and field in ('quantity', 'count', 'total');

-- Adds the difference between `stated` and `base` to the current count. `base` is the count that the writer has read,
-- and `stated` is the count that it has written. Returns null if one of the values is not a count. The result has the
-- same form as `stated`.
create or replace function kv.merged_count(base jsonb, current jsonb, stated jsonb, out merged jsonb, out below boolean)
language plpgsql immutable parallel safe
as $$
declare
  n bigint := kv.whole(current)::bigint + kv.whole(stated)::bigint - kv.whole(base)::bigint;
begin
  below := n < 0;
  n := least(greatest(n, 0), 2147483647);
  merged := case jsonb_typeof(stated) when 'string' then to_jsonb(n::text) else to_jsonb(n) end;
end
$$;

-- Merges a written document into the current document, field by field, if the base of the write is an earlier revision.
-- A field that the writer did not change keeps its current value. If both sides changed a field, objects are merged and
-- counts are added up. For other values, the last writer wins, and `conflicts` contains the field and the kind of
-- conflict.
create or replace function kv.merge(key text, base jsonb, current jsonb, stated jsonb, path text, out merged jsonb,
  out conflicts jsonb)
language plpgsql immutable parallel safe
as $$
declare
  f record;
  inner_merge record;
  counted record;
begin
  merged := '{}';
  conflicts := '{}';
  for f in
    select n.name, base -> n.name as b, current -> n.name as c, stated -> n.name as s
    from (select jsonb_object_keys(current) union select jsonb_object_keys(stated)) n (name) where n.name <> '_rev'
  loop
    counted := kv.merged_count(f.b, f.c, f.s);
    if f.s is not distinct from f.b then
      f.s := f.c;
    elsif kv.is_count(f.name, key) and counted.merged is not null then  -- equal changes of two writers are two changes
      f.s := counted.merged;
      conflicts := conflicts || case when counted.below
        then jsonb_build_object(path || f.name, 'below_zero') else '{}' end;
    elsif f.c is not distinct from f.b or f.s is not distinct from f.c then
      null;
    elsif jsonb_typeof(f.c) = 'object' and jsonb_typeof(f.s) = 'object' and length(path) < 300 then
      inner_merge := kv.merge(key, case when jsonb_typeof(f.b) = 'object' then f.b else '{}' end, f.c, f.s,
        path || f.name || '.');
      f.s := inner_merge.merged;
      conflicts := conflicts || inner_merge.conflicts;
    elsif kv.camel_name(f.name) <> 'updatedAt' then
      conflicts := conflicts || jsonb_build_object(path || f.name, 'both_changed');
    end if;
    if f.s is not null then
      merged := merged || jsonb_build_object(f.name, f.s);
    end if;
  end loop;
end
$$;

-- Returns the stock of the row of a document. Null means that the document has no row, or the stock of the row is not
-- tracked.
create or replace function kv.counted_stock(key text) returns integer
language sql stable
return (
  select p.inventory_count from kv.ids i join products p on p.id = i.id
  where i.key = $1 and i.entity = 'product' and i.has_row and p.inventory_policy = 'tracked');

-- Returns a written document with the stock of the current version, and records a conflict if the stocks differ. If the
-- base of a write is unknown, the number of pieces that the writer has sold is also unknown. Therefore such a write
-- does not change the stock. Otherwise pieces that other writers have sold in the meantime would be in stock again. If
-- the current version has no stock, the written stock is used. If the current version has no fields, the stock comes
-- from the row.
create or replace function kv.with_current_stock(key text, current jsonb, stated jsonb) returns jsonb
language plpgsql volatile
as $$
declare
  before constant jsonb := kv.decoded(current);
  has_fields constant boolean := coalesce(jsonb_typeof(before) = 'object' and not kv.is_deep(before), false);
  document jsonb := kv.decoded(stated);
  stock integer;
  field text;
begin
  if not kv.is_gift_key(key) or jsonb_typeof(document) is distinct from 'object' or kv.is_deep(document) then
    return stated;
  end if;
  stock := case when has_fields then (kv.stock_of(kv.fields(before))).stock else kv.counted_stock(key) end;
  if stock is null or stock = (kv.stock_of(kv.fields(document))).stock then
    return stated;
  end if;
  if has_fields and (kv.stock_of(kv.fields(document))).stock is null then  -- the fields of the mapping, in their form
    document := document || (
      select coalesce(jsonb_object_agg(f.key, f.value), '{}') from jsonb_each(before) f
      where f.value <> 'null' and (kv.camel_name(f.key) in
        ('availableQuantity', 'inventoryQuantity', 'inventoryCount', 'inventory', 'stock', 'quantity')));
  end if;
  document := kv.with_stock(document, stock, true);
  if pg_column_size(document) > 1000000 and octet_length(document::text) > 5999900 then
    return stated;  -- it would be too long for the store
  end if;
  field := (select k from jsonb_object_keys(document) k where kv.is_count(k, key) order by k limit 1);
  perform kv.note_conflict(key, 'base_unknown', coalesce(field, 'availableQuantity'), kv.revision_of(stated),
    coalesce(kv.revision_of(current), 0) + 1);
  return case jsonb_typeof(stated) when 'string' then to_jsonb(document::text) else document end;
end
$$;

-- Returns whether an application has written the same document with the same base revision in the last 10 minutes. The
-- function also records the write. A repeated write has no effect, so that the same pieces are not subtracted twice.
create or replace function kv.is_repeated(key text, base_revision bigint, stated jsonb) returns boolean
language plpgsql volatile
as $$
begin
  insert into kv.writes as w (key, base_rev, fingerprint) values ($1, $2, kv.fingerprint(stated))
  on conflict on constraint writes_pkey do update set written_at = now()
  where w.written_at <= now() - interval '10 minutes';
  return not found;
end
$$;

-- Records a conflict if a repeated write may be a new write by another application that has sold the same number of
-- pieces. Only the field `updatedAt` distinguishes a repeated write from a new write. A conflict is recorded if a gift
-- does not have this field, and its writer has changed the stock.
create or replace function kv.note_doubtful_sale(key text, base_revision bigint, stated jsonb) returns void
language plpgsql volatile
as $$
declare
  base jsonb;
begin
  if not kv.is_gift_key(key) or kv.is_deep(stated) or kv.fields(stated) ? 'updatedAt' then
    return;
  end if;
  select h.value into base from kv.history h where h.key = $1 and h.rev = base_revision;
  if jsonb_typeof(base) = 'object' and not kv.is_deep(base)
      and (kv.stock_of(kv.fields(base))).stock <> (kv.stock_of(kv.fields(stated))).stock then
    perform kv.note_conflict(key, 'sale_in_doubt', 'updatedAt', base_revision, null);
  end if;
end
$$;

-- Returns the value of a document after a write, with the next revision. If the base of the write is an earlier
-- revision, the fields are merged. If the base of the write is unknown, the write replaces the document, except for its
-- stock.
create or replace function kv.revised(key text, current jsonb, stated jsonb) returns jsonb
language plpgsql volatile
as $$
declare
  revision constant bigint := coalesce(kv.revision_of(current), 0);
  base_revision constant bigint := kv.revision_of(stated);
  base jsonb;
  result record;
  conflict record;
begin
  if base_revision is not null and kv.is_repeated(key, base_revision, stated) then
    perform kv.note_doubtful_sale(key, base_revision, stated);
    return current;
  elsif jsonb_typeof(current) is distinct from 'object' or base_revision is null then
    stated := kv.with_current_stock(key, current, stated);
  elsif base_revision <> revision then
    select h.value into base from kv.history h
    where h.key = $1 and h.rev = base_revision and base_revision < revision
      and h.replaced_at > now() - interval '10 minutes';
    if base is null then
      perform kv.note_conflict(key, 'base_unknown', '', base_revision, revision + 1);
      stated := kv.with_current_stock(key, current, stated);
    else
      result := kv.merge(key, base, current, stated, '');
      stated := result.merged;
      for conflict in select * from jsonb_each_text(result.conflicts) loop
        perform kv.note_conflict(key, conflict.value, conflict.key, base_revision, revision + 1);
      end loop;
    end if;
  end if;
  return kv.with_revision(stated,
    case when jsonb_typeof(current) = 'object' then revision + 1 else kv.first_revision(key, base_revision) end);
end
$$;

-- Returns the first revision of a document that does not exist, or has no fields. `stated` is the revision in the
-- written document, or null.
--
-- A document with this key may have existed before. Its revisions must not be used again, because a write based on the
-- earlier document would look like a write based on the new document. In this case, the first revision is the time
-- since 1970 in units of 0.1 ms, which is larger than any earlier revision.
create or replace function kv.first_revision(key text, stated bigint) returns bigint
language sql volatile
return greatest(coalesce(stated, 0) + 1, case when exists (select from kv.ids i where i.key = $1)
  then (extract(epoch from clock_timestamp()) * 10000)::bigint end);

-- Returns the value to store when an application writes a document. `current` is null if the document does not exist. A
-- document that is JSON in a string gets no revision.
create or replace function kv.written_value(key text, current jsonb, stated jsonb) returns jsonb
language plpgsql volatile
as $$
declare
  erased constant jsonb := kv.erased_document(key, stated);
begin
  if erased is not null then  -- an application that has read the document before does not bring the person back
    return case when jsonb_typeof(current) = 'object' and current - '_rev' = erased then current
      else kv.with_revision(erased, coalesce(kv.revision_of(current) + 1, kv.first_revision(key, null))) end;
  elsif jsonb_typeof(stated) is distinct from 'object' then
    return case when current is null then stated else kv.with_current_stock(key, current, stated) end;
  elsif current is null then
    delete from kv.writes w where w.key = $1;
    return kv.with_revision(stated, kv.first_revision(key, kv.revision_of(stated)));
  elsif jsonb_typeof(current) = 'object' and stated - '_rev' = current - '_rev'
    and not coalesce(kv.revision_of(stated) < kv.revision_of(current), false) then
    return case when current ? '_rev' then current else stated end;
  end if;
  return kv.revised(key, current, stated);
end
$$;

-- Sets the revision of a document of an entity before the document is written. After an unexpected error, the document
-- is stored as the application wrote it, unless it may contain the data of an erased person.
create or replace function kv.revise_document() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, public, app, kv, pg_temp
as $$
begin
  -- An upsert of an existing document runs this trigger twice: first for the insert, and then for the update.
  if tg_op = 'INSERT' and exists (select from kv_store_6fcaeea3 d where d.key = new.key) then
    return new;
  end if;
  begin
    new.value := kv.written_value(new.key, case when tg_op = 'UPDATE' then old.value end,
      kv.stated_without_copies(new.key, new.value));
  exception when others then
    perform kv.raise_deadlock(sqlstate, sqlerrm);
    perform kv.refuse_unchecked_order(new.key, new.value, sqlstate, sqlerrm);
    raise warning 'a document of the key-value store got no revision (%)', sqlstate;
  end;
  return new;
end
$$;
grant execute on function kv.revise_document() to app_owner;

-- Sets the first revision of the next documents of entities without a revision after the given key, including documents
-- in lists. If a document has a revision when an application reads it, the base of the application's first write is
-- known. Returns the last key, or null after the last document. Keys of entities are not secret.
create or replace function kv.give_revisions(after text, size integer, out last_key text)
language plpgsql volatile security definer set search_path = pg_catalog, public, app, kv, pg_temp
as $$
declare
  keys text[];
begin
  perform kv.require_super_admin();
  keys := array(
    select d.key from kv_store_6fcaeea3 d
    where d.key > $1 and (kv.is_entity_key(d.key) or kv.entity_of_list(d.key) is not null) order by d.key limit size);
  last_key := keys[cardinality(keys)];
  keys := array(
    select d.key from kv_store_6fcaeea3 d
    where d.key = any (keys)
      and (kv.entity_of_list(d.key) is not null or jsonb_typeof(d.value) = 'object' and not d.value ? '_rev')
    order by d.key for update);
  update kv_store_6fcaeea3 d
  set value = case when kv.entity_of_list(d.key) is null then kv.with_revision(d.value, 0)
    else kv.list_with_revisions(d.value) end
  where d.key = any (keys);
end
$$;
grant execute on function kv.give_revisions(text, integer) to app_admin;

-- Deletes old records of the mirror: earlier versions and records of writes after 10 minutes, and conflicts after 30
-- days.
create or replace function kv.forget(max_rows integer) returns integer
language plpgsql volatile security definer set search_path = pg_catalog, public, app, kv, pg_temp
as $$
declare
  n integer;
begin
  if app.subject() is distinct from 'service:system' then
    raise exception 'only the platform deletes the history of the store' using errcode = 'insufficient_privilege';
  end if;
  delete from kv.history h using (
    select o.key, o.rev from kv.history o where o.replaced_at < now() - interval '10 minutes'
    order by o.replaced_at limit max_rows) old
  where h.key = old.key and h.rev = old.rev;
  get diagnostics n = row_count;
  delete from kv.writes w using (
    select o.key, o.base_rev, o.fingerprint from kv.writes o where o.written_at < now() - interval '10 minutes'
    order by o.written_at limit max_rows) old
  where w.key = old.key and w.base_rev = old.base_rev and w.fingerprint = old.fingerprint;
  delete from kv.conflicts where id in (
    select c.id from kv.conflicts c where c.noticed_at < now() - interval '30 days' limit max_rows);
  return n;
end
$$;
grant execute on function kv.forget(integer) to app_system;
