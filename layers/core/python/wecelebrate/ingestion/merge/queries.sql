-- name: delete_staged_products!
-- Delete the staged products of the caller's job.
delete from app.staged_products where job_id = (select app.job_id());

-- name: delete_staged_rejections!
-- Delete the staged rejections of the caller's job.
delete from app.staged_rejections where job_id = (select app.job_id());

-- name: list_staged_jobs
-- List every job that has staged rows.
select app.staged_job_ids() as job_id;

-- name: stage_products*!
-- Stage products in the transaction of a request. Workers use COPY instead.
insert into app.staged_products (job_id, fence, line, rows, sku, name, description, category, brand, price, currency,
  images, attributes, inventory_count, inventory_policy, is_active, source_data, ordinal, blank_attributes,
  new_is_active, stock_by_place, stock_as_of, offers)
values (:job_id, :fence, :line, :rows, :sku, :name, :description, :category, :brand, :price, :currency, :images,
  :attributes, :inventory_count, :inventory_policy, :is_active, :source_data, :ordinal, :blank_attributes,
  :new_is_active, :stock_by_place, :stock_as_of, :offers);

-- name: stage_rejections*!
-- Stage rejected rows in the transaction of a request. Workers use COPY instead.
insert into app.staged_rejections (job_id, fence, line, n, sku, code, reason, raw)
values (:job_id, :fence, :line, :n, :sku, :code, :reason, :raw);

-- name: find_skus_by_source
-- Return the products of the catalog whose source data has one of `values` under `key`. The query reads the source data
-- of the whole catalog, because no index contains it.
select o.data ->> :key as value, p.sku
from product_sources o join products p on p.id = o.product_id
where o.catalog_id = :catalog_id and p.catalog_id = :catalog_id and o.data ->> :key = any(:values)
  and not exists (select from products q where q.catalog_id = :catalog_id and q.sku = o.data ->> :key);

-- name: save_staging$
-- Save the progress of staging. The result is false if a later worker has claimed the job, or if the job was cancelled.
select app.save_staging_progress(:job_id, :fence, :done, :counts, :checkpoint, :seconds);

-- name: combine_places^
-- Combine the staged rows of the next `chunk` SKUs after `after`. Rows of a SKU are combined if they differ only in the
-- stock and in the place. The last of these rows gets the sum of the stocks, and the other combined rows are deleted.
-- If several rows name the same place, only the last of them is combined. All other rows of the SKU stay unchanged.
--
-- The combined row gets the source data of the place with the first name in alphabetical order. Therefore the source
-- data does not depend on the order of the rows. A combined row is not combined again.
--
-- The query returns the last SKU of this call, and whether any SKU has several places. After the last SKU of the file,
-- it returns null instead of a SKU.
with next_skus as materialized (
  select sku from app.staged_products
  where job_id = :job_id and fence = :fence and sku > :after
  group by sku order by sku limit :chunk
), several as materialized (
  -- The query uses windows instead of joins. Without statistics, the planner would compare each row with each other
  -- row.
  select s.*, count(*) over skus as n, first_value(s.stock_by_place) over latest as last_places,
    row(name, description, category, brand, price, currency, images, attributes, blank_attributes, is_active,
      new_is_active, offers) as fields,
    first_value(row(name, description, category, brand, price, currency, images, attributes, blank_attributes,
      is_active, new_is_active, offers)) over latest as last_fields
  from app.staged_products s
  where s.job_id = :job_id and s.fence = :fence and s.sku > :after and s.sku <= (select max(sku) from next_skus)
  window skus as (partition by sku), latest as (partition by sku order by ordinal desc, line desc)
), places as materialized (
  select s.sku, s.ordinal, e.key as place, e.value as stock,
    row_number() over (partition by s.sku, e.key order by s.ordinal desc) as recency
  from several s cross join jsonb_each(s.stock_by_place) e
  where s.n > 1 and s.last_places is not null and s.fields is not distinct from s.last_fields
), sums as materialized (
  select sku, jsonb_object_agg(place, stock) as all_places, array_agg(distinct ordinal) as ordinals,
    max(ordinal) as last_ordinal, (array_agg(ordinal order by place collate "C"))[1] as first_ordinal,
    bool_or(stock = 'null') as is_untracked, least(sum((stock #>> '{}')::bigint), 2147483647) as total
  from places
  where recency = 1
  group by sku
  having count(distinct ordinal) > 1
), removed as (
  delete from app.staged_products s using (select *, unnest(ordinals) as ordinal from sums) u
  where s.job_id = :job_id and s.fence = :fence and s.sku > :after and s.sku <= (select max(sku) from next_skus)
    and s.sku = u.sku and s.ordinal = u.ordinal
  returning s.*, u.all_places, u.last_ordinal, u.first_ordinal, u.is_untracked, u.total
), combined as (
  insert into app.staged_products_intake (job_id, fence, line, rows, sku, name, description, category, brand, price,
    currency, images, attributes, inventory_count, inventory_policy, is_active, source_data, ordinal, blank_attributes,
    new_is_active, stock_by_place, stock_as_of, offers)
  select job_id, fence, line, all_rows, sku, name, description, category, brand, price, currency, images, attributes,
    case when is_untracked then 0 else total end, case when is_untracked then 'untracked' else 'tracked' end, is_active,
    first_source, ordinal, blank_attributes, new_is_active, all_places, oldest_stock, offers
  from (
    select removed.*, sum(rows) over (partition by sku) as all_rows, min(stock_as_of) over (partition by sku)
        as oldest_stock,
      first_value(source_data) over (partition by sku order by ordinal <> first_ordinal) as first_source
    from removed
  ) r
  where ordinal = last_ordinal
)
select (select max(sku) from next_skus) as last_sku,
  exists (select from sums) or exists (
    select from several where (select count(*) from jsonb_object_keys(stock_by_place)) > 1) as has_several_places;

-- name: count_staged$
-- Count the rows of the file that are staged as products, not as rejections.
select coalesce(sum(rows), 0) from app.staged_products where job_id = :job_id and fence = :fence;

-- name: analyze_staged$
-- Update the planner's statistics of the staged products.
select app.analyze_staged_products();

-- name: analyze_products$
-- Update the planner's statistics of products after a large sync.
select app.analyze_products();

-- name: merge_chunk^
-- Merge the next `chunk` rows after the SKU `after` into the catalog, with the permissions of the caller. The last SKU
-- is merged with all of its rows. Products that differ from their row are updated, new products are created, and other
-- products stay unchanged.
--
-- If several rows have the same SKU, only the last row is merged, and the other rows are rejected. Rows with a
-- `refusal` are rejected too. Rows that the previous release has staged have the ordinal 0.
--
-- All prices of a catalog have the same currency. If the catalog has no currency yet, it is the currency of the first
-- product.
--
-- If `replaces` is true, the attributes and the source data of a row replace the attributes and the source data of the
-- product. Otherwise they are merged key by key, and `blank_attributes` are removed.
--
-- If `keeps_places` is true, the stock of each place is stored, and the stock of the product is the sum of these
-- stocks. A delta changes only the places that it names. There is one exception: if `sums_places` is false and a SKU
-- never had several places, the place in the delta replaces the stored place.
--
-- A new product without a stock gets `default_inventory_policy`. If its row does not say whether the product is active,
-- the product gets `new_is_active`. If `accepts_unpriced` is true, the prices come in other files. A new product
-- without a price is then added as inactive, with the price 0. `unpriced` is the number of these products.
--
-- The price of a row is the regular price. The offers of a row replace the offers of its product. An empty list removes
-- the offers of the product. `running_offers` is the number of offers in the merged rows that are valid now, and
-- `waiting_offers` is the number of offers that begin later.
--
-- The stock of a row is the count of the ERP system at the time that the row states. If the row states no time, the
-- time is `as_of`. The stock that is free to sell is this count minus the pieces of orders that the ERP system did not
-- know at that time. If `as_of` is also null, the count is the stock that is free now.
--
-- If `stores_source` is false, the source data of the products stays unchanged.
--
-- The query returns the number of source rows for each outcome. It also returns the first `max_low_stock` products
-- whose stock fell to the `low_inventory` of the catalog or below it. `conflicts` is the number of SKUs that another
-- transaction has created during the merge. If the same chunk is merged again, these products exist and are updated.
-- `rejections` lists the rejected rows of a dry run. They are not stored, because a dry run is rolled back.
with last_sku as materialized (
  -- The inner query has no aggregate, so that the planner reads only the first `chunk` rows in the order of the primary
  -- key.
  select max(sku) as sku from (
    select sku from app.staged_products where job_id = :job_id and fence = :fence and sku > :after
    order by sku limit :chunk) next
), staged as materialized (
  select *
  from app.staged_products
  where job_id = :job_id and fence = :fence and sku > :after and sku <= (select sku from last_sku)
), last_rows as materialized (
  select distinct on (sku) * from staged order by sku, ordinal desc, line desc
), catalog as materialized (
  select coalesce(c.currency, case when not exists (select from products where catalog_id = c.id) then (
      select coalesce(currency, :currency) from last_rows where name is not null and price is not null
      order by ordinal, line limit 1) end) as currency
  from catalogs c where c.id = :catalog_id
), chunk as materialized (
  select s.*, p.id, n.places, n.places is distinct from o.stock_by_place as has_new_places,
    case when n.is_sum then coalesce(app.total_stock(n.places), 0) else s.inventory_count end as new_count,
    coalesce(p.id, app.uuid7()) as product_id, p.inventory_count as old_count, p.inventory_policy as old_policy,
    p.name as old_name,
    -- A product with a count is tracked. The previous release stages no policy.
    case when n.is_sum then case when app.total_stock(n.places) is null then 'untracked' else 'tracked' end
      else coalesce(s.inventory_policy, case when s.inventory_count is not null then 'tracked' end) end as policy,
    -- The new source data, or null if the source data does not change. The comparison comes first, because it is faster
    -- than merging.
    case when o.data = s.source_data or not :stores_source::boolean then null
      when :replaces::boolean or o.data is null then s.source_data
      when pg_column_size(o.data) + pg_column_size(s.source_data) > 2000
        and not app.json_fits(o.data || s.source_data, 2097152) then s.source_data
      else nullif(o.data || s.source_data, o.data) end as new_source,
    o.data as stored_source, v.exact_price, f.new_offers,
    (p.name, p.description, p.category, p.brand, v.old_price, p.currency, p.images, p.attributes, p.is_active,
        p.offers)
      is distinct from (coalesce(s.name, p.name),
        case when s.description is null then p.description else nullif(s.description, '') end,
        case when s.category is null then p.category else nullif(s.category, '') end,
        case when s.brand is null then p.brand else nullif(s.brand, '') end,
        v.exact_price, coalesce(s.currency, p.currency), coalesce(s.images, p.images),
        case when s.attributes is null or s.attributes = p.attributes then p.attributes
          when :replaces::boolean then s.attributes
          else (p.attributes || s.attributes) - coalesce(s.blank_attributes, '{}') end,
        coalesce(s.is_active, p.is_active), coalesce(f.new_offers, p.offers)) as differs,
    case
      when p.id is null and :mode = 'update' then 'unknown_sku'
      when p.id is null and (s.name is null or s.price is null and not :accepts_unpriced::boolean) then 'incomplete'
      when p.id is not null and :mode = 'create' then 'sku_exists'
      when coalesce(s.currency, p.currency, :currency) <> (select currency from catalog) then 'other_currency'
      when s.price is null and s.currency <> p.currency
        and v.old_price <> round(v.old_price, app.minor_units(s.currency)) then 'too_precise'
      when not :replaces::boolean and pg_column_size(p.attributes) + pg_column_size(s.attributes) > 2000
        and not app.json_fits(p.attributes || s.attributes, 524288) then 'too_long'
    end as refusal
  -- The two conditions on p.sku do not change the result. They limit how much of the catalog the query reads, whichever
  -- join method the planner chooses.
  from last_rows s left join products p
    on p.catalog_id = :catalog_id and p.sku = s.sku and p.sku > :after and p.sku <= (select sku from last_sku)
    -- Because of the limit, the planner must look up each product. A join could read the source data of all products.
    left join lateral (
      select data, stock_by_place from product_sources where catalog_id = :catalog_id and product_id = p.id limit 1
    ) o on true
    -- The stock of each place after the merge. A stock without a place replaces all places. So does a delta of a
    -- product with one place.
    cross join lateral (
      select case when not :keeps_places::boolean or s.stock_by_place is null
          then case when s.inventory_count is null and s.inventory_policy is null then o.stock_by_place end
        when pg_column_size(o.stock_by_place) + pg_column_size(s.stock_by_place) > 60000 then null
        when :replaces::boolean or o.stock_by_place is null
          or not (:sums_places::boolean or app.has_several_places(o.stock_by_place, s.stock_by_place))
          then s.stock_by_place
        else o.stock_by_place || s.stock_by_place end as places,
        :keeps_places::boolean and not :replaces::boolean and s.stock_by_place is not null
          and o.stock_by_place is not null as is_delta
    ) d
    cross join lateral (select d.places, d.is_delta and d.places <> s.stock_by_place as is_sum) n
    -- A row can change the currency without a new price. The price is then rounded to the decimals of the new currency.
    cross join lateral (
      select case when s.price is null and s.currency <> p.currency
          then round(coalesce(p.regular_price, p.price), app.minor_units(s.currency))
        else coalesce(s.price, p.regular_price, p.price) end as exact_price,
        coalesce(p.regular_price, p.price) as old_price
    ) v
    cross join lateral (
      select case when s.offers is not null
        then app.open_offers(app.stored_offers(s.offers, coalesce(s.currency, p.currency, :currency)), now()) end
        as new_offers
    ) f
), changing as materialized (
  select c.id from chunk c
  where c.refusal is null and c.id is not null and (c.differs
    or coalesce(c.new_count, c.old_count) <> c.old_count or coalesce(c.policy, c.old_policy) <> c.old_policy
    or c.new_count is not null and c.id in (
      select app.held_products(:catalog_id, (select array_agg(id) from chunk where new_count is not null))))
), locked as materialized (
  -- Orders lock their products in the same sequence, so that a merge and an order cannot deadlock. Products that do not
  -- change are not locked. If an order takes pieces of such a product at the same time, the result is the same as if
  -- the order came after the merge. The query is a join, because the planner then estimates the right number of rows.
  select p.id from changing c join products p on p.id = c.id order by p.id for no key update of p
), reported as materialized (
  -- The function runs after the products are locked. Therefore it sees the holds of all earlier orders.
  select r.*
  from (
    select array_agg(c.id) as ids, array_agg(case when c.policy = 'tracked' then c.new_count end) as counts,
      array_agg(coalesce(c.stock_as_of, :as_of::timestamptz)) as times
    from locked l join chunk c on c.id = l.id and c.new_count is not null
  ) stated cross join lateral app.report_stock(:catalog_id, stated.ids, stated.counts, stated.times) r
), superseded as materialized (
  select s.line, s.ordinal, s.sku, s.rows, s.source_data, l.line as by_line, l.ordinal as by_ordinal
  from staged s join last_rows l on l.sku = s.sku and (l.ordinal, l.line) > (s.ordinal, s.line)
), changed as (
  update products p
  set (name, description, category, brand, price, regular_price, offers, currency, images, attributes, inventory_count,
    inventory_policy, is_active) = (coalesce(c.name, p.name),
      case when c.description is null then p.description else nullif(c.description, '') end,
      case when c.category is null then p.category else nullif(c.category, '') end,
      case when c.brand is null then p.brand else nullif(c.brand, '') end,
      case when p.regular_price is null then c.exact_price else p.price end,
      case when p.regular_price is not null then c.exact_price end, coalesce(c.new_offers, p.offers),
      coalesce(c.currency, p.currency), coalesce(c.images, p.images),
      case when c.attributes is null or c.attributes = p.attributes then p.attributes
        when :replaces::boolean then c.attributes
        else (p.attributes || c.attributes) - coalesce(c.blank_attributes, '{}') end,
      coalesce(c.free_count, p.inventory_count), coalesce(c.policy, p.inventory_policy),
      coalesce(c.is_active, p.is_active))
  from (
    -- `stock` is null if the stock was not tracked, because then it is not known whether the stock has fallen.
    select c.*, coalesce(r.free_count, c.new_count) as free_count, case c.old_policy when 'tracked' then c.old_count end
        as stock
    from locked l join chunk c on c.id = l.id left join reported r on r.product_id = l.id
  ) c
  where p.id = c.id
    and (c.differs or (p.inventory_count, p.inventory_policy)
      is distinct from (coalesce(c.free_count, p.inventory_count), coalesce(c.policy, p.inventory_policy)))
  returning c.rows, c.stock, c.new_source is not null as has_new_source, p.id, p.sku, p.name, p.inventory_count,
    p.inventory_policy
), low_stock as (
  select id, sku, name, inventory_count
  from changed
  where inventory_policy = 'tracked' and inventory_count < stock
    and (select low_inventory from catalogs where id = :catalog_id) between inventory_count and stock - 1
), added as (
  insert into products (id, catalog_id, sku, name, description, category, brand, price, currency, images, attributes,
    inventory_count, inventory_policy, is_active, offers)
  select product_id, :catalog_id, sku, name, nullif(description, ''), nullif(category, ''), nullif(brand, ''),
    coalesce(price, 0), coalesce(currency, :currency), coalesce(images, '[]'), coalesce(attributes, '{}'),
    coalesce(new_count, 0), coalesce(policy, :default_inventory_policy),
    price is not null and coalesce(is_active, new_is_active, true), coalesce(new_offers, '[]')
  from chunk
  where id is null and refusal is null
  on conflict (catalog_id, sku) do nothing
  returning 1
), changed_sources as (
  insert into product_sources (catalog_id, product_id, data, stock_by_place)
  select :catalog_id, product_id, coalesce(new_source, stored_source), places
  from chunk
  where refusal is null and (new_source is not null or (has_new_places and stored_source is not null))
  on conflict (catalog_id, product_id) do update
  set data = excluded.data, stock_by_place = excluded.stock_by_place
), rejected as materialized (
  select line, sku, code, reason, source_data, rows,
    coalesce(nullif(ordinal, 0), 2000000000 + row_number() over (partition by line order by sku)) as n
  from (
    select line, ordinal, sku, 'superseded' as code, case
      when line = by_line
        then 'record ' || by_ordinal || ' on the same line has the same SKU, and its values are used instead'
      else 'line ' || by_line || ' has the same SKU, and its values are used instead' end as reason, source_data, rows
    from superseded
    union all
    select line, ordinal, sku, refusal, case refusal
      when 'unknown_sku' then 'no product has this SKU, and this import only updates products'
      when 'incomplete' then 'no product has this SKU, and a new product needs a name and a price: the row has no '
        || case when name is null and price is null then 'name and no price' when name is null then 'name'
           else 'price' end
      when 'sku_exists' then 'a product has this SKU already, and this import only creates products'
      when 'other_currency' then 'the price is in ' || coalesce(currency, :currency)
        || ', and the catalog has prices in ' || (select currency from catalog)
      when 'too_precise' then 'the row changes the currency to ' || currency
        || ', but the stored price has more decimals than this currency: the row needs a price, too'
      when 'too_long'
        then 'attributes: with the attributes of the product, they have more than 524,288 bytes as JSON'
      end, source_data, rows
    from chunk where refusal is not null
  ) r
), refused as (
  insert into app.staged_rejections (job_id, fence, line, n, sku, code, reason, raw)
  select :job_id, :fence, line, n, sku, code, reason, source_data from rejected
), short as materialized (
  select c.id, c.sku, coalesce(c.name, c.old_name) as name, c.new_count, r.held
  from reported r join chunk c on c.id = r.product_id where r.held > c.new_count
), offered as materialized (
  select count(*) filter (where (o ->> 'starts_at')::timestamptz > now()) as waiting,
    count(*) filter (where ((o ->> 'starts_at')::timestamptz > now()) is not true) as running
  from chunk c cross join lateral jsonb_array_elements(c.new_offers) o where c.refusal is null
), created as materialized (
  select count(*) as n, coalesce(sum(rows), 0) as rows
  from chunk where id is null and refusal is null
)
select max(sku) as last_sku, coalesce(sum(rows), 0) as rows,
  (select coalesce(sum(rows) filter (where not has_new_source), 0) from changed)
    + (select coalesce(sum(rows), 0) from chunk where id is not null and refusal is null and new_source is not null)
    as updated,
  (select rows from created) as created,
  (select coalesce(sum(rows), 0) from rejected) as rejected,
  (select n from created) - (select count(*) from added) as conflicts,
  (select count(*) from chunk where id is null and refusal is null and price is null) as unpriced,
  (select running from offered) as running_offers, (select waiting from offered) as waiting_offers,
  case when :dry_run::boolean then
    (select json_agg(json_build_object('line', line, 'n', n, 'sku', sku, 'code', code, 'reason', reason,
       'raw', source_data)) from rejected) end as rejections,
  (select count(*) from low_stock) as low_stock_count,
  (select json_agg(json_build_object('product_id', id, 'sku', sku, 'name', name, 'inventory_count', inventory_count)
     order by sku) from (select * from low_stock order by sku limit :max_low_stock) first) as low_stock,
  (select count(*) from short) as short_count,
  (select json_agg(json_build_object('product_id', id, 'sku', sku, 'name', name, 'reported_count', new_count,
     'held_count', held) order by sku) from (select * from short order by sku limit :max_low_stock) first) as short
from staged;

-- name: record_rejections!
-- Record rejected rows.
insert into app.staged_rejections (job_id, fence, line, n, sku, code, reason, raw)
select :job_id, :fence, line, n, sku, code, reason, raw
from jsonb_to_recordset(:rejections::jsonb) as r (line integer, n integer, sku text, code text, reason text, raw jsonb);

-- name: compare_staged_products
-- List the next staged products together with the stored products. If several rows have the same SKU, only the last row
-- is listed. The pieces of orders that the ERP system did not know are subtracted from the staged stock.
with matched as materialized (
  select s.*, p.id, s.inventory_policy is distinct from 'untracked' as is_counted
  from (
    select distinct on (sku) * from app.staged_products
    where job_id = :job_id and fence = :fence and sku > :after
    order by sku, ordinal desc, line desc
    limit :max_rows
  ) s left join products p on p.catalog_id = :catalog_id and p.sku = s.sku
), free as materialized (
  select f.* from (
    select array_agg(id) as ids, array_agg(inventory_count) as counts,
      array_agg(coalesce(stock_as_of, :as_of::timestamptz)) as times
    from matched where id is not null and inventory_count is not null and is_counted
  ) stated cross join lateral app.free_stock(:catalog_id, stated.ids, stated.counts, stated.times) f
)
select s.sku, s.line,
  jsonb_build_object('name', s.name, 'description', s.description, 'category', s.category, 'brand', s.brand,
    'price', s.price::text, 'offers', case when s.offers is not null then app.open_offers(app.stored_offers(s.offers,
      coalesce(s.currency, p.currency, :currency)), now()) end, 'currency', s.currency, 'images', s.images,
    'attributes',
    case when p.id is null or :replaces::boolean then s.attributes
      else (p.attributes || s.attributes) - coalesce(s.blank_attributes, '{}') end,
    'inventory_count', coalesce(f.free_count, s.inventory_count), 'inventory_policy', s.inventory_policy,
    'is_active', s.is_active) as staged,
  case when p.id is not null then
    jsonb_build_object('name', p.name, 'description', p.description, 'category', p.category, 'brand', p.brand,
      'price', coalesce(p.regular_price, p.price)::text, 'offers', p.offers, 'currency', p.currency,
      'images', p.images, 'attributes', p.attributes,
      'inventory_count', p.inventory_count, 'inventory_policy', p.inventory_policy, 'is_active', p.is_active)
    end as stored
from matched s left join products p on p.id = s.id left join free f on f.product_id = s.id
order by s.sku;

-- name: count_missing^
-- Count the active products of the catalog, and the active products that are not in the file.
select count(*) as active,
  count(*) filter (where not exists (
      select from app.staged_products s where s.job_id = :job_id and s.fence = :fence and s.sku = p.sku)
    and not exists (
      select from app.staged_rejections r where r.job_id = :job_id and r.fence = :fence and r.sku = p.sku)) as missing
from products p
where p.catalog_id = :catalog_id and p.is_active;

-- name: sample_missing
-- List the first active products of the catalog that are not in the file.
select p.sku, p.name, 'deactivate' as does
from products p
where p.catalog_id = :catalog_id and p.is_active
  and not exists (select from app.staged_products s where s.job_id = :job_id and s.fence = :fence and s.sku = p.sku)
  and not exists (select from app.staged_rejections r where r.job_id = :job_id and r.fence = :fence and r.sku = p.sku)
order by p.sku
limit :max_rows;

-- name: deactivate_chunk^
-- Read the next `chunk` products after the SKU `after`, and deactivate the products that are not in the file. A dry run
-- lists these products, but does not deactivate them.
with next as materialized (
  select id, sku, is_active from products
  where catalog_id = :catalog_id and sku > :after
  order by sku limit :chunk
), missing as materialized (
  select n.id, n.sku from next n
  where n.is_active
    and not exists (select from app.staged_products s where s.job_id = :job_id and s.fence = :fence and s.sku = n.sku)
    and not exists (
      select from app.staged_rejections r where r.job_id = :job_id and r.fence = :fence and r.sku = n.sku)
), locked as materialized (
  -- Orders lock their products in the same sequence, so that this query and an order cannot deadlock.
  select p.id from missing m join products p on p.id = m.id
  where p.is_active and not :dry_run::boolean
  order by p.id
  for no key update of p
), deactivated as (
  update products p set is_active = false from locked l where p.id = l.id
)
select (select max(sku) from next) as last_sku, (select count(*) from missing)::integer as deactivated,
  case when :dry_run::boolean then array(select sku from missing order by sku limit 20) end as skus;

-- name: list_first_rejections
-- List the first rejected rows. The API shows these rows together with the job.
select line, sku, code, reason
from app.staged_rejections
where job_id = :job_id and fence = :fence
order by line, n
limit :max_rows;

-- name: list_next_rejections
-- List the rejected rows after the given row, in the order of the file. A worker writes these rows to the error file.
select line, n, sku, code, reason, raw
from app.staged_rejections
where job_id = :job_id and fence = :fence and (line, n) > (:after_line, :after_n)
order by line, n
limit :max_rows;

-- name: set_last_sync!
-- Record that a file has just been loaded into the catalog.
update catalogs set last_sync_at = now() where id = :catalog_id;

-- name: set_reading!
-- Record how the file was read that has just been loaded into the catalog. The accepted differences are deleted,
-- because they belong to the previous reading.
insert into catalog_readings (catalog_id, job_id, file, reading)
values (:catalog_id, :job_id, :file, :reading)
on conflict (catalog_id) do update
set job_id = excluded.job_id, file = excluded.file, reading = excluded.reading, accepted = '[]', read_at = now();

-- name: count_implausible_changes^
-- Compare the staged products with the stored products, and count the changes that can be mistakes. If several rows
-- have the same SKU, only the last row is compared. If a kind of change affects fewer than `min_products` products, the
-- total of the catalog is not counted, because counting reads the whole catalog.
--
-- `power` is the most frequent power of ten by which a price changes. Only prices that change by more than 80 percent
-- are considered. The stored regular price is compared with the lowest price of the row: its price or a new offer.
--
-- If `step` is more than 1, only a sample is compared: about one SKU in every `step` SKUs. The sample is the same in
-- every call. Each count `compared_…` is the number of compared products that this kind of change can affect.
with numbered as (
  -- With `distinct on`, the planner would expect 200 rows, and would look up each product in the index. With a window,
  -- it estimates the right number of rows.
  select sku, price, currency, category, inventory_count, inventory_policy, is_active, offers,
    lead(sku) over (order by sku, ordinal, line) as next_sku
  from app.staged_products
  where job_id = :job_id and fence = :fence and (:step::integer = 1 or mod(hashtextextended(sku, 0), :step::bigint) = 0)
), changes as (
  select p.is_active, p.inventory_count > 0 as in_stock, p.category is not null as has_category,
    coalesce(p.regular_price, p.price) as old_price,
    least(s.price, case when s.offers <> '[]' then (
      select min((o ->> 'price')::numeric) from jsonb_array_elements(s.offers) o
      where ((o ->> 'ends_at')::timestamptz <= now()) is not true and not exists (
        select from jsonb_array_elements(p.offers) e where (e ->> 'price')::numeric = (o ->> 'price')::numeric)) end)
      as new_price,
    coalesce(p.regular_price, p.price) > 0 and s.price is not null and coalesce(s.currency, p.currency) = p.currency
      as is_compared,
    p.inventory_count > 0 and s.inventory_count = 0 and s.inventory_policy is distinct from 'untracked' as loses_stock,
    p.category is not null and s.category = '' as loses_category,
    p.is_active and not s.is_active as is_inactivated
  from numbered s join products p on p.catalog_id = :catalog_id and p.sku = s.sku
  where s.next_sku is distinct from s.sku
), counts as (
  select count(*) filter (where is_compared) as compared_prices,
    count(*) filter (where is_compared and abs(new_price - old_price) > old_price * 0.8
      and app.price_power(old_price, new_price) <> 0) as price_factors,
    mode() within group (order by app.price_power(old_price, new_price))
      filter (where is_compared and abs(new_price - old_price) > old_price * 0.8
        and app.price_power(old_price, new_price) <> 0) as power,
    count(*) filter (where is_compared and is_active
      and abs(new_price - old_price) > old_price * :large_change::numeric) as large_price_changes,
    count(*) filter (where loses_stock) as stock_lost,
    count(*) filter (where loses_category) as categories_lost,
    count(*) filter (where is_inactivated) as inactivated,
    count(*) filter (where is_active) as compared_active,
    count(*) filter (where in_stock) as compared_in_stock,
    count(*) filter (where has_category) as compared_categorized
  from changes
)
select counts.*,
  case when :step > 1 then compared_active when greatest(large_price_changes, inactivated) >= :min_products then
    (select count(*) from products where catalog_id = :catalog_id and is_active) else 0 end as active,
  case when :step > 1 then compared_in_stock when stock_lost >= :min_products then
    (select count(*) from products where catalog_id = :catalog_id and inventory_count > 0) else 0 end as in_stock,
  case when :step > 1 then compared_categorized when categories_lost >= :min_products then
    (select count(*) from products where catalog_id = :catalog_id and category is not null) else 0 end as categorized
from counts;

-- name: list_similar_skus
-- List the new SKUs of the file that are nearly equal to the SKU of a product or to another SKU of the file. Two SKUs
-- are nearly equal if they differ only in case, in spaces or in leading zeros.
--
-- If `step` is more than 1, only a sample is compared: about one SKU in every `step` SKUs. At most 1,000 new SKUs are
-- compared, because each of them needs an index scan. `of` is the number of compared SKUs.
with new as materialized (
  select distinct s.sku from app.staged_products s
  where s.job_id = :job_id and s.fence = :fence
    and (:step::integer = 1 or mod(hashtextextended(s.sku, 0), :step::bigint) = 0)
    and not exists (select from products p where p.catalog_id = :catalog_id and p.sku = s.sku)
  limit 1000
)
select n.sku, v.spelling as similar, (select count(*) from new) as of
from new n cross join lateral (
    select min(spelling) as spelling from (
      select unnest(array[upper(n.sku), lower(n.sku), replace(n.sku, ' ', ''),
        regexp_replace(n.sku, '\s+', ' ', 'g')]) as spelling
      union
      select lpad(ltrim(n.sku, '0'), length, '0')
      from generate_series(greatest(1, length(ltrim(n.sku, '0'))), 20) length
      where n.sku ~ '^\d{1,20}$'
    ) spellings
    where spelling <> n.sku and (
      exists (select from products p where p.catalog_id = :catalog_id and p.sku = spelling)
      or exists (
        select from app.staged_products s where s.job_id = :job_id and s.fence = :fence and s.sku = spelling))
  ) v
where v.spelling is not null
order by n.sku;

-- name: sample_implausible_changes
-- List the first products with a change of the given kind, each with the value before and the value after the change.
select s.sku, p.name, case :reason::text
    when 'stock_lost' then p.inventory_count::text
    when 'categories_lost' then p.category
    when 'inactivated' then 'active'
    else v.old_price::text end as before,
  case :reason
    when 'stock_lost' then s.inventory_count::text
    when 'categories_lost' then null
    when 'inactivated' then 'inactive'
    else v.new_price::text end as after
from (
  select distinct on (sku) sku, price, currency, category, inventory_count, inventory_policy, is_active, offers
  from app.staged_products
  where job_id = :job_id and fence = :fence
  order by sku, ordinal desc, line desc
) s join products p on p.catalog_id = :catalog_id and p.sku = s.sku
  cross join lateral (
    select coalesce(p.regular_price, p.price) as old_price, least(s.price, case when s.offers <> '[]' then (
      select min((o ->> 'price')::numeric) from jsonb_array_elements(s.offers) o
      where ((o ->> 'ends_at')::timestamptz <= now()) is not true and not exists (
        select from jsonb_array_elements(p.offers) e where (e ->> 'price')::numeric = (o ->> 'price')::numeric)) end)
      as new_price
  ) v
where case :reason
  when 'stock_lost' then p.inventory_count > 0 and s.inventory_count = 0
    and s.inventory_policy is distinct from 'untracked'
  when 'categories_lost' then p.category is not null and s.category = ''
  when 'inactivated' then p.is_active and not s.is_active
  when 'price_factors' then v.old_price > 0 and coalesce(s.currency, p.currency) = p.currency
    and v.new_price <> v.old_price and app.price_power(v.old_price, v.new_price) <> 0
  when 'large_price_changes' then p.is_active and v.old_price > 0 and coalesce(s.currency, p.currency) = p.currency
    and abs(v.new_price - v.old_price) > v.old_price * :large_change::numeric
  end
order by s.sku
limit :max_rows;
