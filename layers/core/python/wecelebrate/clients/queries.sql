-- name: list_clients
-- List one page after the cursor, in name order. A filter that is null matches every row.
select to_json(client)::text as item, page.folded_name as after_folded_name, page.id as after_id
from (
  select *
  from clients
  where (:is_active::boolean is null or is_active = :is_active)
    and (:after_id::uuid is null or (folded_name, id) > (:after_folded_name, :after_id::uuid))
  order by folded_name, id
  limit :limit + 1
) page cross join lateral (
  select page.id, page.name, page.slug, page.description, page.logo_url, page.contact_email, page.contact_phone,
    page.address, page.tier, page.is_active, page.settings, page.created_at, page.updated_at,
    page.event_retention_months, page.timezone, page.order_retention_days
) client
order by page.folded_name, page.id;

-- name: get_client^
-- Get a client that the caller may see.
select * from app.client_view where id = :client_id;

-- name: create_client^
-- Create a client.
insert into app.client_view (name, slug, description, logo_url, contact_email, contact_phone, address, tier, is_active,
  settings, event_retention_months, timezone, order_retention_days)
values (:name, :slug, :description, :logo_url, :contact_email, :contact_phone, :address, :tier, :is_active,
  :settings::jsonb, :event_retention_months, :timezone, :order_retention_days)
returning *;

-- name: change_client^
-- Change the columns that are named in `changes`. If `replace` is true, `changes` contains their new values. Otherwise
-- `changes` is a merge patch (RFC 7396). It returns no row when the caller may not change the client, or when the
-- `updated_at` of the client differs from `expected_updated_at`.
update app.client_view old
set (name, slug, description, logo_url, contact_email, contact_phone, address, tier, is_active, settings,
  event_retention_months, timezone, order_retention_days) = (
  select name, slug, description, logo_url, contact_email, contact_phone, address, tier, is_active, settings,
    event_retention_months, timezone, order_retention_days
  from jsonb_populate_record(null::clients, case when :replace
    then to_jsonb(old) || :changes::jsonb else app.merge_patch(to_jsonb(old), :changes::jsonb) end))
where id = :client_id and (:expected_updated_at::timestamptz is null or updated_at = :expected_updated_at)
returning *;

-- name: list_memberships
-- List the active clients of an account, in name order.
select m.client_id, c.name, c.slug, m.role
from client_users m join clients c on c.id = m.client_id
where m.user_id = :subject and m.is_active and c.is_active
order by c.folded_name, c.id;
