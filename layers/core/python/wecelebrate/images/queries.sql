-- name: list_images
-- List one page of a catalog's images after the cursor, newest first. A filter that is null matches every row.
select to_json(rows)::text as item, created_at as after_time, id as after_id
from (
  select id, catalog_id, origin, source, status, sha256, type, width, height, bytes,
    app.renditions_with_urls(renditions, :base_url) as renditions, error_code, error, attempts, next_try_at, fetched_at,
    created_at, updated_at
  from images
  where catalog_id = :catalog_id
    and (:status::text is null or status = :status)
    and (:after_id::uuid is null or (created_at, id) < (:after_time::timestamptz, :after_id::uuid))
  order by created_at desc, id desc
  limit :limit + 1
) rows
order by created_at desc, id desc;

-- name: get_image^
-- Get an image that the caller may see.
select id, catalog_id, origin, source, status, sha256, type, width, height, bytes,
  app.renditions_with_urls(renditions, :base_url) as renditions, error_code, error, attempts, next_try_at, fetched_at,
  created_at, updated_at
from images
where id = :image_id;

-- name: get_catalog_owner^
-- Get the owner of a catalog that the caller may see.
select owner_client_id from app.catalog_view where id = :catalog_id;

-- name: count_new_uploads^
-- Count the uploads that were created in the last `seconds` seconds for all catalogs of a client. If `client_id` is
-- null, count the uploads for the catalogs of the platform. Also return after how many seconds the count will decrease.
select count(*)::integer as uploads,
  coalesce(ceil(extract(epoch from min(i.created_at) - now()) + :seconds), 0)::integer as seconds_left
from catalogs c join images i on i.catalog_id = c.id
where c.owner_client_id is not distinct from :client_id::uuid and i.origin = 'uploaded'
  and i.created_at > now() - make_interval(secs => :seconds);

-- name: create_upload$
-- Create the row of an upload and return its id. If the caller can only read the catalog, PostgreSQL raises an error.
insert into images (catalog_id, origin, status, type, bytes)
values (:catalog_id, 'uploaded', 'uploading', :type, :bytes)
returning id;

-- name: lock_upload^
-- Lock an upload. It returns no row if the image was fetched and not uploaded, or if the caller cannot change the
-- image.
select catalog_id, status from images where id = :image_id and origin = 'uploaded' for update;

-- name: mark_uploaded!
-- Record that the caller has uploaded the file.
update images set status = 'pending', error_code = null, error = null where id = :image_id;

-- name: find_catalog_to_fetch^
-- Get the owner of a catalog if images of the catalog must be fetched. Three conditions must be met: the catalog
-- enables fetching, no fetch job is pending, and the `media` of a product lacks an image that is new or ready. If
-- `product_id` is not null, only this product is checked.
select c.owner_client_id
from catalogs c
where c.id = :catalog_id and c.sync_settings -> 'fetch_images' = 'true'
  and not exists (select from jobs j where j.ordering_key = :ordering_key and j.status = 'pending')
  and exists (
    select from products p cross join jsonb_array_elements_text(p.images) address
    where p.catalog_id = c.id and (:product_id::uuid is null or p.id = :product_id)
      and address ~ '^https?://' and octet_length(address) <= 2048
      and strpos(p.media, '"source":' || to_json(address)) = 0
      and not exists (select from images i where i.catalog_id = c.id and i.source = address and i.status <> 'ready'));

-- name: due_catalogs
-- List the catalogs that have images due for a retry, and no pending or running fetch job.
select distinct c.id, c.owner_client_id
from images i join catalogs c on c.id = i.catalog_id
where i.next_try_at <= now() and c.sync_settings -> 'fetch_images' = 'true'
  and not exists (select from jobs j where j.ordering_key = 'images:' || c.id and j.status in ('pending', 'processing'))
limit :max_rows;

-- name: count_products$
-- Count the products of a catalog that have images.
select count(*) from products where catalog_id = :catalog_id and images <> '[]';

-- name: next_products^
-- Read the page of `products` products after the SKU `after`. It returns the last SKU of the page, the number of
-- products with images on the page, and at most `max_images` addresses to fetch. An address must be fetched if it is
-- new or due for a retry. It must also be fetched if its last fetch failed before `failed_before` or succeeded before
-- `ready_before`.
with page as materialized (
  select sku, images from products where catalog_id = :catalog_id and sku > :after order by sku limit :products
), named as (
  select distinct address from page, jsonb_array_elements_text(images) address
  where address ~ '^https?://' and octet_length(address) <= 2048
), due as (
  select n.address, i.etag
  from named n left join images i on i.catalog_id = :catalog_id and i.origin = 'fetched' and i.source = n.address
  where (i.id is null and not exists (select from images u where u.catalog_id = :catalog_id and u.source = n.address
                                        and u.status = 'ready'))
    or i.next_try_at <= now()
    or (i.status = 'failed' and i.fetched_at < :failed_before::timestamptz)
    or (i.status = 'ready' and i.fetched_at < :ready_before::timestamptz)
  order by n.address limit :max_images
)
select (select max(sku) from page) as last_sku, (select count(*) from page where images <> '[]') as products,
  coalesce((select jsonb_agg(jsonb_build_object('address', address, 'etag', etag) order by address) from due), '[]')
    as due;

-- name: record_image!
-- Record the result of fetching an address. If the result contains no new image, the stored image stays unchanged.
insert into images (catalog_id, origin, source, status, sha256, type, width, height, bytes, renditions, etag, attempts,
  error_code, error, next_try_at, fetched_at)
values (:catalog_id, 'fetched', :source, case when :sha256::text is null then 'failed' else 'ready' end, :sha256, :type,
  :width, :height, :bytes, coalesce(:renditions::jsonb, '{}'), :etag,
  case when :error_code::text is null then 0 else 1 end, :error_code, :error,
  app.next_image_attempt(:error_code, 1, :wait), now())
on conflict (catalog_id, source) where origin = 'fetched' do update
set status = case when excluded.sha256 is null then images.status else 'ready' end,
  sha256 = coalesce(excluded.sha256, images.sha256), type = coalesce(excluded.type, images.type),
  width = coalesce(excluded.width, images.width), height = coalesce(excluded.height, images.height),
  bytes = coalesce(excluded.bytes, images.bytes),
  renditions = case when excluded.sha256 is null then images.renditions else excluded.renditions end,
  etag = case when excluded.sha256 is null then images.etag else excluded.etag end,
  attempts = case when excluded.error_code is null then 0 else images.attempts + 1 end,
  error_code = excluded.error_code, error = excluded.error,
  next_try_at = app.next_image_attempt(excluded.error_code, images.attempts + 1, :wait), fetched_at = now();

-- name: update_media!
-- Update `media` from the stored images, for all products with SKUs from `after` (exclusive) to `last_sku` (inclusive).
update products p set media = current.media
from (
  select id, app.product_media(:catalog_id, images) as media
  from products
  where catalog_id = :catalog_id and sku > :after and sku <= :last_sku and (images <> '[]' or media <> '[]')
  order by id
) current
where p.id = current.id and p.media is distinct from current.media;

-- name: get_upload^
-- Get an upload whose file the caller has uploaded.
select type, bytes from images where id = :image_id and origin = 'uploaded' and status = 'pending';

-- name: finish_upload!
-- Record the renditions of an upload and the address of the image.
update images
set status = 'ready', source = :source, sha256 = :sha256, type = :type, width = :width, height = :height,
  bytes = :bytes, renditions = :renditions, attempts = 0, fetched_at = now()
where id = :image_id;

-- name: fail_upload!
-- Record that an uploaded file is not a usable image, with the reason.
update images set status = 'failed', error_code = :code, error = :reason, attempts = attempts + 1, fetched_at = now()
where id = :image_id;
