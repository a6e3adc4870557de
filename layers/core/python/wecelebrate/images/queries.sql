-- name: list_images
-- One page of a catalog's images, newest first, after the cursor; a null filter matches everything.
select to_json(rows)::text as item, created_at as after_time, id as after_id
from (
  select id, catalog_id, origin, source, status, sha256, type, width, height, bytes,
    app.shown_renditions(renditions, :shown_at) as renditions, error_code, error, attempts, next_try_at, fetched_at,
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
-- The image, when the caller may see it.
select id, catalog_id, origin, source, status, sha256, type, width, height, bytes,
  app.shown_renditions(renditions, :shown_at) as renditions, error_code, error, attempts, next_try_at, fetched_at,
  created_at, updated_at
from images
where id = :image_id;

-- name: get_owner^
-- Whose a catalog is, when the caller may see it.
select owner_client_id from catalogs where id = :catalog_id;

-- name: create_upload$
-- A row for an upload: its id. Refused where the caller only reads the catalog.
insert into images (catalog_id, origin, status, type, bytes) values (:catalog_id, 'uploaded', 'uploading', :type, :bytes)
returning id;

-- name: lock_upload^
-- An upload, for a change; none where the caller may not change it, or where it is none.
select catalog_id, status from images where id = :image_id and origin = 'uploaded' for update;

-- name: expect_upload!
-- The bytes are said to be there.
update images set status = 'pending', error_code = null, error = null where id = :image_id;

-- name: wanting^
-- Whose the catalog is, when its images are to be fetched, no job waits that will, and it (one product, if one is
-- named) has an address that is not known, or one that is known and not shown.
select c.owner_client_id
from catalogs c
where c.id = :catalog_id and c.sync_settings -> 'fetch_images' = 'true'
  and not exists (select from jobs j
                  where j.series = :series and j.status = 'pending')
  and exists (
    select from products p cross join jsonb_array_elements_text(p.images) address
    where p.catalog_id = c.id and (:product_id::uuid is null or p.id = :product_id)
      and address ~ '^https?://' and octet_length(address) <= 2048 and strpos(p.media, '"source":' || to_json(address)) = 0
      and not exists (select from images i where i.catalog_id = c.id and i.source = address and i.status <> 'ready'));

-- name: due_catalogs
-- Catalogs with images whose next try is due, and whose no job waits that would try.
select distinct c.id, c.owner_client_id
from images i join catalogs c on c.id = i.catalog_id
where i.next_try_at <= now() and c.sync_settings -> 'fetch_images' = 'true'
  and not exists (select from jobs j where j.series = 'images:' || c.id and j.status in ('pending', 'processing'))
limit :most;

-- name: count_products$
-- Products of a catalog that name an image.
select count(*) from products where catalog_id = :catalog_id and images <> '[]';

-- name: next_products^
-- The next products of a catalog after a SKU, as far as `upto`, how many name images; and of those images the first
-- `most` that are to be asked for: never asked, due for their next try, or asked for last before a moment.
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
  order by n.address limit :most
)
select (select max(sku) from page) as upto, (select count(*) from page where images <> '[]') as products,
  coalesce((select jsonb_agg(jsonb_build_object('address', address, 'etag', etag) order by address) from due), '[]') as due;

-- name: record_image!
-- What asking for an address came to. What was there before stays, when this time there is nothing new.
insert into images (catalog_id, origin, source, status, sha256, type, width, height, bytes, renditions, etag, attempts,
  error_code, error, next_try_at, fetched_at)
values (:catalog_id, 'fetched', :source, case when :sha256::text is null then 'failed' else 'ready' end, :sha256, :type,
  :width, :height, :bytes, coalesce(:renditions::jsonb, '{}'), :etag, case when :error_code::text is null then 0 else 1 end,
  :error_code, :error, app.next_image_try(:error_code, 1, :wait), now())
on conflict (catalog_id, source) where origin = 'fetched' do update
set status = case when excluded.sha256 is null then images.status else 'ready' end,
  sha256 = coalesce(excluded.sha256, images.sha256), type = coalesce(excluded.type, images.type),
  width = coalesce(excluded.width, images.width), height = coalesce(excluded.height, images.height),
  bytes = coalesce(excluded.bytes, images.bytes),
  renditions = case when excluded.sha256 is null then images.renditions else excluded.renditions end,
  etag = case when excluded.sha256 is null then images.etag else excluded.etag end,
  attempts = case when excluded.error_code is null then 0 else images.attempts + 1 end,
  error_code = excluded.error_code, error = excluded.error,
  next_try_at = app.next_image_try(excluded.error_code, images.attempts + 1, :wait), fetched_at = now();

-- name: show_media!
-- Has products of a catalog, after a SKU and up to another, show what is known of their images.
update products p set media = fresh.media
from (
  select id, app.media_of(:catalog_id, images) as media
  from products
  where catalog_id = :catalog_id and sku > :after and sku <= :upto and (images <> '[]' or media <> '[]')
  order by id
) fresh
where p.id = fresh.id and p.media is distinct from fresh.media;

-- name: get_upload^
-- An upload that is said to be there.
select type, bytes from images where id = :image_id and origin = 'uploaded' and status = 'pending';

-- name: finish_upload!
-- What an upload turned out to be, and the address that it now has.
update images
set status = 'ready', source = :source, sha256 = :sha256, type = :type, width = :width, height = :height, bytes = :bytes,
  renditions = :renditions, attempts = 0, fetched_at = now()
where id = :image_id;

-- name: refuse_upload!
-- Why an upload is none.
update images set status = 'failed', error_code = :code, error = :reason, attempts = attempts + 1, fetched_at = now()
where id = :image_id;
