-- The fast path of the mirror for the most frequent change: a new price, stock or text in the only document of one
-- product. The fast path is much faster than the general mapping (functions/kv_mirror.sql,
-- functions/kv_mirror_rows.sql), because it needs no lookup of clients, catalogs, lists or other documents. For any
-- other change, these functions return false and change nothing, and the general mapping handles the change.

set local role app_mirror;

-- Returns the fields of a gift that the fast path can map. They contain no reference and no identifier.
create or replace function kv.plain_fields() returns text[]
language sql immutable parallel safe
return '{name,title,giftName,gift_name,description,price,value,images,image,imageUrl,image_url,availableQuantity,
  available_quantity,inventoryQuantity,inventory_quantity,inventoryCount,inventory_count,inventory,stock,quantity,
  inStock,in_stock,updatedAt,updated_at,_rev}'::text[];

-- Returns the entry of a product's document in kv.ids if three conditions are true: the product has no other entry, the
-- document has its own key, and the row has the values of the document. Otherwise, all fields of the result are null.
create or replace function kv.only_entry(key text) returns kv.ids
language plpgsql stable
as $$
declare
  e kv.ids;
begin
  select i.* into e from kv.ids i
  where i.key = $1 and i.entity = 'product' and i.list is null and i.state = 'mapped' and i.has_row and not i.alias
    and i.base <> '{}' and i.fingerprint = i.mapped_fingerprint;
  if e.key is null or not exists (select from kv.mirror m where e.environment = any (m.environments))
    or exists (select from kv.ids i where i.entity = 'product' and i.id = e.id and i.key <> e.key)
    or kv.is_retired('product') then
    return null;
  end if;
  return e;
end
$$;

-- Maps the document of a product that has a row, and returns the draft.
create or replace function kv.draft_of_product(e kv.ids, value jsonb) returns kv.draft
language plpgsql stable
as $$
declare
  m constant kv.mapping := kv.map('product', e.key, e.old_id, value, false);
begin
  return (e.key, 'product', e.environment, e.old_id, e.id, true, false, m.reason, m.field, m.columns,
    coalesce(m.remainder, '{}'), coalesce(m.notes, '{}'))::kv.draft;
end
$$;

-- Returns whether the values of a draft may be written into its row without the checks of kv.check_products. The draft
-- must have the same SKU, category, brand, currency and catalog as the row, and the price must fit the currency. The
-- catalog is compared because an unchanged `catalogId` can lead to a different catalog than before, or to no catalog.
create or replace function kv.is_plain_change(d kv.draft, r products) returns boolean
language plpgsql stable
as $$
begin
  return d.reason is null and d.columns ? 'catalog'
    and (d.columns ->> 'sku', d.columns ->> 'category', d.columns ->> 'brand')
      is not distinct from (r.sku, r.category, r.brand)
    and r.catalog_id = kv.row_of('catalog', d.environment, d.columns ->> 'catalog')
    and r.currency = coalesce(d.columns ->> 'currency', r.currency)
    and r.currency = (select c.currency from catalogs c where c.id = r.catalog_id)
    and kv.sign_fits(d.columns ->> 'sign', r.currency)
    and scale((d.columns ->> 'price')::numeric) <= app.minor_units(r.currency);
end
$$;

-- Writes the values of a draft into its row, as kv.write_products does.
create or replace function kv.write_product(d kv.draft, r products) returns void
language plpgsql volatile
as $$
declare
  n constant products := jsonb_populate_record(null::products, d.columns);
begin
  if (r.name, r.description, coalesce(r.regular_price, r.price), r.images, r.attributes, r.inventory_count,
      r.inventory_policy) is distinct from (n.name, n.description, n.price, coalesce(n.images, '[]'),
      coalesce(n.attributes, '{}'), n.inventory_count, n.inventory_policy) then
    update products p set name = n.name, description = n.description,
      price = case when p.regular_price is null then n.price else p.price end,
      regular_price = case when p.regular_price is not null then n.price end,
      images = coalesce(n.images, '[]'), attributes = coalesce(n.attributes, '{}'),
      inventory_count = n.inventory_count, inventory_policy = n.inventory_policy
    where p.id = r.id;
  end if;
end
$$;

-- Maps a changed document, and returns whether the function has mapped the document. After an error, the function
-- returns false, because the general mapping raises the same error and handles it.
create or replace function kv.map_single(key text, earlier jsonb, value jsonb) returns boolean
language plpgsql volatile
  set plan_cache_mode = force_generic_plan  -- planning would take most of the time
as $$
declare
  e kv.ids;
  d kv.draft;
  r products;
  remainder jsonb;
begin
  if jsonb_typeof(earlier) <> 'object' or jsonb_typeof(value) <> 'object' or kv.is_deep(value)
    or earlier - kv.plain_fields() <> value - kv.plain_fields() then
    return false;
  end if;
  e := kv.only_entry(key);
  if e.key is null or e.fingerprint <> kv.fingerprint(earlier) then
    return false;
  end if;
  select p.* into r from products p where p.id = e.id for no key update;
  d := kv.merged_draft(kv.draft_of_product(e, kv.decoded(value)), kv.mirrored_row(to_jsonb(r)), e.base);
  if not coalesce(kv.is_plain_change(d, r), false) then
    return false;
  end if;
  d.notes := d.notes || kv.notes_of_product(d.columns, r.is_active);
  perform kv.write_product(d, r);
  update kv.ids i set fingerprint = f, mapped_fingerprint = f, base = d.columns -> 'base'
  from kv.fingerprint($3) f where i.key = $1;
  select f.value into remainder from kv.remainders f where f.key = $1;
  if remainder is not null and d.remainder = '{}' or nullif(d.notes, '{}')
      is distinct from (select jsonb_object_agg(n.note, n.field) from kv.notes n where n.key = $1) then
    perform kv.record_outcomes(array[d], false);
  elsif remainder is distinct from nullif(d.remainder, '{}') then
    insert into kv.remainders (key, value) values ($1, d.remainder)
    on conflict on constraint remainders_pkey do update set value = excluded.value;
  end if;
  if d.columns ? 'keeps_count' then
    perform kv.return_counts(array[d]);
  end if;
  return true;
exception when others then
  perform kv.raise_deadlock(sqlstate, sqlerrm);
  return false;
end
$$;

-- Records that a document and its row agree after the row was written into the document, as kv.record_agreements does.
-- Returns whether the agreement was recorded.
create or replace function kv.record_single_agreement(entity text, row_id uuid, new_row jsonb) returns boolean
language plpgsql volatile
as $$
declare
  e kv.ids;
  d kv.draft;
begin
  if entity <> 'product' then
    return false;
  end if;
  e := kv.only_entry((select i.key from kv.ids i where i.entity = 'product' and i.id = row_id and not i.alias limit 1));
  if e.key is null then
    return false;
  end if;
  d := kv.draft_of_product(e, (select kv.decoded(s.value) from kv_store_6fcaeea3 s where s.key = e.key));
  if d.reason is not null or (d.columns -> 'inventory_count', d.columns -> 'inventory_policy')
      is distinct from (new_row -> 'inventory_count', new_row -> 'inventory_policy') then
    return false;
  end if;
  update kv.ids i set base = kv.column_hashes(d.columns, kv.merged_columns('product')) where i.key = e.key;
  return true;
end
$$;
