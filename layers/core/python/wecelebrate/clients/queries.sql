-- name: list_clients
-- One page in (name, id) order after the cursor; a null filter matches everything.
select to_json(rows)::text as item, name as after_name, id as after_id
from (
  select id, name, slug, description, logo_url, contact_email, contact_phone, address, tier, is_active, settings,
    created_at, updated_at
  from clients
  where (:is_active::boolean is null or is_active = :is_active)
    and (:after_id::uuid is null or (name, id) > (:after_name, :after_id::uuid))
  order by name, id
  limit :limit + 1
) rows
order by name, id;

-- name: get_client^
-- The client, when the caller may see it.
select id, name, slug, description, logo_url, contact_email, contact_phone, address, tier, is_active, settings,
  created_at, updated_at
from clients
where id = :client_id;

-- name: create_client^
insert into clients (name, slug, description, logo_url, contact_email, contact_phone, address, tier, is_active, settings)
values (:name, :slug, :description, :logo_url, :contact_email, :contact_phone, :address, :tier, :is_active,
  :settings::jsonb)
returning id, name, slug, description, logo_url, contact_email, contact_phone, address, tier, is_active, settings,
  created_at, updated_at;

-- name: change_client^
-- Replaces the columns that `changes` names, or merges it into them (RFC 7396); no row when the caller may not, or when it changed
-- after it was `seen`.
update clients old
set (name, slug, description, logo_url, contact_email, contact_phone, address, tier, is_active, settings) = (
  select name, slug, description, logo_url, contact_email, contact_phone, address, tier, is_active, settings
  from jsonb_populate_record(null::clients, case when :replace
    then to_jsonb(old) || :changes::jsonb else app.merge_patch(to_jsonb(old), :changes::jsonb) end))
where id = :client_id and (:seen::timestamptz is null or updated_at = :seen)
returning id, name, slug, description, logo_url, contact_email, contact_phone, address, tier, is_active, settings,
  created_at, updated_at;
-- name: list_memberships
-- The clients of an account, in name order.
select m.client_id, c.name, c.slug, m.role
from client_users m join clients c on c.id = m.client_id
where m.user_id = :subject and m.is_active and c.is_active
order by c.name, c.id;
