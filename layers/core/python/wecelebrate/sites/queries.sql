-- name: list_sites
-- One page in (name, id) order after the cursor; a null filter matches everything.
select to_json(rows)::text as item, name as after_name, id as after_id
from (
  select id, client_id, name, domain, status, branding, settings, catalog_id, created_at, updated_at
  from sites
  where (:client_id::uuid is null or client_id = :client_id)
    and (:status::text is null or status = :status)
    and (:after_id::uuid is null or (name, id) > (:after_name, :after_id::uuid))
  order by name, id
  limit :limit + 1
) rows
order by name, id;

-- name: get_site^
-- The site, when the caller may see it.
select id, client_id, name, domain, status, branding, settings, catalog_id, created_at, updated_at
from sites
where id = :site_id;

-- name: create_site^
insert into sites (client_id, name, domain, status, branding, settings, catalog_id)
values (:client_id, :name, :domain, :status, :branding, :settings, :catalog_id)
returning id, client_id, name, domain, status, branding, settings, catalog_id, created_at, updated_at;

-- name: change_site^
-- Replaces the columns that `changes` names, or merges it into them (RFC 7396); no row when the caller may not, or when it changed
-- after it was `seen`.
update sites old
set (name, domain, status, branding, settings, catalog_id) = (
  select name, domain, status, branding, settings, catalog_id
  from jsonb_populate_record(null::sites, case when :replace
    then to_jsonb(old) || :changes::jsonb else app.merge_patch(to_jsonb(old), :changes::jsonb) end))
where id = :site_id and (:seen::timestamptz is null or updated_at = :seen)
returning id, client_id, name, domain, status, branding, settings, catalog_id, created_at, updated_at;

-- name: may_read_catalog$
-- Whether a client owns a catalog or was granted it: what its sites may point at.
select app.may_read_catalog(:client_id, :catalog_id);

-- name: may_leave_out$
-- Whether a product is one that the caller sees, in a catalog that the site's client may read.
select exists (select from products where id = :product_id) and app.may_read_product(:client_id, :product_id);

-- name: list_exclusions
-- One page of what a site leaves out, in product order after the cursor.
select to_json(rows)::text as item, product_id as after_id
from (
  select site_id, product_id, reason, created_at
  from site_product_exclusions
  where site_id = :site_id and (:after_id::uuid is null or product_id > :after_id::uuid)
  order by product_id
  limit :limit + 1
) rows
order by product_id;

-- name: exclude_product^
-- Leaves a product out of a site, or says anew why; no row when there is no such site.
insert into site_product_exclusions (client_id, site_id, product_id, reason)
select client_id, id, :product_id, :reason from sites where id = :site_id
on conflict (site_id, product_id) do update set reason = excluded.reason
returning site_id, product_id, reason, created_at;

-- name: is_excluded$
-- Whether a site leaves a product out.
select exists (select from site_product_exclusions where site_id = :site_id and product_id = :product_id);

-- name: include_product!
-- Takes an exclusion back.
delete from site_product_exclusions where site_id = :site_id and product_id = :product_id;
