-- The settings of sites in the key-value store. Excluded products become exclusions of the site. Settings that the
-- platform does not support stay in the store. The status shows the reasons why they were not copied.

set local role app_mirror;

-- Returns the documents with settings of sites, and the old ids of the sites, in the order of the keys of the
-- documents.
create or replace function kv.settings_documents() returns table (key text, site text, value jsonb)
language sql stable
as $$
  select key, split_part(key, ':', 2), value from kv_store_6fcaeea3
  where key >= 'sites:' and key < 'sites;' and key ~ '^sites:[^:]+:catalog_config$'
    or key >= 'site_catalog_config:' and key < 'site_catalog_config;'
    or key >= 'site_configs:' and key < 'site_configs;' or key >= 'site_gift_config:' and key < 'site_gift_config;'
    or key >= 'site-gift-assignment:' and key < 'site-gift-assignment;'
  order by key
$$;

-- Returns the texts and numbers of a JSON array, in lower case. Returns null if the value is not an array of texts and
-- numbers.
create or replace function kv.texts_of(value jsonb) returns text[]
language sql immutable parallel safe
return case
  when value is null or value = 'null' then '{}'::text[]
  when jsonb_typeof(value) = 'array'
      and not jsonb_path_exists(value, 'strict $[*] ? (@.type() != "string" && @.type() != "number")')
    then array(select distinct lower(kv.line(e, 500)) from jsonb_array_elements(value) e
      where kv.line(e, 500) is not null) end;

-- Reads the settings of a site. Returns the SKUs, categories and brands that the site excludes, and the reasons why
-- other settings in the document are not copied. `key` is the key of the document.
create or replace function kv.read_settings(
  key text, value jsonb, out skus text[], out categories text[], out brands text[], out reasons text[])
language plpgsql immutable parallel safe
as $$
declare
  document constant jsonb := kv.decoded(value);
  v jsonb;
  stated jsonb;
begin
  if key ~ '^site_gift_config:|^site-gift-assignment:' then
    reasons := '{assignment}';
    return;
  elsif jsonb_typeof(document) is distinct from 'object' or kv.is_deep(document) then
    reasons := '{unreadable}';
    return;
  end if;
  v := kv.fields(document);
  stated := case jsonb_typeof(v -> 'exclusions') when 'object' then kv.fields(v -> 'exclusions') else v end;
  skus := kv.texts_of(stated -> 'excludedSkus');
  categories := kv.texts_of(stated -> 'excludedCategories');
  brands := kv.texts_of(stated -> 'excludedBrands');
  reasons := array_remove(array[
    case when skus is null or categories is null or brands is null
      or coalesce(jsonb_typeof(v -> 'exclusions') not in ('object', 'null'), false) then 'unreadable' end,
    case when coalesce(stated -> 'excludedTags', '[]') not in ('[]', 'null') then 'excluded_tags' end,
    case when coalesce(kv.has_value(v -> 'overrides'), false) then 'overrides' end,
    case when coalesce(kv.has_value(v -> 'availability'), false) then 'availability' end,
    case when coalesce(v ->> 'assignmentStrategy', 'all') not in ('all', 'exclusions') then 'assignment' end], null);
end
$$;

-- Returns whether a value contains a text, a number or `true` at any level.
create or replace function kv.has_value(value jsonb) returns boolean
language sql immutable parallel safe
return jsonb_path_exists(value, 'strict $.** ? (@.type() == "string" || @.type() == "number" || @ == true)');

-- Copies the exclusions of the next `size` documents after the key `after`. Returns the last key, or null at the end.
create or replace function kv.copy_settings(after text, size integer, out last_key text)
language plpgsql volatile
as $$
declare
  keys constant text[] := array(select s.key from kv.settings_documents() s where s.key > after order by s.key
    limit size);
begin
  perform kv.exclude_products(keys, null);
  last_key := keys[cardinality(keys)];
end
$$;

-- Copies the exclusions in documents, for all products or for the products with the given ids. A site excludes only
-- products of its own catalog. An exclusion is copied only once: if a member deletes the copy, the exclusion is not
-- copied again. If an exclusion is removed from the document, the copy stays, because the product may be hidden
-- intentionally.
create or replace function kv.exclude_products(keys text[], product_ids uuid[]) returns void
language plpgsql volatile
as $$
declare
  d record;
  settings record;
begin
  for d in
    select s.key, s.value, t.id as site_id, t.client_id, t.catalog_id
    from kv_store_6fcaeea3 s join sites t on t.id = kv.row_of('site', 'production', split_part(s.key, ':', 2))
    where s.key = any (keys)
    order by s.key
  loop
    settings := kv.read_settings(d.key, d.value);
    with new as (
      insert into kv.exclusions (site_id, product_id)
      select d.site_id, p.id from products p
      where p.catalog_id = d.catalog_id and (product_ids is null or p.id = any (product_ids))
        and (lower(p.sku) = any (settings.skus) or lower(p.category) = any (settings.categories)
          or lower(p.brand) = any (settings.brands))
      order by p.id
      on conflict do nothing returning product_id
    )
    insert into site_product_exclusions (client_id, site_id, product_id, reason)
    select d.client_id, d.site_id, n.product_id, 'Excluded by the settings of the old application' from new n
    on conflict do nothing;
  end loop;
end
$$;

-- Returns the possible keys of documents with settings of sites.
create or replace function kv.settings_keys_of(site_ids uuid[]) returns text[]
language sql stable
as $$
  select coalesce(array_agg(distinct k), '{}')
  from kv.ids i
    cross join lateral unnest(array['sites:' || i.old_id || ':catalog_config', 'site_catalog_config:' || i.old_id,
      'site_configs:' || i.old_id]) k
  where i.entity = 'site' and i.id = any ($1) and i.environment = 'production' and i.has_row
$$;

-- Returns the sites without a catalog whose settings are in the given documents, because the settings can contain the
-- catalog.
create or replace function kv.sites_without_catalog(keys text[]) returns uuid[]
language sql stable
as $$
  select coalesce(array_agg(s.id), '{}')
  from unnest($1) k join sites s on s.id = kv.row_of('site', 'production', split_part(k, ':', 2))
  where kv.is_settings_key(k) and s.catalog_id is null
$$;

-- Returns the reasons why settings of sites are not copied. Each reason has the number of documents, and at most five
-- keys.
create or replace function kv.settings_left() returns jsonb
language sql stable
as $$
  select coalesce(jsonb_agg(to_jsonb(r) order by r.documents desc, r.reason), '[]') from (
    select reason, count(*) as documents, (array_agg(left(d.key, 200) order by d.key))[1:5] as keys
    from kv.settings_documents() d
      cross join lateral unnest((kv.read_settings(d.key, d.value)).reasons
        || case when kv.row_of('site', 'production', d.site) is null then '{unknown_site}'::text[] end) reason
    group by 1) r
$$;
