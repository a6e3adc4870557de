-- Stock that is not tracked, as a state of its own.
--
-- Until now, a product without a known quantity had the stock 0, and could not be ordered. Now `inventory_policy` says
-- whether the platform counts the stock of a product. Existing products stay `tracked`: the previous release reads
-- and writes only `inventory_count`, so its products must keep their meaning. For the same reason, a product that is
-- inserted without a policy is `tracked`.
--
-- The count of an untracked product is always 0. A stale count must not come back when the product is tracked again.
-- functions/products.sql has a trigger for the writes of the previous release, which does not know the policy.

set local role app_owner;

alter table products
  add column inventory_policy text not null default 'tracked',
  add constraint products_inventory_policy_check check (inventory_policy in ('tracked', 'untracked')),
  add constraint products_untracked_inventory_check check (inventory_policy = 'tracked' or inventory_count = 0);
comment on column products.inventory_policy is
  'tracked: orders take pieces of inventory_count. untracked: the product is always available, and the count is 0.';

-- Pieces that were ordered while the product was untracked do not count against the shares of a stock that is tracked
-- later. Otherwise a new stock of 10 pieces would be refused to all guests after 10 earlier orders.
alter table order_quantities add column is_tracked boolean not null default true;
comment on column order_quantities.is_tracked is 'Whether the pieces were taken from a tracked stock.';

alter table app.staged_products add column inventory_policy text;
comment on column app.staged_products.inventory_policy is 'Null: a row with an inventory_count is tracked.';
