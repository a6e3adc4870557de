-- The mapping of gifts to products. These functions read no table.

set local role app_mirror;

-- Reads the price and the currency of a gift. If the price or the currency is ambiguous, the function returns a reason
-- and does not guess. If the gift has no currency and `sign` can mean several currencies, the caller must check that
-- the sign fits the currency of the catalog.
create or replace function kv.price_of(v jsonb, out price numeric, out currency text, out sign text, out reason text)
language plpgsql immutable parallel safe
as $$
declare
  stated jsonb := coalesce(nullif(v -> 'price', '""'), nullif(v -> 'value', '""'));
  code text := coalesce(kv.line(v -> 'currency', 20), kv.line(v -> 'currencyCode', 20));
  money record;
  other record;
begin
  if stated is null then
    reason := 'no_price';
    return;
  end if;
  if jsonb_typeof(stated) = 'object' then
    code := coalesce(code, kv.line(stated -> 'currency', 20));
    stated := stated -> 'amount';
  end if;
  money := kv.money(stated);
  other := kv.money(coalesce(v -> 'value', stated));
  currency := coalesce(kv.currency(code), case when code is null then kv.currency(money.sign) end);
  reason := case
    when money.reason is not null then money.reason
    when code is not null and currency is null then 'currency_unknown'
    when code is null and money.sign not in ('$', '¥') and currency is null then 'currency_unknown'
    when currency is not null and not kv.sign_fits(money.sign, currency) then 'currency_ambiguous'
    when other.amount is distinct from money.amount and other.amount is not null then 'price_ambiguous' end;
  if reason is null then
    price := money.amount;
    sign := money.sign;
  end if;
end
$$;

-- Maps a gift.
create or replace function kv.map_product(old_id text, value jsonb) returns kv.mapping
language plpgsql immutable parallel safe
as $$
declare
  v jsonb := kv.fields(value);
  notes jsonb := kv.common_notes(v, value);
  name text := coalesce(kv.line(v -> 'name', 500), kv.line(v -> 'title', 500), kv.line(v -> 'giftName', 500));
  sku text := coalesce(kv.line(v -> 'sku', 200), kv.line(v -> 'code', 200));
  money record;
  stock record;
  policy text;
begin
  money := kv.price_of(v);
  if money.reason is not null then
    return (money.reason, case when v ->> 'price' is null then 'value' else 'price' end, null, null, null)::kv.mapping;
  end if;
  stock := kv.stock_of(v);
  policy := case when stock.stock is null and not stock.is_bad and coalesce(kv.flag(v -> 'inStock'), true)
    and lower(regexp_replace(v ->> 'status', '[^A-Za-z]', '', 'g')) is distinct from 'outofstock'
    then 'untracked' else 'tracked' end;
  notes := notes
    || case when name is null then '{"no_name": "name"}'::jsonb else '{}' end
    || case when sku is null then '{"no_sku": "sku"}'::jsonb else '{}' end
    || case when stock.is_bad then '{"bad_stock": "availableQuantity"}'::jsonb
      when policy = 'untracked' then '{"no_stock": "availableQuantity"}' else '{}' end
    || case when v ->> 'price' is null then '{"price_in_value": "value"}'::jsonb else '{}' end
    || case when jsonb_typeof(v -> 'price') = 'string' then '{"price_from_text": "price"}'::jsonb else '{}' end
    || case when v::text like '%"data:%' then '{"embedded_image": "image"}'::jsonb else '{}' end;
  return (null, null, jsonb_strip_nulls(jsonb_build_object(
    'catalog', kv.line(coalesce(v -> 'catalogId', v #> '{catalog,id}'), 1024),
    'name', coalesce(name, sku, left(old_id, 500)),
    'sku', coalesce(sku, left(old_id, 200)),
    'description', kv.paragraphs(v -> 'description', 100000),
    'category', kv.line(v -> 'category', 300),
    'brand', kv.line(v -> 'brand', 300),
    'price', money.price,
    'currency', money.currency,
    'sign', money.sign,
    'images', kv.image_addresses(v),
    'attributes', case when jsonb_typeof(v -> 'attributes') = 'object' and length((v -> 'attributes')::text) < 500000
      then kv.cleaned(v -> 'attributes', false) end,
    'inventory_count', coalesce(stock.stock, 0),
    'inventory_policy', policy,
    'is_active', coalesce(kv.status_of(v), case when v ->> 'status' is null then 'active' end, 'inactive') = 'active',
    'created_at', coalesce(kv.moment(v -> 'createdAt'), kv.time_in_id(old_id)),
    'updated_at', kv.moment(v -> 'updatedAt'))),
    kv.rest(value, kv.used_fields(v, '{id,catalogId,name,sku,description,category,brand,price,currency,createdAt}',
      notes)), notes)::kv.mapping;
end
$$;
