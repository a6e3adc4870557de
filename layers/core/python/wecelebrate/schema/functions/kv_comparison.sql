-- These functions read both sides of a comparison: the documents of the store, and the rows of the platform. Python
-- code (wecelebrate/kv/comparison) computes the expected rows. A comparison must not share code with the mapping that
-- it checks. Therefore these functions call no function that maps a document.

set local role app_mirror;

-- Returns whether a key belongs to a document of an entity, or to a list of the entity. Returns false for keys of
-- secrets.
create or replace function kv.is_compared(entity text, key text) returns boolean
language sql immutable parallel safe
return case entity
  when 'client' then key ~ '^clients?:([^:]+:)?[^:]*$'
  when 'site' then key ~ '^sites?:([^:]+:)?[^:]*$' and key !~ '^sites:(slug:|[^:]+:catalog_config$)'
  when 'catalog' then key ~ '^(catalogs?:[^:]*$|catalog_index:)'
  when 'product' then key ~ '^(gifts?:([^:]+:)?[^:]*$|catalog_gifts:)'
  when 'order' then key ~ '^(orders?:([^:]+:)?[^:]*$|order_index:|user_orders:)' end;

-- Returns the prefixes of the keys that can belong to an entity.
create or replace function kv.compared_prefixes(entity text) returns text[]
language sql immutable parallel safe
return case entity when 'product' then '{catalog_gifts:,gift}' when 'order' then '{order,user_orders:}'
  else array[entity] end::text[];

-- Returns whether a key belongs to a list, which can contain ids or whole documents.
create or replace function kv.is_compared_list(key text) returns boolean
language sql immutable parallel safe
return key ~ '^(client|site|catalog|gift|order)s:all$|^(catalog_gifts|catalog_index|order_index|user_orders):';

-- Returns the next keys of an entity after a key, in order, until the values have 2 MB. Each list is a separate page.
-- `share` is the fraction of the keys in a sample, in millionths.
create or replace function kv.compared_keys(
  entity text, after text, up_to text, size integer, share integer, seed bigint) returns text[]
language plpgsql stable
as $$
declare
  page text[] := '{}';
  bytes bigint := 0;
  d record;
begin
  for d in
    select k.key from unnest(kv.compared_prefixes(entity)) p (prefix)
      cross join lateral (
        select s.key from kv_store_6fcaeea3 s
        where s.key > after and s.key >= p.prefix and s.key < p.prefix || chr(127) and (up_to is null or s.key <= up_to)
          and kv.is_compared(entity, s.key)
          and (share >= 1000000 or hashtextextended(s.key, seed) & 1048575 < share * 1.048576)
        order by s.key limit size) k
    order by k.key limit size
  loop
    bytes := bytes + (select octet_length(s.value::text) from kv_store_6fcaeea3 s where s.key = d.key);
    exit when page <> '{}' and (bytes > 2000000 or kv.is_compared_list(d.key));
    page := page || d.key;
    exit when kv.is_compared_list(d.key);
  end loop;
  return page;
end
$$;

-- Returns the environments, old ids and keys that a row has in the store.
create or replace function kv.names_of(entity text, id uuid) returns jsonb
language sql stable
return (select coalesce(jsonb_agg(jsonb_build_array(i.environment, i.old_id, i.key)), '[]')
  from kv.ids i where i.entity = $1 and i.id = $2 and i.state <> 'gone');

-- Returns rows of an entity, each with the old ids and keys of its parents.
create or replace function kv.compared_rows(entity text, ids uuid[]) returns jsonb
language plpgsql stable
as $$
begin
  return case entity
    when 'client' then (
      select jsonb_object_agg(r.id, to_jsonb(r) || jsonb_build_object('owner', r.id)) from clients r
      where r.id = any (ids))
    when 'catalog' then (
      select jsonb_object_agg(r.id, to_jsonb(r) || jsonb_build_object('owner', r.owner_client_id,
        'client', kv.names_of('client', r.owner_client_id)))
      from catalogs r where r.id = any (ids))
    when 'site' then (
      select jsonb_object_agg(r.id, to_jsonb(r) || jsonb_build_object('owner', r.client_id,
        'client', kv.names_of('client', r.client_id), 'catalog', kv.names_of('catalog', r.catalog_id)))
      from sites r where r.id = any (ids))
    when 'product' then (
      select jsonb_object_agg(r.id, kv.mirrored_row(to_jsonb(r) - '{source_data,media}'::text[]) || jsonb_build_object(
        'owner', c.owner_client_id, 'catalog', kv.names_of('catalog', r.catalog_id), 'catalog_currency', c.currency,
        'listed_in', (
          select coalesce(jsonb_agg(n ->> 1), '[]') from jsonb_array_elements(kv.names_of('catalog', r.catalog_id)) n
          where exists (select from kv_store_6fcaeea3 l where l.key = 'catalog_gifts:' || (n ->> 1)))))
      from products r join catalogs c on c.id = r.catalog_id where r.id = any (ids))
    else (
      select jsonb_object_agg(r.id, to_jsonb(r) || jsonb_build_object('owner', r.client_id,
        'site', kv.names_of('site', r.site_id), 'gifts', (
          select coalesce(jsonb_object_agg(i.id, kv.names_of('product', i.id)), '{}')
          from (select distinct (e ->> 'product_id')::uuid as id from jsonb_array_elements(r.items) e) i
          where i.id is not null)))
      from orders r where r.id = any (ids)) end;
end
$$;

-- Returns the facts about documents that a comparison needs, from one snapshot: the documents, their rows, and the
-- entries of the mapping (kv.ids) for both. `keys` contains the keys of the documents, including the computed keys of
-- documents in lists. `ids` contains the ids of the expected rows. `others` contains the keys of other documents of the
-- same records. If `has_values` is false, the values of the documents are left out, except for the settings of sites.
create or replace function kv.compared_records(
  entity text, keys text[], ids uuid[], others text[], has_values boolean) returns jsonb
language plpgsql stable
as $$
declare
  -- The rows to which the mapping has assigned the documents. They can differ from the expected rows.
  assigned constant uuid[] := array(
    select distinct i.id from kv.ids i where i.entity = $1 and i.key = any (keys) and ids <> '{}');
begin
  return jsonb_build_object(
    'documents', (
      select coalesce(jsonb_object_agg(d.key, d.value::text), '{}') from kv_store_6fcaeea3 d
      where has_values and d.key = any (keys) and kv.is_compared(entity, d.key)
        or entity = 'site' and d.key = any (others)
          and d.key ~ '^(sites:[^:]+:catalog_config|site_catalog_config:[^:]+)$'),
    'existing', (
      select coalesce(jsonb_agg(d.key), '[]') from kv_store_6fcaeea3 d where d.key = any (others)),
    'rows', coalesce(kv.compared_rows(entity, array(select unnest(ids) union select unnest(assigned))), '{}'),
    'entries', (
      select coalesce(jsonb_agg(jsonb_build_object('key', i.key, 'list', i.list, 'id', i.id, 'state', i.state,
        'environment', i.environment, 'old_id', i.old_id, 'has_row', i.has_row,
        'exists', exists (select from kv_store_6fcaeea3 d where d.key = coalesce(i.list, i.key)),
        'notes', (select coalesce(jsonb_object_agg(n.note, n.field), '{}') from kv.notes n where n.key = i.key))), '[]')
      from kv.ids i
      where i.entity = $1 and ids <> '{}' and i.state <> 'gone'
        and (i.key = any (keys) or i.id = any (ids))));
end
$$;

-- Returns the environments whose documents are compared: the environments of the mirror, or of the last run of the
-- backfill if the mirror is off.
create or replace function kv.compared_environments() returns text[]
language sql stable
return coalesce((select m.environments from kv.mirror m where m.enabled),
  (select r.environments from kv.runs r order by r.started_at desc, r.id desc limit 1), '{production}');

-- Returns the names in the keys `environments:<name>`. Names that are also ids of sites are left out, because the
-- second segment of an order's key can be an environment or a site.
create or replace function kv.declared_environments() returns text[]
language sql stable
return array(
  select split_part(key, ':', 2) from kv_store_6fcaeea3 where key > 'environments:' and key < 'environments;'
  except select split_part(key, ':', -1) from kv_store_6fcaeea3
    where key >= 'site:' and key < 'site;' or key >= 'sites:' and key < 'sites;'
  except select old_id from kv.ids where entity = 'site');

-- Returns a hash of the data of parents that affects a comparison. The data are the keys and old ids of clients,
-- catalogs and sites, the currencies of catalogs, the settings of sites that can contain a catalog, and the
-- environments.
create or replace function kv.parents_hash() returns numeric
language sql stable
return (
  select coalesce(sum(hashtextextended(concat_ws(' ', i.key, i.id, i.environment, i.old_id, i.state,
      c.owner_client_id, c.currency, s.client_id), 0)), 0)
    + hashtextextended(concat(kv.compared_environments(), kv.declared_environments()), 0)
    + (select coalesce(sum(hashtextextended(concat_ws(' ', d.key, d.value), 0)), 0) from kv_store_6fcaeea3 d
       where d.key >= 'site_catalog_config:' and d.key < 'site_catalog_config;'
         or d.key >= 'sites:' and d.key < 'sites;' and d.key like '%:catalog_config')
  from kv.ids i left join catalogs c on c.id = i.id left join sites s on s.id = i.id
  where i.entity in ('client', 'catalog', 'site'));

-- Returns a hash of other data that affects the comparison of rows. For products, these data are the catalogs that have
-- a list of gifts. For orders, they are the old ids and keys of the ordered gifts.
create or replace function kv.references_hash(entity text, ids uuid[]) returns numeric
language sql stable
return case entity
  when 'product' then (
    select coalesce(sum(hashtextextended(d.key, 0)), 0) from kv_store_6fcaeea3 d
    where d.key >= 'catalog_gifts:' and d.key < 'catalog_gifts;')
  when 'order' then (
    select coalesce(sum(hashtextextended(concat_ws(' ', i.key, i.id, i.environment, i.old_id, i.state), 0)), 0)
    from (
      select distinct (l ->> 'product_id')::uuid as id from orders r cross join jsonb_array_elements(r.items) l
      where r.id = any ($2)) g
      join kv.ids i on i.entity = 'product' and i.id = g.id)
  else 0 end;

-- Returns a hash of all data that affects the comparison of a range of keys, and the number of its documents. The hash
-- changes if a document, a row, or an old id or key of a parent changes. `version` is the version of the comparison's
-- rules.
create or replace function kv.bucket_hash(
  entity text, after text, last text, version integer, out hash bigint, out documents integer)
language plpgsql stable
as $$
begin
  execute format($q$
    with documents as materialized (
      select s.key, s.value from unnest(kv.compared_prefixes($1)) p (prefix)
        cross join lateral (
          select s.key, s.value from kv_store_6fcaeea3 s
          where s.key > $2 and s.key <= $3 and s.key >= p.prefix and s.key < p.prefix || chr(127)
            and kv.is_compared($1, s.key) order by s.key limit 20000) s
    ), entries as materialized (
      select i.* from kv.ids i where i.key = any (array(select d.key from documents d))
      union select i.* from kv.ids i where i.list = any (array(select d.key from documents d))
    )
    select hashtextextended(concat_ws(' ', $4, kv.parents_hash(),
        kv.references_hash($1, array(select distinct e.id from entries e)),
        (select sum(hashtextextended(concat_ws(' ', d.key, d.value), 1)) from documents d),
        (select sum(hashtextextended(concat_ws(' ', e.key, e.id, e.state, e.environment, e.old_id, e.has_row, r::text, (
            select string_agg(o.key, ' ' order by o.key) from kv.ids o
            where o.entity = $1 and o.id = e.id and o.state <> 'gone'
              and exists (select from kv_store_6fcaeea3 x where x.key = coalesce(o.list, o.key))), (
            select string_agg(n.note || n.field, ' ' order by n.note) from kv.notes n where n.key = e.key)), 2))
         from entries e left join %I r on r.id = e.id)), 0),
      (select count(*) from documents)$q$, entity || 's')
    into hash, documents using entity, after, last, version;
end
$$;

-- Returns the bucket (a compared range of documents) that begins after a key. Returns null if there is no such bucket,
-- or if its data has changed since it was compared.
create or replace function kv.unchanged_bucket(entity text, after text, version integer) returns jsonb
language plpgsql stable
as $$
declare
  b kv.buckets;
  current record;
begin
  select * into b from kv.buckets k where k.entity = $1 and k.after_key = $2;
  if b.entity is null then
    return null;
  end if;
  current := kv.bucket_hash(entity, after, b.last_key, version);
  return case when (current.hash, current.documents) = (b.hash, b.documents) then to_jsonb(b) end;
end
$$;
