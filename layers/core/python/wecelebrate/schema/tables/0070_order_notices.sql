-- Mails about orders that members and the platform cause, e.g. about a shipment. They are counted like the mails that
-- visitors cause, because anybody can write any e-mail address into an order, also a file with imported orders.

set local role app_owner;

alter table guest_mails add column is_notice boolean not null default false;
comment on column guest_mails.is_notice is
  'Whether a member or the platform has caused the mail. Such a mail does not count against the limits of visitors.';
