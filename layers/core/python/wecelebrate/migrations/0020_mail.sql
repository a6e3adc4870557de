-- E-mail: what is sent to whom and what became of it, and addresses that nothing more is sent to.

set local role app_owner;

-- One row a mail, written with its job. What the job carries is this row's id, nothing about a person.
create table mails (
  id uuid primary key default app.uuid7(),
  client_id uuid references clients (id) on delete cascade,
  job_id uuid references jobs (id) on delete set null,
  template text not null check (template in ('order_confirmation', 'order_shipped', 'job_finished')),
  order_id uuid,
  recipient text not null,
  details jsonb not null default '{}',
  locale text,
  state text not null default 'queued'
    check (state in ('queued', 'failed', 'suppressed', 'sent', 'delivered', 'bounced', 'complained')),
  reason text,
  message_id text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  sent_at timestamptz,
  constraint mails_order_of_client foreign key (client_id, order_id) references orders (client_id, id) on delete cascade
);
comment on column mails.client_id is 'Null: a mail of the platform.';
comment on column mails.details is 'What it tells beyond its order: tracking; how the job ended that it is about.';
comment on column mails.locale is 'What it was written in; null until it was.';
comment on column mails.reason is 'Why it was not delivered, in words.';
create index mails_by_client on mails (client_id, created_at desc, id desc);
create index mails_by_created_at on mails (created_at desc, id desc);
create index mails_by_order on mails (order_id);
create index mails_by_job on mails (job_id);
create index mails_by_recipient on mails (lower(recipient), created_at desc);
create index mails_by_message on mails (message_id);
-- However often somebody asks for it.
create unique index mails_one_confirmation on mails (order_id) where template = 'order_confirmation';
create trigger touch before update on mails for each row execute function app.touch();

-- A row says that one client's mail to an address came back or was complained of. That an address is not there is so
-- for everybody, so a bounce of one client's mail keeps the others from writing to it, too (app.mail_suppression);
-- who complains does so of one sender. A row that was let go stays, with who did it.
create table mail_suppressions (
  id uuid primary key default app.uuid7(),
  client_id uuid references clients (id) on delete cascade,
  address text not null check (address = lower(address)),
  cause text not null check (cause in ('bounce', 'complaint')),
  reason text,
  mail_id uuid references mails (id) on delete set null,
  created_at timestamptz not null default now(),
  released_at timestamptz,
  released_by text
);
comment on column mail_suppressions.client_id is 'Null: a mail of the platform.';
create unique index mail_suppressions_one on mail_suppressions (client_id, address) nulls not distinct
  where released_at is null;
create index mail_suppressions_by_address on mail_suppressions (address);
create index mail_suppressions_by_client on mail_suppressions (client_id, created_at desc, id desc);
create index mail_suppressions_by_created_at on mail_suppressions (created_at desc, id desc);
create index mail_suppressions_by_mail on mail_suppressions (mail_id);

alter table mails enable row level security;
alter table mails force row level security;
create policy migrate on mails to app_migrate using (true) with check (true);
create policy definer on mails to app_definer using (true) with check (true);
create policy admin on mails to app_admin
  using ((select app.admin_role()) is not null) with check ((select app.admin_role()) is not null);
create policy support on mails for select to app_support using ((select app.admin_role()) is not null);
create policy client on mails for select to app_client using (client_id = any ((select app.client_ids())::uuid[]));
create policy client_update on mails for update to app_client
  using (client_id = any ((select app.editor_ids())::uuid[]))
  with check (client_id = any ((select app.editor_ids())::uuid[]));
create policy system on mails to app_system
  using ((select app.subject()) is not null) with check ((select app.subject()) is not null);
grant select, insert, update, delete on mails to app_migrate;
grant select, insert, update on mails to app_definer;
grant select, update on mails to app_admin, app_client, app_system;
grant select on mails to app_support;

alter table mail_suppressions enable row level security;
alter table mail_suppressions force row level security;
create policy migrate on mail_suppressions to app_migrate using (true) with check (true);
create policy definer on mail_suppressions for select to app_definer using (true);
create policy admin on mail_suppressions to app_admin
  using ((select app.admin_role()) is not null) with check ((select app.admin_role()) is not null);
create policy support on mail_suppressions for select to app_support using ((select app.admin_role()) is not null);
create policy client on mail_suppressions for select to app_client
  using (client_id = any ((select app.client_ids())::uuid[]));
create policy client_insert on mail_suppressions for insert to app_client
  with check (client_id = any ((select app.editor_ids())::uuid[]));
create policy client_update on mail_suppressions for update to app_client
  using (client_id = any ((select app.editor_ids())::uuid[]))
  with check (client_id = any ((select app.editor_ids())::uuid[]));
create policy system on mail_suppressions to app_system
  using ((select app.subject()) is not null) with check ((select app.subject()) is not null);
grant select, insert, update, delete on mail_suppressions to app_migrate;
grant select on mail_suppressions to app_definer, app_support;
grant select, insert, update on mail_suppressions to app_admin, app_client;
grant select, insert on mail_suppressions to app_system;

-- What the functions below look up and write, whoever calls.
create policy definer on orders for select to app_definer using (true);
grant select on orders to app_definer;
grant insert on jobs to app_definer;

set local role app_definer;

-- A mail and its job, in the transaction of whoever causes it. Its callers have asked whether it may be caused.
create function app.make_mail(
  client_id uuid, template text, order_id uuid, recipient text, details jsonb, lane text) returns uuid
language plpgsql volatile set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  mail uuid;
  job uuid;
begin
  insert into mails (client_id, template, order_id, recipient, details) values ($1, $2, $3, $4, $5)
    on conflict do nothing
    returning id into mail;
  if mail is null then
    return null;
  end if;
  insert into jobs (client_id, type, requested_by, payload, lane)
    values ($1, 'email_notification', 'service:mail', jsonb_build_object('mail_id', mail), $6)
    returning id into job;
  update mails set job_id = job where id = mail;
  return job;
end
$$;

-- The mail about an order, to its customer. No row when the caller has nothing to do with the order; no job_id when
-- the order was confirmed before.
--
-- May cause it: the platform; who writes for the order's client; and of a confirmation alone, on the site of the order,
-- its customer, or a guest who places it in this very transaction. A guest's order is nobody's afterwards.
create function app.mail_order(order_id uuid, template text, details jsonb, out client_id uuid, out job_id uuid)
returns setof record
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
#variable_conflict use_column
declare
  ordered orders;
begin
  select * into ordered from orders o
  where o.id = $1
    and $2 in ('order_confirmation', 'order_shipped')
    and (app.admin_role() is not null
         or o.client_id = any (app.editor_ids())
         or ($2 = 'order_confirmation' and o.site_id = app.site_id()
             and (o.customer_subject = app.subject()
                  or (o.customer_subject is null and o.created_at = transaction_timestamp()))));
  if found then
    client_id := ordered.client_id;
    job_id := app.make_mail(ordered.client_id, $2, $1, ordered.customer_email, $3,
      case $2 when 'order_confirmation' then 'high' else 'normal' end);
    return next;
  end if;
end
$$;

-- The mail that tells how a job ended. No row unless the job is over, and the caller the platform, the bookkeeping of
-- queues, or who writes for the job's client.
create function app.mail_job(job uuid, recipient text, out client_id uuid, out job_id uuid)
returns setof record
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
#variable_conflict use_column
declare
  told jobs;
begin
  select * into told from jobs j
  where j.id = $1
    and j.status in ('completed', 'failed', 'cancelled')
    and (app.admin_role() is not null or app.subject() = 'service:system' or j.client_id = any (app.editor_ids()));
  if found then
    client_id := told.client_id;
    job_id := app.make_mail(told.client_id, 'job_finished', null, $2,
      jsonb_build_object('job_id', told.id, 'type', told.type, 'status', told.status, 'counts', told.counts,
        'error', told.error, 'ended_at', told.completed_at), 'normal');
    return next;
  end if;
end
$$;

-- Why nothing is to be sent to an address on behalf of a client whose mails the caller writes, if there is a why:
-- what came back to the client itself, or a bounce of anybody's mail since the client last let the address go.
create function app.mail_suppression(client uuid, address text, out is_own boolean, out cause text, out reason text)
returns setof record
language sql stable security definer set search_path = pg_catalog, public, app, pg_temp
as $$
  select s.client_id is not distinct from $1, s.cause, s.reason
  from mail_suppressions s
  where s.address = lower($2) and s.released_at is null
    and (app.admin_role() is not null or $1 = any (app.editor_ids()))
    and (s.client_id is not distinct from $1
         or (s.cause = 'bounce' and s.created_at > coalesce(
              (select max(own.released_at) from mail_suppressions own
               where own.address = lower($2) and own.client_id is not distinct from $1), '-infinity')))
  order by s.client_id is not distinct from $1 desc, s.created_at desc
  limit 1
$$;

-- What mails of a client, and of one site of it, look like. Support reads mails, but neither sites nor clients.
create function app.mail_look(client uuid, site uuid, out client_name text, out site_name text, out branding jsonb,
  out settings jsonb)
returns setof record
language sql stable security definer set search_path = pg_catalog, public, app, pg_temp
as $$
  select c.name, s.name, s.branding, c.settings || coalesce(s.settings, '{}')
  from clients c left join sites s on s.client_id = c.id and s.id = $2
  where c.id = $1 and (app.admin_role() is not null or c.id = any (app.client_ids()))
$$;

grant execute on function app.mail_order(uuid, text, jsonb)
  to app_admin, app_support, app_client, app_customer, app_anon;
grant execute on function app.mail_job(uuid, text) to app_admin, app_support, app_client, app_system;
grant execute on function app.mail_suppression(uuid, text) to app_admin, app_client;
grant execute on function app.mail_look(uuid, uuid) to app_admin, app_support, app_client;

set local role app_owner;

-- How far a mail is: an event that comes late or twice takes nothing back.
create function app.mail_rank(state text) returns integer
language sql immutable parallel safe
return array_position(
  array['queued', 'failed', 'suppressed', 'sent', 'delivered', 'bounced', 'complained'], state);
grant execute on function app.mail_rank(text) to app_admin, app_client, app_system;
