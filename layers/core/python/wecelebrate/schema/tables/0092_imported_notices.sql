-- An import of orders can name any number of strangers, so the mails about imported orders have a limit for the client.
set role app_owner;
alter table guest_mails add column is_imported boolean not null default false;
comment on column guest_mails.is_imported is 'Whether the mail is about an imported order.';
reset role;
