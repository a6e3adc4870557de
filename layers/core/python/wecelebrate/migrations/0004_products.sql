-- Products of catalogs, and the ones that a site leaves out.
--
-- A page in name order under one catalog reads one index from the cursor on; filters by category, brand and price
-- have their own. An index on (catalog_id) or (sku) alone would repeat the unique constraint and slow every load.

set local role app_owner;

create table products (
  id uuid primary key default app.uuid7(),
  catalog_id uuid not null references catalogs (id) on delete cascade,
  sku text not null,
  name text not null,
  description text,
  category text,
  brand text,
  price numeric(10, 2) not null,
  currency text not null default 'USD',
  images jsonb not null default '[]',
  attributes jsonb not null default '{}',
  inventory_count integer not null default 0,
  is_active boolean not null default true,
  source_data jsonb,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint products_catalog_sku_unique unique (catalog_id, sku),
  constraint products_price_check check (price >= 0),
  constraint products_inventory_check check (inventory_count >= 0),
  constraint products_currency_check check (currency ~ '^[A-Z]{3}$')
);
create index products_by_name on products (catalog_id, name, id);
create index products_by_category on products (catalog_id, category, name, id);
create index products_by_brand on products (catalog_id, brand, name, id);
create index products_by_price on products (catalog_id, price, id);
create index products_by_created_at on products (catalog_id, created_at, id);
create index products_by_name_trigram on products using gin (name gin_trgm_ops);

create table site_product_exclusions (
  client_id uuid not null,
  site_id uuid not null,
  product_id uuid not null references products (id) on delete cascade,
  reason text,
  created_at timestamptz not null default now(),
  primary key (site_id, product_id),
  foreign key (client_id, site_id) references sites (client_id, id) on delete cascade
);
create index site_product_exclusions_by_product on site_product_exclusions (product_id);

create trigger touch before update on products for each row execute function app.touch();

-- Foreign keys are checked past row-level security: whose catalog a product lies in is asked here.
grant select on products, site_product_exclusions to app_definer;
set local role app_definer;
create function app.may_read_product(client uuid, product uuid) returns boolean
language sql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
  select exists (select from products where id = product and app.may_read_catalog(client, catalog_id))
$$;
grant execute on function app.may_read_product(uuid, uuid) to app_admin, app_client;
set local role app_owner;

alter table products enable row level security;
alter table products force row level security;
create policy migrate on products to app_migrate using (true) with check (true);
create policy definer on products for select to app_definer using (true);
create policy admin on products to app_admin
  using ((select app.admin_role()) is not null) with check ((select app.admin_role()) is not null);
create policy support on products to app_support
  using ((select app.admin_role()) is not null) with check ((select app.admin_role()) is not null);
create policy client on products for select to app_client
  using (catalog_id = any ((select app.catalog_ids())::uuid[]));
create policy client_insert on products for insert to app_client
  with check (catalog_id = any ((select app.writable_catalog_ids())::uuid[]));
create policy client_update on products for update to app_client
  using (catalog_id = any ((select app.writable_catalog_ids())::uuid[]))
  with check (catalog_id = any ((select app.writable_catalog_ids())::uuid[]));
create policy customer on products for select to app_customer
  using (catalog_id = any ((select app.catalog_ids())::uuid[]) and is_active
         and not exists (select from site_product_exclusions excluded
                         where excluded.site_id = (select app.site_id()) and excluded.product_id = products.id));
create policy anon on products for select to app_anon
  using (catalog_id = any ((select app.catalog_ids())::uuid[]) and is_active
         and not exists (select from site_product_exclusions excluded
                         where excluded.site_id = (select app.site_id()) and excluded.product_id = products.id));
grant select, insert, update, delete on products to app_migrate;
grant select, insert, update, delete on products to app_admin;
grant select, insert, update on products to app_support, app_client;
grant select on products to app_customer, app_anon;

alter table site_product_exclusions enable row level security;
alter table site_product_exclusions force row level security;
create policy migrate on site_product_exclusions to app_migrate using (true) with check (true);
create policy definer on site_product_exclusions for select to app_definer using (true);
create policy admin on site_product_exclusions to app_admin
  using ((select app.admin_role()) is not null)
  with check ((select app.admin_role()) is not null and app.may_read_product(client_id, product_id));
create policy client on site_product_exclusions for select to app_client
  using (client_id = any ((select app.client_ids())::uuid[]));
create policy client_insert on site_product_exclusions for insert to app_client
  with check (client_id = any ((select app.editor_ids())::uuid[]) and app.may_read_product(client_id, product_id));
create policy client_update on site_product_exclusions for update to app_client
  using (client_id = any ((select app.editor_ids())::uuid[]))
  with check (client_id = any ((select app.editor_ids())::uuid[]) and app.may_read_product(client_id, product_id));
create policy client_delete on site_product_exclusions for delete to app_client
  using (client_id = any ((select app.editor_ids())::uuid[]));
create policy customer on site_product_exclusions for select to app_customer using (site_id = (select app.site_id()));
create policy anon on site_product_exclusions for select to app_anon using (site_id = (select app.site_id()));
grant select, insert, update, delete on site_product_exclusions to app_migrate;
grant select, insert, update, delete on site_product_exclusions to app_admin, app_client;
grant select on site_product_exclusions to app_customer, app_anon;

-- What is in products, for the planner: until it knows of a catalog that a sync has just filled, it reads and sorts all
-- of it for a page (60 ms at 100,000 products instead of 2), and autovacuum may take minutes to come by. Analyzing is
-- the owner's, so the function is too; it reads and answers nothing of any row.
create function app.analyze_products() returns void
language plpgsql security definer set search_path = pg_catalog, public, pg_temp
as $$
begin
  analyze public.products (catalog_id, sku, name, category, brand, price, created_at);
end
$$;
grant execute on function app.analyze_products() to app_system;
