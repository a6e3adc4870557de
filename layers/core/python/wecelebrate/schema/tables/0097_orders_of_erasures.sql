-- An erasure erases the orders of a person in parts, because their texts together have no limit.
set role app_owner;
alter table erasures
  add column order_ids uuid[] not null default '{}',
  add constraint erasures_order_ids_length check (cardinality(order_ids) <= 1000);
comment on column erasures.order_ids is
  'The orders of the current part. `needles`, `phrases` and `first_order_at` come from these orders.';
reset role;
