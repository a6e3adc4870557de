-- The source of the mails that visitors cause, so that one source cannot send mails to many strangers.

set local role app_owner;

alter table guest_mails
  add column address text constraint guest_mails_address_length check (length(address) <= 100);
comment on column guest_mails.address is
  'A keyed hash of the IP address of the visitor. Null if the address is unknown.';
create index guest_mails_by_address on guest_mails (address, created_at, mailbox) where address is not null;
