-- New products with an unknown state are inactive.
--
-- A file can contain a state that the platform does not know. It must not change a stored product, and must not sell a
-- new product. So a staged row needs a state that only new products get.

set local role app_owner;

alter table app.staged_products add column new_is_active boolean;
comment on column app.staged_products.new_is_active is
  'The state of a new product if is_active is null. Null, as the previous release stages it: a new product is active.';
