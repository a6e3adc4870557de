-- Members of clients, the staff of the platform, and invitations.

set local role app_definer;

-- Returns the open invitation of a token, and locks the invitation. A token begins with the id of its invitation. The
-- hash of the token needs no salt, because the rest of the token has 256 random bits.
create or replace function app.invitation_of_token(token text) returns invitations
language plpgsql volatile set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  invitation invitations;
begin
  if token ~ '^[0-9a-f]{32}[0-9A-Za-z_-]{43}$' then
    select * into invitation from invitations i
    where i.id = left($1, 32)::uuid and i.token_hashes @> array[sha256(convert_to($1, 'UTF8'))]
    for update;
  end if;
  return invitation;
end
$$;

-- Accepts an invitation for the caller, who becomes a member. `refusal` is null, or the reason why nothing has changed:
-- `unknown`, `address` if the caller has not verified the invited address, `accepted`, `revoked`, `expired`, or
-- `member` if the caller is a member already. A caller with another e-mail address does not learn the state of the
-- invitation.
--
-- Any signed-in account may call this function, because the caller has no role yet. The function checks the token, the
-- verified address and the subject of the caller. The caller can only get the membership in the invitation.
create or replace function app.accept_invitation(
  token text, out refusal text, out client_id uuid, out client_name text, out role text, out member_id uuid)
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
#variable_conflict use_column
declare
  invitation invitations := app.invitation_of_token($1);
begin
  refusal := case
    when app.subject() is null or app.subject() ~ '^(service|machine):' or invitation.id is null then 'unknown'
    when lower(app.email() collate "C") is distinct from lower(invitation.email collate "C") then 'address'
    when invitation.accepted_at is not null then 'accepted'
    when invitation.revoked_at is not null then 'revoked'
    when invitation.expires_at <= clock_timestamp() then 'expired' end;
  if refusal is not null then
    return;
  end if;
  role := invitation.role;
  if invitation.client_id is null then
    insert into admin_users (user_id, email, role, name)
      values (app.subject(), invitation.email, invitation.role, invitation.name)
      on conflict (user_id) do update
        set email = excluded.email, role = excluded.role, name = excluded.name, is_active = true
        where not admin_users.is_active
      returning id into member_id;
  else
    select c.id, c.name into client_id, client_name from clients c where c.id = invitation.client_id and c.is_active;
    if client_id is null then
      refusal := 'unknown';
      return;
    end if;
    insert into client_users (client_id, user_id, email, role, name)
      values (invitation.client_id, app.subject(), invitation.email, invitation.role, invitation.name)
      on conflict (client_id, user_id) do update
        set email = excluded.email, role = excluded.role, name = excluded.name, is_active = true
        where not client_users.is_active
      returning id into member_id;
  end if;
  if member_id is null then
    refusal := 'member';
    return;
  end if;
  update invitations i set accepted_at = clock_timestamp(), accepted_by = app.subject() where i.id = invitation.id;
end
$$;
grant execute on function app.accept_invitation(text) to app_customer;

-- A machine that an owner adds to a client has no access until the machine accepts its membership. Otherwise an owner
-- could add the machine of another client, and the requests of this machine would then concern the wrong client.
-- Machines that the staff adds have access immediately, because the staff knows their operators.
create or replace function app.hold_machine() returns trigger
language plpgsql set search_path = pg_catalog, public, app, pg_temp
as $$
begin
  if new.kind = 'machine' and current_user = 'app_client' then
    new.is_active := tg_op = 'UPDATE' and old.is_active and new.user_id = old.user_id;
  end if;
  return new;
end
$$;

grant execute on function app.hold_machine() to app_owner;

-- Accepts the membership that a client has prepared for the calling machine. `refusal` is null, or the reason why
-- nothing has changed: `unknown` if the client has not prepared a membership, or `elsewhere` if the machine has access
-- to another client. The machine must leave the other client first. Otherwise two programs with the same secret would
-- take the access from each other. Memberships of inactive clients are ignored, because they give no access.
--
-- Any signed-in account may call this function, because a machine has no role before it has accepted. The caller can
-- only get a membership of its own subject.
create or replace function app.accept_machine(
  client_id uuid, out refusal text, out client_name text, out role text, out member_id uuid)
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
#variable_conflict use_column
declare
  machine constant text := app.subject();
begin
  refusal := 'unknown';
  if machine is null or not starts_with(machine, 'machine:') then
    return;
  end if;
  -- Wait for concurrent changes of these memberships, so that the statements below see the results.
  perform from client_users m
  where m.user_id = machine and (m.client_id = $1 or m.is_active) order by m.id for update;
  select c.name, m.role, m.id into client_name, role, member_id
  from client_users m join clients c on c.id = m.client_id
  where m.client_id = $1 and m.user_id = machine and m.kind = 'machine' and c.is_active;
  if member_id is null then
    return;
  end if;
  refusal := 'elsewhere';
  if exists (select from client_users m join clients c on c.id = m.client_id
             where m.user_id = machine and m.client_id <> $1 and m.is_active and c.is_active) then
    return;
  end if;
  update client_users m set is_active = false where m.user_id = machine and m.client_id <> $1 and m.is_active;
  update client_users m set is_active = true where m.id = member_id and not m.is_active;
  refusal := null;
exception when unique_violation then
  refusal := 'elsewhere';  -- Another client got the machine at the same time. Both updates are undone.
end
$$;
grant execute on function app.accept_machine(uuid) to app_customer;

-- The previous release calls this function. It returns no row if app.accept_machine refuses.
create or replace function app.accept_machine_membership(
  client_id uuid, out client_name text, out role text, out member_id uuid) returns setof record
language sql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
  select accepted.client_name, accepted.role, accepted.member_id
  from app.accept_machine($1) accepted where accepted.refusal is null
$$;
grant execute on function app.accept_machine_membership(uuid) to app_customer;

-- Queues the mail of an open invitation. Returns no row unless the caller may invite people to the client, or to the
-- staff.
create or replace function app.queue_invitation_mail(invitation uuid, out client_id uuid, out job_id uuid)
returns setof record
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
#variable_conflict use_column
declare
  invited invitations;
begin
  select * into invited from invitations i
  where i.id = $1 and i.accepted_at is null and i.revoked_at is null
    and (app.admin_role() = 'super_admin' or i.client_id is not null and app.admin_role() is not null
      or i.client_id = any ((select app.owner_ids())::uuid[]));
  if found then
    client_id := invited.client_id;
    job_id := app.create_mail(invited.client_id, 'invitation', null, invited.email,
      jsonb_build_object('invitation_id', invited.id, 'role', invited.role, 'locale', invited.locale,
        'expires_at', invited.expires_at), 'high');
    return next;
  end if;
end
$$;
grant execute on function app.queue_invitation_mail(uuid) to app_admin, app_client;

-- Creates and returns a token for an open invitation. Only the hash of the token is stored. Returns null unless the
-- caller is one of our own workers, which acts for the client or for the platform. The last five tokens of an
-- invitation are valid, because a worker can crash after it has sent a mail.
create or replace function app.create_invitation_token(invitation uuid) returns text
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  token text := app.new_invitation_token($1);
begin
  update invitations i
  set token_hashes = (array[sha256(convert_to(token, 'UTF8'))] || i.token_hashes)[1:5]
  where i.id = $1 and i.accepted_at is null and i.revoked_at is null
    and session_user = 'wc_worker' and app.subject() like 'service:%'
    and (app.admin_role() is not null or i.client_id = any ((select app.editor_ids())::uuid[]));
  return case when found then token end;
end
$$;
grant execute on function app.create_invitation_token(uuid) to app_admin, app_client;

-- Returns a new token. gen_random_uuid uses the strong random numbers of PostgreSQL: 122 bits for each of three UUIDs.
create or replace function app.new_invitation_token(invitation uuid) returns text
language sql volatile set search_path = pg_catalog, public, app, pg_temp
as $$
  select replace($1::text, '-', '') || rtrim(translate(encode(sha256(convert_to(
    gen_random_uuid()::text || gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')), 'base64'),
    '+/', '-_'), '=')
$$;

-- Invites the first super admin. Returns the token, or null if the platform already has a super admin. A repeated call
-- revokes the earlier invitation. The deployment calls this function, because no person can sign in as staff before the
-- first invitation.
create or replace function app.invite_first_admin(email text) returns text
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  invitation uuid := app.uuid7();
  token text := app.new_invitation_token(invitation);
begin
  if session_user <> 'wc_migrate' then
    raise exception 'only the deployment invites the first super admin' using errcode = 'insufficient_privilege';
  end if;
  -- The API waits for the same lock before it changes the staff.
  perform pg_advisory_xact_lock(hashtextextended('owners ', 0));
  if exists (select from admin_users a where a.role = 'super_admin' and a.is_active) then
    return null;
  end if;
  update invitations i set revoked_at = now()
    where i.client_id is null and i.accepted_at is null and i.revoked_at is null;
  insert into invitations (id, email, role, invited_by, token_hashes)
    values (invitation, $1, 'super_admin', 'login:' || session_user, array[sha256(convert_to(token, 'UTF8'))]);
  return token;
end
$$;
grant execute on function app.invite_first_admin(text) to app_migrate;

-- Ends all sessions of an account. app.enter returns the time of this call, and the Lambda functions refuse the tokens
-- of older sessions.
create or replace function app.end_sessions(subject text) returns void
language sql volatile set search_path = pg_catalog, public, app, pg_temp
as $$
  insert into revoked_sessions (subject, not_before, revoked_by) values ($1, clock_timestamp(), app.subject())
  on conflict (subject) do update set not_before = excluded.not_before, revoked_by = excluded.revoked_by
$$;

-- Ends all sessions of the caller.
create or replace function app.revoke_own_sessions() returns void
language sql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
  select app.end_sessions(app.subject()) where app.subject() is not null
$$;
grant execute on function app.revoke_own_sessions() to app_admin, app_support, app_client;

-- Ends all sessions of a member of a client, or of a person of the staff. Returns false if the member does not exist,
-- or if the caller is not a super admin.
create or replace function app.revoke_member_sessions(member uuid) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  account text := (select a.user_id from admin_users a where a.id = $1
                   union all select m.user_id from client_users m where m.id = $1);
begin
  if account is null or app.admin_role() is distinct from 'super_admin' then
    return false;
  end if;
  perform app.end_sessions(account);
  return true;
end
$$;
grant execute on function app.revoke_member_sessions(uuid) to app_admin;

-- Returns whether the caller still has the rights that it had at the beginning of the transaction, at a client or as
-- staff. A different role with the same rights is sufficient. `client_id` is null for objects of the platform.
--
-- A transaction keeps the rights that the caller had at its beginning. Call this function after a wait for another
-- transaction, e.g. for the lock of a quota, because the caller can have been removed in the meantime. After the call,
-- other transactions cannot change the members of the client, or the staff, until this transaction ends. The rights of
-- services and of visitors of a site never end.
create or replace function app.has_kept_rights(client_id uuid) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
#variable_conflict use_column
begin
  if app.subject() like 'service:%' or app.site_id() is not null then
    return true;
  elsif app.admin_role() is not null then
    perform pg_advisory_xact_lock_shared(hashtextextended('owners ', 0));
    return exists (
      select from admin_users a
      where a.user_id = (select app.subject()) and a.is_active
        and (a.role in (app.admin_role(), 'super_admin') or a.role = 'admin' and app.admin_role() = 'support'));
  elsif $1 is null or $1 <> all (app.client_ids()) then
    return true;  -- The caller has no rights at this client that it could lose.
  end if;
  perform pg_advisory_xact_lock_shared(hashtextextended('owners ' || $1, 0));
  return exists (
    select from client_users m join clients c on c.id = m.client_id
    where m.client_id = $1 and m.user_id = (select app.subject()) and m.is_active and c.is_active
      and case when $1 = any (app.owner_ids()) then m.role = 'owner'
        when $1 = any (app.editor_ids()) then m.role in ('owner', 'editor') else true end);
end
$$;
grant execute on function app.has_kept_rights(uuid) to app_admin, app_support, app_client;

-- Deletes up to `max_rows` invitations that ended more than 90 days ago, and returns their number.
create or replace function app.delete_old_invitations(max_rows integer) returns integer
language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp
as $$
declare
  deleted integer;
begin
  delete from invitations where id in (
    select i.id from invitations i where i.created_at < now() - interval '97 days'
    order by i.created_at limit least(max_rows, 10000));
  get diagnostics deleted = row_count;
  return deleted;
end
$$;
grant execute on function app.delete_old_invitations(integer) to app_system;

set local role app_owner;

create or replace trigger hold_machine before insert or update on client_users
  for each row execute function app.hold_machine();

-- The members of clients and the members of the staff in the form of the API.
create or replace view app.member_view with (security_invoker = true) as
select id, client_id, user_id as subject, kind, name, email, role, personal_data, is_active, created_at, updated_at
from client_users;
grant select, insert, update, delete on app.member_view to app_admin, app_client;

create or replace view app.staff_view with (security_invoker = true) as
select id, user_id as subject, name, email, role, is_active, created_at, updated_at
from admin_users;
grant select, update, delete on app.staff_view to app_admin;

-- The invitations in the form of the API.
create or replace view app.invitation_view with (security_invoker = true) as
select id, client_id, email, role, name, locale as language, sends, invited_by, created_at, updated_at, expires_at,
  accepted_at, revoked_at,
  case when accepted_at is not null then 'accepted' when revoked_at is not null then 'revoked'
    when expires_at <= now() then 'expired' else 'open' end as status
from invitations;
grant select, insert on app.invitation_view to app_admin, app_client;
