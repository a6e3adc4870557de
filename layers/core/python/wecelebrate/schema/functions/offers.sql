-- Offers: prices of a product for a limited time.
--
-- An offer is valid from its start until before its end, if its price is below the regular price. If several offers are
-- valid, the lowest price counts. `products.price` is the price that is valid now, and `products.regular_price` is the
-- regular price while an offer is valid. A trigger computes both prices when a caller changes a product. The sweeper
-- computes both prices when an offer starts or ends.

set local role app_owner;

-- Returns offers in the stored form: sorted, without duplicates, and with times in UTC. Offers with more decimals than
-- the currency are left out, because they were made in an earlier currency.
create or replace function app.stored_offers(offers jsonb, currency text) returns jsonb
language sql stable parallel safe set timezone = 'UTC'
as $$
  select coalesce(jsonb_agg(jsonb_build_object('price', round(price, app.minor_units($2))::text,
    'starts_at', starts_at, 'ends_at', ends_at)
    order by starts_at nulls first, ends_at nulls last, price), '[]')
  from (
    select distinct (o ->> 'price')::numeric as price, (o ->> 'starts_at')::timestamptz as starts_at,
      (o ->> 'ends_at')::timestamptz as ends_at
    from jsonb_array_elements($1) o
  ) offer
  where price = round(price, app.minor_units($2)) and (starts_at < ends_at) is not false
$$;
grant execute on function app.stored_offers(jsonb, text)
  to app_definer, app_migrate, app_admin, app_support, app_client, app_mirror;

-- Returns the offers that have not ended at a time.
create or replace function app.open_offers(offers jsonb, at timestamptz) returns jsonb
language sql stable parallel safe
return case when offers = '[]' then offers else (
  select coalesce(jsonb_agg(o order by n), '[]') from jsonb_array_elements(offers) with ordinality e (o, n)
  where ((o ->> 'ends_at')::timestamptz <= at) is not true) end;
grant execute on function app.open_offers(jsonb, timestamptz)
  to app_definer, app_migrate, app_admin, app_support, app_client, app_mirror;

-- Returns the price of a product at a time, and the columns that are stored with this price. `regular` is the price
-- without an offer.
create or replace function app.price_at(
  regular numeric, offers jsonb, at timestamptz, out price numeric, out regular_price numeric, out open_offers jsonb,
  out ends_at timestamptz, out changes_at timestamptz)
language sql stable parallel safe
as $$
  with open_offers as (
    select (o ->> 'price')::numeric as price, (o ->> 'starts_at')::timestamptz as starts_at,
      (o ->> 'ends_at')::timestamptz as ends_at
    from jsonb_array_elements(app.open_offers($2, $3)) o
  ), valid as (
    select o.price, o.ends_at from open_offers o
    where (o.starts_at > $3) is not true and o.price < $1 order by o.price, o.ends_at desc nulls first limit 1
  )
  select coalesce((select v.price from valid v), $1), case when exists (select from valid) then $1 end,
    app.open_offers($2, $3), (select v.ends_at from valid v),
    (select least(min(o.starts_at) filter (where o.starts_at > $3), min(o.ends_at)) from open_offers o)
$$;
grant execute on function app.price_at(numeric, jsonb, timestamptz)
  to app_definer, app_migrate, app_admin, app_support, app_client, app_mirror;

-- Sets the price of a product after a change. A statement that writes `regular_price` sets the regular price. A
-- statement that changes only `price` also sets the regular price; statements of the previous release write only
-- `price`. A change of the currency ends all offers, unless the statement writes offers.
create or replace function app.set_price() returns trigger
language plpgsql set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  regular numeric := coalesce(new.regular_price, new.price);
begin
  if tg_op = 'UPDATE' then
    regular := case
      when new.regular_price is not null and new.regular_price is distinct from old.regular_price
        then new.regular_price
      when new.price <> old.price then new.price
      else coalesce(old.regular_price, old.price) end;
    if new.currency <> old.currency and new.offers = old.offers then
      new.offers := '[]';
    end if;
  end if;
  select p.price, p.regular_price, p.open_offers, p.ends_at, p.changes_at
  into new.price, new.regular_price, new.offers, new.offer_ends_at, new.offer_changes_at
  from app.price_at(regular, app.stored_offers(new.offers, new.currency), clock_timestamp()) p;
  return new;
end
$$;

-- The trigger does not run for products without offers, and for the statement of the sweeper, because they do not need
-- the function.
create or replace trigger set_price_insert before insert on products for each row
  when (new.offers <> '[]' or new.regular_price is not null) execute function app.set_price();
create or replace trigger set_price_update before update of price, regular_price, offers, currency on products
  for each row when ((new.offers <> '[]' or old.offers <> '[]' or new.regular_price is not null)
    and new.offer_changes_at is not distinct from old.offer_changes_at)
  execute function app.set_price();

set local role app_definer;

-- Starts and ends the offers that are due at a time, for at most `max_products` products, and returns the number of
-- these products. The function skips products that other transactions have locked. The next call finds these products
-- again.
create or replace function app.apply_due_offers(at timestamptz, max_products integer) returns integer
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  changed integer;
begin
  with due as materialized (
    select p.id from products p where p.offer_changes_at <= $1
    order by p.offer_changes_at limit $2
    for no key update skip locked
  )
  update products p
  set (price, regular_price, offers, offer_ends_at, offer_changes_at) = (
    select s.price, s.regular_price, s.open_offers, s.ends_at, s.changes_at
    from app.price_at(coalesce(p.regular_price, p.price), p.offers, $1) s)
  from due d where p.id = d.id;
  get diagnostics changed = row_count;
  return changed;
end
$$;
grant execute on function app.apply_due_offers(timestamptz, integer) to app_system;

-- Returns the time zone for days in the files of a catalog: the time zone of the client that owns the catalog.
create or replace function app.catalog_timezone(catalog uuid) returns text
language sql stable security definer set search_path = pg_catalog, public, app, pg_temp
as $$
  select o.timezone from catalogs c join clients o on o.id = c.owner_client_id
  where c.id = $1 and ((select app.admin_role()) is not null or (select app.subject()) = 'service:system'
    or c.id = any ((select app.catalog_ids())::uuid[]))
$$;
grant execute on function app.catalog_timezone(uuid) to app_admin, app_support, app_client, app_system;
