-- name: find_catalog^
-- The catalog that a key names, and whose it is.
select id, owner_client_id from catalogs where id = :catalog_id;

-- name: find_drop^
-- A file version that was recorded before, and its job.
select d.job_id, j.status, j.client_id
from drops d join jobs j on j.id = d.job_id
where d.key = :key and d.version_id = :version_id;

-- name: record_drop!
-- Records a file version; 0 rows when it was recorded meanwhile.
insert into drops (client_id, catalog_id, key, version_id, sequencer, size, etag, dropped_at, job_id)
values (:client_id, :catalog_id, :key, :version_id, :sequencer, :size, :etag, :dropped_at, :job_id)
on conflict (key, version_id) do nothing;

-- name: oldest_open_job^
-- The sync that is next in the catalog of this job: files go in as they came in.
select o.id, o.client_id, o.catalog_id, o.status, o.payload, o.attempts, o.max_attempts,
  o.status = 'processing' and o.leased_until >= now() as held
from jobs asked join jobs o on o.catalog_id = asked.catalog_id and o.type = 'catalog_sync'
where asked.id = :job_id and o.status in ('pending', 'processing')
order by o.id
limit 1;

-- name: resume^
-- Where the worker before stopped.
select checkpoint, counts, first_errors, done, total from jobs where id = :job_id;

-- name: get_sync_settings$
select sync_settings from catalogs where id = :catalog_id;

-- name: checkpoint!
-- Progress, and where to go on from; 0 rows when a later worker holds the job or it was cancelled.
update jobs
set done = :done, total = :total, counts = :counts, checkpoint = :checkpoint,
  leased_until = now() + make_interval(secs => :seconds)
where id = :job_id and fence = :fence and status = 'processing';

-- name: unstage_products!
delete from app.staged_products where job_id = :job_id;

-- name: unstage_rejections!
delete from app.staged_rejections where job_id = :job_id;

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
-- rows of a SKU that is new but has no name or price. Answers the counts of source rows by what became of them;
-- `raced` are rows whose SKU somebody else added meanwhile: the same chunk again finds them.
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
  select s.*, p.id
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
  where p.id = c.id
    and (p.name, p.description, p.category, p.brand, p.price, p.currency, p.images, p.attributes, p.inventory_count,
         p.is_active, p.source_data)
      is distinct from (coalesce(c.name, p.name),
        case when c.description is null then p.description else nullif(c.description, '') end,
        case when c.category is null then p.category else nullif(c.category, '') end,
        case when c.brand is null then p.brand else nullif(c.brand, '') end,
        coalesce(c.price, p.price), coalesce(c.currency, p.currency), coalesce(c.images, p.images),
        coalesce(c.attributes, p.attributes), coalesce(c.inventory_count, p.inventory_count),
        coalesce(c.is_active, p.is_active), c.source_data)
  returning c.rows
), added as (
  insert into products (catalog_id, sku, name, description, category, brand, price, currency, images, attributes,
    inventory_count, is_active, source_data)
  select :catalog_id, sku, name, nullif(description, ''), nullif(category, ''), nullif(brand, ''), price,
    coalesce(currency, :currency), coalesce(images, '[]'), coalesce(attributes, '{}'), coalesce(inventory_count, 0),
    coalesce(is_active, true), source_data
  from chunk
  where id is null and name is not null and price is not null
  on conflict (catalog_id, sku) do nothing
  returning 1
), refused as (
  insert into app.staged_rejections (job_id, fence, line, n, sku, code, reason, raw)
  select :job_id, :fence, line, row_number() over (partition by line order by sku) + 1000000, sku, code, reason, source_data
  from (
    select line, sku, 'superseded' as code,
      'line ' || by_line || ' says the same SKU again; the last one counts' as reason, source_data
    from superseded
    union all
    select line, sku, 'incomplete', 'there is no such product yet, and the row gives no '
      || case when name is null and price is null then 'name and no price' when name is null then 'name'
         else 'price' end, source_data
    from chunk where id is null and (name is null or price is null)
  ) rejected
)
select max(sku) as upto, coalesce(sum(rows), 0) as rows,
  (select coalesce(sum(rows), 0) from changed) as updated,
  (select coalesce(sum(rows), 0) from chunk where id is null and name is not null and price is not null) as created,
  (select coalesce(sum(rows), 0) from superseded)
    + (select coalesce(sum(rows), 0) from chunk where id is null and (name is null or price is null)) as rejected,
  (select count(*) from chunk where id is null and name is not null and price is not null)
    - (select count(*) from added) as raced
from staged;

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
