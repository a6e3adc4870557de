-- name: list_catalogs
-- One page in (name, id) order after the cursor; a null filter matches everything. How a catalog is fed is for its
-- owner and the platform, not for those it is lent to.
select to_json(rows)::text as item, name as after_name, id as after_id
from (
  select id, owner_client_id, name, type, source, status,
    case when app.admin_role() is not null or owner_client_id = any (app.client_ids()) then source_config else '{}' end
      as source_config,
    sync_settings, pricing_rules, low_inventory, created_at, updated_at, last_sync_at
  from catalogs
  where (:type::text is null or type = :type)
    and (:status::text is null or status = :status)
    and (:after_id::uuid is null or (name, id) > (:after_name, :after_id::uuid))
  order by name, id
  limit :limit + 1
) rows
order by name, id;

-- name: get_catalog^
-- The catalog, when the caller may see it; how it is fed, for its owner and the platform alone.
select id, owner_client_id, name, type, source, status,
  case when app.admin_role() is not null or owner_client_id = any (app.client_ids()) then source_config else '{}' end
    as source_config,
  sync_settings, pricing_rules, low_inventory, created_at, updated_at, last_sync_at
from catalogs
where id = :catalog_id;

-- name: create_catalog^
insert into catalogs (owner_client_id, name, type, source, status, source_config, sync_settings, pricing_rules,
  low_inventory)
values (:owner_client_id, :name, :type, :source, :status, :source_config, :sync_settings, :pricing_rules,
  :low_inventory)
returning id, owner_client_id, name, type, source, status, source_config, sync_settings, pricing_rules, low_inventory,
  created_at, updated_at, last_sync_at;

-- name: change_catalog^
-- Replaces the columns that `changes` names, or merges it into them (RFC 7396); no row when the caller may not, or when it changed
-- after it was `seen`.
update catalogs old
set (name, type, source, status, source_config, sync_settings, pricing_rules, low_inventory) = (
  select name, type, source, status, source_config, sync_settings, pricing_rules, low_inventory
  from jsonb_populate_record(null::catalogs, case when :replace
    then to_jsonb(old) || :changes::jsonb else app.merge_patch(to_jsonb(old), :changes::jsonb) end))
where id = :catalog_id and (:seen::timestamptz is null or updated_at = :seen)
returning id, owner_client_id, name, type, source, status, source_config, sync_settings, pricing_rules, low_inventory,
  created_at, updated_at, last_sync_at;

-- name: list_grants
-- One page of the clients that may read a catalog, in id order after the cursor.
select to_json(rows)::text as item, client_id as after_id
from (
  select catalog_id, client_id, created_at
  from catalog_grants
  where catalog_id = :catalog_id and (:after_id::uuid is null or client_id > :after_id::uuid)
  order by client_id
  limit :limit + 1
) rows
order by client_id;

-- name: sees_both$
-- Whether the caller may see a catalog, and a client.
select exists (select from catalogs where id = :catalog_id) and exists (select from clients where id = :client_id);

-- name: grant_catalog^
-- Lets a client read a catalog; says so again when it may already.
insert into catalog_grants (catalog_id, client_id) values (:catalog_id, :client_id)
on conflict (catalog_id, client_id) do update set client_id = excluded.client_id
returning catalog_id, client_id, created_at;

-- name: revoke_catalog!
-- Takes a grant back.
delete from catalog_grants where catalog_id = :catalog_id and client_id = :client_id;

-- name: sites_on_grant$
-- How many sites of a client stand on a catalog that it does not own.
select count(*)
from sites s join catalogs c on c.id = s.catalog_id
where s.client_id = :client_id and s.catalog_id = :catalog_id and c.owner_client_id is distinct from s.client_id;
