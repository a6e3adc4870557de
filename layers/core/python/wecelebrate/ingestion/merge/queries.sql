-- name: unstage_products!
delete from app.staged_products where job_id = any (:job_ids);

-- name: unstage_rejections!
delete from app.staged_rejections where job_id = any (:job_ids);

-- name: staged_jobs
-- Every job that rows are staged for, found by stepping through the index.
with recursive found (job_id) as (
  select least((select job_id from app.staged_products order by job_id limit 1),
    (select job_id from app.staged_rejections order by job_id limit 1))
  union all
  select (select next from (
      (select job_id as next from app.staged_products where job_id > f.job_id order by job_id limit 1)
      union all
      (select job_id from app.staged_rejections where job_id > f.job_id order by job_id limit 1)) following
    order by next limit 1)
  from found f where f.job_id is not null
)
select job_id from found where job_id is not null;

-- name: stage_products*!
-- What COPY does for a worker, for who enters as no worker.
insert into app.staged_products (job_id, fence, line, rows, sku, name, description, category, brand, price, currency,
  images, attributes, inventory_count, is_active, source_data)
values (:job_id, :fence, :line, :rows, :sku, :name, :description, :category, :brand, :price, :currency, :images,
  :attributes, :inventory_count, :is_active, :source_data);

-- name: stage_rejections*!
insert into app.staged_rejections (job_id, fence, line, n, sku, code, reason, raw)
values (:job_id, :fence, :line, :n, :sku, :code, :reason, :raw);

-- name: save_staging$
-- Progress of the job, with what was staged; false when a later worker holds it, or it was cancelled.
select app.save_staging(:job_id, :fence, :done, :counts, :checkpoint, :seconds);

-- name: count_staged$
-- Rows of the file that are staged.
select coalesce(sum(rows), 0) from app.staged_products where job_id = :job_id and fence = :fence;

-- name: analyze_staged!
-- Tells the planner what was staged. Without it a chunk looks like one row, and for every one of its 5,000 the whole
-- catalog is read (3 s a chunk, at 15,000 products, instead of 0.2).
analyze app.staged_products (job_id, fence, sku);

-- name: analyze_products$
-- Tells the planner what a large sync has changed.
select app.analyze_products();

-- name: merge_chunk^
-- Merges the next `chunk` SKUs after `after` into the catalog as the caller: what differs is updated, what is new is
-- added, the rest is left alone. Of rows with the same SKU the last one counts, and the others are refused, as are
-- rows of a SKU that is new but has no name or price, and those that the mode is not for. Answers the counts of source
-- rows by what became of them, and the first products, `told` of them, whose inventory fell low; `raced` are rows whose SKU somebody else added meanwhile: the same chunk again finds
-- them; `rejections` are those of a dry run, which is taken back.
with next_skus as (
  select sku from app.staged_products
  where job_id = :job_id and fence = :fence and sku > :after
  group by sku order by sku limit :chunk
), upto as materialized (
  select max(sku) as sku from next_skus
), staged as materialized (
  select *
  from app.staged_products
  where job_id = :job_id and fence = :fence and sku > :after and sku <= (select sku from upto)
), last as materialized (
  select distinct on (sku) * from staged order by sku, line desc
), chunk as materialized (
  select s.*, p.id, p.inventory_count as stock
  -- The range is that of the chunk: whatever the join, no more of the catalog is read for it.
  from last s left join products p
    on p.catalog_id = :catalog_id and p.sku = s.sku and p.sku > :after and p.sku <= (select sku from upto)
), superseded as materialized (
  select s.line, s.sku, s.rows, s.source_data, l.line as by_line
  from staged s join last l on l.sku = s.sku and l.line > s.line
), changed as (
  update products p
  set (name, description, category, brand, price, currency, images, attributes, inventory_count, is_active,
    source_data) = (coalesce(c.name, p.name),
      case when c.description is null then p.description else nullif(c.description, '') end,
      case when c.category is null then p.category else nullif(c.category, '') end,
      case when c.brand is null then p.brand else nullif(c.brand, '') end,
      coalesce(c.price, p.price), coalesce(c.currency, p.currency), coalesce(c.images, p.images),
      coalesce(c.attributes, p.attributes), coalesce(c.inventory_count, p.inventory_count),
      coalesce(c.is_active, p.is_active), c.source_data)
  from chunk c
  where p.id = c.id and :mode <> 'create'
    and (p.name, p.description, p.category, p.brand, p.price, p.currency, p.images, p.attributes, p.inventory_count,
         p.is_active, p.source_data)
      is distinct from (coalesce(c.name, p.name),
        case when c.description is null then p.description else nullif(c.description, '') end,
        case when c.category is null then p.category else nullif(c.category, '') end,
        case when c.brand is null then p.brand else nullif(c.brand, '') end,
        coalesce(c.price, p.price), coalesce(c.currency, p.currency), coalesce(c.images, p.images),
        coalesce(c.attributes, p.attributes), coalesce(c.inventory_count, p.inventory_count),
        coalesce(c.is_active, p.is_active), c.source_data)
  returning c.rows, c.stock, p.id, p.sku, p.name, p.inventory_count
), low as (
  select id, sku, name, inventory_count
  from changed
  where inventory_count < stock
    and (select low_inventory from catalogs where id = :catalog_id) between inventory_count and stock - 1
), added as (
  insert into products (catalog_id, sku, name, description, category, brand, price, currency, images, attributes,
    inventory_count, is_active, source_data)
  select :catalog_id, sku, name, nullif(description, ''), nullif(category, ''), nullif(brand, ''), price,
    coalesce(currency, :currency), coalesce(images, '[]'), coalesce(attributes, '{}'), coalesce(inventory_count, 0),
    coalesce(is_active, true), source_data
  from chunk
  where id is null and name is not null and price is not null and :mode <> 'update'
  on conflict (catalog_id, sku) do nothing
  returning 1
), rejected as materialized (
  select line, sku, code, reason, source_data, rows, row_number() over (partition by line order by sku) + 1000000 as n
  from (
    select line, sku, 'superseded' as code,
      'line ' || by_line || ' says the same SKU again; the last one counts' as reason, source_data, rows
    from superseded
    union all
    select line, sku, 'unknown_sku', 'there is no such product, and this only updates', source_data, rows
    from chunk where id is null and :mode = 'update'
    union all
    select line, sku, 'incomplete', 'there is no such product yet, and the row gives no '
      || case when name is null and price is null then 'name and no price' when name is null then 'name'
         else 'price' end, source_data, rows
    from chunk where id is null and (name is null or price is null) and :mode <> 'update'
    union all
    select line, sku, 'sku_exists', 'there is such a product already, and this only creates', source_data, rows
    from chunk where id is not null and :mode = 'create'
  ) r
), refused as (
  insert into app.staged_rejections (job_id, fence, line, n, sku, code, reason, raw)
  select :job_id, :fence, line, n, sku, code, reason, source_data from rejected
), created as materialized (
  select count(*) as n, coalesce(sum(rows), 0) as rows
  from chunk where id is null and name is not null and price is not null and :mode <> 'update'
)
select max(sku) as upto, coalesce(sum(rows), 0) as rows,
  (select coalesce(sum(rows), 0) from changed) as updated,
  (select rows from created) as created,
  (select coalesce(sum(rows), 0) from rejected) as rejected,
  (select n from created) - (select count(*) from added) as raced,
  case when :dry_run::boolean then
    (select json_agg(json_build_object('line', line, 'n', n, 'sku', sku, 'code', code, 'reason', reason,
       'raw', source_data)) from rejected) end as rejections,
  (select count(*) from low) as fell_low,
  (select json_agg(json_build_object('product_id', id, 'sku', sku, 'name', name, 'inventory_count', inventory_count)
     order by sku) from (select * from low order by sku limit :told) first) as low
from staged;

-- name: reject!
-- Notes rows as refused.
insert into app.staged_rejections (job_id, fence, line, n, sku, code, reason, raw)
select :job_id, :fence, line, n, sku, code, reason, raw
from jsonb_to_recordset(:rejections::jsonb) as r (line integer, n integer, sku text, code text, reason text, raw jsonb);

-- name: staged_beside_stored
-- What the next rows tell of products, beside what is stored of them: of rows with the same SKU the last.
select s.sku, s.line,
  jsonb_build_object('name', s.name, 'description', s.description, 'category', s.category, 'brand', s.brand,
    'price', s.price::text, 'currency', s.currency, 'images', s.images, 'attributes', s.attributes,
    'inventory_count', s.inventory_count, 'is_active', s.is_active) as told,
  case when p.id is not null then
    jsonb_build_object('name', p.name, 'description', p.description, 'category', p.category, 'brand', p.brand,
      'price', p.price::text, 'currency', p.currency, 'images', p.images, 'attributes', p.attributes,
      'inventory_count', p.inventory_count, 'is_active', p.is_active) end as stored
from (
  select distinct on (sku) * from app.staged_products
  where job_id = :job_id and fence = :fence and sku > :after
  order by sku, line desc
  limit :most
) s left join products p on p.catalog_id = :catalog_id and p.sku = s.sku
order by s.sku;

-- name: count_missing^
-- Active products of the catalog, and those of them that no row names.
select count(*) as active,
  count(*) filter (where not exists (
      select from app.staged_products s where s.job_id = :job_id and s.fence = :fence and s.sku = p.sku)
    and not exists (
      select from app.staged_rejections r where r.job_id = :job_id and r.fence = :fence and r.sku = p.sku)) as missing
from products p
where p.catalog_id = :catalog_id and p.is_active;

-- name: sample_missing
-- The first active products that no row names.
select p.sku, p.name, 'deactivate' as does
from products p
where p.catalog_id = :catalog_id and p.is_active
  and not exists (select from app.staged_products s where s.job_id = :job_id and s.fence = :fence and s.sku = p.sku)
  and not exists (select from app.staged_rejections r where r.job_id = :job_id and r.fence = :fence and r.sku = p.sku)
order by p.sku
limit :most;

-- name: deactivate_chunk^
-- Deactivates what no row names of the next `chunk` products after `after`, in SKU order; a dry run tells only which.
with next as materialized (
  select id, sku, is_active from products
  where catalog_id = :catalog_id and sku > :after
  order by sku limit :chunk
), gone as materialized (
  select n.id, n.sku from next n
  where n.is_active
    and not exists (select from app.staged_products s where s.job_id = :job_id and s.fence = :fence and s.sku = n.sku)
    and not exists (
      select from app.staged_rejections r where r.job_id = :job_id and r.fence = :fence and r.sku = n.sku)
), deactivated as (
  update products p set is_active = false from gone g where p.id = g.id and p.is_active and not :dry_run::boolean
)
select (select max(sku) from next) as upto, (select count(*) from gone)::integer as deactivated,
  case when :dry_run::boolean then array(select sku from gone order by sku limit 20) end as skus;

-- name: first_rejections
-- The first rejected rows, for the job itself.
select line, sku, code, reason
from app.staged_rejections
where job_id = :job_id and fence = :fence
order by line, n
limit :most;

-- name: next_rejections
-- Rejected rows after one of them, in order, for the error file.
select line, n, code, reason, raw
from app.staged_rejections
where job_id = :job_id and fence = :fence and (line, n) > (:after_line, :after_n)
order by line, n
limit :most;

-- name: touch_catalog!
-- When the catalog was last equal to a file.
update catalogs set last_sync_at = now() where id = :catalog_id;
