-- Reports by mail: their recipients, their mails, and the links for recipients to unsubscribe.

set local role app_definer;

-- Replaces the recipients of a report. Returns the ids in `members` that do not belong to persons who are active
-- members of the client. If such an id exists, nothing changes. Returns null if the caller may not write for the
-- client.
--
-- A member who has unsubscribed stays a recipient without mails, so that other members cannot subscribe this member
-- again. If a member has unsubscribed from a report that is now deleted, the member is added as unsubscribed.
create or replace function app.set_report_recipients(subscription uuid, members uuid[]) returns uuid[]
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  client uuid := (select s.client_id from report_subscriptions s where s.id = $1
                  and (app.admin_role() is not null or s.client_id = any ((select app.editor_ids())::uuid[])));
  refused uuid[];
begin
  if client is null then
    return null;
  end if;
  refused := array(
    select recipient from unnest($2) recipient
    where not exists (select from client_users m
                      where m.id = recipient and m.client_id = client and m.kind = 'person' and m.is_active));
  if cardinality(refused) = 0 then
    delete from report_recipients r
    where r.subscription_id = $1 and r.member_id <> all ($2) and r.unsubscribed_at is null;
    insert into report_recipients (subscription_id, client_id, member_id, unsubscribed_at)
      select $1, client, m.id, m.reports_ended_at from client_users m where m.id = any ($2) and m.client_id = client
      on conflict do nothing;
  end if;
  return refused;
end
$$;
grant execute on function app.set_report_recipients(uuid, uuid[]) to app_admin, app_client;

-- Subscribes the caller to a report of a client, or unsubscribes the caller. Returns null, or the reason why nothing
-- has changed: `unknown` if the report does not exist, `not_a_person` if the caller is not a member of the client or is
-- not a person, or `full` if the report has the maximum number of recipients.
create or replace function app.set_own_report(subscription uuid, wanted boolean) returns text
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  target report_subscriptions;
  member uuid;
begin
  select * into target from report_subscriptions s
  where s.id = $1 and (app.admin_role() is not null or s.client_id = any ((select app.client_ids())::uuid[]))
  for no key update;
  if target.id is null then
    return 'unknown';
  end if;
  select m.id into member from client_users m
  where m.client_id = target.client_id and m.user_id = (select app.subject()) and m.kind = 'person' and m.is_active;
  if member is null then
    return 'not_a_person';
  elsif wanted and (select count(*) filter (where r.member_id <> member) from report_recipients r
                    where r.subscription_id = $1) >= 20 then
    return 'full';
  elsif wanted then
    insert into report_recipients (subscription_id, client_id, member_id) values ($1, target.client_id, member)
      on conflict (subscription_id, member_id) do update set unsubscribed_at = null;
    update client_users m set reports_ended_at = null where m.id = member and m.reports_ended_at is not null;
  else
    update report_recipients r set unsubscribed_at = now()
    where r.subscription_id = $1 and r.member_id = member and r.unsubscribed_at is null;
  end if;
  update report_subscriptions s set updated_at = now() where s.id = $1;
  return null;
end
$$;
grant execute on function app.set_own_report(uuid, boolean) to app_admin, app_client;

-- When a report is deleted, stores for each recipient who had unsubscribed that the recipient wants no reports.
create or replace function app.keep_ended_report() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
begin
  update client_users m set reports_ended_at = old.unsubscribed_at
  where m.id = old.member_id and m.client_id = old.client_id and m.reports_ended_at is null;
  return null;
end
$$;
grant execute on function app.keep_ended_report() to app_owner;

-- Returns the members who receive a report, with their verified addresses.
create or replace function app.report_addresses(subscription uuid)
returns table (client_id uuid, member_id uuid, email text)
language sql stable set search_path = pg_catalog, public, app, pg_temp
as $$
  select m.client_id, m.id, m.email
  from report_recipients r
  join client_users m on m.id = r.member_id and m.client_id = r.client_id
  where r.subscription_id = $1 and r.unsubscribed_at is null and m.kind = 'person' and m.is_active
  order by m.id
$$;

-- Returns the number of members who receive a report: persons who are active members and have not unsubscribed.
create or replace function app.count_report_recipients(subscription uuid) returns bigint
language sql stable security definer set search_path = pg_catalog, public, app, pg_temp
as $$
  select count(*) from app.report_addresses($1)
  where app.admin_role() is not null or client_id = any ((select app.client_ids())::uuid[])
$$;
grant execute on function app.count_report_recipients(uuid) to app_client;

-- Queues a mail with a report to each member who receives it, and returns the jobs of the mails. Returns no row for a
-- member who already has the mail about these days. The caller must be one of our own workers, and must act for the
-- client.
--
-- Returns no row for a member who got 100 reports of the client in the last 24 hours, because clients could otherwise
-- flood a member by creating reports again and again. The limit is sufficient for 50 daily reports. They need up to 100
-- mails in 24 hours, because two reports are sent within 24 hours if the clocks go forward, or if the first report was
-- late.
create or replace function app.queue_report_mails(subscription uuid, details jsonb) returns table (job_id uuid)
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
begin
  return query
  select mail.job from (
    select app.create_mail(a.client_id, 'report', null, a.email,
      $2 || jsonb_build_object('subscription_id', $1, 'member_id', a.member_id), 'normal') as job
    from app.report_addresses($1) a
    where app.subject() like 'service:%' and a.client_id = any ((select app.editor_ids())::uuid[])
      and (select count(*) from mails m
           where m.client_id = a.client_id and m.template = 'report' and m.details ->> 'member_id' = a.member_id::text
             and m.created_at > now() - interval '24 hours') < 100
  ) mail where mail.job is not null;
end
$$;
grant execute on function app.queue_report_mails(uuid, jsonb) to app_client;

-- Returns the token of the link to unsubscribe a member from a report, for our own workers that send the mails of the
-- report. The token does not expire, because a person can unsubscribe with any mail of the report. Returns null if the
-- member has unsubscribed.
create or replace function app.report_token(subscription uuid, member uuid) returns text
language sql stable security definer set search_path = pg_catalog, public, app, pg_temp
as $$
  select app.sealed_token('r' || replace(r.subscription_id::text, '-', '') || replace(r.member_id::text, '-', ''))
  from app.report_addresses($1) a join report_recipients r on r.subscription_id = $1 and r.member_id = a.member_id
  where a.member_id = $2 and app.subject() like 'service:%'
    and (app.admin_role() is not null or r.client_id = any ((select app.editor_ids())::uuid[]))
$$;
grant execute on function app.report_token(uuid, uuid) to app_admin, app_client;

-- Returns the data for the page of an unsubscribe link. Returns no row if the platform has not created the token. If
-- the report or the member no longer exists, the page shows that no mails are sent.
create or replace function app.report_of_token(
  token text, out language text, out client_name text, out name text, out is_subscribed boolean)
returns setof record
language plpgsql stable security definer set search_path = pg_catalog, public, app, pg_temp
as $$
#variable_conflict use_column
begin
  if $1 !~ '^r[0-9a-f]{104}$' or $1 <> app.sealed_token(left($1, 65)) then
    return;
  end if;
  return query
  select coalesce(s.language, 'en'), c.name, s.name, r.member_id is not null and r.unsubscribed_at is null
  from (select) link
  left join report_recipients r
    on r.subscription_id = substr($1, 2, 32)::uuid and r.member_id = substr($1, 34, 32)::uuid
  left join report_subscriptions s on s.id = r.subscription_id
  left join clients c on c.id = s.client_id;
end
$$;
grant execute on function app.report_of_token(text) to app_anon;

-- Unsubscribes the member of an unsubscribe link, and returns whether the platform has created the token. A second call
-- changes nothing. If the report was deleted, later reports are also not sent to the member.
create or replace function app.end_report_of_token(token text) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
begin
  if not exists (select from app.report_of_token($1)) then
    return false;
  end if;
  update report_recipients r set unsubscribed_at = now()
  where r.subscription_id = substr($1, 2, 32)::uuid and r.member_id = substr($1, 34, 32)::uuid
    and r.unsubscribed_at is null;
  if found then
    update report_subscriptions s set updated_at = now() where s.id = substr($1, 2, 32)::uuid;
  elsif not exists (select from report_subscriptions s where s.id = substr($1, 2, 32)::uuid) then
    update client_users m set reports_ended_at = now()
    where m.id = substr($1, 34, 32)::uuid and m.reports_ended_at is null;
  end if;
  return true;
end
$$;
grant execute on function app.end_report_of_token(text) to app_anon;

set local role app_owner;

-- The subscriptions in the form of the API.
create or replace view app.report_subscription_view with (security_invoker = true) as
select s.id, s.client_id, s.site_id, s.name, s.cadence, s.period, s.timezone, s.language, s.send_hour,
  s.attach_workbook, s.is_active, s.next_at, s.covered_until, s.last_job_id, s.created_at, s.updated_at,
  (select coalesce(json_agg(json_build_object('member_id', r.member_id, 'unsubscribed_at', r.unsubscribed_at)
     order by r.member_id), '[]') from report_recipients r where r.subscription_id = s.id) as recipients
from report_subscriptions s;
grant select, insert, update on app.report_subscription_view to app_admin, app_client;

create or replace trigger keep_ended_report after delete on report_recipients for each row
  when (old.unsubscribed_at is not null) execute function app.keep_ended_report();
create or replace trigger audit_insert_delete after insert or delete on report_subscriptions
  for each row execute function app.audit_row();
create or replace trigger audit_update after update on report_subscriptions for each row
  when ((old.site_id, old.name, old.cadence, old.period, old.timezone, old.language, old.send_hour,
         old.attach_workbook, old.is_active)
    is distinct from (new.site_id, new.name, new.cadence, new.period, new.timezone, new.language, new.send_hour,
         new.attach_workbook, new.is_active))
  execute function app.audit_row();
create or replace trigger audit after insert or update or delete on report_recipients
  for each row execute function app.audit_row();
