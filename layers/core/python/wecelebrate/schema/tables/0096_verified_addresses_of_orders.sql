-- Mails to an address that the identity provider had verified when the order was placed have no limits. The subject of
-- an order says nothing about its address. The orders of before this migration count as not verified, because the
-- database does not know the address in the token of their customers.
set role app_owner;
alter table orders add column has_verified_email boolean not null default false;
comment on column orders.has_verified_email is
  'Whether the token of the customer contained this address as verified when the order was placed.';
alter table guest_mails add column is_verified boolean not null default false;
comment on column guest_mails.is_verified is
  'Whether the address of the order was verified. Such a mail counts against no limit.';
alter table guest_mails add column is_expected boolean not null default false;
comment on column guest_mails.is_expected is
  'Whether the mail is expected (app.is_expected_notice). Such a mail does not count against the limit of the client.';
reset role;
