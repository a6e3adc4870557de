-- A file can have one row for each SKU and place where goods are stored. The rows of a SKU become one staged row, whose
-- stock is the sum. A delta can contain only some of the places of a product, so the stock of each place is stored.

set local role app_owner;

alter table app.staged_products add column stock_by_place jsonb;
comment on column app.staged_products.stock_by_place is
  'The stock at each place that the rows name. A null value: the place does not count its stock. Null: no place.';

alter table product_sources
  add column stock_by_place jsonb,
  add constraint product_sources_stock_by_place_length check (app.json_fits(stock_by_place, 131072));
comment on column product_sources.stock_by_place is
  'The stock at each place, from files with one row for each SKU and place. Null: the files state only the total.';
