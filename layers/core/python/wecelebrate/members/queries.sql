-- name: list_memberships
-- List the active clients of an account, in name order.
select m.client_id, c.name, c.slug, m.role
from client_users m join clients c on c.id = m.client_id
where m.user_id = :subject and m.is_active and c.is_active
order by c.name, c.id;
