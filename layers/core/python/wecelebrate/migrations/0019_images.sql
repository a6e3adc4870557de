-- Images of products: where each came from, what became of it, and what a product shows of it.
--
-- `products.images` stays what a file or a caller said. What is shown beside it stands in `products.media`, by address: a
-- list of a thousand products would otherwise look up thousands of rows, and who reads products would have to see these.
-- A change of it is a change of the product, so the cache, ETags and `updated_since` tell of it.

set local role app_owner;

create table images (
  id uuid primary key default app.uuid7(),
  catalog_id uuid not null references catalogs (id) on delete cascade,
  origin text not null check (origin in ('fetched', 'uploaded')),
  source text check (octet_length(source) <= 2048),
  status text not null check (status in ('uploading', 'pending', 'ready', 'failed')),
  sha256 text check (sha256 ~ '^[0-9a-f]{64}$'),
  type text,
  width integer,
  height integer,
  bytes bigint,
  renditions jsonb not null default '{}',
  etag text,
  attempts integer not null default 0,
  error_code text,
  error text,
  next_try_at timestamptz,
  fetched_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint images_fetched_from check (origin = 'uploaded' or source is not null),
  constraint images_ready check (status <> 'ready' or (source is not null and sha256 is not null))
);
comment on column images.source is 'The address, as products name it. Of an upload: known once it is rendered.';
comment on column images.status is 'Failed: there is nothing to show. One that is ready may have an error too: of asking again.';
comment on column images.attempts is 'Failures in a row.';
comment on column images.next_try_at is 'Null: it is not tried again by itself.';
create unique index images_by_address on images (catalog_id, source) where origin = 'fetched';
create index images_by_source on images (catalog_id, source) where status = 'ready';
create index images_by_catalog on images (catalog_id, created_at desc, id desc);
create index images_by_next_try on images (next_try_at) where next_try_at is not null;

create trigger touch before update on images for each row execute function app.touch();

alter table images enable row level security;
alter table images force row level security;
create policy migrate on images to app_migrate using (true) with check (true);
create policy admin on images to app_admin
  using ((select app.admin_role()) is not null) with check ((select app.admin_role()) is not null);
create policy support on images for select to app_support using ((select app.admin_role()) is not null);
create policy client on images for select to app_client
  using (catalog_id = any ((select app.catalog_ids())::uuid[]));
create policy client_insert on images for insert to app_client
  with check (catalog_id = any ((select app.writable_catalog_ids())::uuid[]));
create policy client_update on images for update to app_client
  using (catalog_id = any ((select app.writable_catalog_ids())::uuid[]))
  with check (catalog_id = any ((select app.writable_catalog_ids())::uuid[]));
create policy system on images for select to app_system using ((select app.subject()) is not null);
grant select, insert, update, delete on images to app_migrate;
grant select, insert, update on images to app_admin, app_client;
grant select on images to app_support, app_system;

alter table products add media text not null default '[]';
comment on column products.media is 'JSON: those of `images` that can be shown, in their order; \x01 for where the bucket is.';

-- What a product with these images shows, as `products.media` has it: written once, so that a page of a thousand reads it
-- like a name (built for each read it took five times as long as all the rest). Where the bucket is shown may change, so
-- a character stands for it that JSON never holds: whatever an address says, it is escaped there.
create function app.media_of(catalog uuid, addresses jsonb) returns text
language sql stable set search_path = pg_catalog, public, pg_temp
as $$
  select coalesce('[' || string_agg(format(
      '{"source":%s,"width":%s,"height":%s,"thumb":"%s/%s","medium":"%4$s/%6$s","large":"%4$s/%7$s"}',
      to_json(address), i.width, i.height, E'\x01', i.renditions #>> '{thumb,key}', i.renditions #>> '{medium,key}',
      i.renditions #>> '{large,key}'), ',' order by place) || ']', '[]')
  from jsonb_array_elements_text(addresses) with ordinality named (address, place)
    cross join lateral (
      -- The same picture uploaded twice has one address.
      select * from images where catalog_id = catalog and source = address and status = 'ready' limit 1
    ) i
$$;
grant execute on function app.media_of(uuid, jsonb) to app_admin, app_support, app_client, app_migrate;

-- `products.media` as it is read, below the address that the bucket is shown at.
create function app.shown_media(media text, shown_at text) returns json
language sql stable parallel safe
as $$ select case when media = '[]' then '[]'::json else replace(media, E'\x01', shown_at)::json end $$;
grant execute on function app.shown_media(text, text)
  to app_admin, app_support, app_client, app_customer, app_anon;

-- Whoever changes the images of a product, be it a sync, leaves no media of others behind.
create function app.follow_images() returns trigger
language plpgsql set search_path = pg_catalog, public, pg_temp
as $$
begin
  new.media := app.media_of(new.catalog_id, new.images);
  return new;
end
$$;
grant execute on function app.follow_images() to app_admin, app_support, app_client;
create trigger follow_images before update of images on products
  for each row when (new.images is distinct from old.images) execute function app.follow_images();

-- The renditions of an image as they are read; null while there are none.
create function app.shown_renditions(renditions jsonb, shown_at text) returns jsonb
language sql immutable parallel safe
as $$
  select jsonb_object_agg(name, one - 'key' || jsonb_build_object('url', shown_at || '/' || (one ->> 'key')))
  from jsonb_each(renditions) made (name, one)
$$;
grant execute on function app.shown_renditions(jsonb, text) to app_admin, app_support, app_client;

-- When an address that failed so often in a row is asked again by itself: after 10 minutes, 1, 6 and 24 hours, if it may
-- have been a matter of time, and no sooner than it asked for (`wait`, in seconds). What was refused for what it is comes
-- again only when somebody wants it.
create function app.next_image_try(code text, failures integer, wait double precision) returns timestamptz
language sql stable parallel safe
as $$
  select now() + greatest(pause, make_interval(secs => coalesce(wait, 0)))
  from unnest(array['10 min', '1 h', '6 h', '24 h']::interval[]) with ordinality paused (pause, n)
  where n = failures and code in ('unreachable', 'busy', 'not_answered')
$$;
grant execute on function app.next_image_try(text, integer, double precision) to app_admin, app_client;

-- As in 0012, with `media`.
set local role app_definer;
create or replace function app.note_products() returns trigger
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
      select coalesce(b.id, a.id) as id, b.catalog_id as old_catalog, a.catalog_id as new_catalog
      from before b full join after a on a.id = b.id
      where (a.price, a.inventory_count, a.is_active, a.catalog_id, a.id, a.created_at, a.currency, a.sku, a.name,
          a.category, a.brand, a.description, a.images, a.attributes, a.source_data, a.media)
        is distinct from (b.price, b.inventory_count, b.is_active, b.catalog_id, b.id, b.created_at, b.currency, b.sku,
          b.name, b.category, b.brand, b.description, b.images, b.attributes, b.source_data, b.media)
    )
    select array_agg(tag) into stale
    from (
      select 'products:' || catalog
      from (select old_catalog from changed union select new_catalog from changed) c (catalog)
      where catalog is not null
      union all
      select 'product:' || id from changed
    ) t (tag);
  end if;
  if stale is not null then
    insert into cache_invalidations (tags) values (stale);
  end if;
  return null;
end
$$;
