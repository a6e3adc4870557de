-- name: list_catalogs
-- List one page after the cursor, in name order. A filter that is null matches every row. A catalog that the caller
-- sees through a grant has only its public columns.
select to_json(catalog)::text as item, page.folded_name as after_folded_name, page.id as after_id
from (
  select *
  from (
    select *, app.pricing_status(pricing_rules, pricing) as pricing_status from catalogs
    union all
    select *, null::text from app.granted_catalogs()
  ) catalogs
  where (:type::text is null or type = :type)
    and (:status::text is null or status = :status)
    and (:after_id::uuid is null or (folded_name, id) > (:after_folded_name, :after_id::uuid))
  order by folded_name, id
  limit :limit + 1
) page cross join lateral (
  select page.id, page.owner_client_id, page.name, page.type, page.source, page.status, page.currency,
    page.source_config, page.sync_settings, page.pricing_rules, page.low_inventory, page.created_at, page.updated_at,
    page.last_sync_at, page.pricing_status
) catalog
order by page.folded_name, page.id;

-- name: get_catalog^
-- Get a catalog that the caller may see.
select * from app.catalog_view where id = :catalog_id;

-- name: count_catalogs$
-- Count the catalogs that a client owns.
select count(*)::integer from catalogs where owner_client_id = :client_id;

-- name: create_catalog^
-- Create a catalog.
insert into catalogs (owner_client_id, name, type, source, status, currency, source_config, sync_settings,
  pricing_rules, low_inventory, pricing)
values (:owner_client_id, :name, :type, :source, :status, :currency, :source_config, :sync_settings, :pricing_rules,
  :low_inventory, app.compile_pricing(:pricing_rules, :currency))
returning id, owner_client_id, name, type, source, status, currency, source_config, sync_settings, pricing_rules,
  low_inventory, created_at, updated_at, last_sync_at, app.pricing_status(pricing_rules, pricing) as pricing_status;

-- name: lock_catalog$
-- Lock, until the end of the transaction, a catalog that the caller may change. It returns null for a catalog that the
-- caller may not change.
select id from catalogs where id = :catalog_id for no key update;

-- name: change_catalog^
-- Change the columns that are named in `changes`. If `replace` is true, `changes` contains their new values. Otherwise
-- `changes` is a merge patch (RFC 7396). It returns no row when the caller may not change the catalog, or when the
-- `updated_at` of the catalog differs from `expected_updated_at`. If `pricing_rules` is not null, it replaces the price
-- rules.
update catalogs old
set (name, type, source, status, currency, source_config, sync_settings, pricing_rules, low_inventory, pricing) = (
  select name, type, source, status, currency, source_config, sync_settings,
    coalesce(:pricing_rules::jsonb, old.pricing_rules), low_inventory,
    case when :pricing_rules::jsonb is null then old.pricing else app.compile_pricing(:pricing_rules, currency) end
  from jsonb_populate_record(null::catalogs, case when :replace
    then to_jsonb(old) || :changes::jsonb else app.merge_patch(to_jsonb(old), :changes::jsonb) end))
where id = :catalog_id and (:expected_updated_at::timestamptz is null or updated_at = :expected_updated_at)
returning id, owner_client_id, name, type, source, status, currency, source_config, sync_settings, pricing_rules,
  low_inventory, created_at, updated_at, last_sync_at, app.pricing_status(pricing_rules, pricing) as pricing_status;

-- name: has_other_currency$
-- Return whether any product of a catalog has its price in a currency other than `currency`.
select exists (select from products where catalog_id = :catalog_id and currency <> :currency);

-- name: list_grants
-- List one page of the clients that have a grant for a catalog. The page starts after the cursor, in the order of the
-- ids.
select to_json(rows)::text as item, client_id as after_id
from (
  select catalog_id, client_id, created_at
  from catalog_grants
  where catalog_id = :catalog_id and (:after_id::uuid is null or client_id > :after_id::uuid)
  order by client_id
  limit :limit + 1
) rows
order by client_id;

-- name: can_see_catalog_and_client$
-- Return whether the caller may see both the catalog and the client.
select exists (select from app.catalog_view where id = :catalog_id)
  and exists (select from clients where id = :client_id);

-- name: grant_catalog^
-- Let a client read a catalog. If the client already has a grant for the catalog, the existing grant is returned.
insert into catalog_grants (catalog_id, client_id) values (:catalog_id, :client_id)
on conflict (catalog_id, client_id) do update set client_id = excluded.client_id
returning catalog_id, client_id, created_at;

-- name: revoke_catalog!
-- Revoke a grant.
delete from catalog_grants where catalog_id = :catalog_id and client_id = :client_id;

-- name: count_sites_using_grant$
-- Return how many sites of a client show the given catalog. If the client owns the catalog itself, the count is 0.
select count(*)
from sites s join catalogs c on c.id = s.catalog_id
where s.client_id = :client_id and s.catalog_id = :catalog_id and c.owner_client_id is distinct from s.client_id;

-- name: get_reading^
-- Get the reading of a catalog, which describes how the last merged file was read. The columns are null if no reading
-- is stored. `may_read` is false for a client that only has a grant, because it may not see the reading.
select c.id as catalog_id, r.job_id, r.file, r.reading, r.read_at,
  current_user = 'app_admin' or c.id = any ((select app.owned_catalog_ids())::uuid[]) as may_read
from app.catalog_view c left join catalog_readings r on r.catalog_id = c.id
where c.id = :catalog_id;

-- name: can_write_catalog$
-- Return whether the caller may change the catalog. It returns null when the caller may not see it.
select current_user = 'app_admin' or id = any ((select app.writable_catalog_ids())::uuid[])
from app.catalog_view
where id = :catalog_id;

-- name: delete_reading!
-- Delete the reading of a catalog.
delete from catalog_readings where catalog_id = :catalog_id;
