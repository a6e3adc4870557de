-- E-mail: queueing mails, suppressed addresses, branding, and the ranks of the states.

set local role app_definer;

-- Creates a mail and the job that sends the mail, in the transaction of the caller. Returns the id of the job, or null
-- if the mail already exists. The calling function must check the rights of the caller.
create or replace function app.create_mail(
  client_id uuid, template text, order_id uuid, recipient text, details jsonb, priority text) returns uuid
language plpgsql volatile set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  job constant uuid := app.uuid7();
begin
  with mail as (
    insert into mails (client_id, template, order_id, recipient, details, job_id) values ($1, $2, $3, $4, $5, job)
      on conflict do nothing
      returning id
  )
  insert into jobs (id, client_id, type, requested_by, payload, priority)
    select job, $1, 'email_notification', 'service:mail', jsonb_build_object('mail_id', mail.id), $6 from mail;
  return case when found then job end;
end
$$;

-- Checks the limits for a confirmation that a visitor causes. Returns null if the confirmation may be sent, or
-- otherwise the reason as a sentence for people. The site limits the mails to each recipient in 24 hours. All clients
-- together send at most 20 mails to a recipient in 24 hours, and one client at most half of them. Each client has an
-- hourly limit of half the requests that its tier allows.
--
-- In 24 hours, one IP address causes mails to at most 100 mailboxes. If the site allows one IP address to order more
-- than 100 pieces (`max_daily_quantity_per_address`), the limit is this number of pieces, but at most 1,000. If all
-- addresses of a domain reach one mailbox, app.mailbox does not detect this, and each address counts as a separate
-- mailbox. `address` is a keyed hash of the IP address, or null if it is unknown. This limit is exact, because
-- app.check_order_buyers has locked the IP address.
--
-- Concurrent mails to the same recipient wait for each other. The limit of a client is not exact: mails that are
-- enqueued at the same moment do not see each other. If they waited for each other, all orders of a client would wait
-- for each other.
create or replace function app.guest_mail_refusal(client uuid, site uuid, email text, address text) returns text
language plpgsql volatile set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  recipient text := app.mailbox(email);
  site_quota integer;
  client_quota integer;
  source_quota integer;
  own_mails bigint;
  all_mails bigint;
  total_quota constant integer := 20;
  day_ago constant timestamptz := clock_timestamp() - interval '24 hours';
  hour_ago constant timestamptz := clock_timestamp() - interval '1 hour';
begin
  select s.max_recipient_mails, t.requests_per_hour / 2,
      case when s.id is not null then least(greatest(coalesce(s.max_daily_quantity_per_address, 1000), 100), 1000) end
    into site_quota, client_quota, source_quota
  from clients c join tiers t on t.name = c.tier left join sites s on s.id = $2
  where c.id = $1;
  perform pg_advisory_xact_lock(hashtextextended('mailbox ' || recipient, 0));
  select count(*) filter (where m.client_id = $1), count(*) into own_mails, all_mails
  from guest_mails m where m.mailbox = recipient and m.created_at > day_ago and not m.is_notice;
  if own_mails >= site_quota then
    return format('Orders that do not come from the verified owner of an address send at most %s confirmations to it '
      'in 24 hours (`max_recipient_mails` of the site).', site_quota);
  elsif all_mails >= total_quota then
    return format('Orders that do not come from the verified owner of an address send at most %s confirmations to it '
      'in 24 hours, on all sites of the platform together.', total_quota);
  elsif (select count(*) filter (where sent <> recipient) from (
           select distinct m.mailbox from guest_mails m where m.address = $4 and m.created_at > day_ago) s (sent)
        ) >= source_quota then
    return format('Orders from one IP address send confirmations to at most %s addresses in 24 hours, unless the '
      'addresses are verified.', source_quota);
  -- First, compare the number of samples with half of the limit, because one of 16 mails is a random sample. For
  -- example, of 480 mails, 30 samples are expected, and in one of 700 cases there are fewer than 15.
  elsif (select 16 * count(*) from guest_mails m where m.client_id = $1 and m.is_sample
         and not m.is_notice and m.created_at > hour_ago) >= client_quota / 2
    and (select count(*) from (
           select from guest_mails m where m.client_id = $1 and not m.is_notice
             and m.created_at > hour_ago limit client_quota) sent) >= client_quota then
    return format('The client has sent its limit of %s confirmations in an hour to addresses that are not verified.',
      client_quota);
  end if;
  return null;
end
$$;

-- Counts a confirmation that a visitor causes, and returns null if it may be sent. Otherwise returns the reason why it
-- is not sent (app.guest_mail_refusal). Mails to the verified address of the caller are not limited.
--
-- For a mail with a confirmation link, app.place_order has already checked the limits, before it revealed anything
-- about the stock. The limits are not checked again, because a refusal at this point would reveal that the stock is
-- high enough.
create or replace function app.claim_guest_mail(mailed_order orders, address text) returns text
language plpgsql volatile set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  refusal text;
begin
  -- Compare the addresses, and not their mailboxes: app.mailbox can give two people the same mailbox.
  if lower(app.email() collate "C") = lower(mailed_order.customer_email collate "C") then
    return null;
  end if;
  if mailed_order.confirm_by is null or mailed_order.created_at <> transaction_timestamp() then
    refusal := app.guest_mail_refusal(mailed_order.client_id, mailed_order.site_id, mailed_order.customer_email, $2);
  end if;
  if refusal is null then
    insert into guest_mails (client_id, mailbox, address, created_at)
      values (mailed_order.client_id, app.mailbox(mailed_order.customer_email), $2, clock_timestamp());
  end if;
  return refusal;
end
$$;

-- Returns whether an order was imported, or is a direct or indirect replacement of an imported order.
create or replace function app.comes_from_import(o orders) returns boolean
language sql stable set search_path = pg_catalog, public, app, pg_temp
as $$
  with recursive origins (id, replaces_order_id) as (
    select $1.id, $1.replaces_order_id
    union
    select x.id, x.replaces_order_id from origins r join orders x on x.id = r.replaces_order_id
  )
  select exists (select from origins r join order_events e on e.order_id = r.id and e.type = 'imported')
$$;

-- Returns whether a mail is expected. It must be the first mail about the shipment, the delivery or the cancellation of
-- an order that was placed on a site. The confirmation of the order must have been sent to the same address. The number
-- of expected mails is limited, because the confirmations are limited. Replacements have no expected mails. The caller
-- must check that the order was not imported.
create or replace function app.is_expected_notice(mailed_order orders, template text) returns boolean
language sql stable set search_path = pg_catalog, public, app, pg_temp
as $$
  select $2 in ('order_shipped', 'order_delivered', 'order_cancelled')
    and $1.site_id is not null and $1.replaces_order_id is null
    and not exists (select from mails m where m.order_id = $1.id and m.template = $2)
    and exists (
      select from mails m
      where m.order_id = $1.id and m.template in ('order_confirmation', 'order_confirm_request')
        and m.state <> 'suppressed' and lower(m.recipient) = lower($1.customer_email))
$$;

-- Checks the limits for a mail about an order that a member or the platform causes. Returns null if the mail may be
-- sent, or otherwise the reason.
--
-- A member can write any e-mail address into orders, and can ship one order in many parts. Therefore one client sends
-- at most 20 of these mails to a mailbox in 24 hours. For all mailboxes together, the limit in 24 hours is the same as
-- for confirmations (app.guest_mail_refusal). Expected mails (app.is_expected_notice) do not count against this limit.
--
-- An import can contain the addresses of any number of strangers. Therefore the limit for imported orders is lower:
-- half of the requests that the tier allows in an hour, but at most 10,000.
--
-- The limits are not exact, because mails that are enqueued at the same moment do not see each other. For a high limit,
-- the function counts only samples, because counting all mails of a day would take too long for each mail.
create or replace function app.notice_mail_refusal(
  mailed_order orders, is_imported boolean, is_expected boolean) returns text
language plpgsql volatile set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  recipient constant text := app.mailbox(mailed_order.customer_email);
  quota constant integer := 20;
  day_ago constant timestamptz := clock_timestamp() - interval '24 hours';
  client_quota integer;
  import_quota integer;
  sent bigint;
begin
  if (select count(*) from (
        select from guest_mails m
        where m.mailbox = recipient and m.created_at > day_ago and m.is_notice and not m.is_verified
          and m.client_id = mailed_order.client_id limit quota) mails) >= quota then
    return format('The client sends at most %s mails about shipments, deliveries and cancellations to an address in 24 '
      'hours, unless the address was verified when the order was placed.', quota);
  elsif is_expected then
    return null;
  end if;
  select 12 * t.requests_per_hour, least(t.requests_per_hour / 2, 10000) into client_quota, import_quota
  from clients c join tiers t on t.name = c.tier where c.id = mailed_order.client_id;
  if is_imported and (select count(*) from (
        select from guest_mails m
        where m.client_id = mailed_order.client_id and m.is_imported and m.created_at > day_ago
        limit import_quota) mails) >= import_quota then
    return format('The client sends at most %s mails about imported orders in 24 hours.', import_quota);
  end if;
  if client_quota < 1600 then
    select count(*) into sent from (
      select from guest_mails m
      where m.client_id = mailed_order.client_id and m.is_notice and not m.is_verified and not m.is_expected
        and m.created_at > day_ago
      limit client_quota) mails;
  else
    select 16 * count(*) into sent from (
      select from guest_mails m
      where m.client_id = mailed_order.client_id and m.is_sample and m.is_notice and not m.is_verified
        and not m.is_expected and m.created_at > day_ago
      limit client_quota / 16 + 1) mails;
  end if;
  return case when sent >= client_quota then format('The client sends at most %s mails about shipments, deliveries and '
    'cancellations in 24 hours to addresses that were not verified when the order was placed.', client_quota) end;
end
$$;

-- Counts a mail about an order that a member or the platform causes, and returns null if it may be sent. Otherwise
-- returns the reason (app.notice_mail_refusal). Mails to an address that was verified when the order was placed are not
-- limited. A replacement has the verified address of the order that it replaces.
create or replace function app.claim_notice_mail(mailed_order orders, template text) returns text
language plpgsql volatile set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  is_imported constant boolean := app.comes_from_import(mailed_order);
  is_verified constant boolean := mailed_order.has_verified_email and not is_imported;
  is_expected constant boolean := not is_verified and not is_imported and app.is_expected_notice($1, $2);
  refusal text;
begin
  if not is_verified then
    refusal := app.notice_mail_refusal(mailed_order, is_imported, is_expected);
  end if;
  if refusal is null then
    insert into guest_mails (client_id, mailbox, created_at, is_notice, is_imported, is_verified, is_expected)
      values (mailed_order.client_id, app.mailbox(mailed_order.customer_email), clock_timestamp(), true, is_imported,
        is_verified, is_expected);
  end if;
  return refusal;
end
$$;

-- The signature that the previous release calls.
create or replace function app.claim_notice_mail(mailed_order orders) returns text
language sql volatile set search_path = pg_catalog, public, app, pg_temp
as $$
  select app.claim_notice_mail($1, null)
$$;

-- The signature that the previous release calls.
create or replace function app.claim_guest_mail(mailed_order orders) returns text
language sql volatile set search_path = pg_catalog, public, app, pg_temp
as $$
  select app.claim_guest_mail($1, null)
$$;

-- Returns whether the caller is allowed to queue a mail about an order. The platform, and members who write for the
-- client of the order, are allowed to queue every mail. On the site of the order, the customer of the order is allowed
-- to queue the confirmation. A customer or a guest is also allowed to queue mails about an order in the transaction in
-- which they place, confirm or cancel it. After that transaction, the order of a guest belongs to no caller.
create or replace function app.may_queue_order_mail(mailed_order orders, template text) returns boolean
language sql stable set search_path = pg_catalog, public, app, pg_temp
as $$
  -- The conditions for visitors come first, because most mails are about new orders of visitors, and each function that
  -- reads the context takes time to check the seal.
  select mailed_order.site_id = (select app.site_id()) and (
      mailed_order.customer_subject is not distinct from app.subject()
        and transaction_timestamp() in (mailed_order.created_at, mailed_order.updated_at)
        and ($2 in ('order_confirmation', 'order_confirm_request')
          or $2 = 'order_cancelled' and mailed_order.status = 'cancelled')
      or $2 = 'order_confirmation' and mailed_order.customer_subject = (select app.subject()))
    or app.admin_role() is not null
    or mailed_order.client_id = any ((select app.editor_ids())::uuid[])
    or app.subject() = 'service:system' and $2 in ('order_shipped', 'order_delivered', 'order_cancelled')
$$;

-- Queues a mail to a customer about an order. Returns no row when the caller is not allowed to queue the mail. Returns
-- a row without job_id in two cases. First, the confirmation of the order already exists. Second, a limit for mails
-- that visitors or members cause is used up (app.claim_guest_mail, app.claim_notice_mail). In the second case the mail
-- is stored as suppressed, with the reason. Mails to a guest who has used the link of a mail do not count against the
-- limit, because this guest can read the mailbox.
--
-- `address` is a keyed hash of the IP address of the visitor who causes the mail, or null.
create or replace function app.queue_order_mail(
  order_id uuid, template text, details jsonb, address text, out client_id uuid, out job_id uuid)
returns setof record
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
#variable_conflict use_column
declare
  mailed_order orders;
  refusal text;
begin
  select * into mailed_order from orders o
  where o.id = $1
    and $2 in ('order_confirmation', 'order_shipped', 'order_delivered', 'order_cancelled', 'order_confirm_request')
    and app.may_queue_order_mail(o, $2);
  if not found then
    return;
  end if;
  client_id := mailed_order.client_id;
  if mailed_order.customer_email = '' then  -- an imported order can have no customer
    return next;
    return;
  end if;
  if app.site_id() is not null
    and (mailed_order.customer_subject is not null or mailed_order.created_at = transaction_timestamp())
    and not exists (select from mails m where m.order_id = $1 and m.template = $2) then
    refusal := app.claim_guest_mail(mailed_order, $4);
  elsif app.site_id() is null then
    refusal := app.claim_notice_mail(mailed_order, $2);
  end if;
  if refusal is null then
    job_id := app.create_mail(mailed_order.client_id, $2, $1, mailed_order.customer_email, $3,
      case when $2 in ('order_confirmation', 'order_confirm_request') then 'high' else 'normal' end);
  else
    insert into mails (client_id, template, order_id, recipient, details, state, reason)
      values (mailed_order.client_id, $2, $1, mailed_order.customer_email, $3, 'suppressed', refusal);
  end if;
  return next;
end
$$;
grant execute on function app.queue_order_mail(uuid, text, jsonb, text)
  to app_admin, app_support, app_client, app_customer, app_anon, app_system;

-- Queues a mail with a link to the order of a guest on the current site. The mail is sent to the e-mail address of the
-- order, if the caller has given this address. Otherwise `job_id` is null. `client_id` is the client of the site.
-- `address` and the limits are the same as in app.queue_order_mail.
--
-- The visitor must not learn whether the order exists. A response to a write has the header `Consistency-Token`, so the
-- transaction always gets an id. A mail to an existing order waits for other mails to the same mailbox, so every lookup
-- waits for the lock of the mailbox. If the order does not exist, the function writes the same rows and removes them.
-- Otherwise the response time would show whether the order exists, because the commit waits for the write-ahead log
-- only if a row was written.
create or replace function app.queue_lookup_mail(
  order_number text, email text, address text, out client_id uuid, out job_id uuid)
returns setof record
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
#variable_conflict use_column
declare
  site sites;
  mailed_order orders;
begin
  perform pg_current_xact_id();
  perform pg_advisory_xact_lock(hashtextextended('mailbox ' || app.mailbox($2), 0));
  select s.* into site from sites s where s.id = (select app.site_id());
  select o.* into mailed_order from orders o
  where o.client_id = site.client_id and o.site_id = site.id and o.order_number = upper($1)
    and lower(o.customer_email) = lower($2) and o.customer_subject is null;
  client_id := site.client_id;
  begin
    if mailed_order.id is null then
      mailed_order.client_id := site.client_id;
      mailed_order.site_id := site.id;
      mailed_order.customer_email := $2;
    end if;
    if app.claim_guest_mail(mailed_order, $3) is null then
      job_id := app.create_mail(client_id, 'order_lookup', mailed_order.id, mailed_order.customer_email, '{}', 'high');
    end if;
    if mailed_order.id is null then
      raise exception 'the order does not exist' using errcode = 'no_data_found';
    end if;
  exception when no_data_found then
    job_id := null;
  end;
  return next;
end
$$;
grant execute on function app.queue_lookup_mail(text, text, text) to app_customer, app_anon;

-- The signature that the previous release calls.
create or replace function app.queue_order_mail(
  order_id uuid, template text, details jsonb, out client_id uuid, out job_id uuid)
returns setof record
language sql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
  select q.client_id, q.job_id from app.queue_order_mail($1, $2, $3, null) q
$$;
grant execute on function app.queue_order_mail(uuid, text, jsonb)
  to app_admin, app_support, app_client, app_customer, app_anon;

-- Queues the mail that reports the outcome of a job. Returns no row if the job has not ended, or if the caller is not
-- allowed to queue the mail. The platform, the service `service:system`, and members who write for the client of the
-- job may queue the mail.
create or replace function app.queue_job_mail(job uuid, recipient text, out client_id uuid, out job_id uuid)
returns setof record
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
#variable_conflict use_column
declare
  ended_job jobs;
begin
  select * into ended_job from jobs j
  where j.id = $1
    and j.status in ('completed', 'failed', 'cancelled')
    and (app.admin_role() is not null or app.subject() = 'service:system' or j.client_id = any (app.editor_ids()));
  if found then
    client_id := ended_job.client_id;
    job_id := app.create_mail(ended_job.client_id, 'job_finished', null, $2,
      jsonb_build_object('job_id', ended_job.id, 'type', ended_job.type, 'status', ended_job.status,
        'counts', ended_job.counts, 'error', ended_job.error, 'ended_at', ended_job.completed_at), 'normal');
    return next;
  end if;
end
$$;
grant execute on function app.queue_job_mail(uuid, text) to app_admin, app_support, app_client, app_system;

-- Returns the reason why a client must not send to an address, or no row when the client may send to it. The caller
-- must be allowed to write mails of the client. There are two possible reasons. Either the client itself has an active
-- suppression of the address, or the address has bounced a mail of any client. A bounce does not count if this client
-- has released the address after the bounce.
create or replace function app.find_mail_suppression(
  client uuid, address text, out is_own boolean, out cause text, out reason text)
returns setof record
language sql stable security definer set search_path = pg_catalog, public, app, pg_temp
as $$
  select s.client_id is not distinct from $1, s.cause, s.reason
  from mail_suppressions s
  where s.address in (lower($2), app.suppression_hash($2)) and s.released_at is null
    and (app.admin_role() is not null or $1 = any (app.editor_ids()))
    and (s.client_id is not distinct from $1
         or (s.cause = 'bounce' and s.created_at > coalesce(
              (select max(own.released_at) from mail_suppressions own
               where own.address in (lower($2), app.suppression_hash($2)) and own.client_id is not distinct from $1),
               '-infinity')))
  order by s.client_id is not distinct from $1 desc, s.created_at desc
  limit 1
$$;
grant execute on function app.find_mail_suppression(uuid, text) to app_admin, app_client;

-- Returns the branding for mails of a client and one of its sites. The function runs with the rights of its owner,
-- because support is allowed to read mails, but not sites and clients.
create or replace function app.mail_branding(
  client uuid, site uuid, out client_name text, out site_name text, out branding jsonb, out settings jsonb)
returns setof record
language sql stable security definer set search_path = pg_catalog, public, app, pg_temp
as $$
  select c.name, s.name, s.branding, c.settings || coalesce(s.settings, '{}')
  from clients c left join sites s on s.client_id = c.id and s.id = $2
  where c.id = $1 and ((select app.admin_role()) is not null or c.id = any ((select app.client_ids())::uuid[]))
$$;
grant execute on function app.mail_branding(uuid, uuid) to app_admin, app_support, app_client;

-- Returns the data for links in the mails of a site: the page for orders, the verified domain, and the slug of the
-- site.
create or replace function app.mail_page(
  client uuid, site uuid, out order_page_url text, out domain text, out slug text)
returns setof record
language sql stable security definer set search_path = pg_catalog, public, app, pg_temp
as $$
  select s.order_page_url, case when s.domain_verified_at is not null then s.domain end, s.slug
  from sites s
  where s.id = $2 and s.client_id = $1
    and ((select app.admin_role()) is not null or $1 = any ((select app.client_ids())::uuid[]))
$$;
grant execute on function app.mail_page(uuid, uuid) to app_admin, app_support, app_client;

set local role app_owner;

-- Returns the mailbox of an address, in a form that is equal for all spellings that reach the same mailbox. By default,
-- the spelling is lower case without the tag after a `+`. `providers` lists what the large providers do in addition:
--   domains      a pattern for the domains of the provider
--   domain       the domain that replaces them, if all of them reach the same mailbox
--   tag          a pattern for the tag, which ends the local part
--   "from", "to" the characters of the local part that the provider ignores or treats as equal (arguments of translate)
--   per_user     whether the domains have a subdomain for each user, whose addresses all reach the user
--
-- Sources, read in November 2026: the help pages of Gmail ("Dots don't matter in Gmail addresses"), Proton ("Addresses
-- and aliases"), Yahoo ("Disposable addresses": base-keyword), iCloud ("@icloud.com, @me.com and @mac.com"), Fastmail
-- ("Plus addressing and subdomain addressing"), Yandex ("Login": a dot equals a hyphen) and of the alias services, and
-- "Normalizing Email Addresses for minFraud" by MaxMind, which lists the domains of Yahoo and Fastmail.
--
-- Only limits use the result. A mail always goes to the address that the buyer wrote, and no check of an identity uses
-- the result. If a rule is too coarse, two people share the limit for orders without a token. They never get mail of
-- each other, and with a token each of them has a separate limit. If a rule is too fine, a stranger gets a separate
-- limit for each spelling of an address.
create or replace function app.mailbox(address text) returns text
language sql immutable parallel safe
as $$
  select translate(regexp_replace(case when provider.per_user then parts.username else parts.local end,
             coalesce(provider.tag, '[+].*'), ''), coalesce(provider."from", ''), coalesce(provider."to", ''))
    || '@' || coalesce(provider.domain, case when provider.per_user then parts.parent else parts.domain end)
  from (
    select regexp_replace(folded, '@[^@]*$', '') as local, substring(folded from '[^@]*$') as domain,
      substring(folded from '([^@.]*)[.][^@]*$') as username, substring(folded from '[^@.]*[.]([^@]*)$') as parent
    -- With the collation C, `lower` changes only ASCII letters. With other collations, the Kelvin sign becomes a `k`.
    from lower(address collate "C") folded) parts
  left join (values
    ('(gmail|googlemail)[.]com', 'gmail.com', null, '.', '', false),
    ('proton[.]me|protonmail[.](com|ch)|pm[.]me', 'proton.me', null, '.-_', '', false),
    ('(icloud|me|mac)[.]com', 'icloud.com', null, null, null, false),
    ('yandex[.](ru|com|by|kz|ua|uz|az|eu|fr|lt|lv|ee|pl|tj|tm|md|(com|co)[.][a-z]{2})|(ya|narod)[.]ru', 'yandex.ru',
      null, '.', '-', false),
    ('yahoo([.]com?)?[.][a-z]+|(ymail|rocketmail|y7mail|myyahoo)[.]com', null, '[+-].*', null, null, false),
    ('[^.]+[.]('
      -- Fastmail
      'fastmail[.](cn|co[.]uk|com|com[.]au|de|es|fm|fr|im|in|jp|mx|net|nl|org|se|to|tw|uk|us)|'
      '(123mail|elitemail|emailengine|emailplus|fast-mail|imapmail|internet-mail|letterboxes|mailingaddress)[.]org|'
      '(mailworks|speedymail)[.]org|(bestmail|fastemail|h-mail)[.]us|(eml|fastest|imap)[.]cc|user[.]fm|f-m[.]fm|'
      '(150mail|150ml|16mail|2-mail|50mail|cluemail|fast-email|fastem|fastemailer|fastimap|fastmessaging)[.]com|'
      '(fmailbox|fmgirl|fmguy|imap-mail|inoutbox|internet-e-mail|mail-central|mail-page|mailandftp|mailas)[.]com|'
      '(mailbolt|mailcan|mailftp|mailhaven|mailite|mailmight|mailnew|messagingengine|myfastmail|mymacmail)[.]com|'
      '(petml|postinbox|proinbox|promessage|rushpost|sent|ssl-mail|swift-mail|the-quickest)[.]com|'
      '(theinternetemail|xsmail|your-mail)[.]com|'
      '(4email|airpost|allmail|emailcorner|emailengine|emailgroups|emailuser|fastmailbox|ftml|hailmail)[.]net|'
      '(internetemails|internetmailing|jetemail|justemail|mailc|mailforce|mailsent|mailup|ml1|nospammail)[.]net|'
      '(ownmail|postpro|realemail|speedpost|the-fastest|veryspeedy|warpmail|yepmail)[.]net|'
      'fea[.]st|fmail[.]co[.]uk|mailservice[.]ms|mm[.]st|(reallyfast|veryfast)[.]biz|reallyfast[.]info|sent[.]a[st]|'
      -- Alias services: Addy, SimpleLogin, Firefox Relay, 33Mail
      'anonaddy[.](com|me)|addy[.]io|addymail[.]com|(aleeas|slmails|simplelogin|8shield|dralias)[.](com|net)|'
      '(slmail|silomails)[.](me|com)|mozmail[.]com|33mail[.]com)', null, null, null, null, true)
  ) provider (domains, domain, tag, "from", "to", per_user) on parts.domain ~ ('^(' || provider.domains || ')$')
$$;
grant execute on function app.mailbox(text) to app_definer;

-- Returns the rank of a state that a mail can have. An event that arrives late or twice never lowers the rank.
create or replace function app.mail_state_rank(state text) returns integer
language sql immutable parallel safe
return array_position(
  array['queued', 'failed', 'suppressed', 'sent', 'delivered', 'bounced', 'complained'], state);
grant execute on function app.mail_state_rank(text) to app_admin, app_client, app_system;
