-- Members: their ids, names and kinds, the invitations of people, and the accounts whose sessions were ended.

set local role app_owner;

alter table client_users
  add column id uuid not null default app.uuid7(),
  add column kind text not null default 'person',
  add column name text,
  alter column email drop not null,
  add constraint client_users_id_unique unique (id),
  add constraint client_users_kind_check check (kind in ('person', 'machine')),
  add constraint client_users_name_length check (length(name) <= 500),
  add constraint client_users_email_check check (kind = 'machine' or email is not null),
  add constraint client_users_machine_check check ((kind = 'machine') = starts_with(user_id, 'machine:')),
  drop constraint client_users_role_check,
  add constraint client_users_role_check
    check (role in ('owner', 'editor', 'viewer') and (role <> 'owner' or kind = 'person'));
-- A machine is a member of one client. Otherwise a client could add the machine of another client, whose requests
-- would then concern two clients.
create unique index client_users_machine_id_key on client_users (user_id) where kind = 'machine';
comment on column client_users.kind is
  'A person has accepted an invitation. A machine is a program, whose tokens come from client credentials.';
comment on column client_users.name is 'A name for the people who manage the members.';
comment on column client_users.email is 'The address of the accepted invitation. Null for a machine.';
create index client_users_by_client on client_users (client_id, created_at desc, id desc);

alter table admin_users
  add column id uuid not null default app.uuid7(),
  add column name text,
  add constraint admin_users_id_unique unique (id),
  add constraint admin_users_name_length check (length(name) <= 500);
comment on column admin_users.name is 'A name for the people who manage the staff.';

-- A member can leave a client.
drop policy client_delete on client_users;
create policy client_delete on client_users for delete to app_client
  using (client_id = any ((select app.owner_ids())::uuid[]) or user_id = (select app.subject()));

-- app.accept_invitation creates members.
create policy definer_insert on client_users for insert to app_definer with check (true);
create policy definer_update on client_users for update to app_definer using (true) with check (true);
grant insert, update on client_users to app_definer;
create policy definer_insert on admin_users for insert to app_definer with check (true);
create policy definer_update on admin_users for update to app_definer using (true) with check (true);
grant insert, update on admin_users to app_definer;

create table invitations (
  id uuid primary key default app.uuid7(),
  client_id uuid references clients (id) on delete cascade,
  email text not null,
  role text not null,
  name text,
  locale text not null default 'en',
  token_hashes bytea[] not null default '{}',
  sends integer not null default 1,
  invited_by text not null default app.subject(),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  expires_at timestamptz not null default now() + interval '7 days',
  accepted_at timestamptz,
  accepted_by text,
  revoked_at timestamptz,
  constraint invitations_email_length check (length(email) <= 254),
  constraint invitations_name_length check (length(name) <= 500),
  constraint invitations_locale_length check (length(locale) <= 35),
  constraint invitations_invited_by_length check (length(invited_by) <= 500),
  constraint invitations_accepted_by_length check (length(accepted_by) <= 500),
  constraint invitations_tokens_check check (cardinality(token_hashes) <= 5),
  constraint invitations_sends_check check (sends between 1 and 5),
  constraint invitations_role_check check (case when client_id is null
    then role in ('super_admin', 'admin', 'support') else role in ('owner', 'editor', 'viewer') end)
);
comment on column invitations.client_id is 'Null: the invitation is for the staff of the platform.';
comment on column invitations.token_hashes is
  'The SHA-256 hashes of the tokens in the mails, each of which is accepted. The tokens themselves are not stored.';
comment on column invitations.sends is 'How often the mail was requested.';
-- An address has at most one open invitation to a client. Another spelling of the address is the same address.
create unique index invitations_one_open_key on invitations (client_id, lower(email collate "C")) nulls not distinct
  where accepted_at is null and revoked_at is null;
create index invitations_by_client on invitations (client_id, created_at desc, id desc);
create index invitations_by_inviter on invitations (invited_by) where accepted_at is null and revoked_at is null;
create index invitations_by_created_at on invitations (created_at);
create trigger set_updated_at before update on invitations for each row execute function app.set_updated_at();

alter table invitations enable row level security;
alter table invitations force row level security;
create policy migrate on invitations to app_migrate using (true) with check (true);
create policy definer on invitations to app_definer using (true) with check (true);
-- Admins invite members of clients. Only super admins invite staff.
create policy admin on invitations for select to app_admin using ((select app.admin_role()) is not null);
create policy admin_insert on invitations for insert to app_admin
  with check ((select app.admin_role()) = 'super_admin'
    or (select app.admin_role()) is not null and client_id is not null);
create policy admin_update on invitations for update to app_admin
  using ((select app.admin_role()) = 'super_admin' or (select app.admin_role()) is not null and client_id is not null)
  with check ((select app.admin_role()) = 'super_admin'
    or (select app.admin_role()) is not null and client_id is not null);
create policy client on invitations for select to app_client
  using (client_id = any ((select app.owner_ids())::uuid[]));
create policy client_insert on invitations for insert to app_client
  with check (client_id = any ((select app.owner_ids())::uuid[]));
create policy client_update on invitations for update to app_client
  using (client_id = any ((select app.owner_ids())::uuid[]))
  with check (client_id = any ((select app.owner_ids())::uuid[]));
grant select, insert, update, delete on invitations to app_migrate, app_definer;
grant select, insert, update on invitations to app_admin, app_client;

-- An account whose tokens are refused if their session began before `not_before`.
create table revoked_sessions (
  subject text primary key,
  not_before timestamptz not null,
  revoked_by text not null,
  constraint revoked_sessions_subject_length check (length(subject) <= 500),
  constraint revoked_sessions_revoked_by_length check (length(revoked_by) <= 500)
);
alter table revoked_sessions enable row level security;
alter table revoked_sessions force row level security;
create policy migrate on revoked_sessions to app_migrate using (true) with check (true);
create policy definer on revoked_sessions to app_definer using (true) with check (true);
grant select, insert, update, delete on revoked_sessions to app_migrate;
grant select, insert, update on revoked_sessions to app_definer;

alter table mails drop constraint mails_template_check;
alter table mails add constraint mails_template_check check (template in ('order_confirmation', 'order_shipped',
  'order_delivered', 'order_cancelled', 'order_confirm_request', 'order_lookup', 'job_finished', 'invitation'));
