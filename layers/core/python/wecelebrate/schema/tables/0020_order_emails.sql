-- no-transaction
-- The filter `customer_email` of orders ignores case, as the mails do.
set role app_owner;
drop index concurrently if exists orders_by_folded_customer_email;
create index concurrently orders_by_folded_customer_email on orders (lower(customer_email));
reset role;
