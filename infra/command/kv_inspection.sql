-- Compares the inspected documents of the store with each other (infra/command/kv_inspection.py). SQLite runs it.

create index entries_by_id on entries (lists, id, scope);

-- A gift that does not name its catalog belongs to the catalog whose list names the gift, if exactly one list names it.
create table catalogs_of_lists as
select id, min(scope) as catalog from entries where list like 'catalog!_gifts:%' escape '!'
group by id having count(distinct scope) = 1;
create index catalogs_of_lists_by_id on catalogs_of_lists (id);

-- The document with the first key of an entity becomes the row. If the entity has only documents in lists, a document
-- in a list becomes the row. `alone`: exactly one document of the entity is not in a list. `place`: the catalog of a
-- gift.
create table leaders as
select * from (
  select d.*, sum(d.form <> c.listed) over (partition by d.entity, d.id) = 1 as alone, d.form = c.listed as in_list,
    row_number() over (partition by d.entity, d.id order by d.form, d.key) as position,
    coalesce(d.catalog, l.catalog, c.legacy_catalog) as place
  from documents d cross join constants c left join catalogs_of_lists l on d.entity = 'product' and l.id = d.id
)
where position = 1;
create index leaders_by_id on leaders (entity, id);
create index leaders_by_key_id on leaders (entity, key_id);

-- Report only damage of the document that becomes the row, and no damage of other documents of the entity.
delete from damage where key in (
  select d.key from documents d join leaders l on l.entity = d.entity and l.id = d.id
  where l.key <> d.key and not d.nameless);

-- Find entities that have several keys.
insert into damage
select p.prefix || case
    when d.form = c.listed then iif(l.content = d.content, '_list_copy_equal', '_list_copy_differs')
    when d.entity in ('product', 'order') then iif(l.content = d.content, '_both_keys_equal', '_both_keys_differ')
    else iif(l.content = d.content, '_alias_key', '_keys_differ')
  end, d.key
from documents d join leaders l on l.entity = d.entity and l.id = d.id join prefixes p on p.entity = d.entity
  cross join constants c
where l.key <> d.key and not d.nameless;

insert into damage
select p.prefix || '_only_in_list', l.key from leaders l join prefixes p on p.entity = l.entity
where l.in_list and not l.nameless and not l.held;

insert into damage
select p.prefix || iif(l.form = c.older, '_plural_key', '_environment_key'), l.key
from leaders l join prefixes p on p.entity = l.entity cross join constants c
where l.entity in ('product', 'order') and l.alone and not l.nameless and l.form in (c.older, c.environment);

-- Find references to documents that do not exist or that belong to another client.
insert into damage
select 'gift_catalog_unknown', g.key from leaders g
where g.entity = 'product' and g.catalog is not null
  and not exists (select 1 from leaders c where c.entity = 'catalog' and c.id = g.catalog);

insert into damage
select 'gift_catalog_unplaced', g.key from leaders g
where g.entity = 'product' and g.catalog is null and not g.held
  and not exists (select 1 from leaders c where c.entity = 'catalog' and c.id = g.place);

insert into damage
select 'gift_catalog_changed', g.key from leaders g
where g.entity = 'product' and g.row_catalog <> g.place and not g.held
  and exists (select 1 from leaders c where c.entity = 'catalog' and c.id = g.place);

insert into damage
select 'order_site_unknown', o.key from leaders o
where o.entity = 'order' and o.site is not null
  and not exists (select 1 from leaders s where s.entity = 'site' and s.id = o.site);

insert into damage
select 'order_client_of_another_site', o.key from leaders o join leaders s on s.entity = 'site' and s.id = o.site
where o.entity = 'order' and o.client <> s.client;

insert into damage
select 'order_gift_unknown', o.key from leaders o
where o.entity = 'order' and o.gift is not null
  and not exists (select 1 from leaders g where g.entity = 'product' and g.id = o.gift);

insert into damage
select 'site_client_unknown', s.key from leaders s
where s.entity = 'site' and s.client is not null
  and not exists (select 1 from leaders c where c.entity = 'client' and c.id = s.client);

insert into damage
select 'site_catalog_unknown', s.key from leaders s
where s.entity = 'site' and s.catalog is not null
  and not exists (select 1 from leaders c where c.entity = 'catalog' and c.id = s.catalog);

insert into damage
select 'site_catalog_of_another_client', s.key
from leaders s join leaders c on c.entity = 'catalog' and c.id = s.catalog
  join leaders o on o.entity = 'client' and o.id = s.client
where s.entity = 'site' and c.client <> s.client;

insert into damage
select 'catalog_client_unknown', c.key from leaders c
where c.entity = 'catalog' and c.client is not null
  and not exists (select 1 from leaders o where o.entity = 'client' and o.id = c.client);

-- Check the lists. `gifts:all` must contain each gift, and the list of a user must contain each order of the user.
create table all_gifts as select id, count(*) as entries from entries where list = 'gifts:all' group by id;
create index all_gifts_by_id on all_gifts (id);

insert into damage
select 'gift_unlisted', g.key from leaders g
where g.entity = 'product' and not g.nameless and not g.in_list and exists (select 1 from all_gifts)
  and not exists (select 1 from all_gifts a where a.id = g.key_id)
  and not exists (select 1 from all_gifts a where a.id = g.id);

insert into damage
select 'gift_listed_twice', g.key from leaders g join all_gifts a on a.id = g.id
where g.entity = 'product' and a.entries > 1;

insert into damage
select 'order_unlisted', o.key from leaders o
where o.entity = 'order' and o.user is not null and not o.in_list
  and not exists (select 1 from entries e where e.lists = 'order' and e.id = o.id and e.scope = o.user);

insert into damage
select 'order_listed_twice', o.key from leaders o join entries e on e.lists = 'order' and e.id = o.id
where o.entity = 'order' group by o.key, e.list having count(*) > 1;

insert into damage
select p.prefix || '_dangling', min(e.list) from entries e join prefixes p on p.entity = e.lists
where not exists (select 1 from leaders l where l.entity = e.lists and l.id = e.id)
  and not exists (select 1 from leaders l where l.entity = e.lists and l.key_id = e.id)
group by e.lists, e.id;

-- Check that a SKU, a domain or a number is unique among the documents that become rows. The document with the first
-- key keeps it.
create index damage_by_key on damage (key);
update leaders set held = 1 where key in (select d.key from damage d join held_kinds h on h.kind = d.kind);

insert into damage
select 'gift_sku_twice', key from (
  select key, row_number() over (partition by place, sku order by key) as n
  from leaders where entity = 'product' and sku is not null and not held
) where n > 1;

insert into damage
select 'site_domain_twice', key from (
  select key, row_number() over (partition by domain order by key) as n
  from leaders where entity = 'site' and domain is not null and not held
) where n > 1;

insert into damage
select 'order_number_twice', key from (
  select o.key, row_number() over (partition by s.client, o.number order by o.key) as n
  from leaders o join leaders s on s.entity = 'site' and s.id = o.site
  where o.entity = 'order' and o.number is not null and not o.held
) where n > 1;

update leaders set held = 1 where key in (select d.key from damage d join held_kinds h on h.kind = d.kind);

-- If the document that becomes the row is in quarantine, the other documents of the entity are in quarantine, too.
create table entities as
select d.entity, count(*) as documents, sum(l.key = d.key and not l.held) as rows,
  sum(l.key <> d.key and not l.held) as aliases, sum(l.held) as quarantine
from documents d join leaders l on l.entity = d.entity and l.id = d.id
group by d.entity;
