-- Money: the decimals of currencies, and the currency of each catalog.

set local role app_owner;

-- Returns the minor units of a currency: the number of decimals of its amounts, as ISO 4217 defines them. For a code
-- that is not an active currency, the result is 2. A test compares the function with `core.types.currencies`.
create or replace function app.minor_units(currency text) returns integer
language sql immutable parallel safe
return case
  when currency = any ('{BIF,CLP,DJF,GNF,ISK,JPY,KMF,KRW,PYG,RWF,UGX,VND,VUV,XAF,XOF,XPF}'::text[]) then 0
  when currency = any ('{BHD,IQD,JOD,KWD,LYD,OMR,TND}'::text[]) then 3
  else 2 end;
grant execute on function app.minor_units(text) to public;

-- Returns an amount with the decimals of its currency. Raises an error if the amount has more decimals than its
-- currency. Callers check their amounts, but a check by the caller is not sufficient: two concurrent requests can
-- change the price and the currency of a product, and each request checks only its own change.
create or replace function app.exact_amount(amount numeric, currency text) returns numeric
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
begin
  if amount <> round(amount, app.minor_units(currency)) then
    raise exception '% is finer than %', amount, currency using errcode = 'check_violation', column = 'price';
  end if;
  return round(amount, app.minor_units(currency));
end
$$;
grant execute on function app.exact_amount(numeric, text) to app_admin, app_support, app_client;

set local role app_definer;

-- Returns whether all prices of a catalog are in one currency, so that they can be compared. This is also true for a
-- catalog without products. Returns null for a catalog that the caller may not read. Before the migration 0019, a
-- catalog could have prices in several currencies. A catalog from that time has no currency until an owner sets it,
-- even if all prices have the same currency.
create or replace function app.has_one_currency(catalog uuid) returns boolean
language sql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
  select c.currency is not null or not exists (select from products p where p.catalog_id = c.id)
  from catalogs c
  where c.id = $1 and ((select app.admin_role()) is not null or c.id = any ((select app.catalog_ids())::uuid[]))
$$;
grant execute on function app.has_one_currency(uuid) to app_admin, app_support, app_client, app_customer, app_anon;

set local role app_owner;

-- Returns the catalog, or null if a list with these parameters compares prices in several currencies.
create or replace function app.comparable_catalog(catalog uuid, price_min numeric, price_max numeric, sort text)
returns uuid
language sql stable
return case
  when coalesce(price_min, price_max) is null and sort not like '%price' then catalog
  when app.has_one_currency(catalog) is not false then catalog
end;
grant execute on function app.comparable_catalog(uuid, numeric, numeric, text)
  to app_admin, app_support, app_client, app_customer, app_anon;

set local role app_definer;

-- Returns the currency of the prices that the current site shows. The price rules of the catalog can convert them.
create or replace function app.storefront_currency() returns text
language sql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
  select coalesce(c.pricing ->> 'currency', c.currency)
  from sites s join catalogs c on c.id = s.catalog_id where s.id = (select app.site_id())
$$;
grant execute on function app.storefront_currency() to app_customer, app_anon;

-- Checks that prices are in the currency of their catalog. `added` is the number of products that the statement has
-- added. If these are the first products of the catalog, they set its currency.
--
-- A change of the catalog's currency waits for the lock, and the lock waits for the change. Other changes of the
-- catalog do not wait, because the lock is a key-share lock as for a foreign key.
--
-- Two transactions can add the first products at the same time. Then the update of the second transaction waits for the
-- first transaction, finds a currency, and changes nothing. If the first transaction has ended before the second
-- transaction counts the products, the second transaction makes no update. Therefore each transaction reads the
-- currency again.
create or replace function app.check_catalog_currency(catalog uuid, currency text, added bigint) returns void
language plpgsql volatile set search_path = pg_catalog, public, pg_temp
as $$
declare
  required text;
begin
  select c.currency into required from catalogs c where c.id = $1 for key share;
  if required is null and added > 0 then
    if (select count(*) from (select from products p where p.catalog_id = $1 limit added + 1) counted) = added then
      update catalogs c set currency = $2 where c.id = $1 and c.currency is null;
    end if;
    select c.currency into required from catalogs c where c.id = $1;
  end if;
  if required <> $2 then
    raise exception 'the price is in %, and the catalog has prices in %', $2, required
      using errcode = 'check_violation', column = 'currency';
  end if;
end
$$;

-- Checks the currencies of the products that a statement has added.
create or replace function app.check_new_currencies() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform app.check_catalog_currency(catalog_id, currency, sum(count(*)) over (partition by catalog_id)::bigint)
  from after group by catalog_id, currency;
  return null;
end
$$;

-- Checks the currency of one product that has changed.
create or replace function app.check_changed_currency() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform app.check_catalog_currency(new.catalog_id, new.currency, 0);
  return null;
end
$$;

-- When a caller changes the currency of a catalog, checks that no product has a price in another currency. The lock
-- waits for transactions that have added or changed prices.
create or replace function app.check_currency_of_products() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp
as $$
begin
  perform from catalogs where id = new.id for update;
  if exists (select from products where catalog_id = new.id and currency <> new.currency) then
    raise exception 'products of the catalog have prices in another currency than %', new.currency
      using errcode = 'check_violation', column = 'currency';
  end if;
  return new;
end
$$;
grant execute on function app.check_new_currencies(), app.check_changed_currency(), app.check_currency_of_products()
  to app_owner;

set local role app_owner;

create or replace trigger check_currency_insert after insert on products referencing new table as after
  for each statement execute function app.check_new_currencies();
create or replace trigger check_currency_update after update of currency, catalog_id on products for each row
  when ((old.currency, old.catalog_id) is distinct from (new.currency, new.catalog_id))
  execute function app.check_changed_currency();

-- No check is needed if the first product sets the currency. In this case, pg_trigger_depth() is 1.
create or replace trigger check_currency before update of currency on catalogs for each row
  when (old.currency is distinct from new.currency and pg_trigger_depth() = 0)
  execute function app.check_currency_of_products();
