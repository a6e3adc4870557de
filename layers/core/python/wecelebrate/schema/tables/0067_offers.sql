-- Offers: prices of a product for a limited time.
--
-- `price` is the price that is valid now, so that indexes, filters, orders and price rules need no other column. While
-- an offer is valid, `regular_price` has the price that callers and files write. functions/offers.sql keeps the columns
-- consistent. The statements of the previous release write only `price`.

set local role app_owner;

alter table products
  add column offers jsonb not null default '[]',
  add column regular_price numeric,
  add column offer_ends_at timestamptz,
  add column offer_changes_at timestamptz,
  add constraint products_offers_length check (app.json_fits(offers, 8192)),
  add constraint products_regular_price_check
    check (regular_price > price and regular_price < 1e12 and scale(regular_price) <= 3);
comment on column products.price is
  'The price that is valid now: the price of the offer, while an offer is valid.';
comment on column products.offers is
  'A list of {"price": text, "starts_at": time or null, "ends_at": time or null}. Offers that have ended are removed.';
comment on column products.regular_price is 'The price without the offer that is valid now. Null: no offer is valid.';
comment on column products.offer_ends_at is
  'The end of the offer that is valid now. Null: no offer, or no known end.';
comment on column products.offer_changes_at is
  'The next start or end of an offer, at which the sweeper sets the price.';

alter table app.staged_products add column offers jsonb;
comment on column app.staged_products.offers is 'Null: the row says nothing about offers.';
