-- Images of products: the images that a product shows, and the times at which failed fetches are repeated.

set local role app_owner;

-- Returns the value of `products.media` for a product with these images. The value is stored, because computing it for
-- each read of a page of a thousand products took five times as long as the rest of the page. The address of the bucket
-- can change, so the value contains the character \x01 instead of this address. JSON text contains no other \x01,
-- because JSON escapes this character in the address of an image.
create or replace function app.product_media(catalog uuid, addresses jsonb) returns text
language sql stable set search_path = pg_catalog, public, pg_temp
as $$
  select coalesce('[' || string_agg(format(
      '{"source":%s,"width":%s,"height":%s,"thumb":"%s/%s","medium":"%4$s/%6$s","large":"%4$s/%7$s"}',
      to_json(address), i.width, i.height, E'\x01', i.renditions #>> '{thumb,key}', i.renditions #>> '{medium,key}',
      i.renditions #>> '{large,key}'), ',' order by position) || ']', '[]')
  from jsonb_array_elements_text(addresses) with ordinality source (address, position)
    cross join lateral (
      -- If the same picture is uploaded twice, both images have the same address.
      select * from images where catalog_id = catalog and source = address and status = 'ready' limit 1
    ) i
$$;
grant execute on function app.product_media(uuid, jsonb)
  to app_admin, app_support, app_client, app_migrate, app_mirror;

-- Returns `products.media` for readers, with `base_url` in place of each \x01. `base_url` is the address of the bucket.
create or replace function app.media_with_urls(media text, base_url text) returns json
language sql stable parallel safe
as $$ select case when media = '[]' then '[]'::json else replace(media, E'\x01', base_url)::json end $$;
grant execute on function app.media_with_urls(text, text)
  to app_admin, app_support, app_client, app_customer, app_anon;

-- Computes the column `media` of a product again when the API or a sync changes the column `images` of the product.
create or replace function app.set_product_media() returns trigger
language plpgsql set search_path = pg_catalog, public, pg_temp
as $$
begin
  new.media := app.product_media(new.catalog_id, new.images);
  return new;
end
$$;
grant execute on function app.set_product_media() to app_admin, app_support, app_client, app_mirror;
create or replace trigger set_product_media before update of images on products
  for each row when (new.images is distinct from old.images) execute function app.set_product_media();

-- Returns the renditions of an image for readers, each with a URL. `base_url` is the address of the bucket. Returns
-- null if the image has no renditions.
create or replace function app.renditions_with_urls(renditions jsonb, base_url text) returns jsonb
language sql immutable parallel safe
as $$
  select jsonb_object_agg(
    name, rendition - 'key' || jsonb_build_object('url', base_url || '/' || (rendition ->> 'key')))
  from jsonb_each(renditions) stored (name, rendition)
$$;
grant execute on function app.renditions_with_urls(jsonb, text) to app_admin, app_support, app_client;

-- Returns the time of the next automatic attempt to fetch an address. `failures` is the number of failed attempts in a
-- row. The pauses between the attempts are 10 minutes, then 1 hour, 6 hours and 24 hours. If the server requested a
-- longer pause (`min_wait`, in seconds), the longer pause applies. Returns null if there are no further automatic
-- attempts. After that, the address is fetched only when a caller requests a new attempt.
create or replace function app.next_image_attempt(code text, failures integer, min_wait double precision)
returns timestamptz
language sql stable parallel safe
as $$
  select now() + greatest(pause, make_interval(secs => coalesce(min_wait, 0)))
  from unnest(array['10 min', '1 h', '6 h', '24 h']::interval[]) with ordinality pauses (pause, n)
  where n = failures and code in ('unreachable', 'busy', 'not_answered')
$$;
grant execute on function app.next_image_attempt(text, integer, double precision) to app_admin, app_client;
