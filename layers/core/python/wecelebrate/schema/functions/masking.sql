-- Determines which callers see personal data, and masks this data for other callers.
--
-- The views of orders, their history, returns, mails, suppressed addresses and events mask personal data for members
-- who may not see it. A filter is compared with the masked value, so that it cannot reveal the real value.

set local role app_definer;

-- Returns whether the caller sees the personal data in all rows that it can read. This is the case for staff of the
-- platform, for our own workers, and for buyers on a site, who can read only their own orders.
create or replace function app.sees_all_persons() returns boolean
language sql stable security definer set search_path = pg_catalog, public, app, pg_temp
return app.admin_role() is not null or app.site_id() is not null or app.subject() like 'service:%';

-- Returns the clients whose personal data the caller sees as a member, or as a service for one client. For a member,
-- the column `personal_data` of the membership decides. If the column is null, the role decides: owners and editors see
-- personal data, and viewers do not.
create or replace function app.person_client_ids() returns uuid[]
language sql stable security definer set search_path = pg_catalog, public, app, pg_temp
return case when app.subject() like 'service:%' then coalesce(app.client_ids(), '{}') else array(
  select m.client_id from client_users m
  where m.user_id = (select app.subject()) and m.client_id = any ((select app.client_ids())::uuid[]) and m.is_active
    and coalesce(m.personal_data, m.role <> 'viewer')) end;

-- Returns the ids of orders with the given e-mail address, ignoring case, if the caller sees the personal data of these
-- orders.
create or replace function app.order_ids_of(email text) returns uuid[]
language sql stable security definer set search_path = pg_catalog, public, app, pg_temp
return array(
  select o.id from orders o
  where lower(o.customer_email) = lower(email)
    and ((select app.admin_role()) is not null or o.client_id = any ((select app.person_client_ids())::uuid[])));

-- Returns the ids of mails to an address, ignoring case, if the caller sees the personal data of these mails.
create or replace function app.mail_ids_of(address text) returns uuid[]
language sql stable security definer set search_path = pg_catalog, public, app, pg_temp
return array(
  select m.id from mails m
  where lower(m.recipient) = lower(address)
    and ((select app.admin_role()) is not null or m.client_id = any ((select app.person_client_ids())::uuid[])));

-- If a member loses the right to see personal data of the client, deletes the exports of the member, and cancels their
-- jobs. The files contain personal data that the member could see before. If a member loses the right to write for the
-- client, the function deletes the member's exports with source data of products. The sweeper deletes the files.
create or replace function app.end_exports_of_member() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  kept client_users := case when tg_op = 'UPDATE' then new end;
  sees_persons constant boolean :=
    coalesce(kept.is_active and coalesce(kept.personal_data, kept.role <> 'viewer'), false);
  sees_sources constant boolean := coalesce(kept.is_active and kept.role <> 'viewer', false);
  ids uuid[];
begin
  if not old.is_active then
    return null;
  end if;
  select array_agg(x.id) into ids from exports x
  where x.client_id = old.client_id and x.subject = old.user_id and x.deleted_at is null and case
    when x.kind <> 'products' then coalesce(old.personal_data, old.role <> 'viewer') and not sees_persons
    else old.role <> 'viewer' and not sees_sources and x.options -> 'include' ? 'source_data' end;
  update jobs j set status = 'cancelled', leased_until = null, completed_at = now(), error_code = 'cancelled',
    error = 'The right to see data of the export has ended. Create the export again.'
  from exports x
  where x.id = any (ids) and x.job_id = j.id and j.status in ('pending', 'processing');
  update exports x set deleted_at = now(), expires_at = now() where x.id = any (ids);
  return null;
end
$$;
grant execute on function app.end_exports_of_member() to app_owner;

grant execute on function app.sees_all_persons(), app.person_client_ids()
  to app_admin, app_support, app_client, app_customer, app_system;
grant execute on function app.order_ids_of(text), app.mail_ids_of(text) to app_admin, app_support, app_client;

set local role app_owner;

create or replace trigger end_exports_of_member after update of role, is_active, personal_data or delete on client_users
  for each row execute function app.end_exports_of_member();

-- Returns a masked name, which shows only the first character of each word, e.g. `A*** L***`.
create or replace function app.masked_name(name text) returns text
language sql immutable parallel safe
return regexp_replace(name, '(\S)\S*', '\1***', 'g');

-- Returns a masked e-mail address, which shows only the first characters of both parts and the top-level domain, e.g.
-- `a***@e***.com`.
create or replace function app.masked_email(address text) returns text
language sql immutable parallel safe
return concat(left(address, 1), '***@', left(split_part(address, '@', 2), 1), '***',
  substring(address from '[.][^.@]*$'));

-- Returns a masked address, which contains only the country and the city.
create or replace function app.masked_address(address jsonb) returns jsonb
language sql immutable parallel safe
return jsonb_strip_nulls(jsonb_build_object('city', address -> 'city', 'country', address -> 'country'));

grant execute on function app.masked_name(text), app.masked_email(text), app.masked_address(jsonb)
  to app_definer, app_admin, app_support, app_client, app_customer, app_system;

-- The mails in the form that the API shows in lists.
create or replace view app.mail_view with (security_invoker = true) as
select m.id, m.client_id, m.job_id, m.template, m.order_id,
  case when p.shown then m.recipient else app.masked_email(m.recipient) end as recipient, m.locale, m.state,
  case when p.shown then m.reason end as reason, m.message_id, m.created_at, m.updated_at, m.sent_at
from mails m cross join lateral (
  select (select app.sees_all_persons()) or m.client_id = any ((select app.person_client_ids())::uuid[]) as shown) p;
grant select on app.mail_view to app_admin, app_support, app_client;

-- The suppressed addresses in the form that the API shows in lists.
create or replace view app.suppression_view with (security_invoker = true) as
select s.id, s.client_id, case when p.shown then s.address else app.masked_email(s.address) end as address, s.cause,
  case when p.shown then s.reason end as reason, s.mail_id, s.created_at, s.released_at, s.released_by
from mail_suppressions s cross join lateral (
  select (select app.sees_all_persons()) or s.client_id = any ((select app.person_client_ids())::uuid[]) as shown) p;
grant select on app.suppression_view to app_admin, app_support, app_client;

-- The events of visitors. A masked event has no user, no visit and no data.
create or replace view app.event_view with (security_invoker = true) as
select e.id, e.event_id, e.client_id, e.site_id, e.event_type, case when p.shown then e.user_id end as user_id,
  case when p.shown then e.session_id end as session_id,
  case when p.shown then e.event_data else '{}' end as event_data, e.is_anonymous, e.is_time_clamped, e.created_at,
  e.accepted_at
from analytics_events e cross join lateral (
  select (select app.sees_all_persons()) or e.client_id = any ((select app.person_client_ids())::uuid[]) as shown) p;
grant select on app.event_view to app_admin, app_client;

-- Returns whether the number of a shipment in the data of an event is not a tracking number. The function reads the
-- current values of the shipment, because the number can have become the tracking number after the event. If a shipment
-- has no other number, its number is the tracking number of the carrier.
create or replace function app.has_own_number(data jsonb) returns boolean
language sql stable
return data ->> 'shipment_number' is distinct from data ->> 'tracking_number' and exists (
  select from public.shipments s
  where s.id = case when data ->> 'shipment_id' ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
      then (data ->> 'shipment_id')::uuid end
    and s.number = data ->> 'shipment_number' and s.number is distinct from s.tracking_number);

-- Returns the payload of a webhook delivery without tracking data, which can reveal the recipient.
create or replace function app.masked_payload(payload jsonb) returns jsonb
language sql stable
return case when payload #> '{data,shipment_number}' is not null and not app.has_own_number(payload -> 'data')
    then jsonb_set(payload, '{data,shipment_number}',
      to_jsonb(app.masked_name(payload #>> '{data,shipment_number}')))
    else payload end #- '{data,tracking_number}' #- '{data,tracking_url}';

-- Returns the details of an event of an order without personal data. The number of a shipment is masked if it is the
-- tracking number of the shipment, or if no such shipment exists, e.g. in late news.
create or replace function app.masked_details(order_id uuid, details jsonb) returns jsonb
language sql stable
return (
  select coalesce(jsonb_object_agg(d.key, case
      when d.key in ('shipment', 'number') and not exists (
        select from public.shipments s
        where s.order_id = $1 and s.number = d.value #>> '{}' and s.number is distinct from s.tracking_number)
      then to_jsonb(app.masked_name(d.value #>> '{}')) else d.value end), '{}')
  from jsonb_each($2) d
  where d.key <> all ('{reason,note,tracking_number,tracking_url}'));

grant execute on function app.has_own_number(jsonb), app.masked_payload(jsonb), app.masked_details(uuid, jsonb)
  to app_admin, app_support, app_client, app_system;
grant execute on function app.has_own_number(jsonb) to app_definer;

-- Returns the text that replaces a reason, because the reason can quote a row about a person. The error file has the
-- same text (rejections.error_file).
create or replace function app.hidden_reason() returns text
language sql immutable parallel safe
return 'The reason is hidden, because it can contain personal data.';
grant execute on function app.hidden_reason() to app_definer, app_admin, app_support, app_client, app_system;

-- Returns the errors of rows without reasons and SKUs, because these can quote the row. If the columns of a row are
-- shifted, a name or an address can be in any column.
create or replace function app.without_reasons(errors jsonb) returns jsonb
language sql immutable parallel safe
return (
  select coalesce(jsonb_agg(e || jsonb_build_object('sku', null, 'reason', app.hidden_reason()) order by n), '[]')
  from jsonb_array_elements(errors) with ordinality x (e, n));
grant execute on function app.without_reasons(jsonb) to app_admin, app_support, app_client, app_system;

-- The jobs in the form of the API. The API calls the priority `lane`. An error can quote a row or the name of a
-- document. If a file has no header, an error can also quote the first row as the names of the columns. The rows of
-- order files contain personal data, so these texts are hidden from members who may not see personal data.
create or replace view app.job_view with (security_invoker = true) as
select id, client_id, catalog_id, type, status, priority as lane, app.job_awaits_approval(j) as awaiting_approval,
  requested_by, app.job_source(payload) as source, app.job_progress(j) as progress, app.job_counts(counts) as counts,
  case when s.shown then first_errors else app.without_reasons(first_errors) end as first_errors,
  case when s.shown or jsonb_typeof(result) <> 'object' then result else result - 'unread_columns' end as result,
  error_code,
  case when s.shown or error is null then error else app.hidden_reason() end as error, attempts, max_attempts,
  created_at, updated_at, due_at, started_at, completed_at, app.job_waiting_for(j) as waiting_for,
  coalesce(questions, '[]') as questions, answers,
  app.job_blocked_by(j) as blocked_by
from jobs j cross join lateral (
  select j.type <> 'order_file' or (select app.sees_all_persons())
    or j.client_id = any ((select app.person_client_ids())::uuid[]) as shown) s;
grant select on app.job_view to app_admin, app_support, app_client, app_system;
