-- The key-value store of the predecessor: the families of its keys. The store has no reliable list of its documents:
-- some lists were never written, and other lists contain whole documents. Therefore the functions find the documents by
-- the families of their keys. An entity can have documents in several families, because the predecessor changed the
-- form of its keys several times.

set local role app_owner;

-- Returns the families of keys. A key belongs to the first row in this order whose `heads` contain the first segment of
-- the key, and whose `pattern` matches the key.
--
-- An id can be empty. The patterns also match the key of a document with an empty id, because this document belongs to
-- an entity, too.
--
-- `meaning` is the type of object in the documents: an entity (client, site, catalog, product, order), a setting of a
-- site, a list or a copy that is derived from other documents, a log, an object that a later version of the platform
-- will use, or a secret. The platform never shows, copies or logs a secret.
create or replace function app.kv_key_families()
returns table (family text, meaning text, heads text[], pattern text)
language sql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
  values
    ('session:<token>', 'secret', '{session,magic-link,password_reset,invites}'::text[], '.'),
    ('hris_connection_<id>', 'secret', '{hris}', '^hris_connection_'),
    ('sftp_config:<client>', 'secret', '{sftp_config,erp_connection}', '.'),
    ('clients:all', 'list', '{clients,sites,orders,employees,gifts,catalogs}', '^[a-z]+:all$'),
    ('client:<client>:site:<site>', 'derived', '{client}', '^client:[^:]+:site:'),
    ('client:<environment>:<id>', 'client', '{client,clients}', '^clients?:[^:]+:[^:]*$'),
    ('client:<id>', 'client', '{client,clients}', '^clients?:[^:]*$'),
    ('sites:<id>:catalog_config', 'setting', '{sites,site_catalog_config}',
      '^(sites:[^:]+:catalog_config|site_catalog_config:[^:]+)$'),
    ('sites:slug:<slug>', 'derived', '{sites}', '^sites:slug:'),
    ('site:<environment>:<id>', 'site', '{site,sites}', '^sites?:[^:]+:[^:]*$'),
    ('site:<id>', 'site', '{site,sites}', '^sites?:[^:]*$'),
    ('site_configs:<id>', 'setting', '{site_configs,site_gift_config,site-gift-assignment}', '.'),
    ('catalogs:<id>', 'catalog', '{catalog,catalogs}', '^catalogs?:[^:]*$'),
    ('catalog_gifts:<id>', 'list', '{catalog_gifts,catalog_index}', '.'),
    ('catalog_stats:<id>', 'derived', '{catalog_stats,gifts_index,inventory_cache}', '.'),
    ('gift:<environment>:<id>', 'product', '{gift,gifts}', '^gifts?:[^:]+:[^:]*$'),
    ('gift:<id>', 'product', '{gift,gifts}', '^gifts?:[^:]*$'),
    ('order:<environment or site>:<id>', 'order', '{order,orders}', '^orders?:[^:]+:[^:]*$'),
    ('order:<id>', 'order', '{order,orders}', '^orders?:[^:]*$'),
    ('user_orders:<user>', 'list', '{user_orders,order_index}', '.'),
    ('order_counter', 'derived', '{order_counter}', '.'),
    ('employees:<id>', 'later', '{employee,employees}', '.'),
    ('audit:<environment>:<time>:<id>', 'log',
      '{audit,audit_logs,sync_log,erp_sync_log,schedule_execution,catalog_sync_logs,import_jobs,webhook-delivery}',
      '.'),
    ('hris_sync_<id>', 'log', '{hris}', '^hris_sync_'),
    ('environments:<id>', 'later',
      '{environments,admin_users,role,access_group,brand,email-template,global-template,site-template,automation-rule}',
      '.'),
    ('webhook:<id>', 'secret', '{webhook}', '.'),
    ('celebrations:<id>', 'later', '{celebrations,mapping_rules}', '.')
$$;
grant execute on function app.kv_key_families() to app_definer, app_kv, app_mirror;

set local role app_definer;

-- Returns the number of documents in the store for each family, and their size in bytes. Returns no keys and no values,
-- because they can contain tokens. Admins of the platform may call the function, but services may not.
create or replace function app.kv_families()
returns table (family text, meaning text, documents bigint, bytes bigint)
language plpgsql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
begin
  if app.admin_role() is null or app.admin_role() not in ('super_admin', 'admin') then
    raise exception 'only admins may inspect the store' using errcode = 'insufficient_privilege';
  end if;
  return query
    select coalesce(f.family, 'other'), coalesce(f.meaning, 'unknown'), count(*),
      sum(pg_column_size(d.value))::bigint
    from (select key, value, case when key like 'hris\_%' then 'hris' else split_part(key, ':', 1) end as head
          from kv_store_6fcaeea3) d
      left join lateral (
        select k.family, k.meaning from app.kv_key_families() k
        where d.head = any (k.heads) and d.key ~ k.pattern limit 1
      ) f on true
    group by 1, 2 order by 1;
end
$$;
grant execute on function app.kv_families() to app_admin;

-- Returns documents of entities, and lists, in the order of their keys. The first key is after `start`, or is `start`
-- itself if `inclusive` is true. Documents of other families are not returned, because their values and keys can be
-- secret.
--
-- If the page would have more than `max_bytes`, its last row has no value: the document of this row belongs to the next
-- page. The first row always has a value. The size of a key is counted in the longest form that the key can have in a
-- response. Admins of the platform may call the function, but services may not.
create or replace function app.kv_documents(start text, inclusive boolean, max_rows integer, max_bytes integer)
returns table (key text, family text, meaning text, value text)
language plpgsql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
declare
  total bigint := 0;
  document jsonb;
begin
  if app.admin_role() is null or app.admin_role() not in ('super_admin', 'admin') then
    raise exception 'only admins may inspect the store' using errcode = 'insufficient_privilege';
  end if;
  for key, family, meaning, document in
    select d.key, f.family, f.meaning, d.value
    from kv_store_6fcaeea3 d
      cross join lateral (
        select k.family, k.meaning from app.kv_key_families() k
        where case when d.key like 'hris\_%' then 'hris' else split_part(d.key, ':', 1) end = any (k.heads)
          and d.key ~ k.pattern
        limit 1
      ) f
    where d.key >= kv_documents.start and (inclusive or d.key <> kv_documents.start)
      and f.meaning in ('client', 'site', 'catalog', 'product', 'order', 'list')
    order by d.key
    limit max_rows
  loop
    value := document::text; -- not in the query, which reads 50 rows at once: a value can have 6 MB
    if total > 0 and total + octet_length(value) > max_bytes then
      value := null;
    end if;
    total := total + coalesce(octet_length(value), 0) + 12 * octet_length(key) + 600;
    return next;
    exit when value is null;
  end loop;
end
$$;
grant execute on function app.kv_documents(text, boolean, integer, integer) to app_admin;
