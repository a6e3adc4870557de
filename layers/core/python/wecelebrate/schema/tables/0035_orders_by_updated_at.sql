-- no-transaction
-- The filter `updated_since` of orders.
set role app_owner;
drop index concurrently if exists orders_by_updated_at;
create index concurrently orders_by_updated_at on orders (client_id, updated_at);
reset role;
