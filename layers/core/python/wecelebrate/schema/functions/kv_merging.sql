-- These functions merge a document with its row, because both can have changed since the document was last mapped. A
-- document changes a column only if its field has changed in the document. In other columns, changes of members and
-- admins are kept.

set local role app_mirror;

-- Returns the columns that documents may change in an existing row. The platform alone decides the values of the other
-- columns.
create or replace function kv.merged_columns(entity text) returns text[]
language sql immutable parallel safe
return case entity
  when 'client' then '{name,description,logo_url,contact_email,contact_phone,address,settings}'::text[]
  when 'catalog' then '{name,type,source,source_config,last_sync_at}'
  when 'site' then '{name,branding,settings}'
  when 'product' then
    '{sku,name,description,category,brand,price,images,attributes,inventory_count,inventory_policy}'
  else '{}' end;

-- Returns the hashes of the values of columns.
create or replace function kv.column_hashes(columns jsonb, names text[]) returns jsonb
language sql immutable parallel safe
return coalesce((select jsonb_object_agg(c.key, hashtextextended(c.value::text, 0))
  from jsonb_each(columns) c where c.key = any (names) and c.value <> 'null'), '{}');

-- Returns the existing rows of drafts, by id, with the columns that documents may change. The function locks the rows,
-- so that they do not change before the drafts are written.
create or replace function kv.existing_rows(entity text, ids uuid[]) returns jsonb
language plpgsql volatile
as $$
declare
  rows jsonb;
begin
  if cardinality(ids) = 0 or entity = 'order' then
    return '{}';
  end if;
  execute format('select coalesce(jsonb_object_agg(t.id, kv.mirrored_row(to_jsonb(t))), ''{}'')'
    ' from (select id, %s from %I where id = any ($1) order by id for no key update) t',
    array_to_string(kv.merged_columns(entity) || case when entity in ('site', 'catalog') then '{status}'
      when entity = 'product' then '{regular_price}' else '{}' end::text[], ', '),
    entity || 's')
    into rows using ids;
  return rows;
end
$$;

-- Merges the status of a document with the status of its row. `agreed` is the last status that was the same in the
-- document and the row. If the status of the row differs from `agreed`, a member or an admin has changed it, and the
-- row keeps its status: a document never reopens a closed site. If `agreed` is null, the row also keeps its status,
-- because the origin of the status is unknown.
create or replace function kv.merged_status(d kv.draft, agreed text, current text) returns kv.draft
language plpgsql immutable
as $$
declare
  stated constant text := d.columns ->> 'status';
  is_kept constant boolean := current <> stated and current is distinct from agreed;
begin
  if is_kept then
    d.notes := d.notes || '{"kept": "status"}';
    d.remainder := jsonb_build_object('status', stated) || d.remainder;
    d.columns := d.columns || jsonb_build_object('status', current);
  end if;
  d.columns := jsonb_set(d.columns, '{base,status}', coalesce(to_jsonb(case when is_kept then agreed else stated end),
    'null'));
  return d;
end
$$;

-- Keeps the stock of a row, unless the document shows how many pieces its writer has sold. This is known only if the
-- document decided the row before, and if the base of the document is the current stock of the row. After a quarantine
-- or a deletion, the age of the document's stock is unknown, because the stock of the row has changed in the meantime.
--
-- If the row keeps its stock, the columns of the draft contain `keeps_count`. The value is true if the stock of the
-- document may have changed, which is a conflict. The document always decides the stock if the mirror is off. It also
-- decides the stock if its base is empty, because an operator has then chosen this document.
create or replace function kv.with_stock_of_row(d kv.draft, current jsonb, base jsonb) returns kv.draft
language plpgsql stable
as $$
declare
  names constant text[] := '{inventory_count,inventory_policy}';
  of_row jsonb;
  of_document jsonb;
  of_base constant jsonb := jsonb_strip_nulls(jsonb_build_object(
    'inventory_count', base -> 'inventory_count', 'inventory_policy', base -> 'inventory_policy'));
  decided boolean;
begin
  if d.entity <> 'product' or current ->> 'inventory_policy' is distinct from 'tracked'
    or d.columns ->> 'inventory_policy' = 'tracked'
      and d.columns -> 'inventory_count' = current -> 'inventory_count'
    or base = '{}' or not kv.is_mirrored() or d.environment <> all (kv.mirrored_environments()) then
    return d;
  end if;
  of_row := kv.column_hashes(current, names);
  of_document := kv.column_hashes(d.columns, names);
  decided := exists (select from kv.ids i
    where i.key = d.key and i.has_row and not i.alias and i.state in ('mapped', 'quarantined'));
  if not decided or of_base <> of_row then
    d.columns := d.columns || jsonb_build_object('inventory_count', current -> 'inventory_count',
      'inventory_policy', 'tracked', 'keeps_count', not decided or of_base <> of_document);
  end if;
  return d;
end
$$;

-- If a row has kept its stock, writes the stock of the row into the document. Records a conflict if the stock of the
-- document may have changed.
create or replace function kv.return_counts(drafts kv.draft[]) returns void
language plpgsql volatile
as $$
declare
  d record;
  stored jsonb;
  document jsonb;
begin
  for d in
    select e.key, i.list, e.id, (e.columns ->> 'inventory_count')::integer as stock,
      (e.columns ->> 'keeps_count')::boolean as is_conflict
    from unnest(drafts) e join kv.ids i on i.key = e.key
    where e.reason is null and e.columns ? 'keeps_count' order by e.key
  loop
    if d.is_conflict then
      perform kv.note_conflict(d.key, 'base_unknown', 'availableQuantity', null, null);
    end if;
    if d.list is not null then
      perform kv.note_list_change('product', d.id, '{inventory_count,inventory_policy}');
      continue;
    end if;
    select s.value into stored from kv_store_6fcaeea3 s where s.key = d.key for update;
    document := kv.with_stock(kv.decoded(stored), d.stock, true);
    perform kv.replace_document(d.key, stored, case when jsonb_typeof(stored) = 'string' then to_jsonb(document::text)
      when stored ? '_rev' then kv.with_revision(document, kv.revision_of(stored)) else document end);
  end loop;
end
$$;

-- Merges a draft with its row. A column keeps the value of the row if its value in the document has not changed since
-- the last mapping. `current` contains the columns of the row, or is null. `before` is the base of the last mapping.
-- The next mapping compares the document with the field `base` of the columns.
create or replace function kv.merged_draft(d kv.draft, current jsonb, before jsonb) returns kv.draft
language plpgsql stable
as $$
declare
  names constant text[] := kv.merged_columns(d.entity);
  hashes jsonb;
begin
  if d.reason is not null then
    return d;
  end if;
  d := kv.with_stock_of_row(d, current, before);
  hashes := kv.column_hashes(d.columns, names);
  if current is not null and before <> '{}' then
    d.columns := d.columns || coalesce((
      select jsonb_object_agg(c.key, case c.key
        when 'price' then to_jsonb(trim_scale((c.value)::numeric)) else c.value end)
      from jsonb_each(current) c
      where c.key = any (names) and before -> c.key is not distinct from hashes -> c.key), '{}');
  end if;
  d.columns := d.columns || jsonb_build_object('base', hashes);
  if d.columns ? 'status' then
    d := kv.merged_status(d, case when current is null then d.columns ->> 'status' else before ->> 'status' end,
      coalesce(current ->> 'status', d.columns ->> 'status'));
  end if;
  return d;
end
$$;

-- Merges drafts with their rows.
create or replace function kv.merged(entity text, drafts kv.draft[]) returns kv.draft[]
language plpgsql volatile
as $$
declare
  existing constant jsonb := kv.existing_rows(
    entity, array(select d.id from unnest(drafts) d where d.reason is null and d.has_row));
begin
  if entity = 'order' then
    return drafts;
  end if;
  return array(  -- appending to an array in a loop would copy the array for each draft
    select kv.merged_draft((d.key, d.entity, d.environment, d.old_id, d.id, d.has_row, d.is_open, d.reason, d.field,
        d.columns, d.remainder, d.notes)::kv.draft, existing -> d.id::text,
      (select i.base from kv.ids i where i.entity = $1 and i.id = d.id and i.base is not null
       order by i.key <> d.key limit 1))
    from unnest(drafts) with ordinality d order by d.ordinality);
end
$$;

-- Records the base with which the next mapping compares a document. Only the document that decides the values of a row
-- has a base.
create or replace function kv.record_bases(entity text, drafts kv.draft[]) returns void
language sql volatile
as $$
  update kv.ids i set base = null
  where i.entity = $1 and i.base is not null and i.key <> all (array(select d.key from unnest(drafts) d))
    and i.id = any (array(select d.id from unnest(drafts) d where d.reason is null));
  update kv.ids i set base = d.columns -> 'base'
  from unnest(drafts) d
  where i.key = d.key and d.reason is null and i.base is distinct from d.columns -> 'base'
$$;
