-- The price rules of a catalog. They determine the price at which a product is sold.
--
-- Products store the prices that callers and files write (the base prices). The price at which a product is sold (the
-- selling price) is computed for each read. Therefore a change of the rules changes only one row. The rules are
-- monotonic: a higher base price never has a lower selling price. Therefore the indexes on the base prices also sort
-- and filter by selling price.

set local role app_owner;

-- Returns the number in a field of price rules, or null if the field is missing. Returns NaN if the field is not a
-- string with a decimal number.
create or replace function app.rule_number(member jsonb) returns numeric
language sql immutable parallel safe
return case
  when coalesce(member, 'null') = 'null' then null
  when jsonb_typeof(member) = 'string' and member #>> '{}' ~ '^-?[0-9]{1,12}(\.[0-9]{1,12})?$'
    then (member #>> '{}')::numeric
  else 'NaN' end;
grant execute on function app.rule_number(jsonb) to public;

-- Returns price rules in the compiled form that app.selling_price reads, or null if there are no rules. Also returns
-- null for rules that do not have the documented form: they stay stored, but they change no price. The API refuses such
-- rules, but the previous release and administrators can write them. `currency` is the currency of the catalog.
--
-- In the result, `base` is the currency of the catalog. `currency` and `decimals` belong to the selling prices. The
-- exact price is base price * `factor` + `amount`. The rounded prices are `ending` + n * `step`. `lowest` is the lowest
-- price of a product that is not free.
create or replace function app.compile_pricing(rules jsonb, currency text) returns jsonb
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
declare
  target constant text := coalesce(rules #>> '{conversion,to}', currency);
  decimals constant integer := app.minor_units(target);
  unit constant numeric := round(0.1 ^ decimals, decimals);
  rate constant numeric := case when rules ? 'conversion' then coalesce(app.rule_number(rules #> '{conversion,rate}'),
    'NaN') else 1 end;
  percent constant numeric := coalesce(app.rule_number(rules -> 'markup_percent'), 0);
  amount constant numeric := coalesce(app.rule_number(rules -> 'fixed_amount'), 0);
  step constant numeric := case when rules ? 'rounding' then coalesce(app.rule_number(rules #> '{rounding,step}'),
    'NaN') else unit end;
  ending constant numeric := coalesce(app.rule_number(rules #> '{rounding,ending}'), 0);
  minimum constant numeric := coalesce(app.rule_number(rules -> 'minimum'), 0);
  direction constant text := coalesce(rules #>> '{rounding,direction}', 'nearest');
begin
  if currency is null or jsonb_typeof(rules) <> 'object' or rules = '{}'
    or jsonb_typeof(coalesce(rules -> 'conversion', '{}')) <> 'object'
    or jsonb_typeof(coalesce(rules -> 'rounding', '{}')) <> 'object' then
    return null;
  end if;
  if rules - '{conversion,markup_percent,fixed_amount,rounding,minimum}'::text[] <> '{}'
    or coalesce(rules -> 'conversion', '{}') - '{from,to,rate,date}'::text[] <> '{}'
    or coalesce(rules -> 'rounding', '{}') - '{step,ending,direction}'::text[] <> '{}'
    or 'NaN' in (rate, percent, amount, step, ending, minimum)
    or rules ? 'conversion' and (rules #>> '{conversion,from}' is distinct from currency or target = currency
      or rules #>> '{conversion,date}' is null)
    or rate <= 0 or percent <= -100 or step <= 0 or ending < 0 or ending >= step or minimum < 0
    or direction not in ('nearest', 'up', 'down')
    or (amount, step, ending, minimum) <> (round(amount, decimals), round(step, decimals), round(ending, decimals),
      round(minimum, decimals)) then
    return null;
  end if;
  return jsonb_build_object('base', currency, 'currency', target, 'decimals', decimals,
    'factor', trim_scale(rate * (1 + percent * 0.01)), 'amount', amount, 'step', step, 'ending', ending,
    'direction', direction, 'lowest', greatest(minimum, case when ending > 0 then ending else step end));
end
$$;
grant execute on function app.compile_pricing(jsonb, text) to public;

-- Returns the status of the stored rules: `none` if there are no rules, `applied` if the rules are active, or `unread`
-- if an earlier release has stored an object that changes no price.
create or replace function app.pricing_status(rules jsonb, pricing jsonb) returns text
language sql immutable parallel safe
return case when pricing is not null then 'applied' when rules = '{}' then 'none' else 'unread' end;
grant execute on function app.pricing_status(jsonb, jsonb) to public;

-- Returns the selling price of a base price, with the decimals of the currency. The other parameters are the members of
-- compiled rules. The selling price of a free product is 0. The computation is exact until the result is rounded. It
-- uses integer division, because the division of decimals is not exact. The planner inlines the function.
create or replace function app.priced(
  price numeric, factor numeric, amount numeric, step numeric, ending numeric, direction text, lowest numeric,
  decimals integer)
returns numeric
language sql immutable parallel safe
return round(case when price = 0 then price else greatest(ending + step * case direction
    -- Half a step is rounded up.
    when 'nearest' then div(2 * (price * factor + amount - ending) + step, 2 * step)
    when 'up' then div(price * factor + amount - ending, step) + case
      when div(price * factor + amount - ending, step) * step < price * factor + amount - ending then 1 else 0 end
    else div(price * factor + amount - ending, step) end, lowest) end, decimals);
grant execute on function app.priced(numeric, numeric, numeric, numeric, numeric, text, numeric, integer) to public;

-- Returns the selling price of a base price. `pricing` contains the compiled rules. Without rules, the selling price is
-- the base price.
create or replace function app.selling_price(price numeric, pricing jsonb) returns numeric
language plpgsql immutable parallel safe
as $$
begin
  if pricing is null or price is null then
    return price;
  end if;
  return app.priced(price, (pricing ->> 'factor')::numeric, (pricing ->> 'amount')::numeric,
    (pricing ->> 'step')::numeric, (pricing ->> 'ending')::numeric, pricing ->> 'direction',
    (pricing ->> 'lowest')::numeric, (pricing ->> 'decimals')::integer);
end
$$;
grant execute on function app.selling_price(numeric, jsonb) to public;

-- Returns the lowest base price whose selling price is at least `price`, or above `price` if `above` is true. Base
-- prices have three decimals. If no base price has such a selling price, returns 10^12, which is above every price of a
-- product.
create or replace function app.lowest_base_price(price numeric, above boolean, pricing jsonb) returns numeric
language plpgsql immutable strict parallel safe set search_path = pg_catalog, pg_temp
as $$
declare
  low bigint := 0;
  high bigint := 1000000000000000;  -- in thousandths
  middle bigint;
  selling numeric;
begin
  while low < high loop
    middle := (low + high) / 2;
    selling := app.selling_price(middle * 0.001, pricing);
    if selling > price or (selling = price and not above) then
      high := middle;
    else
      low := middle + 1;
    end if;
  end loop;
  return low * 0.001;
end
$$;
grant execute on function app.lowest_base_price(numeric, boolean, jsonb)
  to app_definer, app_admin, app_support, app_client, app_customer, app_anon;

-- Returns the key after which a page in price order begins, for a cursor whose key is a selling price. A cursor must
-- not reveal a base price, so the function reads the base price from the product of the cursor.
--
-- If this product now has another selling price, or is no longer visible, the page begins with all products that have
-- the selling price of the cursor. In this case, a list can repeat products, but never skips products.
create or replace function app.base_key(after_key text, after_id uuid, sort text, pricing jsonb, catalog uuid)
returns text
language plpgsql stable set search_path = pg_catalog, public, pg_temp
as $$
declare
  base numeric;
begin
  if pricing is null or after_key is null or sort not like '%price' then
    return after_key;
  end if;
  select p.price into base from products p
  where p.id = after_id and p.catalog_id = catalog and app.selling_price(p.price, pricing) = after_key::numeric;
  return case when base is not null then base
    when sort like '-%' then app.lowest_base_price(after_key::numeric, true, pricing) - 0.0005
    else app.lowest_base_price(after_key::numeric, false, pricing) - 0.0005 end::text;
end
$$;
grant execute on function app.base_key(text, uuid, text, jsonb, uuid)
  to app_definer, app_admin, app_support, app_client, app_customer, app_anon;

-- Returns one page of a catalog's products with their selling prices. The other parameters are the same as in
-- app.list_products. `price_min` and `price_max` are selling prices. In price order, `after_key` is a selling price,
-- too.
create or replace function app.list_priced_products(
  pricing jsonb, catalog uuid, search text, sku text, category text, brand text, price_min numeric, price_max numeric,
  active boolean, updated_since timestamptz, sort text, after_key text, after_id uuid, rows integer, stock text[])
returns setof public.products
language plpgsql stable set search_path = pg_catalog, public, pg_temp
as $$
declare
  p products;
  -- Read the members of the rules once, because reading them takes more time than the computation.
  factor constant numeric := pricing ->> 'factor';
  amount constant numeric := pricing ->> 'amount';
  step constant numeric := pricing ->> 'step';
  ending constant numeric := pricing ->> 'ending';
  direction constant text := pricing ->> 'direction';
  lowest constant numeric := pricing ->> 'lowest';
  decimals constant integer := pricing ->> 'decimals';
begin
  if pricing is null then
    return query select * from app.list_products($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15);
    return;
  end if;
  for p in
    select * from app.list_products($2, $3, $4, $5, $6, app.lowest_base_price(price_min, false, pricing),
      app.lowest_base_price(price_max, true, pricing) - 0.001, $9, $10, $11,
      app.base_key(after_key, after_id, sort, pricing, catalog), $13, $14, $15)
  loop
    p.price := app.priced(p.price, factor, amount, step, ending, direction, lowest, decimals);
    if p.regular_price is not null then
      p.regular_price := app.priced(p.regular_price, factor, amount, step, ending, direction, lowest, decimals);
    end if;
    p.currency := pricing ->> 'currency';
    return next p;
  end loop;
end
$$;
grant execute on function app.list_priced_products(jsonb, uuid, text, text, text, text, numeric, numeric, boolean,
  timestamptz, text, text, uuid, integer, text[])
  to app_definer, app_admin, app_support, app_client, app_customer, app_anon;

-- Compiles `pricing_rules` into `pricing`, and sets `priced_at` to the time of the last change of `pricing`. Only a
-- statement that gives `pricing` a value activates rules. Statements of the previous release do not write `pricing`. If
-- such a statement replaces active rules, the new rules become active if they have the documented form. Otherwise no
-- rules are active. A change of the currency is refused if the active rules are for another currency.
create or replace function app.compile_catalog_pricing() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
  if new.pricing is null then
    if tg_op = 'UPDATE' and old.pricing is not null then
      new.priced_at := now();
    end if;
    return new;
  end if;
  if tg_op = 'UPDATE' and new.currency is distinct from old.currency and new.pricing_rules = old.pricing_rules
    and new.pricing = old.pricing then
    raise exception 'the price rules are for prices in %', old.currency
      using errcode = 'check_violation', column = 'pricing_rules';
  end if;
  new.pricing := app.compile_pricing(new.pricing_rules, new.currency);
  if tg_op = 'INSERT' or new.pricing is distinct from old.pricing then
    new.priced_at := now();
  end if;
  return new;
end
$$;

create or replace trigger compile_pricing before insert or update of pricing_rules, pricing, currency on catalogs
  for each row execute function app.compile_catalog_pricing();

set local role app_definer;

-- Returns the price rules of the catalog that the current site shows.
create or replace function app.storefront_pricing() returns jsonb
language sql stable security definer set search_path = pg_catalog, public, pg_temp
as $$ select c.pricing from sites s join catalogs c on c.id = s.catalog_id where s.id = (select app.site_id()) $$;
grant execute on function app.storefront_pricing() to app_customer, app_anon;

-- Explains the selling price of a product. Returns one row to an editor or an owner of the client that owns the
-- catalog, and to an admin of the platform. Returns no row to other callers. `rules` are the active rules, and `lowest`
-- is the lowest price of a product that is not free. `converted`, `marked_up`, `increased` and `rounded` are the prices
-- after each rule, and `selling` is the result. Without active rules, all of these columns are null except `selling`.
create or replace function app.product_price(
  product uuid, out product_id uuid, out catalog_id uuid, out sku text, out base numeric, out base_currency text,
  out currency text, out status text, out rules jsonb, out converted numeric, out marked_up numeric,
  out increased numeric, out rounded numeric, out lowest numeric, out selling numeric)
returns setof record
language sql stable security definer set search_path = pg_catalog, public, app, pg_temp
as $$
  select p.id, p.catalog_id, p.sku, p.price, p.currency, coalesce(c.pricing ->> 'currency', p.currency),
    app.pricing_status(c.pricing_rules, c.pricing), r.rules,
    trim_scale(p.price * coalesce((r.rules #>> '{conversion,rate}')::numeric, 1)),
    trim_scale(p.price * (c.pricing ->> 'factor')::numeric),
    trim_scale(p.price * (c.pricing ->> 'factor')::numeric + (c.pricing ->> 'amount')::numeric),
    app.selling_price(p.price, c.pricing || '{"lowest": "-1e15"}'), (c.pricing ->> 'lowest')::numeric,
    app.selling_price(p.price, c.pricing)
  from products p join catalogs c on c.id = p.catalog_id
    -- Read only active rules, because other rules can contain values that are not numbers.
    cross join lateral (select case when c.pricing is not null then c.pricing_rules end) r (rules)
  where p.id = $1
    and (app.admin_role() in ('super_admin', 'admin')
      or p.catalog_id = any ((select app.writable_catalog_ids())::uuid[]))
$$;
grant execute on function app.product_price(uuid) to app_admin, app_support, app_client;
