-- no-transaction
-- A search reads what it finds in its own catalog, category and brand, however often other catalogs have the word: the
-- index intersects them. And the indexes that a page walks along know what its filters ask of a row, so that a walk
-- reads no row that it does not show.
set role app_owner;
-- Trusted, as pg_trgm is.
create extension if not exists btree_gin with schema public;
drop index concurrently if exists products_search;
create index concurrently products_search on public.products
  using gin (catalog_id, category, brand, name public.gin_trgm_ops) with (gin_pending_list_limit = 1024);
drop index concurrently if exists products_in_name_order;
create index concurrently products_in_name_order on public.products (catalog_id, name, id) include (price, is_active);
drop index concurrently if exists products_in_category;
create index concurrently products_in_category on public.products (catalog_id, category, name, id)
  include (price, is_active);
drop index concurrently if exists products_in_brand;
create index concurrently products_in_brand on public.products (catalog_id, brand, name, id) include (price, is_active);
reset role;
