-- Images of products: what a product shows of its images, and the retries of fetches.

set local role app_owner;

-- The value of `products.media` for a product with these images. It is stored, so a page of a thousand products reads
-- it like a name; building it for each read took five times as long as the rest of the page. The address of the bucket
-- may change, so the character \x01 stands for it. JSON never contains this character: an address that has it is
-- escaped.
create or replace function app.media_of(catalog uuid, addresses jsonb) returns text
language sql stable set search_path = pg_catalog, public, pg_temp
as $$
  select coalesce('[' || string_agg(format(
      '{"source":%s,"width":%s,"height":%s,"thumb":"%s/%s","medium":"%4$s/%6$s","large":"%4$s/%7$s"}',
      to_json(address), i.width, i.height, E'\x01', i.renditions #>> '{thumb,key}', i.renditions #>> '{medium,key}',
      i.renditions #>> '{large,key}'), ',' order by position) || ']', '[]')
  from jsonb_array_elements_text(addresses) with ordinality source (address, position)
    cross join lateral (
      -- The same picture, uploaded twice, has one address.
      select * from images where catalog_id = catalog and source = address and status = 'ready' limit 1
    ) i
$$;
grant execute on function app.media_of(uuid, jsonb) to app_admin, app_support, app_client, app_migrate;

-- `products.media` for readers: `shown_at` is the address of the bucket.
create or replace function app.shown_media(media text, shown_at text) returns json
language sql stable parallel safe
as $$ select case when media = '[]' then '[]'::json else replace(media, E'\x01', shown_at)::json end $$;
grant execute on function app.shown_media(text, text)
  to app_admin, app_support, app_client, app_customer, app_anon;

-- Keeps `media` consistent with `images`, whoever changes the images: the API or a sync.
create or replace function app.follow_images() returns trigger
language plpgsql set search_path = pg_catalog, public, pg_temp
as $$
begin
  new.media := app.media_of(new.catalog_id, new.images);
  return new;
end
$$;
grant execute on function app.follow_images() to app_admin, app_support, app_client;
create or replace trigger follow_images before update of images on products
  for each row when (new.images is distinct from old.images) execute function app.follow_images();

-- The renditions of an image for readers: `shown_at` is the address of the bucket. Null while there are no renditions.
create or replace function app.shown_renditions(renditions jsonb, shown_at text) returns jsonb
language sql immutable parallel safe
as $$
  select jsonb_object_agg(
    name, rendition - 'key' || jsonb_build_object('url', shown_at || '/' || (rendition ->> 'key')))
  from jsonb_each(renditions) stored (name, rendition)
$$;
grant execute on function app.shown_renditions(jsonb, text) to app_admin, app_support, app_client;

-- When an address is fetched again automatically after `failures` failed attempts in a row: after 10 minutes, 1, 6 and
-- 24 hours, and no earlier than the server asked for (`wait`, in seconds). Null when the failure is permanent: then the
-- address is fetched again only on request.
create or replace function app.next_image_try(code text, failures integer, wait double precision) returns timestamptz
language sql stable parallel safe
as $$
  select now() + greatest(pause, make_interval(secs => coalesce(wait, 0)))
  from unnest(array['10 min', '1 h', '6 h', '24 h']::interval[]) with ordinality pauses (pause, n)
  where n = failures and code in ('unreachable', 'busy', 'not_answered')
$$;
grant execute on function app.next_image_try(text, integer, double precision) to app_admin, app_client;
