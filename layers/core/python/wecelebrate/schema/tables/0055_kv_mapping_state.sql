-- What the mapping of the key-value store has to remember: which list contains a document, what a row had when its
-- document was last mapped, and which orders belong to erased persons although they have no row.

set local role app_owner;

-- The previous release writes neither column. It maps only the documents that have a key of their own.
alter table kv.ids
  add column list text collate "C",
  add column base jsonb,
  add constraint ids_list_length check (length(list) <= 1024),
  add constraint ids_base_length check (app.json_fits(base, 10000));
comment on column kv.ids.list is 'The key of the list that contains the document. Null: the document has its own key.';
comment on column kv.ids.base is
  'What the mapping compares with to see who has changed a row: hashes of the values that the document had when it was
   last mapped, and the last status on which the document and the row agreed. Null: the document decides no row.';
create index ids_by_list on kv.ids (list) where list is not null;

-- The orders of the store that belong to a person whose data a client has erased. There is one row for each order
-- document that mentioned the person at that time, whether the order had a row or not. It contains no data of the
-- person, not even a hash: only the id that the order has in the platform.
create table kv.erased_orders (
  order_id uuid not null,
  client_id uuid not null references public.clients (id) on delete cascade,
  primary key (order_id, client_id)
);
create index erased_orders_by_client on kv.erased_orders (client_id);
alter table kv.erased_orders enable row level security;
alter table kv.erased_orders force row level security;
create policy migrate on kv.erased_orders to app_migrate using (true) with check (true);
create policy mirror on kv.erased_orders to app_mirror using (true) with check (true);
grant select, insert, update, delete on kv.erased_orders to app_migrate;
grant select, insert on kv.erased_orders to app_mirror;

-- The exclusions that the mapping has written, so that it never writes one again that a member has deleted.
create table kv.exclusions (
  site_id uuid not null references public.sites (id) on delete cascade,
  product_id uuid not null references public.products (id) on delete cascade,
  primary key (site_id, product_id)
);
create index exclusions_by_product on kv.exclusions (product_id);
alter table kv.exclusions enable row level security;
alter table kv.exclusions force row level security;
create policy migrate on kv.exclusions to app_migrate using (true) with check (true);
create policy mirror on kv.exclusions to app_mirror using (true) with check (true);
grant select, insert, update, delete on kv.exclusions to app_migrate;
grant select, insert on kv.exclusions to app_mirror;

create policy mirror on public.site_product_exclusions for select to app_mirror using (true);
create policy mirror_insert on public.site_product_exclusions for insert to app_mirror with check (true);
grant select, insert on public.site_product_exclusions to app_mirror;

-- The settings of sites are copied after the products, and before the orders.
alter table kv.runs drop constraint runs_phase_check;
alter table kv.runs add constraint runs_phase_check
  check (phase in ('index', 'lists', 'client', 'catalog', 'site', 'product', 'setting', 'order', 'end'));
