-- no-transaction
-- The products whose offers start or end, for the sweeper.
set role app_owner;
drop index concurrently if exists products_by_offer_change;
create index concurrently products_by_offer_change on products (offer_changes_at) where offer_changes_at is not null;
reset role;
