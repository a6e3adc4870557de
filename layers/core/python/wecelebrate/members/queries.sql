-- name: list_members
-- List one page of the members of a client after the cursor, newest first. A filter that is null matches every row.
select to_json(rows)::text as item, created_at as after_time, id as after_id
from (
  select *
  from app.member_view
  where client_id = :client_id
    and (:role::text is null or role = :role)
    and (:kind::text is null or kind = :kind)
    and (:email::text is null or lower(email collate "C") = lower(:email collate "C"))
    and (:after_id::uuid is null or (created_at, id) < (:after_time::timestamptz, :after_id::uuid))
  order by created_at desc, id desc
  limit :limit + 1
) rows
order by created_at desc, id desc;

-- name: get_member^
-- Get a member of a client that the caller may see.
select * from app.member_view where client_id = :client_id and id = :member_id;

-- name: count_members$
-- Count the members of a client and its open invitations.
select (select count(*) from client_users where client_id = :client_id)
  + (select count(*) from invitations
     where client_id = :client_id and accepted_at is null and revoked_at is null and expires_at > now());

-- name: add_machine^
-- Make a machine a member of a client. It returns no row if the client already has the machine, or if staff add a
-- machine that has access to another client.
insert into app.member_view (client_id, subject, kind, role, name)
values (:client_id, :subject, 'machine', :role, :name)
on conflict do nothing
returning *;

-- name: end_inactive_access!
-- End the memberships of a machine at inactive clients, because these memberships give no access.
update app.member_view m set is_active = false
where subject = :subject and kind = 'machine' and is_active
  and exists (select from clients c where c.id = m.client_id and not c.is_active);

-- name: is_member$
-- Return whether an account is a member of a client, even if the member has no access.
select exists (select from app.member_view where client_id = :client_id and subject = :subject);

-- name: accept_machine_membership^
-- Accept the membership of a client for the calling machine. `refusal` is null, or says why nothing has changed.
select refusal, :client_id::uuid as client_id, client_name, role, member_id from app.accept_machine(:client_id);

-- name: change_member^
-- Merge `changes` into the member (RFC 7396). It returns no row if the caller may not change the member, or if
-- `updated_at` differs from `expected_updated_at`.
update app.member_view old
set (role, name, personal_data) = (
  select role, name, personal_data from jsonb_populate_record(null::client_users, app.merge_patch(to_jsonb(old), :changes::jsonb)))
where client_id = :client_id and id = :member_id
  and (:expected_updated_at::timestamptz is null or updated_at = :expected_updated_at)
returning *;

-- name: remove_member!
-- Remove a member. It affects 0 rows if the caller may not remove the member, or if `updated_at` differs from
-- `expected_updated_at`.
delete from app.member_view
where client_id = :client_id and id = :member_id
  and (:expected_updated_at::timestamptz is null or updated_at = :expected_updated_at);

-- name: lock_owners$
-- Lock the members of a client against changes by other transactions. If `client_id` is null, lock the staff.
select pg_advisory_xact_lock(hashtextextended('owners ' || coalesce(:client_id::text, ''), 0));

-- name: share_owners$
-- Lock the members of a client against changes, with a lock that several transactions can hold. If `client_id` is null,
-- lock the staff.
select pg_advisory_xact_lock_shared(hashtextextended('owners ' || coalesce(:client_id::text, ''), 0));

-- name: is_owner$
-- Return whether the caller is still an owner of a client.
select exists (
  select from app.member_view
  where client_id = :client_id and subject = (select app.subject()) and role = 'owner' and is_active);

-- name: has_staff_role$
-- Return whether the caller still belongs to the staff with one of these roles.
select exists (
  select from app.staff_view where subject = (select app.subject()) and role = any (:roles::text[]) and is_active);

-- name: has_owner$
-- Return whether a client has an owner.
select exists (
  select from client_users where client_id = :client_id and kind = 'person' and role = 'owner' and is_active);

-- name: has_super_admin$
-- Return whether the platform has a super admin.
select exists (select from admin_users where role = 'super_admin' and is_active);

-- name: revoke_own_sessions$
-- End all sessions of the caller.
select app.revoke_own_sessions();

-- name: revoke_member_sessions$
-- End all sessions of a member of a client, or of a person of the staff. It returns false if the member does not exist,
-- or if the caller is not a super admin.
select app.revoke_member_sessions(:member_id);

-- name: list_staff
-- List one page of the staff after the cursor, newest first. A filter that is null matches every row.
select to_json(rows)::text as item, created_at as after_time, id as after_id
from (
  select *
  from app.staff_view
  where (:role::text is null or role = :role)
    and (:email::text is null or lower(email collate "C") = lower(:email collate "C"))
    and (:after_id::uuid is null or (created_at, id) < (:after_time::timestamptz, :after_id::uuid))
  order by created_at desc, id desc
  limit :limit + 1
) rows
order by created_at desc, id desc;

-- name: get_staff_member^
-- Get a person of the staff.
select * from app.staff_view where id = :member_id;

-- name: change_staff_member^
-- Merge `changes` into the person of the staff (RFC 7396). It returns no row if the caller may not change the person,
-- or if `updated_at` differs from `expected_updated_at`.
update app.staff_view old
set (role, name) = (
  select role, name from jsonb_populate_record(null::admin_users, app.merge_patch(to_jsonb(old), :changes::jsonb)))
where id = :member_id and (:expected_updated_at::timestamptz is null or updated_at = :expected_updated_at)
returning *;

-- name: remove_staff_member!
-- Remove a person from the staff. It affects 0 rows if the caller may not remove the person, or if `updated_at` differs
-- from `expected_updated_at`.
delete from app.staff_view
where id = :member_id and (:expected_updated_at::timestamptz is null or updated_at = :expected_updated_at);

-- name: list_invitations
-- List one page of the invitations to a client, newest first. If `client_id` is null, list the invitations to the
-- staff. A filter that is null matches every row.
select to_json(rows)::text as item, created_at as after_time, id as after_id
from (
  select *
  from app.invitation_view
  where client_id is not distinct from :client_id::uuid
    and (:status::text is null or status = :status)
    and (:email::text is null or lower(email collate "C") = lower(:email collate "C"))
    and (:after_id::uuid is null or (created_at, id) < (:after_time::timestamptz, :after_id::uuid))
  order by created_at desc, id desc
  limit :limit + 1
) rows
order by created_at desc, id desc;

-- name: get_invitation^
-- Get an invitation to a client, or to the staff if `client_id` is null.
select * from app.invitation_view where client_id is not distinct from :client_id::uuid and id = :invitation_id;

-- name: lock_invitations$
-- Lock the invitations to a client, so that no other transaction can invite a person. If `client_id` is null, lock the
-- invitations to the staff.
select pg_advisory_xact_lock(hashtextextended('invitations ' || coalesce(:client_id::text, ''), 0));

-- name: count_recent_invitations^
-- Count the invitation mails of the last hour, including repeated mails, and return after how many seconds this count
-- will decrease. `to_address` is the number of invitation mails to the given address in the last 24 hours.
select count(*) filter (where created_at > now() - interval '1 hour')::integer as mails,
  coalesce(ceil(extract(epoch from min(created_at) filter (where created_at > now() - interval '1 hour')
    + interval '1 hour' - now())), 0)::integer as seconds_left,
  count(*) filter (where lower(recipient) = lower(:email))::integer as to_address
from mails
where client_id is not distinct from :client_id::uuid and template = 'invitation'
  and created_at > now() - interval '24 hours';

-- name: is_member_address$
-- Return whether an address belongs to a member of a client.
select exists (
  select from client_users where client_id = :client_id and lower(email collate "C") = lower(:email collate "C"));

-- name: is_staff_address$
-- Return whether an address belongs to a person of the staff.
select exists (select from admin_users where lower(email collate "C") = lower(:email collate "C"));

-- name: has_open_invitation$
-- Return whether an address has an open invitation.
select exists (
  select from invitations
  where client_id is not distinct from :client_id::uuid and lower(email collate "C") = lower(:email collate "C")
    and accepted_at is null and revoked_at is null and expires_at > now());

-- name: revoke_expired_invitation!
-- Revoke the expired invitation of an address, so that the address can be invited again.
update invitations set revoked_at = now()
where client_id is not distinct from :client_id::uuid and lower(email collate "C") = lower(:email collate "C")
  and accepted_at is null and revoked_at is null and expires_at <= now();

-- name: create_invitation^
-- Create an invitation to a client, or to the staff if `client_id` is null.
insert into app.invitation_view (client_id, email, role, name, language)
values (:client_id, :email, :role, :name, :language)
returning *;

-- name: resend_invitation!
-- Make the tokens of an invitation invalid, and extend the invitation to seven days from now. It affects 0 rows if the
-- invitation is not open, or if another transaction has sent it again in the meantime.
update invitations set sends = sends + 1, expires_at = now() + interval '7 days', token_hashes = '{}'
where id = :invitation_id and sends = :sends and accepted_at is null and revoked_at is null;

-- name: revoke_invitation!
-- Revoke an open or expired invitation. It affects 0 rows if the invitation was accepted or revoked.
update invitations set revoked_at = now() where id = :invitation_id and accepted_at is null and revoked_at is null;

-- name: revoke_invitations_of!
-- Revoke the open invitations to a client that an account has sent. If `client_id` is null, revoke its invitations to
-- the staff.
update invitations set revoked_at = now()
where client_id is not distinct from :client_id::uuid and invited_by = :subject
  and accepted_at is null and revoked_at is null;

-- name: revoke_all_invitations_of!
-- Revoke all open invitations that an account has sent, to clients and to the staff.
update invitations set revoked_at = now() where invited_by = :subject and accepted_at is null and revoked_at is null;

-- name: accept_invitation^
-- Accept an invitation for the caller. `refusal` is null, or says why nothing has changed.
select refusal, client_id, client_name, role, member_id from app.accept_invitation(:token);
