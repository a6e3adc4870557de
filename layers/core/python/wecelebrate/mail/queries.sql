-- name: list_mails
-- One page, newest first, after the cursor; a null filter matches everything.
select to_json(rows)::text as item, created_at as after_time, id as after_id
from (
  select id, client_id, job_id, template, order_id, recipient, locale, state, reason, message_id, created_at,
    updated_at, sent_at
  from mails
  where (:client_id::uuid is null or client_id = :client_id)
    and (:template::text is null or template = :template)
    and (:state::text is null or state = :state)
    and (:order_id::uuid is null or order_id = :order_id)
    and (:recipient::text is null or lower(recipient) = lower(:recipient))
    and (:after_id::uuid is null or (created_at, id) < (:after_time::timestamptz, :after_id::uuid))
  order by created_at desc, id desc
  limit :limit + 1
) rows
order by created_at desc, id desc;

-- name: get_mail^
-- The mail, when the caller may see it, with all that it is written from: its order and lines, and the site's look.
select m.id, m.client_id, m.job_id, m.template, m.order_id, m.recipient, m.locale, m.state, m.reason, m.message_id,
  m.created_at, m.updated_at, m.sent_at, m.details, look.client_name, look.site_name, look.branding, look.settings,
  o.order_number, o.customer_name, o.total_amount, o.currency, o.shipping_address, o.created_at as ordered_at,
  array(select json_build_object('sku', sku, 'name', name, 'quantity', quantity, 'unit_price', unit_price::text)
        from order_lines where order_id = m.order_id order by line) as lines
from mails m
left join orders o on o.id = m.order_id
left join lateral app.mail_look(m.client_id, o.site_id) look on true
where m.id = :mail_id;

-- name: mail_order^
-- A mail about an order and its job: none when the caller has no say, no job_id when it was made before.
select client_id, job_id from app.mail_order(:order_id, :template, :details);

-- name: mail_job^
-- A mail about a job that is over, and the job that sends it; none when the caller has no say.
select client_id, job_id from app.mail_job(:job_id, :recipient);

-- name: mail_suppression^
-- Why nothing is to be sent to an address for this client; none when it may be written to.
select is_own, cause, reason from app.mail_suppression(:client_id, :address);

-- name: mark_sent!
-- SES has it. What SES told of it meanwhile is more.
update mails
set message_id = :message_id, locale = :locale, sent_at = now(), reason = null,
  state = case when app.mail_rank(state) < app.mail_rank('sent') then 'sent' else state end
where id = :mail_id;

-- name: mark_unsent!
-- It was not sent, and why: failed or suppressed.
update mails set state = :state, reason = :reason where id = :mail_id and app.mail_rank(state) < app.mail_rank('sent');

-- name: suppress!
-- Nothing more goes to an address; as it was, where it is suppressed already.
insert into mail_suppressions (client_id, address, cause, reason, mail_id)
values (:client_id, lower(:address), :cause, :reason, :mail_id)
on conflict (client_id, address) where released_at is null do nothing;

-- name: mark_told^
-- What SES tells of a mail, by our own tag or else by its id there: the mail, and whether that was news; none when it
-- is none of ours. What comes late or twice takes nothing back.
with told as (
  select id, app.mail_rank(:state) > app.mail_rank(state) as is_news
  from mails
  where id = coalesce(:mail_id::uuid, (select id from mails where message_id = :message_id limit 1))
  for update
)
update mails m
set state = case when told.is_news then :state else m.state end,
  reason = case when told.is_news then :reason else m.reason end,
  message_id = coalesce(m.message_id, :message_id), sent_at = coalesce(m.sent_at, now())
from told
where m.id = told.id
returning m.id, m.client_id, m.recipient, told.is_news;

-- name: list_suppressions
-- One page, newest first, after the cursor; a null filter matches everything.
select to_json(rows)::text as item, created_at as after_time, id as after_id
from (
  select id, client_id, address, cause, reason, mail_id, created_at, released_at, released_by
  from mail_suppressions
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
-- Whose it is, when the caller may see it.
select client_id from mail_suppressions where id = :suppression_id;

-- name: release_suppression!
-- It may be written to again, and who says so; 0 rows when that was said before.
update mail_suppressions set released_at = now(), released_by = app.subject()
where id = :suppression_id and released_at is null;
