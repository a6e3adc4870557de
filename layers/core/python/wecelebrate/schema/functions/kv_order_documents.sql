-- The mapping of orders. An order in the store has one gift or a list of items. The order contains the gift itself, or
-- the id of the gift.

set local role app_mirror;

-- Returns the status of an order in the platform. The old applications have more statuses. For example, an order in
-- transit becomes shipped, a failed order becomes cancelled, and a confirmed order becomes pending. Returns null if the
-- status is unknown.
create or replace function kv.order_status(value jsonb) returns text
language sql immutable parallel safe
return case lower(regexp_replace(coalesce(kv.line(value, 100), 'pending'), '[^A-Za-z]', '', 'g'))
  when 'pending' then 'pending' when 'new' then 'pending' when 'confirmed' then 'pending' when 'placed' then 'pending'
  when 'processing' then 'processing' when 'syncing' then 'processing'
  when 'inprogress' then 'processing' when 'packed' then 'processing'
  when 'shipped' then 'shipped' when 'intransit' then 'shipped' when 'outfordelivery' then 'shipped'
  when 'delivered' then 'delivered' when 'completed' then 'delivered'
  when 'cancelled' then 'cancelled' when 'canceled' then 'cancelled' when 'failed' then 'cancelled' end;

-- Reads the lines of an order. A line has the old id, the SKU, the name, the quantity and the price of its gift, if the
-- document contains them. `reason` is the reason why a line cannot be read. The quantity is never guessed, because it
-- affects the amount of the order.
create or replace function kv.lines_of(v jsonb, out lines jsonb, out reason text)
language plpgsql immutable parallel safe
as $$
declare
  items jsonb[] := array[v - 'price' - 'value' - 'name' - 'id'];
  item jsonb;
  gift jsonb;
  price record;
  quantity integer;
  readable jsonb[] := '{}';
begin
  if jsonb_typeof(v -> 'items') = 'array' and v -> 'items' <> '[]' then
    if jsonb_array_length(v -> 'items') > 1000 then
      reason := 'too_many_lines';
      return;
    end if;
    items := array(select e from jsonb_array_elements(v -> 'items') e);
  end if;
  foreach item in array items loop
    item := case when jsonb_typeof(item) = 'object' then kv.camel(item) else '{}' end;
    quantity := kv.whole(case when item ? 'quantity' then item -> 'quantity' else '1' end);
    item := kv.fields(item);
    gift := coalesce(item -> 'gift', item -> 'product', '{}');
    gift := case when jsonb_typeof(gift) = 'object' then kv.fields(gift) else jsonb_build_object('id', gift) end;
    price := kv.price_of(gift || jsonb_strip_nulls(jsonb_build_object(
      'price', coalesce(item -> 'unitPrice', item -> 'price', gift -> 'price', item -> 'value'),
      'currency', coalesce(item -> 'currency', gift -> 'currency', nullif(v -> 'currency', 'null'))))
      - case when gift ? 'price' then 'value' else '' end);
    reason := case
      when quantity is null or quantity < 1 then 'bad_quantity'
      when price.reason <> 'no_price' then price.reason
      when coalesce(item -> 'giftId', item -> 'productId', item -> 'id', gift -> 'id', item -> 'sku', gift -> 'sku',
        item -> 'giftName', item -> 'name', gift -> 'name') is null then 'no_lines' end;
    exit when reason is not null;
    readable := readable || jsonb_strip_nulls(jsonb_build_object(
      'gift', kv.line(coalesce(item -> 'giftId', item -> 'productId', gift -> 'id', item -> 'id'), 1024),
      'sku', kv.line(coalesce(item -> 'sku', item -> 'giftSku', gift -> 'sku'), 200),
      'name', kv.line(coalesce(item -> 'giftName', item -> 'productName', item -> 'name', gift -> 'name'), 500),
      'quantity', quantity, 'unit_price', price.price, 'currency', price.currency));
  end loop;
  lines := to_jsonb(readable);
end
$$;

-- Returns the address of an order as an object. If the address is a text, the text becomes the first line.
create or replace function kv.address_of(v jsonb) returns jsonb
language plpgsql immutable parallel safe
as $$
declare
  stated jsonb := coalesce(v -> 'shippingAddress', v -> 'deliveryAddress', v -> 'address');
begin
  return case jsonb_typeof(stated)
    when 'object' then case when length(stated::text) < 60000 then kv.cleaned(stated) else '{}' end
    when 'string' then jsonb_build_object('line1', left(stated #>> '{}', 10000)) else '{}' end;
end
$$;

-- Returns when an order was placed. The order number contains the time, for example `ORD-<milliseconds>-<counter>`.
create or replace function kv.order_time(v jsonb, old_id text) returns timestamptz
language sql immutable parallel safe
return coalesce(kv.moment(v -> 'createdAt'), kv.moment(v -> 'orderDate'), kv.moment(v -> 'placedAt'),
  kv.moment(v -> 'date'), kv.time_in_id(old_id),
  kv.moment(v #> '{timeline,0,date}'), kv.moment(v #> '{timeline,0,timestamp}'), kv.moment(v -> 'updatedAt'));

-- Returns the notes about corrections of an order.
create or replace function kv.order_notes(v jsonb, original jsonb, address jsonb, email text) returns jsonb
language plpgsql immutable parallel safe
as $$
declare
  notes jsonb := kv.common_notes(v, original) - '{unknown_status,foreign_status}'::text[];
begin
  if not v ? 'status' then
    notes := notes || '{"no_status": "status"}';
  elsif lower(v ->> 'status') not in ('pending', 'processing', 'shipped', 'delivered', 'cancelled') then
    notes := notes || '{"foreign_status": "status"}';
  end if;
  if email is null then
    notes := notes || '{"no_email": "customerEmail"}';
  end if;
  if address = '{}' then
    notes := notes || '{"no_address": "shippingAddress"}';
  elsif jsonb_typeof(coalesce(v -> 'shippingAddress', v -> 'deliveryAddress', v -> 'address')) = 'string' then
    notes := notes || '{"address_from_text": "shippingAddress"}';
  end if;
  if jsonb_typeof(coalesce(v -> 'totalAmount', v -> 'total', v -> 'totalValue')) = 'string' then
    notes := notes || '{"total_from_text": "total"}';
  end if;
  return notes;
end
$$;

-- Maps an order.
create or replace function kv.map_order(old_id text, key text, value jsonb) returns kv.mapping
language plpgsql immutable parallel safe
as $$
declare
  v jsonb := kv.fields(value);
  email text := kv.line(coalesce(v -> 'customerEmail', v -> 'userEmail', v -> 'email', v -> 'employeeEmail'), 500);
  site text := coalesce(kv.line(coalesce(v -> 'siteId', v #> '{site,id}'), 1024),
    case when cardinality(string_to_array(key, ':')) = 3 then split_part(key, ':', 2) end);
  placed_at timestamptz := kv.order_time(v, old_id);
  status text := kv.order_status(v -> 'status');
  total record;
  lines record;
  address jsonb := kv.address_of(v);
  notes jsonb := kv.order_notes(v, value, address, email);
begin
  lines := kv.lines_of(kv.camel(value));
  total := kv.money(coalesce(nullif(v -> 'totalAmount', 'null'), nullif(v -> 'total', 'null'),
    nullif(v -> 'totalValue', 'null'), '0'));
  if lines.reason is not null or total.reason is not null or status is null or placed_at is null or site is null then
    return (coalesce(case when site is null then 'no_site' end, case when status is null then 'unknown_status' end,
      lines.reason, replace(total.reason, 'price', 'total'), 'no_date'),
      case when site is null then 'siteId' when status is null then 'status'
        when lines.reason is not null then 'items' when total.reason is not null then 'total' else 'createdAt' end,
      null, null, null)::kv.mapping;
  end if;
  return (null, null, jsonb_strip_nulls(jsonb_build_object(
    'site', site, 'client', kv.line(v -> 'clientId', 1024), 'lines', lines.lines, 'total_amount', total.amount,
    'sign', total.sign, 'stated_currency', kv.line(v -> 'currency', 20),
    'order_number', left(coalesce(kv.line(v -> 'orderNumber', 100), old_id), 50),
    'customer_email', coalesce(email, ''), 'status', status,
    'customer_name', coalesce(kv.line(coalesce(v -> 'customerName', v -> 'recipientName', v -> 'userName',
      v -> 'employeeName', address -> 'fullName', address -> 'name'), 500), email, ''),
    'shipping_address', address, 'created_at', placed_at,
    'updated_at', greatest(kv.moment(v -> 'updatedAt'), placed_at),
    'shipped_at', case when status in ('shipped', 'delivered') then greatest(placed_at,
      coalesce(kv.moment(v -> 'shippedAt'), kv.moment(v -> 'updatedAt'), placed_at)) end,
    'delivered_at', case when status = 'delivered' then greatest(placed_at,
      coalesce(kv.moment(v -> 'deliveredAt'), kv.moment(v -> 'updatedAt'), placed_at)) end,
    'cancelled_at', case when status = 'cancelled' then greatest(placed_at,
      coalesce(kv.moment(v -> 'cancelledAt'), kv.moment(v -> 'updatedAt'), placed_at)) end)),
    kv.rest(value, kv.used_fields(v, '{siteId,orderNumber,customerEmail,customerName,createdAt,currency}', notes)),
    notes)::kv.mapping;
end
$$;
