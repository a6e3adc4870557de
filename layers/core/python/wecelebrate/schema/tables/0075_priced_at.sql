-- When the selling prices of a catalog have changed without a change of its products.

set local role app_owner;

alter table catalogs add column priced_at timestamptz;
comment on column catalogs.priced_at is
  'When the price rules in force were changed. Clients with a grant see their selling prices. Null: never.';
