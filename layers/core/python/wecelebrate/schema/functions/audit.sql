-- The audit log: triggers that record changes in the transaction of the change, and functions that record other
-- actions. Callers cannot disable a trigger, because only the owner of a table can do so.

set local role app_definer;

-- Stores the id of the request and the address of the caller until the end of the transaction. Any SQL can write a
-- setting. Therefore both values are sealed like the context: a hash with a secret key detects changes.
create or replace function app.establish_request(request_id text, address text) returns void
language plpgsql security definer set search_path = pg_catalog, app, pg_temp
as $$
begin
  if current_query() !~ '^select [a-z_, ]+ from app\.enter\(\$1(, \$\d)*\)$' then
    raise exception 'app.enter must be called by a statement of its own' using errcode = 'WC401';
  end if;
  perform set_config('app.request_id', coalesce(left($1, 200), ''), true),
          set_config('app.address', coalesce(left($2, 100), ''), true);
  perform set_config('app.request_seal', app.request_seal(), true);
end
$$;
grant execute on function app.establish_request(text, text) to wc_public, wc_api, wc_worker;

create or replace function app.request_seal() returns text
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select encode(sha256(key || sha256(key || convert_to(
    array['request', pg_backend_pid()::text, extract(epoch from transaction_timestamp())::text,
      current_setting('app.request_id', true), current_setting('app.address', true)]::text, 'UTF8'))), 'hex')
  from app.seal_key
$$;

-- Sets the columns that identify the actor. If the transaction has a caller, the statement that inserts the entry
-- cannot choose these columns. A connection without a caller belongs to an operator or to a migration.
--
-- A member of one client can cause a change at another client, e.g. by taking over its domain. The owners of the other
-- client read this entry, so it does not name the member. The client of the member has its own entry with the same
-- request id.
create or replace function app.stamp_audit_entry() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  sealed boolean := current_setting('app.request_seal', true) = app.request_seal();
begin
  new.subject := coalesce(app.subject(), new.subject, 'login:' || session_user);
  new.admin_role := app.admin_role();
  new.email := app.email();
  new.job_id := app.job_id();
  new.address := case when sealed then nullif(current_setting('app.address', true), '') end;
  if new.client_id <> all (app.client_ids()) and app.admin_role() is null and app.site_id() is null
    and app.subject() not like 'service:%' then
    new.subject := 'another client';
    new.email := null;
    new.address := null;
  end if;
  new.request_id := case when sealed then nullif(current_setting('app.request_id', true), '') end;
  if app.subject() is not null then
    new.created_at := clock_timestamp();
  end if;
  return new;
end
$$;
grant execute on function app.stamp_audit_entry() to app_owner;

-- The columns whose values are not copied into the log: secrets and personal data. The log shows only that such a
-- column has changed. A test compares this list with the columns of the audited tables.
create or replace function app.audit_secrets(kind text) returns text[]
language sql immutable parallel safe
return case kind
  when 'clients' then '{contact_email,contact_phone,address,settings}'::text[]
  when 'admin_users' then '{email,name}'
  when 'client_users' then '{email,name}'
  when 'invitations' then '{email,name,token_hashes,accepted_by,invited_by}'
  when 'catalogs' then '{source_config}'
  when 'sites' then '{settings,domain_token}'
  when 'orders' then '{customer_subject,customer_name,customer_email,shipping_address,items,metadata,cancel_reason}'
  when 'jobs' then '{payload,checkpoint,notify_email,first_errors,result,error,requested_by,questions}'
  when 'catalog_readings' then '{file,reading,accepted}'
  when 'exports' then '{filters,key,subject}'
  when 'uploads' then '{key,name}'
  when 'images' then '{source,error}'
  when 'products' then '{source_data}'
  when 'webhooks' then '{url}'
  when 'webhook_secrets' then '{secret}'
  when 'mail_suppressions' then '{address,reason}'
  when 'dead_letters' then '{body,reason}'
  else '{}'
end;

-- The columns that the log ignores: columns that every change sets, columns that only our own workers write, and
-- generated columns.
create or replace function app.audit_noise() returns text[]
language sql immutable parallel safe
return '{id,created_at,updated_at,last_sync_at,next_at,last_at,last_job_id,last_outcome,media,failures,failing_since,
  paused_until,leased_until,next_run_at,last_run_at,scanned_at,last_seq,fence,attempts,queued_at,due_at,owner,
  folded_name,folded_sku,offer_changes_at,offer_ends_at,priced_at,reports_ended_at}'::text[];

-- Returns the columns of `r` that differ from `other`. Secret values become `[redacted]`, and long values are cut off.
-- Returns null when `r` is null.
create or replace function app.audit_columns(kind text, r jsonb, other jsonb) returns jsonb
language sql immutable parallel safe
begin atomic
  select case when r is not null then coalesce(jsonb_object_agg(key, case
      when value = 'null' then value
      when key = any (app.audit_secrets(kind)) then '"[redacted]"'
      when length(value::text) > 1000 then to_jsonb(left(value::text, 1000) || '…')
      else value end), '{}') end
  from jsonb_each(r)
  where key <> all (app.audit_noise()) and (other is null and value <> 'null' or value is distinct from other -> key)
    and not (other is null and value = 'null');
end;

-- Returns the action of a change: a noun and a verb, e.g. `job.cancel`.
create or replace function app.audit_action(kind text, op text, old_row jsonb, new_row jsonb) returns text
language sql immutable parallel safe
return case
  when kind = 'kill_switches' then case op when 'DELETE' then 'flag.reset' else 'flag.set' end
  when kind = 'webhook_secrets'
    then 'webhook.' || case when (new_row ->> 'rotated')::boolean then 'rotate' else 'reveal' end
  when kind = 'dead_letters' then 'dead_letter.' || case
    when new_row -> 'redriven_at' <> old_row -> 'redriven_at' then 'redrive' else 'dismiss' end
  when kind = 'exports' and op = 'UPDATE' then 'export.delete'
  when kind = 'mail_suppressions' and op = 'UPDATE' then 'mail_suppression.release'
  when kind = 'revoked_sessions' then 'session.revoke'
  when kind = 'invitations' and op = 'UPDATE' then 'invitation.' || case
    when new_row -> 'accepted_at' <> old_row -> 'accepted_at' then 'accept'
    when new_row -> 'revoked_at' <> old_row -> 'revoked_at' then 'revoke'
    else 'resend' end
  when kind = 'jobs' and op = 'UPDATE' then 'job.' || case
    when new_row ->> 'status' = 'cancelled' then 'cancel'
    when old_row ->> 'status' in ('failed', 'cancelled') then 'retry'
    when new_row ->> 'decision' is distinct from old_row ->> 'decision' then 'decide'
    else 'approve' end
  when kind = 'schedules' and op = 'UPDATE'
    and new_row ->> 'run_requested_at' is distinct from old_row ->> 'run_requested_at' then 'schedule.run'
  else case kind when 'client_users' then 'member' when 'catalog_grants' then 'grant'
         when 'site_product_exclusions' then 'exclusion' else regexp_replace(kind, 's$', '') end
    || case op when 'INSERT' then '.create' when 'DELETE' then '.delete' else '.change' end
end;

-- Records the change of one row. An update that changes no column is not recorded.
create or replace function app.record_change(kind text, op text, old_row jsonb, new_row jsonb) returns void
language plpgsql volatile set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  r jsonb := coalesce(new_row, old_row);
  clients uuid[] := array[(r ->> case kind
    when 'clients' then 'id' when 'catalogs' then 'owner_client_id' else 'client_id' end)::uuid];
  change_before jsonb := app.audit_columns(kind, old_row, new_row);
  change_after jsonb := app.audit_columns(kind, new_row, old_row);
begin
  if op = 'UPDATE' and change_before = '{}' and change_after = '{}' then
    return;
  end if;
  if kind in ('products', 'images', 'catalog_readings') then
    clients := array(select c.owner_client_id from catalogs c where c.id = (r ->> 'catalog_id')::uuid);
  elsif kind = 'catalog_grants' then  -- a grant concerns the client that gets it, and the owner of the catalog
    clients := clients || array(
      select c.owner_client_id from catalogs c
      where c.id = (r ->> 'catalog_id')::uuid and c.owner_client_id is not null);
  end if;
  insert into audit_log (action, client_id, object_id, before, after)
  select app.audit_action(kind, op, old_row, new_row), client, case kind
      when 'tiers' then r ->> 'name' when 'kill_switches' then r ->> 'name' when 'admin_users' then r ->> 'user_id'
      when 'client_users' then r ->> 'user_id' when 'revoked_sessions' then r ->> 'subject'
      when 'catalog_grants' then r ->> 'catalog_id' when 'catalog_readings' then r ->> 'catalog_id'
      when 'site_product_exclusions' then r ->> 'site_id' when 'webhook_secrets' then r ->> 'webhook_id'
      when 'report_recipients' then r ->> 'subscription_id'
      else r ->> 'id' end,
    change_before, change_after
  from unnest(case when cardinality(clients) = 0 then array[null::uuid] else clients end) client;
end
$$;

-- Records the change of a row. The trigger of each table determines which changes are recorded. If the trigger has the
-- argument `people`, changes by our own workers are not recorded. Changes of orders by buyers are not recorded, for two
-- reasons: the history of the order already contains these changes, and owners of a client should not read e-mail
-- addresses of buyers in the log.
create or replace function app.audit_row() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  new_row jsonb := case when tg_op <> 'DELETE' then to_jsonb(new) end;
begin
  if tg_nargs > 0 and app.subject() like 'service:%' or tg_table_name = 'orders' and app.site_id() is not null then
    return null;
  end if;
  if tg_table_name = 'webhook_secrets' then
    new_row := new_row || jsonb_build_object('rotated', exists (
      select from webhook_secrets s where s.webhook_id = (new_row ->> 'webhook_id')::uuid and s.id <> new.id));
  end if;
  perform app.record_change(tg_table_name, tg_op, case when tg_op <> 'INSERT' then to_jsonb(old) end, new_row);
  return null;
end
$$;
grant execute on function app.audit_row() to app_owner;

-- Records changes of products that a person makes. Changes by a job are not recorded, because the job itself is
-- recorded. If an order changes the stock of a product, the change is not recorded, because the order itself is stored
-- as a row. A statement that changes more than 100 products gets one entry for each catalog.
create or replace function app.audit_products() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  changed integer;
begin
  if app.job_id() is not null or app.site_id() is not null or app.subject() like 'service:%' then
    return null;
  end if;
  if tg_op = 'DELETE' then
    select count(*) into changed from before;
  else
    select count(*) into changed from after;
  end if;
  if changed > 100 then
    if tg_op = 'DELETE' then
      insert into audit_log (action, client_id, object_id, details)
      select 'products.delete', max(c.owner_client_id::text)::uuid, p.catalog_id::text,
        jsonb_build_object('count', count(*))
      from before p left join catalogs c on c.id = p.catalog_id group by p.catalog_id;
    else
      insert into audit_log (action, client_id, object_id, details)
      select 'products.' || case tg_op when 'INSERT' then 'create' else 'change' end,
        max(c.owner_client_id::text)::uuid, p.catalog_id::text, jsonb_build_object('count', count(*))
      from after p left join catalogs c on c.id = p.catalog_id group by p.catalog_id;
    end if;
  elsif tg_op = 'INSERT' then
    perform app.record_change('products', tg_op, null, to_jsonb(a)) from after a;
  elsif tg_op = 'DELETE' then
    perform app.record_change('products', tg_op, to_jsonb(b), null) from before b;
  else
    perform app.record_change('products', tg_op, to_jsonb(b), to_jsonb(a)) from before b join after a on a.id = b.id;
  end if;
  return null;
end
$$;
grant execute on function app.audit_products() to app_owner;

-- Records an action on an object of a client, if the action changes no audited row. Only functions of app_definer call
-- it.
create or replace function app.record_action(action text, client_id uuid, object_id text, details jsonb default '{}')
returns void
language sql volatile set search_path = pg_catalog, public, pg_temp
as $$
  insert into audit_log (action, client_id, object_id, details) values ($1, $2, $3, $4)
$$;

-- Records which data the staff of the platform has read. `reads` is [{"client_id": …, "object_id": …, "details": {…}},
-- …]. The function refuses other callers, because they read only data of their own clients.
create or replace function app.record_reads(action text, reads jsonb) returns void
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
begin
  if app.admin_role() is null then
    raise exception 'only reads of staff are recorded' using errcode = 'insufficient_privilege';
  end if;
  insert into audit_log (action, client_id, object_id, details)
  select $1, (r ->> 'client_id')::uuid, r ->> 'object_id', coalesce(r -> 'details', '{}')
  from jsonb_array_elements($2) r;
end
$$;
grant execute on function app.record_reads(text, jsonb) to app_admin, app_support;

-- Deletes up to `max_rows` entries that are older than two years, and returns their number.
create or replace function app.delete_expired_audit_entries(max_rows integer) returns integer
language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp
as $$
declare
  deleted integer;
begin
  delete from audit_log where id in (
    select id from audit_log where created_at < now() - interval '2 years'
    order by created_at limit least(max_rows, 10000));
  get diagnostics deleted = row_count;
  return deleted;
end
$$;
grant execute on function app.delete_expired_audit_entries(integer) to app_system;

set local role app_owner;

-- Sets the role that inserts the entry. The role is app_definer only if a function of this file inserts the entry.
create or replace function app.note_audit_writer() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
  new.written_by := current_user;
  return new;
end
$$;

-- Refuses changes of entries for every role, with two exceptions. Expired entries can be deleted. The erasure of a
-- person replaces texts about the person (app.erase_audit_entries). The action and the time of an entry never change.
create or replace function app.refuse_audit_change() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op = 'DELETE' then
    if old.created_at < now() - interval '2 years' then
      return old;
    end if;
  end if;
  if tg_op = 'UPDATE' and current_user = 'app_definer' then
    if (new.id, new.action, new.client_id, new.created_at, new.admin_role, new.request_id, new.job_id, new.written_by)
      is not distinct from
      (old.id, old.action, old.client_id, old.created_at, old.admin_role, old.request_id, old.job_id, old.written_by)
    then
      return new;
    end if;
  end if;
  raise exception 'entries of the audit log are not changed' using errcode = 'insufficient_privilege';
end
$$;

create or replace trigger stamp_entry before insert on audit_log
  for each row execute function app.stamp_audit_entry();
create or replace trigger note_writer before insert on audit_log
  for each row execute function app.note_audit_writer();
create or replace trigger refuse_change before update or delete on audit_log
  for each row execute function app.refuse_audit_change();
create or replace trigger refuse_truncate before truncate on audit_log
  for each statement execute function app.refuse_audit_change();

-- Every change of these tables is recorded.
do $$
declare
  name text;
begin
  foreach name in array array['tiers', 'clients', 'admin_users', 'client_users', 'catalogs', 'catalog_grants', 'sites',
    'site_product_exclusions', 'kill_switches']
  loop
    execute format('create or replace trigger audit after insert or update or delete on %I'
      ' for each row execute function app.audit_row()', name);
  end loop;
end
$$;

-- The trigger for updates compares only three columns, because our own workers change another column: they add hashes
-- of tokens.
create or replace trigger audit_insert after insert on invitations for each row execute function app.audit_row();
create or replace trigger audit_update after update on invitations for each row
  when ((old.accepted_at, old.revoked_at, old.sends) is distinct from (new.accepted_at, new.revoked_at, new.sends))
  execute function app.audit_row();
create or replace trigger audit after insert or update on revoked_sessions
  for each row execute function app.audit_row();

create or replace trigger audit_insert after insert on products referencing new table as after
  for each statement execute function app.audit_products();
-- The trigger for updates ignores app_definer. Its functions change only the stock of a product, because of an order
-- that is itself stored as a row.
create or replace trigger audit_update after update on products referencing old table as before new table as after
  for each statement when (current_user <> 'app_definer') execute function app.audit_products();
create or replace trigger audit_delete after delete on products referencing old table as before
  for each statement execute function app.audit_products();

-- The triggers for updates compare only the columns that callers write, because workers write the other columns of
-- these tables.
create or replace trigger audit_insert_delete after insert or delete on webhooks
  for each row execute function app.audit_row();
create or replace trigger audit_update after update on webhooks for each row
  when ((old.client_id, old.url, old.description, old.events, old.status, old.disabled_reason)
    is distinct from (new.client_id, new.url, new.description, new.events, new.status, new.disabled_reason))
  execute function app.audit_row();
create or replace trigger audit after insert on webhook_secrets for each row execute function app.audit_row();
create or replace trigger audit_insert_delete after insert or delete on schedules
  for each row execute function app.audit_row();
create or replace trigger audit_update after update on schedules for each row
  when ((old.client_id, old.catalog_id, old.type, old.name, old.cron, old.timezone, old.settings, old.is_active)
      is distinct from
      (new.client_id, new.catalog_id, new.type, new.name, new.cron, new.timezone, new.settings, new.is_active)
    or old.run_requested_at is null and new.run_requested_at is not null)
  execute function app.audit_row('people');
create or replace trigger audit_insert_delete after insert or delete on order_destinations
  for each row execute function app.audit_row();
create or replace trigger audit_update after update on order_destinations for each row
  when ((old.name, old.format, old.columns, old.prefix, old.max_line_length, old.formula_safe, old.sender,
         old.receiver, old.cron, old.timezone, old.is_active)
    is distinct from (new.name, new.format, new.columns, new.prefix, new.max_line_length, new.formula_safe, new.sender,
         new.receiver, new.cron, new.timezone, new.is_active))
  execute function app.audit_row('people');
create or replace trigger audit_insert after insert on jobs for each row when (new.type <> 'email_notification')
  execute function app.audit_row('people');
create or replace trigger audit_update after update on jobs for each row
  when (old.status is distinct from new.status
        and (new.status = 'cancelled' or old.status in ('failed', 'cancelled') and new.status = 'pending')
    -- A worker acts as the person who requested an import. Only a person can give an approval or a decision.
    or old.approval is distinct from new.approval and new.approval = 'given'
    or old.decision is distinct from new.decision and new.decision = 'given')
  execute function app.audit_row('people');
-- A load writes the reading of a catalog. A person can only reset the reading, which deletes the row.
create or replace trigger audit after delete on catalog_readings
  for each row execute function app.audit_row('people');
create or replace trigger audit after update or delete on orders for each row execute function app.audit_row('people');
create or replace trigger audit after insert on uploads for each row execute function app.audit_row('people');
-- If a caller deletes an export, only `deleted_at` is set. The sweeper deletes the row later.
create or replace trigger audit after insert on exports for each row execute function app.audit_row('people');
create or replace trigger audit_delete after update on exports for each row
  when (old.deleted_at is null and new.deleted_at is not null) execute function app.audit_row('people');
create or replace trigger audit after insert on images for each row when (new.origin = 'uploaded')
  execute function app.audit_row('people');
create or replace trigger audit after insert or update or delete on mail_suppressions
  for each row execute function app.audit_row('people');
create or replace trigger audit after update on dead_letters for each row
  when ((old.redriven_at, old.dismissed_at) is distinct from (new.redriven_at, new.dismissed_at))
  execute function app.audit_row();

-- The entries in the form of the API. Owners do not see the IP addresses of the platform's staff.
create or replace view app.audit_view with (security_invoker = true) as
select id, created_at, subject, admin_role, email,
  case when app.admin_role() is not null or admin_role is null then address end as address,
  action, client_id, object_id, details, before, after, request_id, job_id,
  written_by = 'app_definer' as is_verified
from audit_log;
grant select on app.audit_view to app_admin, app_client;
