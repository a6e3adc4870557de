-- These functions resolve the old ids in documents, and check the references of documents. A document never gets access
-- to rows of another client. If a reference is unclear, the document is put into quarantine.

set local role app_mirror;

-- Returns the id of the row with the given old id. Returns null if no document with this old id was mapped to a row.
create or replace function kv.row_of(entity text, environment text, old_id text) returns uuid
language plpgsql stable
as $$
declare
  row_id uuid;
begin
  select i.id into row_id from kv.ids i
  where i.entity = $1 and i.environment = $2 and i.old_id = $3 and i.has_row limit 1;
  if row_id is null and old_id is not null then
    select i.id into row_id from kv.ids i
    where i.key = any (kv.keys_of($1, $2, $3) || $3) and i.entity = $1 and i.environment = $2 and i.has_row
    limit 1;
  end if;
  return row_id;
end
$$;

-- Finds catalogs for gifts of a batch if their documents contain no catalog. If the list of exactly one catalog
-- contains a gift, the result contains the old id of this catalog by the old id of the gift. Each list is read once.
create or replace function kv.catalogs_of_lists(drafts kv.draft[]) returns jsonb
language sql stable
as $$
  with gifts as materialized (
    select distinct d.old_id from unnest(drafts) d where d.reason is null and not d.columns ? 'catalog'
  ), listed as (
    select distinct g.old_id, split_part(l.key, ':', 2) as catalog
    from kv_store_6fcaeea3 l
      cross join lateral jsonb_array_elements(kv.items_of(l.value)) e
      cross join lateral (select kv.decoded_item(e.value) as value offset 0) d
      join gifts g on g.old_id = case jsonb_typeof(d.value)
        when 'object' then kv.line(d.value -> 'id', 1024) when 'string' then d.value #>> '{}' end
    where l.key >= 'catalog_gifts:' and l.key < 'catalog_gifts;' and exists (select from gifts)
  )
  select coalesce(jsonb_object_agg(old_id, catalog), '{}') from (
    select old_id, min(catalog) as catalog from listed group by 1 having count(*) = 1) lists
$$;

-- Returns the old id of the catalog in the settings of a site.
create or replace function kv.catalog_of_settings(site text) returns text
language sql stable
as $$
  select kv.line(kv.camel(value) -> 'catalogId', 1024) from kv_store_6fcaeea3
  where key in ('sites:' || site || ':catalog_config', 'site_catalog_config:' || site)
    and jsonb_typeof(value) = 'object'
  order by key desc limit 1
$$;

-- Returns a note about the first field whose value in the row differs from the document, because the row keeps its
-- value. If the row does not exist, all values in `existing` are null.
create or replace function kv.kept(existing jsonb, stated jsonb) returns jsonb
language sql immutable parallel safe
return coalesce((
  select jsonb_build_object('kept', e.key) from jsonb_each(existing) e
  where e.value <> 'null' and e.value is distinct from coalesce(stated -> e.key, 'null') order by e.key limit 1), '{}');

-- Checks clients. A slug that is in use gets a suffix, and an unknown tier becomes `standard`.
create or replace function kv.check_clients(drafts kv.draft[]) returns kv.draft[]
language plpgsql stable
as $$
declare
  d kv.draft;
  checked kv.draft[] := '{}';
  existing clients;
  slugs text[] := '{}';
begin
  foreach d in array drafts loop
    if d.reason is null and not d.has_row and exists (select from clients where id = d.id) then
      d.reason := 'id_in_use';
      d.field := 'id';
    elsif d.reason is null then
      if not exists (select from tiers where name = d.columns ->> 'tier') then
        d.notes := d.notes || case when d.columns ? 'tier' then '{"unknown_tier": "tier"}'::jsonb else '{}' end;
        d.columns := d.columns || '{"tier": "standard"}';
      end if;
      if d.columns ->> 'slug' = any (slugs)
        or exists (select from clients where slug = d.columns ->> 'slug' and id <> d.id) then
        d.columns := d.columns || jsonb_build_object(
          'slug', d.columns ->> 'slug' || '-' || replace(d.id::text, '-', ''));
      end if;
      slugs := slugs || (d.columns ->> 'slug');
      select * into existing from clients where id = d.id;
      d.notes := d.notes || kv.kept(jsonb_build_object('tier', existing.tier, 'status', existing.is_active),
        jsonb_build_object('tier', d.columns -> 'tier', 'status', d.columns -> 'is_active'));
    end if;
    checked := checked || d;
  end loop;
  return checked;
end
$$;

-- Checks catalogs: the owner must exist, and must not change. Gifts whose documents contain no catalog are in one
-- common catalog, which belongs to the platform. Every other catalog belongs to a client.
create or replace function kv.check_catalogs(drafts kv.draft[]) returns kv.draft[]
language plpgsql stable
as $$
declare
  d kv.draft;
  checked kv.draft[] := '{}';
  owner uuid;
  existing catalogs;
begin
  foreach d in array drafts loop
    if d.reason is null then
      owner := kv.row_of('client', d.environment, d.columns ->> 'client');
      select * into existing from catalogs where id = d.id;
      d.field := 'ownerClientId';
      d.reason := case
        when existing.id is not null and not d.has_row then 'id_in_use'
        when d.columns ? 'client' and owner is null then 'unknown_client'
        when owner is null and d.old_id <> 'catalog_legacy_default' then 'no_owner'
        when existing.id is not null and existing.owner_client_id is distinct from owner then 'client_changed' end;
      d.columns := d.columns || jsonb_build_object('owner_client_id', owner);
      if owner is null then
        d.notes := d.notes || '{"catalog_of_the_platform": "ownerClientId"}';
      end if;
    end if;
    checked := checked || d;
  end loop;
  return checked;
end
$$;

-- If a site keeps its domain or its catalog, adds a note, and puts the values of the document into the remainder.
create or replace function kv.keep_site(d kv.draft, existing sites, catalog_id uuid, catalog_name text)
returns kv.draft
language plpgsql immutable
as $$
declare
  kept_domain constant boolean := existing.id is not null
    and existing.domain is distinct from d.columns ->> 'domain';
  kept_catalog constant boolean := existing.catalog_id is distinct from catalog_id and existing.catalog_id is not null;
begin
  if kept_domain then
    d.remainder := jsonb_strip_nulls(jsonb_build_object('domain', d.columns -> 'domain')) || d.remainder;
  end if;
  if kept_catalog then
    d.remainder := jsonb_strip_nulls(jsonb_build_object('catalogId', catalog_name)) || d.remainder;
  end if;
  d.notes := d.notes || case when kept_catalog then '{"kept": "catalogId"}'::jsonb
    when kept_domain then '{"kept": "domain"}' else '{}' end;
  return d;
end
$$;

-- Locks the grants that sites of a batch need, as app.lock_grant_of_site does. The next statement of the transaction
-- reads the grants. Because of the lock, a grant cannot be revoked until the transaction ends.
create or replace function kv.lock_grants(drafts kv.draft[]) returns void
language plpgsql volatile
as $$
begin
  perform pg_advisory_xact_lock_shared(hashtextextended(format('grant %s %s', needed.catalog, needed.client), 0))
  from (
    select distinct c.id as catalog, s.client
    from unnest(drafts) d
      cross join lateral (
        select kv.row_of('client', d.environment, d.columns ->> 'client') as client,
          kv.row_of('catalog', d.environment, coalesce(d.columns ->> 'catalog', kv.catalog_of_settings(d.old_id)))
            as catalog) s
      join catalogs c on c.id = s.catalog and c.owner_client_id is distinct from s.client
    where d.reason is null
    order by c.id, s.client
  ) needed;
end
$$;

-- Checks sites: the client must exist, must not change, and must have the right to read the catalog. The function never
-- creates a grant.
create or replace function kv.check_sites(drafts kv.draft[]) returns kv.draft[]
language plpgsql stable
as $$
declare
  d kv.draft;
  checked kv.draft[] := '{}';
  client uuid;
  catalog catalogs;
  catalog_name text;
  catalog_id uuid;
  is_granted boolean;
  existing sites;
  domains text[] := '{}';
begin
  foreach d in array drafts loop
    if d.reason is null then
      client := kv.row_of('client', d.environment, d.columns ->> 'client');
      catalog_name := coalesce(d.columns ->> 'catalog', kv.catalog_of_settings(d.old_id));
      catalog_id := kv.row_of('catalog', d.environment, catalog_name);
      select * into catalog from catalogs where id = catalog_id;
      select * into existing from sites where id = d.id;
      is_granted := exists (select from catalog_grants g where g.catalog_id = catalog.id and g.client_id = client);
      d.reason := case
        when existing.id is not null and not d.has_row then 'id_in_use'
        when client is null then 'unknown_client'
        when existing.client_id <> client then 'client_changed'
        when catalog.owner_client_id <> client and not is_granted then 'catalog_of_another_client' end;
      d.field := case when d.reason like 'catalog%' then 'catalogId' else 'clientId' end;
      if catalog_name is not null and (catalog.id is null or catalog.owner_client_id is null and not is_granted) then
        d.remainder := jsonb_strip_nulls(jsonb_build_object('catalogId', d.columns -> 'catalog')) || d.remainder;
      end if;
      if catalog_name is not null and catalog.id is null then
        d.notes := d.notes || '{"unknown_catalog": "catalogId"}';
        d.is_open := true;
      elsif catalog.id is not null and catalog.owner_client_id is null and not is_granted then
        d.notes := d.notes || '{"catalog_needs_grant": "catalogId"}';
        d.is_open := true;
        catalog.id := null;
      end if;
      if d.columns ->> 'domain' = any (domains)
        or exists (select from sites s where s.domain = d.columns ->> 'domain' and s.id <> d.id) then
        d.notes := d.notes || '{"domain_twice": "domain"}';
        d.remainder := d.remainder || jsonb_build_object('domain', d.columns -> 'domain');
        d.columns := d.columns - 'domain';
      end if;
      domains := domains || (d.columns ->> 'domain');
      d := kv.keep_site(d, existing, catalog.id, catalog_name);
      d.columns := d.columns || jsonb_build_object('client_id', client, 'catalog_id', catalog.id);
    end if;
    checked := checked || d;
  end loop;
  return checked;
end
$$;

-- Returns the keys of products of a batch whose SKU is repeated: another product of the batch, in the same catalog and
-- with a lower key, has the same SKU.
create or replace function kv.repeated_skus(drafts kv.draft[]) returns text[]
language sql stable
as $$
  select coalesce(array_agg(key), '{}') from (
    select key, row_number() over (partition by columns -> 'catalog_id', columns -> 'sku' order by key) as n
    from unnest(drafts) d where reason is null
  ) numbered where n > 1
$$;

-- Returns the catalog and the value of `is_active` of the existing products of a batch, by id. PostgreSQL plans the
-- statement for each call. Otherwise a session would keep the plan of its first batch. If the table was empty then,
-- this plan is a sequential scan.
create or replace function kv.existing_products(drafts kv.draft[]) returns jsonb
language plpgsql stable
as $$
declare
  existing jsonb;
begin
  execute 'select coalesce(jsonb_object_agg(p.id, jsonb_build_object(''catalog'', p.catalog_id,
    ''is_active'', p.is_active)), ''{}'') from products p where p.id = any ($1)'
    into existing using array(select d.id from unnest(drafts) d where d.reason is null);
  return existing;
end
$$;

-- Returns the keys of products of a batch whose SKU another product of the same catalog already has. PostgreSQL plans
-- the statement for each call, as in kv.existing_products().
create or replace function kv.taken_skus(drafts kv.draft[]) returns text[]
language plpgsql stable
as $$
declare
  keys text[];
begin
  execute 'select array_agg(d.key) from unnest($1) d
      join products p on p.catalog_id = (d.columns ->> ''catalog_id'')::uuid and p.sku = d.columns ->> ''sku''
    where d.reason is null and p.id <> d.id'
    into keys using drafts;
  return coalesce(keys, '{}');
end
$$;

-- Returns the notes about values that the platform decides for a gift: the catalog, the currency, and a status that the
-- row keeps. `is_active` is the value of the row, or null if no row exists.
create or replace function kv.notes_of_product(columns jsonb, is_active boolean) returns jsonb
language sql immutable parallel safe
return case when not columns ? 'catalog' then '{"no_catalog": "catalogId"}'::jsonb else '{}' end
  || case when not columns ? 'currency' then '{"currency_from_catalog": "currency"}'::jsonb else '{}' end
  || case when is_active is null or to_jsonb(is_active) = columns -> 'is_active' then '{}'
    else '{"kept": "status"}'::jsonb end;

-- Checks products: the catalog must exist, and the price must be in the currency of the catalog. `currency` is the
-- currency of a price if the document and the catalog have no currency.
create or replace function kv.check_products(drafts kv.draft[], currency text) returns kv.draft[]
language plpgsql stable
as $$
declare
  d kv.draft;
  checked kv.draft[] := '{}';
  repeated text[];
  catalog catalogs;
  catalog_name text;
  catalog_id uuid;
  place text;
  places jsonb := '{}';  -- the catalogs of the batch by environment and name, because their lookup is slow
  existing jsonb;
  rows constant jsonb := kv.existing_products(drafts);
  code text;
  usual jsonb := '{}';
  lists constant jsonb := kv.catalogs_of_lists(drafts);
begin
  foreach d in array drafts loop
    if d.reason is null then
      catalog_name := coalesce(d.columns ->> 'catalog', lists ->> d.old_id, 'catalog_legacy_default');
      place := d.environment || ':' || catalog_name;
      if not places ? place then
        places := places || jsonb_build_object(place, kv.row_of('catalog', d.environment, catalog_name));
      end if;
      catalog_id := places ->> place;
      if catalog.id is distinct from catalog_id or catalog_id is null then
        select * into catalog from catalogs where id = catalog_id;
      end if;
      existing := rows -> d.id::text;
      if catalog.currency is null and not usual ? coalesce(catalog_name, '') then
        usual := usual || jsonb_build_object(catalog_name, kv.usual_currency($1, catalog_name, $2));
      end if;
      code := coalesce(d.columns ->> 'currency', catalog.currency, usual ->> catalog_name, $2);
      select r.reason, r.field into d.reason, d.field from (values
        ('id_in_use', 'id', existing is not null and not d.has_row),
        ('no_catalog', 'catalogId', catalog.id is null and not d.columns ? 'catalog'),
        ('unknown_catalog', 'catalogId', catalog.id is null),
        ('catalog_changed', 'catalogId', (existing ->> 'catalog')::uuid <> catalog.id),
        ('no_currency', 'currency', code is null),
        ('currency_ambiguous', 'currency', not kv.sign_fits(d.columns ->> 'sign', code)),
        ('currency_of_catalog', 'currency',
          code <> coalesce(catalog.currency, usual ->> catalog_name)),
        ('price_too_fine', 'price', scale((d.columns ->> 'price')::numeric) > app.minor_units(code))
      ) r (reason, field, applies) where r.applies limit 1;
      d.notes := d.notes || kv.notes_of_product(d.columns, (existing -> 'is_active')::boolean);
      d.columns := d.columns || jsonb_build_object('catalog_id', catalog.id, 'currency', code);
    end if;
    checked := checked || d;
  end loop;
  repeated := kv.taken_skus(checked);
  repeated := repeated || kv.repeated_skus(array(select c from unnest(checked) c where c.key <> all (repeated)));
  return array(
    select (c.key, c.entity, c.environment, c.old_id, c.id, c.has_row, c.is_open,
      case when c.key = any (repeated) then 'sku_repeated' else c.reason end,
      case when c.key = any (repeated) then 'sku' else c.field end, c.columns, c.remainder, c.notes)::kv.draft
    from unnest(checked) c);
end
$$;

-- Returns the currency that most products of a batch have in a catalog.
create or replace function kv.usual_currency(drafts kv.draft[], catalog_name text, currency text) returns text
language sql stable
as $$
  select coalesce(d.columns ->> 'currency', $3) from unnest(drafts) d
  where d.reason is null and coalesce(d.columns ->> 'catalog', 'catalog_legacy_default') = $2
  group by 1 order by count(*) desc, 1 limit 1
$$;
