-- The import of historical orders: orders in their final status, with their original numbers and times. The import of
-- an order only adds its rows and changes the figures. It causes no mail, no webhook event, no stock hold, and no
-- export in an order file.

set local role app_definer;

-- Returns the lines of an order in the form of the column `items`. A line refers to the product with the same SKU in
-- the catalog of the site. If no such product exists, the line contains only texts.
create or replace function app.imported_items(lines jsonb, catalog uuid) returns jsonb
language sql stable set search_path = pg_catalog, public, app, pg_temp
as $$
  select jsonb_agg(jsonb_build_object('line', line -> 'line', 'quantity', line -> 'quantity', 'product_id', p.id,
    'sku', line -> 'sku', 'name', line -> 'name', 'unit_price', line -> 'unit_price', 'image', line -> 'image')
    order by (line ->> 'line')::integer)
  from jsonb_array_elements($1) line left join products p on p.catalog_id = $2 and p.sku = line ->> 'sku'
$$;

-- Writes the orders whose numbers do not exist at the client yet. Returns the written orders.
create or replace function app.write_imported_orders(site sites, orders jsonb) returns setof orders
language sql volatile set search_path = pg_catalog, public, app, pg_temp
as $$
  insert into orders (client_id, site_id, order_number, external_number, customer_subject, customer_name,
    customer_email, status, kind, fulfilment, problem, total_amount, currency, shipping_address, items, metadata,
    created_at, processed_at, shipped_at, delivered_at, cancelled_at, cancel_reason)
  select site.client_id, site.id, r.order_number, r.external_number, r.customer_subject, r.customer_name,
    r.customer_email, r.status, r.kind, r.fulfilment, r.problem, r.total_amount, r.currency, r.shipping_address,
    app.imported_items(o -> 'lines', site.catalog_id), r.metadata, r.created_at, r.processed_at, r.shipped_at,
    r.delivered_at, r.cancelled_at, r.cancel_reason
  from jsonb_array_elements($2) o cross join lateral jsonb_populate_record(null::orders, o) r
  order by r.order_number
  on conflict on constraint orders_client_number_unique do nothing
  returning *
$$;

-- Writes the lines, shipments, returns and events of the written orders. The shipped pieces are in one shipment. The
-- returned pieces are in one return with the status `received`.
create or replace function app.write_imported_parts(written orders[], orders jsonb, job jobs) returns void
language sql volatile set search_path = pg_catalog, public, app, pg_temp
as $$
  with lines as materialized (
    select w.id as order_id, w.client_id, coalesce(w.shipped_at, w.delivered_at, w.created_at) as shipped_at,
      coalesce(w.delivered_at, w.shipped_at, w.created_at) as ended_at, w.status, l.*, (i ->> 'product_id')::uuid as
      product_id
    from unnest($1) w
      join jsonb_array_elements($2) o on o ->> 'order_number' = w.order_number
      cross join jsonb_array_elements(o -> 'lines') as source (value)
      cross join lateral jsonb_to_record(source.value) as l (line integer, sku text, name text, quantity integer,
        unit_price numeric, shipped integer, cancelled integer, returned integer)
      left join jsonb_array_elements(w.items) i on (i ->> 'line')::integer = l.line
  ), written_lines as (
    insert into order_lines (client_id, order_id, line, product_id, sku, name, quantity, unit_price, shipped_quantity,
      cancelled_quantity, returned_quantity)
    select client_id, order_id, line, product_id, sku, name, quantity, unit_price, shipped, cancelled, returned
    from lines
  ), shipped as (
    insert into shipments (client_id, order_id, number, status, shipped_at, delivered_at, source)
    select distinct client_id, order_id, '1', case status when 'delivered' then 'delivered' else 'shipped' end,
      shipped_at, case status when 'delivered' then ended_at end, 'file'
    from lines where shipped > 0
    returning id, order_id
  ), shipped_lines as (
    insert into shipment_lines (client_id, order_id, shipment_id, line, quantity)
    select l.client_id, l.order_id, s.id, l.line, l.shipped
    from lines l join shipped s on s.order_id = l.order_id where l.shipped > 0
  ), returned as (
    insert into returns (client_id, order_id, number, status, created_at, approved_at, received_at)
    select distinct client_id, order_id, 1, 'received', ended_at, ended_at, ended_at from lines where returned > 0
    returning id, order_id
  ), returned_lines as (
    insert into return_lines (client_id, order_id, return_id, line, quantity, received_quantity)
    select l.client_id, l.order_id, r.id, l.line, l.returned, l.returned
    from lines l join returned r on r.order_id = l.order_id where l.returned > 0
  )
  insert into order_events (client_id, order_id, version, type, source, actor, subject, details, happened_at)
  select w.client_id, w.id, w.version, 'imported', 'file', 'service', app.subject(),
    jsonb_build_object('source', job.payload -> 'source', 'status', w.status, 'total_amount', w.total_amount::text,
      'job_id', job.id), clock_timestamp()
  from unnest($1) w
$$;

-- Returns the outcome for an order whose number already exists at the client. `number_in_use` means that the existing
-- order was not imported from the same source into the same site. `created` means that this job has created the order,
-- possibly in an earlier attempt. `differs` means that the currency, the time or the lines are different.
-- `status_differs` or `total_differs` means that only the status or the total is different. `unchanged` means that the
-- order was imported before, and that nothing is different.
--
-- The function compares the status and the total with the event of the import. Therefore later changes of the order do
-- not matter.
create or replace function app.compare_imported(existing orders, imported jsonb, job jobs) returns text
language sql stable set search_path = pg_catalog, public, app, pg_temp
as $$
  with import as (
    select e.details from order_events e
    where e.order_id = existing.id and e.type = 'imported' and e.details -> 'source' = job.payload -> 'source'
      and existing.site_id::text = job.payload ->> 'site_id'
  )
  select case
    when not exists (select from import) then 'number_in_use'
    when exists (select from import where details ->> 'job_id' = job.id::text) then 'created'
    when (existing.currency, existing.created_at)
        is distinct from (imported ->> 'currency', (imported ->> 'created_at')::timestamptz)
      or (select array_agg((i ->> 'sku', (i ->> 'quantity')::integer, (i ->> 'unit_price')::numeric)
             order by (i ->> 'line')::integer) from jsonb_array_elements(existing.items) i)
        is distinct from (select array_agg((i ->> 'sku', (i ->> 'quantity')::integer, (i ->> 'unit_price')::numeric)
             order by (i ->> 'line')::integer) from jsonb_array_elements(imported -> 'lines') i) then 'differs'
    when exists (select from import where details ->> 'status' <> imported ->> 'status') then 'status_differs'
    when exists (select from import
      where (details ->> 'total_amount')::numeric <> (imported ->> 'total_amount')::numeric) then 'total_differs'
    else 'unchanged' end
$$;

-- Returns the names of the details in which an existing order differs from the file. The details of the person, the
-- names of the lines and `metadata` are compared unless an event shows a later change of them, e.g. a correction. Other
-- details are compared only if the order has not changed since its import. The details of an erased person are never
-- compared.
create or replace function app.differing_details(existing orders, imported jsonb, job jobs) returns text[]
language sql stable set search_path = pg_catalog, public, app, pg_temp
as $$
  with events as (
    select e.type, e.version, e.details from order_events e where e.order_id = existing.id
  ), stored (document) as (
    select to_jsonb(existing) || jsonb_build_object('name', (select jsonb_agg(i -> 'name'
      order by (i ->> 'line')::integer) from jsonb_array_elements(existing.items) i))
  ), file (document) as (
    select to_jsonb(r) || jsonb_build_object('name', (select jsonb_agg(l -> 'name' order by (l ->> 'line')::integer)
      from jsonb_array_elements(imported -> 'lines') l))
    from jsonb_populate_record(null::orders, imported) r
  ), is_unchanged (value) as (
    select existing.version = all (select version from events where type = 'imported')
  )
  select coalesce(array_agg(key order by key), '{}')
  from stored, file, is_unchanged, unnest('{customer_email,customer_name,customer_subject,metadata,name,
    shipping_address}'::text[] || case when is_unchanged.value then '{cancel_reason,cancelled_at,delivered_at,
    external_number,kind,problem,processed_at,shipped_at}'::text[] else '{}' end) key
  where existing.erased_at is null and stored.document -> key is distinct from file.document -> key
    and not exists (select from events where details -> 'fields' ? key)
$$;

-- Imports orders into the site of the job. Each number must occur only once in `orders`. Returns the outcome for each
-- order: an outcome of app.compare_imported, or `details_differ` with the names of the details. If `is_rehearsal` is
-- true, the function writes nothing.
create or replace function app.import_historical_orders(job_id uuid, orders jsonb, is_rehearsal boolean)
returns table (order_number text, outcome text, differing text[])
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
#variable_conflict use_column
declare
  job jobs;
  site sites;
  written orders[] := '{}';
begin
  select j.* into job from jobs j
  where j.id = $1 and j.type = 'order_file' and j.status = 'processing' and j.payload ->> 'direction' = 'history';
  select s.* into site from sites s
  where s.id = (job.payload ->> 'site_id')::uuid and s.client_id = job.client_id for key share;
  if not found then
    raise exception 'the job imports no orders' using errcode = 'insufficient_privilege';
  end if;
  if not is_rehearsal then
    written := array(select w from app.write_imported_orders(site, $2) w);
    perform app.write_imported_parts(written, $2, job);
  end if;
  return query
    select o ->> 'order_number', case when cardinality(d.differing) > 0 then 'details_differ' else c.outcome end,
      d.differing
    from jsonb_array_elements($2) o
      left join orders existing on existing.client_id = site.client_id
        and existing.order_number = o ->> 'order_number'
      cross join lateral (select case
        when existing.id is null then 'created' else app.compare_imported(existing, o, job) end) c (outcome)
      cross join lateral (select case
        when c.outcome = 'unchanged' then app.differing_details(existing, o, job) else '{}' end) d (differing);
end
$$;
grant execute on function app.import_historical_orders(uuid, jsonb, boolean) to app_system;

-- The function that the previous release calls, because that release does not know the outcome `details_differ`. Remove
-- this function in the next release.
create or replace function app.import_orders(job_id uuid, orders jsonb, is_rehearsal boolean)
returns table (order_number text, outcome text)
language sql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
  select i.order_number, case i.outcome when 'details_differ' then 'unchanged' else i.outcome end
  from app.import_historical_orders($1, $2, $3) i
$$;
grant execute on function app.import_orders(uuid, jsonb, boolean) to app_system;
