-- The number of products of each category and brand.
--
-- Until now, the first page of a storefront counted all products of the catalog. At 100,000 products, this took about a
-- second. Now a change of a product appends rows to facet_deltas, and waits for no other transaction. app.rollup_facets
-- adds them to facet_counts on a schedule. As with order_deltas, the sum of both tables equals a count of the products
-- in every snapshot, on every server. Neither table has a foreign key to catalogs: the deltas of deleted products
-- exist until they are rolled up, even if the catalog is deleted before the rollup.
--
-- No role of a caller can read the tables. They count all active products of a catalog, including products that a site
-- excludes. app.product_facets subtracts these.

set local role app_owner;

create table facet_deltas (
  id uuid primary key default app.uuid7(),
  catalog_id uuid not null,
  facet text not null check (facet in ('category', 'brand')),
  value text not null check (length(value) <= 300),
  products integer not null
);
comment on table facet_deltas is
  'Changes that facet_counts does not contain yet. Triggers of products insert them; the rollup deletes them.';
create index facet_deltas_by_catalog on facet_deltas (catalog_id, facet);

create table facet_counts (
  catalog_id uuid not null,
  facet text not null check (facet in ('category', 'brand')),
  value text not null check (length(value) <= 300),
  products integer not null,
  primary key (catalog_id, facet, value)
);
comment on table facet_counts is
  'The active products of each category and brand, without the changes in facet_deltas. Read app.count_facet instead.';
comment on column facet_counts.products is
  'Can be below 0 temporarily: a rollup may process the later of two deltas first.';

alter table facet_deltas enable row level security;
alter table facet_deltas force row level security;
create policy migrate on facet_deltas to app_migrate using (true) with check (true);
create policy definer on facet_deltas to app_definer using (true) with check (true);
grant select, insert, update, delete on facet_deltas to app_migrate, app_definer;

alter table facet_counts enable row level security;
alter table facet_counts force row level security;
create policy migrate on facet_counts to app_migrate using (true) with check (true);
create policy definer on facet_counts to app_definer using (true) with check (true);
grant select, insert, update, delete on facet_counts to app_migrate, app_definer;

-- The triggers are created with the tables, and not with the other functions. `create trigger` locks the table products
-- until the commit, so that no change is missing between the triggers and the first count.
set local role app_definer;

-- Records how a statement that inserts or deletes products changes the counts.
create function app.record_facet_deltas() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp
as $$
begin
  if tg_op = 'INSERT' then
    insert into facet_deltas (catalog_id, facet, value, products)
    select p.catalog_id, f.facet, f.value, count(*)
    from after p cross join lateral (values ('category', p.category), ('brand', p.brand)) f (facet, value)
    where p.is_active and f.value is not null group by 1, 2, 3;
  else
    insert into facet_deltas (catalog_id, facet, value, products)
    select p.catalog_id, f.facet, f.value, -count(*)
    from before p cross join lateral (values ('category', p.category), ('brand', p.brand)) f (facet, value)
    where p.is_active and f.value is not null group by 1, 2, 3;
  end if;
  return null;
end
$$;
grant execute on function app.record_facet_deltas() to app_owner;

-- Records how the change of one product changes the counts. A trigger for each row is used, because it has a condition:
-- an order, or a new price, does not call this function.
create function app.record_facet_change() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp
as $$
begin
  insert into facet_deltas (catalog_id, facet, value, products)
  select catalog_id, facet, value, sum(products)
  from (
    values (old.catalog_id, 'category', old.category, -old.is_active::integer),
      (old.catalog_id, 'brand', old.brand, -old.is_active::integer),
      (new.catalog_id, 'category', new.category, new.is_active::integer),
      (new.catalog_id, 'brand', new.brand, new.is_active::integer)
  ) changed (catalog_id, facet, value, products)
  where value is not null
  group by 1, 2, 3 having sum(products) <> 0;
  return null;
end
$$;
grant execute on function app.record_facet_change() to app_owner;

set local role app_owner;

create trigger record_facets_insert after insert on products referencing new table as after
  for each statement execute function app.record_facet_deltas();
create trigger record_facets_delete after delete on products referencing old table as before
  for each statement execute function app.record_facet_deltas();
create trigger record_facets_update after update of catalog_id, category, brand, is_active on products for each row
  when ((old.catalog_id, old.category, old.brand, old.is_active)
    is distinct from (new.catalog_id, new.category, new.brand, new.is_active))
  execute function app.record_facet_change();

set local role app_migrate;

insert into facet_counts (catalog_id, facet, value, products)
select p.catalog_id, f.facet, f.value, count(*)
from products p cross join lateral (values ('category', p.category), ('brand', p.brand)) f (facet, value)
where p.is_active and f.value is not null
group by 1, 2, 3;
