-- Orders of the key-value store: these functions resolve the references of orders, and write orders with their lines.
-- An order changes only its row, its lines and the daily totals. An order causes no mail, no webhook and no event. It
-- also causes no stock hold, because the old applications reduced the stock when the order was placed.

set local role app_mirror;

-- Completes the lines of an order with the data of their products. A line is linked to its product only if the client
-- of the order owns the catalog of the product, or if the site shows the product. Returns the lines, and notes about
-- them.
create or replace function kv.complete_lines(
  d kv.draft, site sites, currency text, out lines jsonb, out notes jsonb, out reason text)
language plpgsql stable
as $$
declare
  line jsonb;
  gift text;
  product_id uuid;
  p record;
  price numeric;
  total constant numeric := d.columns ->> 'total_amount';
  is_single constant boolean := jsonb_array_length(d.columns -> 'lines') = 1;
  completed jsonb[] := '{}';
begin
  notes := '{}';
  foreach line in array array(select e from jsonb_array_elements(d.columns -> 'lines') e) loop
    gift := coalesce(line ->> 'gift', line ->> 'sku', line ->> 'name', '');
    product_id := kv.row_of('product', d.environment, gift);
    select r.id, r.sku, r.name, coalesce(r.regular_price, r.price) as price, r.currency, r.images ->> 0 as image,
      coalesce(c.owner_client_id = site.client_id or c.id = site.catalog_id, false) as is_own into p
    from products r join catalogs c on c.id = r.catalog_id where r.id = product_id;
    price := coalesce((line ->> 'unit_price')::numeric,
      case when total > 0 and is_single
        then trim_scale(total / (line ->> 'quantity')::numeric) end,
      case when p.is_own and p.currency = $3 then p.price end);
    notes := notes || case when p.id is null then '{"unknown_gift": "giftId"}'::jsonb
      when not p.is_own then '{"gift_of_another_client": "giftId"}' else '{}' end
      || case when line ? 'unit_price' then '{}'::jsonb
        when total > 0 and is_single then '{"price_from_total": "total"}'
        else '{"price_of_product": "giftId"}' end;
    reason := case when price is null then 'no_price'
      when scale(trim_scale(price)) > app.minor_units($3) then 'price_too_fine' end;
    exit when reason is not null;
    completed := completed || jsonb_build_object('line', cardinality(completed) + 1,
      'product_id', coalesce(p.id, kv.id_of('product', d.environment, gift)), 'is_linked', coalesce(p.is_own, false),
      'sku', coalesce(line ->> 'sku', case when p.is_own then p.sku end, left(gift, 200)),
      'name', coalesce(line ->> 'name', case when p.is_own then p.name end, line ->> 'sku', left(gift, 500)),
      'quantity', line -> 'quantity', 'unit_price', round(price, app.minor_units($3))::text,
      'image', case when p.is_own then p.image end);
  end loop;
  lines := to_jsonb(completed);
end
$$;

-- Returns the currency of an order. It comes from the order, from its gift, or from the catalog of the site.
create or replace function kv.order_currency(d kv.draft, site sites, currency text) returns text
language plpgsql stable
as $$
declare
  code text := coalesce(kv.currency(d.columns ->> 'sign'), d.columns #>> '{lines,0,currency}');
  product_id uuid;
begin
  if d.columns ? 'stated_currency' then
    return kv.currency(d.columns ->> 'stated_currency');
  elsif code is null then
    product_id := kv.row_of('product', d.environment, d.columns #>> '{lines,0,gift}');
    code := coalesce((select p.currency from products p where p.id = product_id),
      (select c.currency from catalogs c where c.id = site.catalog_id), $3);
  end if;
  return code;
end
$$;

-- Checks one order, and adds the columns that depend on other rows. Locks the order, so that the person of the order
-- cannot be erased before the order is written.
create or replace function kv.check_order(d kv.draft, currency text) returns kv.draft
language plpgsql volatile
as $$
declare
  site_id uuid;
  site sites;
  existing orders;
  completed record;
  computed numeric;
  code text;
  total numeric := d.columns ->> 'total_amount';
begin
  site_id := kv.row_of('site', d.environment, d.columns ->> 'site');
  select * into site from sites where id = site_id;
  select * into existing from orders where id = d.id for no key update;
  code := kv.order_currency(d, site, $2);
  select r.reason, r.field into d.reason, d.field from (values
    ('unknown_site', 'siteId', site.id is null),
    ('id_in_use', 'id', existing.id is not null and not d.has_row),
    ('person_erased', 'customer', existing.erased_at is not null or exists (
      select from kv.erased_orders e where e.order_id = d.id and e.client_id = site.client_id)),
    ('currency_unknown', 'currency', code is null and d.columns ? 'stated_currency'),
    ('no_currency', 'currency', code is null),
    ('currency_ambiguous', 'currency', not kv.sign_fits(d.columns ->> 'sign', code)),
    ('total_too_fine', 'total', scale(trim_scale(total)) > app.minor_units(code))
  ) r (reason, field, applies) where r.applies limit 1;
  if d.reason is null then
    select * into completed from kv.complete_lines(d, site, code);
    d.reason := completed.reason;
    d.field := 'price';
  end if;
  if d.reason is not null then
    return d;
  end if;
  computed := (select sum((l ->> 'quantity')::integer * (l ->> 'unit_price')::numeric)
    from jsonb_array_elements(completed.lines) l);
  d.notes := d.notes || completed.notes
    || case when total = 0 and computed > 0 then '{"total_computed": "total"}'::jsonb
      when total <> computed then '{"total_disagrees": "total"}' else '{}' end
    || case when kv.row_of('client', d.environment, d.columns ->> 'client') is distinct from site.client_id
      and d.columns ? 'client' then '{"client_of_another_site": "clientId"}'::jsonb else '{}' end;
  d.columns := d.columns || jsonb_build_object('client_id', site.client_id, 'site_id', site.id, 'currency', code,
    'lines', completed.lines, 'total_amount', case when total = 0 then computed else total end);
  if d.has_row and existing.id is not null then
    d.reason := kv.refused_change(d, existing);
    d.field := 'status';
    d.columns := d.columns || jsonb_build_object('order_number', existing.order_number);
  end if;
  return d;
end
$$;

-- Returns `order_change_refused` if a document contains a change that the platform does not allow for an order.
create or replace function kv.refused_change(d kv.draft, existing orders) returns text
language sql stable
return case
  when existing.site_id::text <> d.columns ->> 'site_id' or existing.currency <> d.columns ->> 'currency'
    or existing.total_amount <> (d.columns ->> 'total_amount')::numeric
    or (select array_agg((i ->> 'quantity', i ->> 'unit_price') order by i ->> 'line')
        from jsonb_array_elements(existing.items) i)
      <> (select array_agg((l ->> 'quantity', l ->> 'unit_price') order by l ->> 'line')
          from jsonb_array_elements(d.columns -> 'lines') l)
    or existing.status <> d.columns ->> 'status' and (existing.status, d.columns ->> 'status') not in (
      ('pending', 'processing'), ('pending', 'shipped'), ('pending', 'delivered'), ('pending', 'cancelled'),
      ('processing', 'shipped'), ('processing', 'delivered'), ('processing', 'cancelled'), ('shipped', 'delivered'))
  then 'order_change_refused' end;

-- Checks orders. If another order of the client has the same number, the number gets a suffix.
create or replace function kv.check_orders(drafts kv.draft[], currency text) returns kv.draft[]
language plpgsql volatile
as $$
declare
  d kv.draft;
  checked kv.draft[] := '{}';
  numbers jsonb := '{}';
  number text;
  stated text;
begin
  foreach d in array drafts loop
    if d.reason is null then
      d := kv.check_order(d, currency);
    end if;
    if d.reason is null and not d.has_row then
      number := d.columns ->> 'order_number';
      if numbers ? concat_ws(' ', d.columns ->> 'client_id', number) or exists (
        select from orders o where o.client_id = (d.columns ->> 'client_id')::uuid and o.order_number = number)
      then
        stated := number;
        number := left(number, 17) || '-' || upper(replace(d.id::text, '-', ''));
        d.columns := d.columns || jsonb_build_object('order_number', number);
        d.notes := d.notes || '{"number_twice": "orderNumber"}';
        d.remainder := d.remainder || jsonb_build_object('orderNumber', stated);
      end if;
      numbers := numbers || jsonb_build_object(concat_ws(' ', d.columns ->> 'client_id', number), true);
    end if;
    checked := checked || d;
  end loop;
  return checked;
end
$$;

-- Writes orders with their lines. For an existing order, the function writes only the status and the customer
-- (kv.change_orders).
create or replace function kv.write_orders(drafts kv.draft[]) returns void
language plpgsql volatile
as $$
begin
  perform kv.change_orders(array(select d from unnest(drafts) d where d.reason is null and d.has_row));
  insert into orders (id, client_id, site_id, order_number, customer_name, customer_email, status, total_amount,
    currency, shipping_address, items, fulfilment, created_at, updated_at, processed_at, shipped_at, delivered_at,
    cancelled_at)
  select d.id, r.client_id, r.site_id, r.order_number, r.customer_name, r.customer_email, r.status,
    round(r.total_amount, app.minor_units(r.currency)), r.currency, r.shipping_address,
    (select jsonb_agg(l - 'is_linked' order by n)
     from jsonb_array_elements(d.columns -> 'lines') with ordinality e (l, n)),
    case when r.status in ('shipped', 'delivered') then 'full' else 'none' end, r.created_at,
    coalesce(r.updated_at, r.created_at), case when r.status not in ('pending', 'cancelled') then r.created_at end,
    r.shipped_at, r.delivered_at, r.cancelled_at
  from unnest(drafts) d cross join lateral jsonb_populate_record(null::orders, d.columns) r
  where d.reason is null and not d.has_row;
  insert into order_lines (client_id, order_id, line, product_id, sku, name, quantity, unit_price, shipped_quantity,
    cancelled_quantity)
  select (d.columns ->> 'client_id')::uuid, d.id, (l ->> 'line')::integer,
    case when (l ->> 'is_linked')::boolean then (l ->> 'product_id')::uuid end, l ->> 'sku', l ->> 'name',
    (l ->> 'quantity')::integer, (l ->> 'unit_price')::numeric,
    case when d.columns ->> 'status' in ('shipped', 'delivered') then (l ->> 'quantity')::integer else 0 end,
    case when d.columns ->> 'status' = 'cancelled' then (l ->> 'quantity')::integer else 0 end
  from unnest(drafts) d cross join lateral jsonb_array_elements(d.columns -> 'lines') l
  where d.reason is null and not d.has_row;
end
$$;

-- Changes the status and the customer of existing orders. If an order that was not shipped becomes delivered, the
-- function first changes the status to `shipped`. An order whose person was erased after the check does not change.
create or replace function kv.change_orders(drafts kv.draft[]) returns void
language plpgsql volatile
as $$
begin
  if cardinality(drafts) = 0 then
    return;
  end if;
  update orders o set status = 'shipped', fulfilment = 'full',
    processed_at = coalesce(o.processed_at, (d.columns ->> 'shipped_at')::timestamptz),
    shipped_at = (d.columns ->> 'shipped_at')::timestamptz
  from unnest(drafts) d
  where o.id = d.id and o.erased_at is null and o.status in ('pending', 'processing')
    and d.columns ->> 'status' = 'delivered';
  update orders o set status = r.status, customer_name = r.customer_name, customer_email = r.customer_email,
    shipping_address = r.shipping_address,
    processed_at = coalesce(o.processed_at, case when r.status in ('processing', 'shipped') then now() end),
    shipped_at = coalesce(o.shipped_at, r.shipped_at), delivered_at = coalesce(o.delivered_at, r.delivered_at),
    cancelled_at = coalesce(o.cancelled_at, r.cancelled_at),
    fulfilment = case when r.status in ('shipped', 'delivered') then 'full' else o.fulfilment end
  from unnest(drafts) d cross join lateral jsonb_populate_record(null::orders, d.columns) r
  where o.id = d.id and o.erased_at is null and (o.status, o.customer_name, o.customer_email, o.shipping_address)
    is distinct from (r.status, r.customer_name, r.customer_email, r.shipping_address);
  update order_lines l set
    shipped_quantity = case when o.status = 'cancelled' then 0 else l.quantity - l.cancelled_quantity end,
    cancelled_quantity = case when o.status = 'cancelled' then l.quantity else l.cancelled_quantity end
  from unnest(drafts) d join orders o on o.id = d.id
  where l.order_id = o.id and (o.status in ('shipped', 'delivered')
      and l.shipped_quantity + l.cancelled_quantity < l.quantity
    or o.status = 'cancelled' and l.cancelled_quantity < l.quantity);
end
$$;

-- Deletes the remainders of documents (the fields without a column), because the persons of these orders are erased.
create or replace function kv.erase_remainders_of_orders(order_ids uuid[]) returns void
language sql volatile security definer set search_path = pg_catalog, public, app, kv, pg_temp
as $$
  delete from kv.remainders r using kv.ids i
  where i.entity = 'order' and i.id = any ($1) and r.key = i.key
$$;
grant execute on function kv.erase_remainders_of_orders(uuid[]) to app_definer;
