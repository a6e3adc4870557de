-- These functions write the rows of documents, and record the outcome of each document. A column changes only if the
-- document has changed it (functions/kv_merging.sql). The triggers of the tables run: caches are invalidated, and
-- rollups stay exact. The functions send no mail, no webhook and no event.
--
-- Only the platform decides the tier, the domain, the catalog and the active state of an existing row, and settings in
-- the platform take precedence. If a document has another value, the row keeps its value, and the document gets the
-- note `kept`. There is one exception: a site without a catalog gets the catalog of its document, because a grant for
-- this catalog may have been missing when the site was created.

set local role app_mirror;

create or replace function kv.write_clients(drafts kv.draft[]) returns void
language sql volatile
as $$
  insert into clients as c (id, name, slug, description, logo_url, contact_email, contact_phone, address, tier,
    is_active, settings, created_at, updated_at)
  select d.id, r.name, r.slug, r.description, r.logo_url, r.contact_email, r.contact_phone, r.address, r.tier,
    r.is_active, coalesce(r.settings, '{}'), coalesce(r.created_at, now()), coalesce(r.updated_at, r.created_at, now())
  from unnest(drafts) d cross join lateral jsonb_populate_record(null::clients, d.columns) r where d.reason is null
  on conflict (id) do update set name = excluded.name, description = excluded.description,
    logo_url = excluded.logo_url, contact_email = excluded.contact_email, contact_phone = excluded.contact_phone,
    address = excluded.address, settings = excluded.settings || c.settings
  where (c.name, c.description, c.logo_url, c.contact_email, c.contact_phone, c.address, c.settings)
    is distinct from (excluded.name, excluded.description, excluded.logo_url, excluded.contact_email,
      excluded.contact_phone, excluded.address, excluded.settings || c.settings)
$$;

-- If a catalog has a currency, the currency does not change, because the prices of the catalog are in this currency.
create or replace function kv.write_catalogs(drafts kv.draft[]) returns void
language sql volatile
as $$
  insert into catalogs as c (id, owner_client_id, name, type, source, status, source_config, currency, last_sync_at,
    created_at, updated_at)
  select d.id, r.owner_client_id, r.name, r.type, r.source, r.status, coalesce(r.source_config, '{}'), r.currency,
    r.last_sync_at, coalesce(r.created_at, now()), coalesce(r.updated_at, r.created_at, now())
  from unnest(drafts) d cross join lateral jsonb_populate_record(null::catalogs, d.columns) r where d.reason is null
  on conflict (id) do update set name = excluded.name, type = excluded.type, source = excluded.source,
    status = excluded.status, source_config = excluded.source_config, last_sync_at = excluded.last_sync_at
  where (c.name, c.type, c.source, c.status, c.source_config, c.last_sync_at)
    is distinct from (excluded.name, excluded.type, excluded.source, excluded.status, excluded.source_config,
      excluded.last_sync_at)
$$;

create or replace function kv.write_sites(drafts kv.draft[]) returns void
language sql volatile
as $$
  insert into sites as s (id, client_id, name, domain, status, branding, settings, catalog_id, created_at, updated_at)
  select d.id, r.client_id, r.name, r.domain, r.status, coalesce(r.branding, '{}'), coalesce(r.settings, '{}'),
    r.catalog_id, coalesce(r.created_at, now()), coalesce(r.updated_at, r.created_at, now())
  from unnest(drafts) d cross join lateral jsonb_populate_record(null::sites, d.columns) r where d.reason is null
  on conflict (id) do update set name = excluded.name, status = excluded.status,
    branding = s.branding || excluded.branding, settings = excluded.settings || s.settings,
    catalog_id = coalesce(s.catalog_id, excluded.catalog_id)
  where (s.name, s.status, s.branding, s.settings, s.catalog_id)
    is distinct from (excluded.name, excluded.status, s.branding || excluded.branding,
      excluded.settings || s.settings, coalesce(s.catalog_id, excluded.catalog_id))
$$;

create or replace function kv.write_products(drafts kv.draft[]) returns void
language sql volatile
as $$
  insert into products as p (id, catalog_id, sku, name, description, category, brand, price, currency, images,
    attributes, inventory_count, inventory_policy, is_active, created_at, updated_at)
  select d.id, r.catalog_id, r.sku, r.name, r.description, r.category, r.brand, r.price, r.currency,
    coalesce(r.images, '[]'), coalesce(r.attributes, '{}'), r.inventory_count, r.inventory_policy, r.is_active,
    coalesce(r.created_at, now()), coalesce(r.updated_at, r.created_at, now())
  from unnest(drafts) d cross join lateral jsonb_populate_record(null::products, d.columns) r where d.reason is null
  on conflict (id) do update set sku = excluded.sku, name = excluded.name,
    description = excluded.description, category = excluded.category, brand = excluded.brand,
    -- The price in a document is the regular price of the product.
    price = case when p.regular_price is null then excluded.price else p.price end,
    regular_price = case when p.regular_price is not null then excluded.price end,
    currency = excluded.currency, images = excluded.images, attributes = excluded.attributes,
    inventory_count = excluded.inventory_count, inventory_policy = excluded.inventory_policy
  where (p.sku, p.name, p.description, p.category, p.brand, coalesce(p.regular_price, p.price),
      p.currency, p.images, p.attributes, p.inventory_count, p.inventory_policy)
    is distinct from (excluded.sku, excluded.name, excluded.description, excluded.category, excluded.brand,
      excluded.price, excluded.currency, excluded.images, excluded.attributes, excluded.inventory_count,
      excluded.inventory_policy)
$$;

-- Records the outcome of documents. `is_alias` is true if other documents decide the values of their rows. The base of
-- a merged draft is written in the same update, because a second update of kv.ids would write the indexes again.
create or replace function kv.record_outcomes(drafts kv.draft[], is_alias boolean) returns void
language plpgsql volatile
as $$
begin
  insert into kv.quarantine as q (key, reason, field, xid)
  select d.key, d.reason, coalesce(d.field, ''), pg_current_xact_id() from unnest(drafts) d where d.reason is not null
  on conflict (key) do update set reason = excluded.reason, field = excluded.field, since = now(),
    xid = excluded.xid
  where (q.reason, q.field) <> (excluded.reason, excluded.field);
  delete from kv.quarantine q using unnest(drafts) d where q.key = d.key and d.reason is null;

  insert into kv.remainders as r (key, value)
  select d.key, d.remainder from unnest(drafts) d where d.reason is null and d.remainder <> '{}'
  on conflict (key) do update set value = excluded.value where r.value <> excluded.value;
  delete from kv.remainders r using unnest(drafts) d
  where r.key = d.key and (d.reason is null and d.remainder = '{}' or d.reason = 'person_erased');

  delete from kv.notes n using unnest(drafts) d where n.key = d.key and (d.reason is not null or not d.notes ? n.note);
  insert into kv.notes as n (key, note, field)
  select d.key, e.key, e.value from unnest(drafts) d cross join lateral jsonb_each_text(d.notes) e
  where d.reason is null
  on conflict (key, note) do update set field = excluded.field where n.field <> excluded.field;

  update kv.ids i
  set state = o.state, alias = $2, has_row = o.has_row, mapped_fingerprint = o.fingerprint, base = o.base
  from unnest(drafts) d
    join kv.ids old on old.key = d.key
    cross join lateral (
      select case when d.reason is null then 'mapped' else 'quarantined' end as state,
        d.has_row or d.reason is null and not $2 as has_row,
        case when d.reason is null and not d.is_open then old.fingerprint end as fingerprint,
        case when d.reason is null and d.columns ? 'base' then d.columns -> 'base' else old.base end as base) o
  where i.key = d.key and (i.state, i.alias, i.has_row, i.mapped_fingerprint, i.base)
    is distinct from (o.state, $2, o.has_row, o.fingerprint, o.base);
end
$$;

-- Records the aliases of drafts: the other documents of the same rows. If an alias differs from the document that
-- decides the row, the remainder of the alias contains the different fields. If the document that decides the row is in
-- quarantine, the aliases are also put into quarantine.
create or replace function kv.record_aliases(drafts kv.draft[]) returns void
language plpgsql volatile
as $$
declare
  keys text[] := array(
    select i.key from unnest(drafts) d join kv.ids i on i.entity = d.entity and i.id = d.id
    where i.key <> d.key and i.state not in ('gone', 'deleted'));
begin
  if cardinality(keys) = 0 then
    return;
  end if;
  perform kv.record_outcomes(array(
    with documents as materialized (
      select c.key, kv.decoded(c.value) as value
      from kv.documents(keys || array(select d.key from unnest(drafts) d)) c
    )
    select (i.key, i.entity, i.environment, i.old_id, i.id, d.has_row or d.reason is null, false, d.reason, d.field,
      null,
      coalesce(rest.value - case i.entity when 'catalog' then 'source' else '' end, '{}'),
      case when rest.value is null then '{"same_document": ""}' else '{"other_document": ""}' end::jsonb)::kv.draft
    from unnest(drafts) d
      join kv.ids i on i.entity = d.entity and i.id = d.id and i.key <> d.key and i.state not in ('gone', 'deleted')
      join documents a on a.key = i.key
      join documents l on l.key = d.key
      left join lateral (
        select kv.cleaned(coalesce(jsonb_object_agg(f.key, f.value), '{}')) as value
        from jsonb_each(case when jsonb_typeof(a.value) = 'object' and not kv.is_deep(a.value) then a.value
          else '{}' end) f
        where f.value is distinct from l.value -> f.key
      ) rest on a.value <> l.value), true);
end
$$;
