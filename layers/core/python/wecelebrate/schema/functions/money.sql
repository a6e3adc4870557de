-- Money: the decimals of currencies.

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

-- Returns an amount with the decimals of its currency. Fails if the amount is finer than its currency. The callers have
-- checked the amount before. Two concurrent requests can change the price and the currency of a product, and each
-- request checks only its own change. This function also refuses the combination.
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
