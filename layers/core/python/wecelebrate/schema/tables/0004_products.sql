-- Products of catalogs, exclusions of products from sites, and images of products.
--
-- The query for a page of one catalog in name order reads one index, from the cursor on. The filters by category, by
-- brand and by price have indexes of their own. An index on only (catalog_id) or on only (sku) would repeat the unique
-- constraint and slow down every load.

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
  media text not null default '[]',
  constraint products_catalog_sku_unique unique (catalog_id, sku),
  constraint products_price_check check (price >= 0),
  constraint products_inventory_check check (inventory_count >= 0),
  constraint products_currency_check check (currency ~ '^[A-Z]{3}$')
);
comment on column products.media is
  'JSON: the entries of `images` that can be shown, in their order. \x01 stands for the address of the bucket.';
-- The search index contains the catalog, the category and the brand in addition to the name. Therefore a search reads
-- only the matches in the searched catalog, even if other catalogs have many matches. New entries wait in a pending
-- list, and every search reads the complete list. Therefore the list is kept shorter than the default of 4 MB.
create index products_search on products using gin (catalog_id, category, brand, name gin_trgm_ops)
  with (gin_pending_list_limit = 1024);
-- The three indexes in name order also contain the columns of the other filters. Therefore a scan of such an index
-- reads only the table rows that it returns.
create index products_by_name on products (catalog_id, name, id) include (price, is_active);
create index products_by_category on products (catalog_id, category, name, id) include (price, is_active);
create index products_by_brand on products (catalog_id, brand, name, id) include (price, is_active);
create index products_by_price on products (catalog_id, price, id);
create index products_by_created_at on products (catalog_id, created_at, id);

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

create trigger set_updated_at before update on products for each row execute function app.set_updated_at();

-- Foreign keys are checked without row-level security. Therefore policies ask this function whether a client may read
-- the catalog of a product. The function is defined with the tables because policies use it. app_definer has the
-- privilege to update because app.place_order updates the stock.
grant select, update on products to app_definer;
grant select on site_product_exclusions to app_definer;
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
create policy definer_update on products for update to app_definer using (true) with check (true);
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

-- The images of products: the origin of each image, its state and its renditions.
--
-- `products.images` contains the addresses exactly as a file or a caller provided them. `products.media` contains only
-- the images that can be shown. Without `media`, a list of a thousand products would look up thousands of rows, and
-- every reader of products would need access to this table. A change of `media` is a change of the product, so the
-- cache, entity tags and `updated_since` take it into account.
create table images (
  id uuid primary key default app.uuid7(),
  catalog_id uuid not null references catalogs (id) on delete cascade,
  origin text not null check (origin in ('fetched', 'uploaded')),
  source text check (octet_length(source) <= 2048),
  status text not null check (status in ('uploading', 'pending', 'ready', 'failed')),
  sha256 text check (sha256 ~ '^[0-9a-f]{64}$'),
  type text,
  width integer,
  height integer,
  bytes bigint,
  renditions jsonb not null default '{}',
  etag text,
  attempts integer not null default 0,
  error_code text,
  error text,
  next_try_at timestamptz,
  fetched_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint images_fetched_source_check check (origin = 'uploaded' or source is not null),
  constraint images_ready_check check (status <> 'ready' or (source is not null and sha256 is not null))
);
comment on column images.source is 'The address in `products.images`. An upload has no address until it is rendered.';
comment on column images.status is
  'failed: no image can be shown. A ready image has an error if the last attempt to fetch it again failed.';
comment on column images.attempts is 'Failed attempts in a row.';
comment on column images.next_try_at is 'Null: the image is not fetched again automatically.';
create unique index images_fetched_source_unique on images (catalog_id, source) where origin = 'fetched';
create index images_by_source on images (catalog_id, source) where status = 'ready';
create index images_by_catalog on images (catalog_id, created_at desc, id desc);
create index images_by_next_try on images (next_try_at) where next_try_at is not null;

create trigger set_updated_at before update on images for each row execute function app.set_updated_at();

alter table images enable row level security;
alter table images force row level security;
create policy migrate on images to app_migrate using (true) with check (true);
create policy admin on images to app_admin
  using ((select app.admin_role()) is not null) with check ((select app.admin_role()) is not null);
create policy support on images for select to app_support using ((select app.admin_role()) is not null);
create policy client on images for select to app_client
  using (catalog_id = any ((select app.catalog_ids())::uuid[]));
create policy client_insert on images for insert to app_client
  with check (catalog_id = any ((select app.writable_catalog_ids())::uuid[]));
create policy client_update on images for update to app_client
  using (catalog_id = any ((select app.writable_catalog_ids())::uuid[]))
  with check (catalog_id = any ((select app.writable_catalog_ids())::uuid[]));
create policy system on images for select to app_system using ((select app.subject()) is not null);
grant select, insert, update, delete on images to app_migrate;
grant select, insert, update on images to app_admin, app_client;
grant select on images to app_support, app_system;
