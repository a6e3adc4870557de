-- The outbox of cache invalidations: triggers add rows to it, and functions delete these rows.

set local role app_definer;

-- Returns the cache tags for a row, each with a state. `kind` is the name of the row's table. If the state of a tag
-- changes, the tag is invalidated. The state is the whole row, except for three tags of a catalog.
--
-- For the tag `client:…` of the owner, the state is only the id of the catalog. For the tag `shown:…`, the state is
-- only the status, the currency and the price rules of the catalog. Storefronts show only active catalogs and their
-- prices.
--
-- For the tag `prices`, the state is only the id and the price rules of the catalog. The tag `prices` belongs to
-- products that clients with a grant read, because these clients see selling prices. All catalogs share this tag,
-- because price rules change rarely.
create or replace function app.row_tags(kind text, r jsonb) returns table (tag text, state text)
language sql immutable parallel safe
begin atomic
  select tag, r::text
  from unnest(case kind
    when 'tiers' then array['tiers']
    when 'clients' then array['client:' || (r ->> 'id'), 'clients']
    when 'admin_users' then array['user:' || (r ->> 'user_id')]
    when 'client_users' then array['user:' || (r ->> 'user_id'), 'members:' || (r ->> 'client_id')]
    when 'revoked_sessions' then array['user:' || (r ->> 'subject')]
    when 'catalogs' then array['catalog:' || (r ->> 'id'), 'catalogs']
    when 'catalog_grants' then array['client:' || (r ->> 'client_id'), 'grants:' || (r ->> 'catalog_id')]
    when 'sites' then
      array['site:' || (r ->> 'id'), 'domain:' || (r ->> 'domain'), 'domain:@' || (r ->> 'slug'),
        'sites:' || (r ->> 'client_id'), 'sites']
    when 'site_product_exclusions' then array['site:' || (r ->> 'site_id'), 'exclusions:' || (r ->> 'site_id')]
    when 'orders' then array['order:' || (r ->> 'id'), 'orders:' || (r ->> 'client_id'), 'orders']
  end) tag
  where tag is not null
  union all
  select 'client:' || (r ->> 'owner_client_id'), r ->> 'id' where kind = 'catalogs' and r ->> 'owner_client_id' <> ''
  union all
  select 'shown:' || (r ->> 'id'), concat_ws(' ', r ->> 'status', r ->> 'currency', r ->> 'pricing')
  where kind = 'catalogs'
  union all
  select 'prices', concat(r ->> 'id', r ->> 'pricing') where kind = 'catalogs' and r ->> 'pricing' <> '';
end;

-- Queues the tags whose state a statement has changed. Only this function and app.queue_product_invalidation write to
-- the outbox. The tags that these functions write depend only on the rows that the statement changed.
create or replace function app.queue_tag_invalidation() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp
as $$
declare
  stale text[];
begin
  if tg_op = 'INSERT' then
    select array_agg(distinct tag) into stale from after r, app.row_tags(tg_table_name, to_jsonb(r));
  elsif tg_op = 'DELETE' then
    select array_agg(distinct tag) into stale from before r, app.row_tags(tg_table_name, to_jsonb(r));
  else
    select array_agg(distinct tag) into stale
    from (
      select tag
      from (
        select to_jsonb(r) - 'updated_at' as version, 1 as n from after r
        union all
        select to_jsonb(r) - 'updated_at', -1 from before r
      ) versions, app.row_tags(tg_table_name, versions.version)
      group by tag, state having sum(n) <> 0
    ) changed;
  end if;
  if stale is not null then
    insert into cache_invalidations (tags) values (stale);
  end if;
  return null;
end
$$;
grant execute on function app.queue_tag_invalidation() to app_owner;

-- Queues the tags of changed products. This function must be faster than app.queue_tag_invalidation, because one
-- statement of a sync changes 5,000 products. The function compares the columns directly, and begins with the columns
-- that are cheap to compare and change often.
--
-- A new product gets no tag for its id, because no caller can have requested the id before.
--
-- Every order changes the stock of products. If a product is in stock before and after such a change, storefronts show
-- the product as before. In this case, only the tags `stock:<id>` and `stock:<id>:<owner>` are queued, which invalidate
-- the data that staff and the owner of the catalog read.
--
-- The tag `shown-stock:…` invalidates the data that clients with a grant read. The tag is queued only if
-- app.granted_product_row returns a different row than before. Otherwise these clients could see from a cache miss that
-- another shop has received an order.
--
-- PostgreSQL plans the join for the first statement of a session, and keeps the plan. If the first statement changes a
-- single row, PostgreSQL would choose a nested loop. With a nested loop, a change of 5,000 rows took 18 seconds.
-- Therefore the join is a full join, which never uses a nested loop. The planner cannot simplify this full join,
-- because IS DISTINCT FROM is not strict.
create or replace function app.queue_product_invalidation() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp
as $$
declare
  stale text[];
begin
  if tg_op = 'INSERT' then
    select array_agg('products:' || catalog_id) into stale from (select distinct catalog_id from after) c;
  elsif tg_op = 'DELETE' then
    select array_agg(tag) into stale
    from (select distinct 'products:' || catalog_id from before union all select 'product:' || id from before) t (tag);
  else
    with changed as materialized (
      select coalesce(b.id, a.id) as id, b.catalog_id as old_catalog, a.catalog_id as new_catalog,
        (a.price, app.is_in_stock(a.inventory_policy, a.inventory_count), a.is_active, a.catalog_id, a.id,
          a.created_at, a.currency, a.sku, a.name, a.category, a.brand, a.description, a.images, a.attributes,
          a.source_data, a.media, a.offers, a.regular_price, a.offer_ends_at)
        is distinct from (b.price, app.is_in_stock(b.inventory_policy, b.inventory_count), b.is_active, b.catalog_id,
          b.id, b.created_at, b.currency, b.sku, b.name, b.category, b.brand, b.description, b.images, b.attributes,
          b.source_data, b.media, b.offers, b.regular_price, b.offer_ends_at)
        as is_visible,
        (a.inventory_policy, least(a.inventory_count, app.max_shown_stock()), date_trunc('day', a.updated_at, 'UTC'))
        is distinct from
        (b.inventory_policy, least(b.inventory_count, app.max_shown_stock()), date_trunc('day', b.updated_at, 'UTC'))
        as is_shown
      from before b full join after a on a.id = b.id
      where (a.price, a.inventory_count, a.inventory_policy, a.is_active, a.catalog_id, a.id, a.created_at, a.currency,
          a.sku, a.name, a.category, a.brand, a.description, a.images, a.attributes, a.source_data, a.media, a.offers,
          a.regular_price, a.offer_ends_at)
        is distinct from (b.price, b.inventory_count, b.inventory_policy, b.is_active, b.catalog_id, b.id,
          b.created_at, b.currency, b.sku, b.name, b.category, b.brand, b.description, b.images, b.attributes,
          b.source_data, b.media, b.offers, b.regular_price, b.offer_ends_at)
    )
    select array_agg(tag) into stale
    from (
      select 'products:' || catalog
      from (
        select old_catalog from changed where is_visible union select new_catalog from changed where is_visible
      ) c (catalog)
      where catalog is not null
      union all select 'product:' || id from changed where is_visible
      union all
      select 'stock:' || key
      from (
        select id, new_catalog from changed where not is_visible
        union select new_catalog, new_catalog from changed where not is_visible
      ) s (id, catalog_id)
      join catalogs c on c.id = s.catalog_id, unnest(array[s.id::text, s.id || ':' || c.owner_client_id]) key
      where key is not null
      union all
      select distinct 'shown-stock:' || key from changed, unnest(array[id, new_catalog]) key
      where is_shown and not is_visible
    ) t (tag);
  end if;
  if stale is not null then
    insert into cache_invalidations (tags) values (stale);
  end if;
  return null;
end
$$;
grant execute on function app.queue_product_invalidation() to app_owner;

-- Returns the xid of the current transaction, and the ids and tags of the rows that the transaction has written to the
-- outbox. If the transaction has written nothing, the xid is null and the arrays are empty. The last statement before
-- the commit calls this function. The function returns no rows of other transactions.
create or replace function app.transaction_writes() returns table (xid text, outbox uuid[], tags text[])
language sql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
  select pg_current_xact_id_if_assigned()::text,
    array(select i.id from cache_invalidations i where i.xid = pg_current_xact_id_if_assigned()),
    array(select distinct unnest(i.tags) from cache_invalidations i where i.xid = pg_current_xact_id_if_assigned())
$$;
grant execute on function app.transaction_writes()
  to app_admin, app_support, app_client, app_customer, app_anon, app_system, app_worker, app_kv;

-- Deletes rows of the outbox whose tags were sent to the cache. The function is called after the commit, when the
-- context of the caller has ended. Therefore any login that knows the id of a row can delete the row.
--
-- The id is known only to the sweeper and to the transaction that wrote the row. An id has 128 bits. PostgreSQL creates
-- 74 of these bits with its strong random number generator; most other bits contain the time.
--
-- Rows of the current transaction are not deleted, because their tags cannot have been sent before the commit.
-- Therefore injected SQL cannot suppress its own invalidations.
create or replace function app.delete_sent_invalidations(ids uuid[]) returns void
language sql volatile security definer set search_path = pg_catalog, public, pg_temp
as $$
  delete from cache_invalidations where id = any (ids) and xid is distinct from pg_current_xact_id_if_assigned()
$$;
grant execute on function app.delete_sent_invalidations(uuid[]) to wc_public, wc_api, wc_worker, wc_kv;

-- Deletes and returns up to `max_rows` rows that are older than `older_than`, the oldest first. The caller must send
-- the tags before it commits. Then no tag is lost, because the rows exist until the commit. Concurrent calls get
-- different rows.
create or replace function app.claim_invalidations(older_than interval, max_rows integer)
returns table (id uuid, xid text, tags text[])
language plpgsql security definer set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_column
begin
  if coalesce(max_rows, 0) not between 1 and 10000 or older_than is null or older_than < interval '0' then
    raise exception 'the number of rows must be between 1 and 10000 and the age at least 0, not % and %',
      max_rows, older_than using errcode = 'invalid_parameter_value';
  end if;
  return query
    with due as (
      select id from cache_invalidations where created_at <= now() - older_than
      order by created_at limit max_rows for update skip locked
    ), taken as (
      delete from cache_invalidations i using due where i.id = due.id returning i.*
    )
    select id, xid::text, tags from taken order by created_at;
end
$$;
grant execute on function app.claim_invalidations(interval, integer) to app_system;

set local role app_owner;

-- PostgreSQL allows transition tables only in a trigger for a single event. Therefore each table has three triggers.
do $$
declare
  name text;
  trigger_function text;
begin
  foreach name in array array['tiers', 'clients', 'admin_users', 'client_users', 'catalogs', 'catalog_grants', 'sites',
    'site_product_exclusions', 'products', 'orders', 'revoked_sessions']
  loop
    trigger_function := case name when 'products' then 'queue_product_invalidation' else 'queue_tag_invalidation' end;
    execute format('create or replace trigger queue_invalidation_insert after insert on %I'
      ' referencing new table as after for each statement execute function app.%I()', name, trigger_function);
    execute format('create or replace trigger queue_invalidation_update after update on %I'
      ' referencing old table as before new table as after'
      ' for each statement execute function app.%I()', name, trigger_function);
    execute format('create or replace trigger queue_invalidation_delete after delete on %I'
      ' referencing old table as before for each statement execute function app.%I()', name, trigger_function);
  end loop;
end
$$;
