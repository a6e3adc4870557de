-- name: list_mails
-- List one page of mails after the cursor, newest first. A filter that is null matches every row.
select to_json(rows)::text as item, created_at as after_time, id as after_id
from (
  select id, client_id, job_id, template, order_id, recipient, locale, state, reason, message_id, created_at,
    updated_at, sent_at
  from app.mail_view
  where (:client_id::uuid is null or client_id = :client_id)
    and (:template::text is null or template = :template)
    and (:state::text is null or state = :state)
    and (:order_id::uuid is null or order_id = :order_id)
    and (:recipient::text is null or id = any (app.mail_ids_of(:recipient)))
    and (:after_id::uuid is null or (created_at, id) < (:after_time::timestamptz, :after_id::uuid))
  order by created_at desc, id desc
  limit :limit + 1
) rows
order by created_at desc, id desc;

-- name: get_mail^
-- Get a mail that the caller may see, with the data from which the mail is rendered: the order, the order lines and the
-- branding. From the details of the mail, a caller who may not see personal data gets only the carrier and the lines.
select v.*,
  case when (select app.sees_all_persons()) or m.client_id = any ((select app.person_client_ids())::uuid[])
    then m.details else m.details - '{number,url,reason,note}'::text[] end as details,
  branding.client_name, branding.site_name, branding.branding, branding.settings,
  page.order_page_url, page.domain, page.slug, o.confirm_by,
  o.order_number, o.customer_name, o.total_amount::numeric, o.currency, o.shipping_address, o.created_at as ordered_at,
  array(select json_build_object('line', line, 'sku', sku, 'name', name, 'quantity', quantity,
          'shipped_quantity', shipped_quantity, 'unit_price', unit_price::text)
        from order_lines where order_id = m.order_id order by line) as lines
from mails m
join app.mail_view v on v.id = m.id
left join app.order_view o on o.id = m.order_id
left join lateral app.mail_page(m.client_id, o.site_id) page on true
left join lateral app.mail_branding(m.client_id, o.site_id) branding on true
where m.id = :mail_id;

-- name: list_mails_to_send
-- List the given mails, with the same data as `get_mail`. If the address is suppressed, `cause` says why, and `is_own`
-- says whether a mail of the same client was the cause. If the mail can be sent, `cause` and `is_own` are null.
select m.id, m.client_id, m.job_id, m.template, m.order_id, m.recipient, m.locale, m.state, m.created_at, m.details,
  branding.client_name, branding.site_name, branding.branding, branding.settings,
  page.order_page_url, page.domain, page.slug, o.confirm_by,
  o.order_number, o.customer_name, o.total_amount, o.currency, o.shipping_address, o.created_at as ordered_at,
  array(select json_build_object('line', line, 'sku', sku, 'name', name, 'quantity', quantity,
          'shipped_quantity', shipped_quantity, 'unit_price', unit_price::text)
        from order_lines where order_id = m.order_id order by line) as lines,
  suppression.cause, suppression.is_own
from mails m
left join orders o on o.id = m.order_id
left join lateral app.mail_page(m.client_id, o.site_id) page on true
left join lateral app.mail_branding(m.client_id, o.site_id) branding on true
left join lateral app.find_mail_suppression(m.client_id, m.recipient) suppression on true
where m.id = any (:mail_ids);

-- name: queue_order_mail^
-- Queue the mail about an order. It returns no row if the caller is not allowed to queue the mail. It returns a row
-- without job_id if the mail already exists, or if the visitor has reached a limit. `address` is a keyed hash of the IP
-- address of the visitor who causes the mail.
select client_id, job_id from app.queue_order_mail(:order_id, :template, :details, :address);

-- name: queue_lookup_mail^
-- Queue a mail with a link to the order of a guest. It returns the client of the current site and the id of the job. If
-- the site has no order of a guest with this number and this e-mail address, the id of the job is null.
select client_id, job_id from app.queue_lookup_mail(:order_number, :email, :address);

-- name: get_order_token$
-- Get the token for a link to an order. It returns null unless the caller is a worker of the platform.
select app.order_token(:order_id, :purpose, :expires_at);

-- name: queue_job_mail^
-- Queue the mail that reports the outcome of a job. It returns no row when the caller is not allowed to queue the mail.
select client_id, job_id from app.queue_job_mail(:job_id, :recipient);


-- name: queue_invitation_mail^
-- Queue the mail of an open invitation. It returns no row when the caller may not invite people.
select client_id, job_id from app.queue_invitation_mail(:invitation_id);

-- name: create_invitation_token$
-- Create a token for an open invitation. It returns null unless the caller is a worker of the platform.
select app.create_invitation_token(:invitation_id);

-- name: get_report_token$
-- Get the token with which a member unsubscribes from a report. It returns null if the member no longer receives the
-- report, or if the caller is not a worker of the platform.
select app.report_token(:subscription_id, :member_id);

-- name: mark_sent!
-- Record that SES accepted the mail. If an event from SES has already set a later state, the state does not change.
update mails
set message_id = :message_id, locale = :locale, sent_at = now(), reason = null,
  state = case when app.mail_state_rank(state) < app.mail_state_rank('sent') then 'sent' else state end
where id = :mail_id;

-- name: mark_not_sent!
-- Record that the mail was not sent, because it failed or was suppressed, and record the reason.
update mails set state = :state, reason = :reason
where id = :mail_id and app.mail_state_rank(state) < app.mail_state_rank('sent');

-- name: suppress!
-- Suppress an address. An existing suppression is not changed.
insert into mail_suppressions (client_id, address, cause, reason, mail_id)
values (:client_id, lower(:address), :cause, :reason, :mail_id)
on conflict (client_id, address) where released_at is null do nothing;

-- name: record_event^
-- Record an event that SES reports about a mail. The tag `mail` of the event contains the id of the mail. If the event
-- does not have this tag, the message id of SES identifies the mail.
--
-- It returns the mail, and whether the event changed the state of the mail. It returns no row if the platform did not
-- send the mail. A late or repeated event never sets an earlier state.
with target as (
  select id, app.mail_state_rank(:state) > app.mail_state_rank(state) as is_news
  from mails
  where id = coalesce(:mail_id::uuid, (select id from mails where message_id = :message_id limit 1))
  for update
)
update mails m
set state = case when target.is_news then :state else m.state end,
  reason = case when target.is_news then :reason else m.reason end,
  message_id = coalesce(m.message_id, :message_id), sent_at = coalesce(m.sent_at, now())
from target
where m.id = target.id
returning m.id, m.client_id, m.recipient, target.is_news;

-- name: list_suppressions
-- List one page of suppressed addresses after the cursor, newest first. A filter that is null matches every row.
select to_json(rows)::text as item, created_at as after_time, id as after_id
from (
  select id, client_id, address, cause, reason, mail_id, created_at, released_at, released_by
  from app.suppression_view
  where (released_at is not null) = :released::boolean
    and (:client_id::uuid is null or client_id = :client_id)
    and (:address::text is null or address = lower(:address))
    and (:cause::text is null or cause = :cause)
    and (:after_id::uuid is null or (created_at, id) < (:after_time::timestamptz, :after_id::uuid))
  order by created_at desc, id desc
  limit :limit + 1
) rows
order by created_at desc, id desc;

-- name: get_suppression^
-- Get the client of a suppression. It returns no row if the caller is not allowed to see the suppression.
select client_id from mail_suppressions where id = :suppression_id;

-- name: release_suppression!
-- Release a suppression, and record the caller who releases it. It affects 0 rows if the suppression is already
-- released.
update mail_suppressions set released_at = now(), released_by = app.subject()
where id = :suppression_id and released_at is null;
