-- The mapping of documents of the key-value store to clients, catalogs, sites and products. These functions read no
-- table. References to other documents are old ids, which functions/kv_references.sql resolves.
--
-- A function returns either the values of the columns, or the reason why the document cannot be mapped. `notes`
-- contains each correction and its field. The remainder contains the fields that the mapping has not used, and the
-- original form of each corrected field.

set local role app_mirror;

-- Returns whether the applications have marked a document as deleted.
create or replace function kv.is_deleted(value jsonb) returns boolean
language sql immutable parallel safe
return coalesce(kv.flag(value -> 'deleted') or kv.flag(value -> 'isDeleted'), false)
  or value ? 'deletedAt' or coalesce(lower(value ->> 'status') = 'deleted', false);

-- Returns the status of the platform (`active`, `inactive` or `draft`) for the status of a document. Returns null if
-- the status of the document is unknown.
create or replace function kv.status_of(value jsonb) returns text
language sql immutable parallel safe
return case
  when kv.is_deleted(value) then 'inactive'
  when kv.flag(value -> 'isActive') = false or kv.flag(value -> 'active') = false then 'inactive'
  when kv.line(value -> 'status', 100) is null then
    case when coalesce(kv.flag(value -> 'isActive'), kv.flag(value -> 'active')) then 'active' end
  else case lower(regexp_replace(value ->> 'status', '[^A-Za-z]', '', 'g'))
    when 'active' then 'active' when 'published' then 'active' when 'live' then 'active' when 'enabled' then 'active'
    when 'available' then 'active' when 'instock' then 'active' when 'outofstock' then 'active'
    when 'syncing' then 'active' when 'draft' then 'draft' when 'pending' then 'draft' when 'inactive' then 'inactive'
    when 'suspended' then 'inactive' when 'disabled' then 'inactive' when 'archived' then 'inactive'
    when 'discontinued' then 'inactive' when 'unavailable' then 'inactive' when 'expired' then 'inactive'
    when 'closed' then 'inactive' when 'paused' then 'inactive' when 'error' then 'inactive' end end;

-- Returns the notes about a status and about the dates of a document.
create or replace function kv.common_notes(value jsonb, original jsonb) returns jsonb
language plpgsql immutable parallel safe
as $$
declare
  notes jsonb := '{}';
  created text := value ->> 'createdAt';
begin
  if kv.is_deleted(value) then
    notes := notes || '{"soft_deleted": "deletedAt"}';
  end if;
  if value ? 'status' and kv.status_of(value) is null then
    notes := notes || '{"unknown_status": "status"}';
  elsif lower(value ->> 'status') not in ('active', 'inactive', 'draft') then
    notes := notes || '{"foreign_status": "status"}';
  end if;
  if created is null then
    notes := notes || '{"no_date": "createdAt"}';
  elsif kv.moment(value -> 'createdAt') is null then
    notes := notes || '{"unreadable_date": "createdAt"}';
  elsif created !~ '^[0-9]{4}-' then
    notes := notes || '{"date_in_words": "createdAt"}';
  end if;
  if kv.is_snake_case(original) then
    notes := notes || '{"snake_case": ""}';
  end if;
  return notes;
end
$$;

-- Returns the given fields whose values can be restored from the columns. A field cannot be restored if it was
-- corrected, or if its text does not fit into its column.
create or replace function kv.used_fields(v jsonb, fields text[], notes jsonb) returns text[]
language plpgsql immutable parallel safe
as $$
declare
  field text;
  mended text := notes::text;
  used text[] := '{}';
begin
  foreach field in array fields loop
    if position('": "' || field || '"' in mended) = 0 and jsonb_typeof(v -> field) not in ('object', 'array')
      and v ->> field = (case field when 'description' then kv.paragraphs(v -> field, 100000)
        else kv.line(v -> field, 1000) end)
      and length(v ->> field) <= (case field when 'description' then 100000 else 200 end) then
      used := used || field;
    end if;
  end loop;
  return used;
end
$$;

-- Returns the branding of a site. The branding contains only fields that the platform reads, because a storefront shows
-- the branding to everyone. Other fields stay in the remainder.
create or replace function kv.branding_of(stated jsonb) returns jsonb
language sql immutable parallel safe
return case when jsonb_typeof(stated) = 'object' then kv.cleaned(jsonb_strip_nulls(jsonb_build_object(
  'name', kv.line(stated -> 'name', 500), 'color', kv.line(coalesce(stated -> 'color', stated -> 'primaryColor'), 100),
  'logo', kv.web_address(coalesce(stated -> 'logo', stated -> 'logoUrl')), 'sender', kv.line(stated -> 'sender', 500),
  'reply_to', kv.line(coalesce(stated -> 'reply_to', stated -> 'replyTo'), 500)))) end;

-- Returns the settings of a client or a site. The settings contain only the language, because the platform reads no
-- other field of the applications. All other fields stay in the remainder.
create or replace function kv.settings_of(stated jsonb) returns jsonb
language sql immutable parallel safe
return case when jsonb_typeof(stated) = 'object' then kv.cleaned(jsonb_strip_nulls(jsonb_build_object(
  'locale', kv.line(stated -> 'locale', 100),
  'public', case when kv.line(stated #> '{public,locale}', 100) is not null
    then jsonb_build_object('locale', kv.line(stated #> '{public,locale}', 100)) end))) end;

-- Maps a client.
create or replace function kv.map_client(old_id text, value jsonb) returns kv.mapping
language plpgsql immutable parallel safe
as $$
declare
  v jsonb := kv.fields(value);
  notes jsonb := kv.common_notes(v, value);
  name text := coalesce(kv.line(v -> 'name', 500), kv.line(v -> 'clientName', 500), kv.line(v -> 'companyName', 500));
  logo jsonb := coalesce(v -> 'logoUrl', v -> 'logo');
  slug text := trim(both '-' from regexp_replace(lower(coalesce(v ->> 'slug', name, old_id)), '[^a-z0-9]+', '-', 'g'));
begin
  if name is null then
    name := left(old_id, 500);
    notes := notes || '{"no_name": "name"}';
  elsif length(name) < 2 then
    name := left(name || ' (' || old_id || ')', 500);
    notes := notes || '{"short_name": "name"}';
  end if;
  if kv.is_embedded(logo) then
    notes := notes || '{"embedded_image": "logo"}';
  end if;
  return (null, null, jsonb_strip_nulls(jsonb_build_object(
    'name', name,
    'slug', coalesce(nullif(trim(both '-' from left(slug, 60)), ''), 'client'),
    'description', kv.paragraphs(v -> 'description', 100000),
    'logo_url', kv.web_address(logo),
    'contact_email', kv.line(coalesce(v -> 'contactEmail', v -> 'email', v #> '{contact,email}'), 500),
    'contact_phone', kv.line(coalesce(v -> 'contactPhone', v -> 'phone', v #> '{contact,phone}'), 500),
    'address', kv.paragraphs(v -> 'address', 100000),
    'tier', lower(kv.line(coalesce(v -> 'tier', v -> 'plan'), 100)),
    'is_active', coalesce(kv.status_of(v), case when v ? 'status' then 'inactive' else 'active' end) = 'active',
    'settings', kv.settings_of(v -> 'settings'),
    'created_at', coalesce(kv.moment(v -> 'createdAt'), kv.time_in_id(old_id)),
    'updated_at', kv.moment(v -> 'updatedAt'))),
    kv.rest(value, kv.used_fields(v, '{id,name,description,contactEmail,contactPhone,createdAt}', notes)),
    notes)::kv.mapping;
end
$$;

-- Maps a catalog. Only harmless fields of the connection to its source are copied, because the other fields contain
-- credentials.
create or replace function kv.map_catalog(old_id text, value jsonb) returns kv.mapping
language plpgsql immutable parallel safe
as $$
declare
  v jsonb := kv.fields(value);
  notes jsonb := kv.common_notes(v, value);
  name text := coalesce(kv.line(v -> 'name', 500), kv.line(v -> 'catalogName', 500));
  source jsonb := case when jsonb_typeof(v -> 'source') = 'object' then kv.camel(v -> 'source') else '{}' end;
  type text := (select t from unnest(array[v ->> 'type', source ->> 'type']) t
    where t in ('erp', 'manual', 'vendor', 'dropship') limit 1);
  currency text := coalesce(v ->> 'currency', v #>> '{settings,currency}', v #>> '{settings,defaultCurrency}');
begin
  notes := notes
    || case when name is null then '{"no_name": "name"}'::jsonb else '{}' end
    || case when type is null then '{"no_type": "type"}'::jsonb else '{}' end
    || case when currency is not null and kv.currency(currency) is null
      then '{"unknown_currency": "currency"}'::jsonb else '{}' end
    || case when source - '{type,sourceSystem,sourceId,sourceVersion,lastSyncedAt}'::text[] <> '{}'
      then '{"connection_left_out": "source"}'::jsonb else '{}' end;
  return (null, null, jsonb_strip_nulls(jsonb_build_object(
    'client', kv.line(coalesce(v -> 'ownerClientId', v -> 'clientId',
      v -> 'ownerId'), 1024),
    'name', coalesce(name, left(old_id, 500)),
    'type', coalesce(type, 'manual'),
    'source', left(coalesce(kv.line(source -> 'sourceSystem', 500), kv.line(v -> 'source', 500)), 500),
    'status', coalesce(kv.status_of(v), case when v ? 'status' then 'inactive' else 'draft' end),
    'source_config', kv.cleaned(jsonb_strip_nulls(jsonb_build_object(
      'source_id', kv.line(source -> 'sourceId', 500), 'source_version', kv.line(source -> 'sourceVersion', 500)))),
    'currency', kv.currency(currency),
    'last_sync_at', kv.moment(coalesce(source -> 'lastSyncedAt', v -> 'lastSyncedAt')),
    'created_at', coalesce(kv.moment(v -> 'createdAt'), kv.time_in_id(old_id)),
    'updated_at', kv.moment(v -> 'updatedAt'))),
    kv.rest(value, kv.used_fields(v, '{id,name,type,status,createdAt}', notes) || '{source}'), notes)::kv.mapping;
end
$$;

-- Maps a site.
create or replace function kv.map_site(old_id text, value jsonb) returns kv.mapping
language plpgsql immutable parallel safe
as $$
declare
  v jsonb := kv.fields(value);
  notes jsonb := kv.common_notes(v, value);
  name text := coalesce(kv.line(v -> 'name', 500), kv.line(v -> 'siteName', 500), kv.line(v -> 'title', 500));
  client text := kv.line(coalesce(v -> 'clientId', v #> '{client,id}'), 1024);
  stated text := lower(kv.line(coalesce(v -> 'domain', v -> 'siteUrl', v -> 'url'), 2048));
  domain text := substring(regexp_replace(stated, '^[a-z]+://', '')
    from '^([a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*)\.?(:[0-9]+)?([/?#].*)?$');
begin
  if client is null then
    return ('no_client', 'clientId', null, null, null)::kv.mapping;
  end if;
  if length(domain) > 253 then
    domain := null;
  end if;
  notes := notes
    || case when name is null then '{"no_name": "name"}'::jsonb else '{}' end
    || case when domain <> stated then '{"domain_from_url": "domain"}'::jsonb
      when stated is not null and domain is null then '{"unreadable_domain": "domain"}' else '{}' end
    || case when v::text like '%"data:%' then '{"embedded_image": "branding"}'::jsonb else '{}' end;
  return (null, null, jsonb_strip_nulls(jsonb_build_object(
    'client', client,
    'catalog', kv.line(coalesce(v -> 'catalogId', v #> '{catalog,id}', v #> '{settings,catalogId}'), 1024),
    'name', coalesce(name, left(old_id, 500)),
    'domain', domain,
    'status', coalesce(kv.status_of(v), case when v ? 'status' then 'inactive' else 'draft' end),
    'branding', kv.branding_of(v -> 'branding'),
    'settings', kv.settings_of(v -> 'settings'),
    'created_at', coalesce(kv.moment(v -> 'createdAt'), kv.time_in_id(old_id)),
    'updated_at', kv.moment(v -> 'updatedAt'))),
    kv.rest(value, kv.used_fields(v, '{id,clientId,catalogId,name,domain,createdAt}', notes)), notes)::kv.mapping;
end
$$;

-- Returns the addresses of the images of a gift, at most 50. Images in base64 are left out.
create or replace function kv.image_addresses(v jsonb) returns jsonb
language plpgsql immutable parallel safe
as $$
declare
  addresses jsonb := '[]';
  image jsonb;
  address text;
begin
  foreach image in array array[v -> 'image', v -> 'imageUrl']
    || case when jsonb_typeof(v -> 'images') = 'array'
      then array(select e from jsonb_array_elements(v -> 'images') e limit 200) end loop
    address := kv.web_address(case jsonb_typeof(image)
      when 'object' then coalesce(image -> 'url', image -> 'src') else image end);
    if address is not null and not addresses ? address and jsonb_array_length(addresses) < 50 then
      addresses := addresses || to_jsonb(address);
    end if;
  end loop;
  return addresses;
end
$$;

-- Returns the stock of a gift. The result is null if the gift has no stock. `is_bad` is true if the stock cannot be
-- read.
create or replace function kv.stock_of(v jsonb, out stock integer, out is_bad boolean)
language plpgsql immutable parallel safe
as $$
declare
  stated jsonb := coalesce(v -> 'availableQuantity', v -> 'inventoryQuantity',
    v -> 'inventoryCount', v -> 'inventory', v -> 'stock',
    v -> 'quantity');
begin
  if jsonb_typeof(stated) = 'object' then
    stated := kv.fields(stated);
    stated := coalesce(stated -> 'available', stated -> 'availableQuantity',
      stated -> 'quantity', stated -> 'count', stated -> 'total',
      stated);
  end if;
  stock := kv.whole(stated);
  is_bad := stated is not null and stock is null;
end
$$;
