-- no-transaction
-- Finds the orders of a chunk of an export of customers (functions/exports.sql). No query compares `customer_email`
-- with its case, so the other index is not used.
set role app_owner;
drop index concurrently if exists orders_by_client_and_email;
create index concurrently orders_by_client_and_email on orders (client_id, lower(customer_email));
drop index concurrently if exists orders_by_customer_email;
reset role;
