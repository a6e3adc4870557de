-- A machine has access only to the client whose membership it has accepted with a token of its own. Before, the first
-- client that added the id of a machine got its requests, even if the machine belonged to another client.

set local role app_owner;

-- Any client can add a machine, but a machine is an active member of at most one client.
drop index client_users_machine_id_key;
create unique index client_users_machine_id_key on client_users (user_id) where kind = 'machine' and is_active;
comment on column client_users.is_active is
  'Whether the member has access. A machine that an owner has added has none until it accepts its membership.';

-- A site of an earlier release can allow more confirmations than the API accepts and than are sent: at most 10.
set local role app_migrate;
update sites set max_recipient_mails = 10 where max_recipient_mails > 10;

set local role app_owner;
alter table sites
  drop constraint sites_max_recipient_mails_check,
  add constraint sites_max_recipient_mails_check check (max_recipient_mails between 0 and 10);
