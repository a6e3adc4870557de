-- Erasure of persons: the data of a person outside of orders, and the end of an erasure (functions/erasures.sql).

set local role app_definer;

-- Erases the mails to the person that belong to no order, the addresses in the tables of limits, and the suppressions
-- of the address. A suppressed address stays suppressed: a keyed hash replaces it.
create or replace function app.erase_addresses(erasure_id uuid) returns integer
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  e erasures := app.open_erasure($1);
  mail_ids uuid[] := array(
    select m.id from mails m where lower(m.recipient) = any (e.emails) and m.client_id = e.client_id);
begin
  perform app.erase_mails(e, mail_ids);
  update mail_suppressions s set address = app.suppression_hash(s.address), reason = null
  where s.client_id = e.client_id and s.address = any (e.emails)
    and not exists (select from mail_suppressions x where x.client_id = e.client_id and x.released_at is null
      and x.address = app.suppression_hash(s.address));
  -- An earlier erasure has already stored the hash of the address, and the address was then suppressed again. The table
  -- now has two rows for the address. The older row keeps the address suppressed, so the newer row is stored as
  -- released.
  update mail_suppressions s set address = app.suppression_hash(s.address), reason = null,
    released_at = coalesce(s.released_at, now())
  where s.client_id = e.client_id and s.address = any (e.emails);
  delete from guest_mails g
  where g.client_id = e.client_id and g.mailbox in (select app.mailbox(email) from unnest(e.emails) email);
  delete from order_quantities q
  where q.client_id = e.client_id and q.buyer in (
    select 'email:' || app.mailbox(email) from unnest(e.emails) email
    union all select 'customer:' || subject from unnest(e.subjects) subject);
  return cardinality(mail_ids);
end
$$;
grant execute on function app.erase_addresses(uuid) to app_system;

-- Removes the personal data from up to `max_rows` events. These are events of the person, or of visits in which the
-- person was signed in. The rows are kept, and the events of one visit stay linked to each other. Returns the number of
-- events.
create or replace function app.erase_events(erasure_id uuid, max_rows integer) returns integer
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  e erasures := app.open_erasure($1);
  users text[] := e.emails || e.subjects;
  sessions text[];
  first_at timestamptz;
  last_at timestamptz;
  erased integer;
begin
  select array_agg(distinct a.session_id), min(a.created_at) - interval '1 day', max(a.created_at) + interval '1 day'
    into sessions, first_at, last_at
  from (
    select v.session_id, v.created_at from analytics_events v
    where v.client_id = e.client_id and (v.user_id = any (users) or lower(v.user_id) = any (e.emails))
      and v.session_id is not null
    limit $2) a;
  with chosen as (
    (select a.id, a.accepted_at from analytics_events a
     where a.client_id = e.client_id and a.session_id = any (sessions) and a.created_at between first_at and last_at
     -- Erase the events with a user last, because only the user of these events shows that the visit belongs to the
     -- person.
     order by a.user_id is not null limit $2)
    union
    (select a.id, a.accepted_at from analytics_events a
     where a.client_id = e.client_id and (a.user_id = any (users) or lower(a.user_id) = any (e.emails))
       and a.session_id is null
     limit $2)
  )
  update analytics_events a
  set user_id = null, session_id = app.pseudonym(e, a.session_id), event_data = '{}', is_anonymous = true
  from chosen c where a.id = c.id and a.accepted_at = c.accepted_at and a.client_id = e.client_id;
  get diagnostics erased = row_count;
  return erased;
end
$$;
grant execute on function app.erase_events(uuid, integer) to app_system;

-- Erases the stored responses (idempotency keys) of one hour that are about orders of the person, or that name the
-- client and mention the person. The keys belong to accounts and not to clients, so a response of another client must
-- not match. The keys are kept: a later request with the same key is refused, and is not executed twice. In the keys of
-- a customer, a pseudonym replaces the subject.
create or replace function app.erase_responses(erasure_id uuid, hours_ago integer) returns integer
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  e erasures := app.open_erasure($1);
  buyers text[] := array(select subject from unnest(e.subjects) subject where app.is_only_buyer(e, subject));
  erased integer;
begin
  update idempotency_keys k
  set headers = '{}', body = null,
    subject = case when k.subject = any (buyers) then app.pseudonym(e, k.subject) else k.subject end
  where k.created_at > now() - make_interval(hours => $2 + 1)
    and k.created_at <= now() - make_interval(hours => $2) + case $2 when 0 then interval '1 minute' else '0' end
    and (strpos(k.body, e.client_id::text) > 0 and app.mentions(e, app.as_document(k.body)) or exists (
      select from regexp_matches(k.body, '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}', 'g') ids (uuids)
        join orders o on o.id = uuids[1]::uuid
      where o.erasure_id = e.id and o.client_id = e.client_id));
  get diagnostics erased = row_count;
  return erased;
end
$$;
grant execute on function app.erase_responses(uuid, integer) to app_system;

-- Erases the reasons why orders of the person were not exported, and other reasons that mention the person.
create or replace function app.erase_refused_orders(e erasures, ids uuid[]) returns void
language sql volatile set search_path = pg_catalog, public, app, pg_temp
as $$
  update order_export_runs r
  set refused = (
    select jsonb_agg(case when is_about then o || '{"reason": "The data of the person were erased."}' else o end
      order by n)
    from jsonb_array_elements(r.refused) with ordinality refused (o, n)
      cross join lateral (
        select app.mentions(e, o) or exists (
          select from orders x where x.erasure_id = e.id and x.client_id = e.client_id
            and x.order_number = o ->> 'order_number')) a (is_about))
  where r.id = any (ids) and r.client_id = e.client_id and (
    app.mentions(e, r.refused) or exists (
      select from jsonb_array_elements(r.refused) o
        join orders x on x.client_id = e.client_id and x.order_number = o ->> 'order_number'
      where x.erasure_id = e.id))
$$;

-- Erases the data about the person in the next rows of the table `kind`, after the id `after`. One call searches at
-- most `max_rows` rows with at most 8 MB, but at least one row. Returns the id of the last searched row, or null if no
-- row is left.
create or replace function app.erase_mentions(erasure_id uuid, kind text, after uuid, max_rows integer) returns uuid
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  e erasures := app.open_erasure($1);
  list refcursor;
  ids uuid[];
begin
  if kind not in ('webhook_deliveries', 'jobs', 'dead_letters', 'audit_log', 'order_export_runs') then
    raise exception 'the rows of % are not erased by this function', kind using errcode = 'invalid_parameter_value';
  end if;
  -- A message that could not be read belongs to no client.
  open list no scroll for execute format(
    'select t.id as key, octet_length(t::text) as bytes from %I t where (t.client_id = $1%s) and t.id > $2'
    ' order by t.id limit $3', kind, case kind when 'dead_letters' then ' or t.client_id is null' else '' end)
    using e.client_id, coalesce($3, '00000000-0000-0000-0000-000000000000'), $4;
  ids := app.next_keys(list);
  case kind
    when 'webhook_deliveries' then perform app.erase_deliveries(e, ids);
    when 'jobs' then perform app.erase_jobs(e, ids);
    when 'dead_letters' then perform app.erase_dead_letters(e, ids);
    when 'audit_log' then perform app.erase_audit_entries(e, ids);
    when 'order_export_runs' then
      perform app.erase_refused_orders(e, ids);
  end case;
  return ids[cardinality(ids)];
end
$$;
grant execute on function app.erase_mentions(uuid, text, uuid, integer) to app_system;

-- Marks the orders of the person that have a document in the key-value store of the predecessor, but no row. A marked
-- order never becomes a row with the data of the person. The function searches the next `max_rows` documents after the
-- key `after`. Returns the last key that it has searched, or null if no document is left. The function must run before
-- the orders are erased.
create or replace function app.mark_erased_documents(erasure_id uuid, after text, max_rows integer) returns text
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  e erasures := app.open_erasure($1);
begin
  return case when cardinality(e.emails) > 0
    then kv.mark_erased_orders(e.client_id, e.emails, e.orders_before, $2, $3) end;
end
$$;
grant execute on function app.mark_erased_documents(uuid, text, integer) to app_system;

-- Removes copies of erased persons' documents from other documents of orders, in the key-value store of the
-- predecessor. The function searches the next `max_rows` documents after the key `after`. Returns the last key that it
-- has searched, or null if no document is left. The function must run after the orders are erased.
create or replace function app.erase_document_copies(erasure_id uuid, after text, max_rows integer) returns text
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  e erasures := app.open_erasure($1);
begin
  return case when e.id is not null then kv.erase_copies(e.client_id, e.emails, $2, $3) end;
end
$$;
grant execute on function app.erase_document_copies(uuid, text, integer) to app_system;

-- Ends the exports of the client that can contain orders of the person, and cancels their jobs. Finished exports of the
-- platform are also ended, because they contain the orders of all clients. A running export of the platform begins
-- again with a new snapshot, because an owner must not cancel an export of the staff. Returns the exports that have
-- ended. The worker of the erasure deletes the files of these exports.
create or replace function app.end_exports(erasure_id uuid) returns table (export_id uuid, client_id uuid)
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
#variable_conflict use_column
declare
  e erasures := app.open_erasure($1);
begin
  update jobs j set status = 'cancelled', leased_until = null, completed_at = now(), error_code = 'cancelled',
    error = 'The data of a person were erased. Create the export again.'
  from exports x
  where x.job_id = j.id and x.kind <> 'products' and x.client_id = e.client_id
    and j.status in ('pending', 'processing');
  update jobs j set status = 'pending', leased_until = null, due_at = now(), failures = 0, checkpoint = '{}'
  from exports x
  where x.job_id = j.id and x.kind <> 'products' and x.client_id is null and j.status = 'processing';
  update exports x set deleted_at = coalesce(x.deleted_at, now()), expires_at = least(x.expires_at, now())
  where x.kind <> 'products' and (x.client_id = e.client_id or x.client_id is null and x.key is not null)
    and (x.deleted_at is null or x.expires_at > now());
  return query select x.id, x.client_id from exports x
    where x.kind <> 'products' and x.deleted_at is not null and (x.client_id = e.client_id or x.client_id is null);
end
$$;
grant execute on function app.end_exports(uuid) to app_system;

-- Returns the runs of order exports whose files contain orders of the erasure.
create or replace function app.list_runs_to_rewrite(erasure_id uuid)
returns table (run_id uuid, destination_id uuid, seq integer, settings jsonb, created_at timestamptz, key text,
  refused jsonb)
language plpgsql stable security definer set search_path = pg_catalog, public, app, pg_temp
as $$
#variable_conflict use_column
declare
  e erasures := app.open_erasure($1);
begin
  return query
    select distinct on (r.id) r.id, r.destination_id, r.seq, r.settings, r.created_at, r.key, r.refused
    from orders o
      join order_exports x on x.client_id = o.client_id and x.order_id = o.id
      join order_export_runs r on r.id = x.run_id
    where o.erasure_id = e.id and o.client_id = e.client_id and r.key is not null;
end
$$;
grant execute on function app.list_runs_to_rewrite(uuid) to app_system;

-- Returns the current values of the orders that the file of a run contains and that are not erased, sorted as in the
-- file.
create or replace function app.list_remaining_orders(erasure_id uuid, run_id uuid)
returns table (order_id uuid, action text, document jsonb)
language plpgsql stable security definer set search_path = pg_catalog, public, app, pg_temp
as $$
#variable_conflict use_column
declare
  e erasures := app.open_erasure($1);
begin
  return query
    select o.id, x.action, app.order_document(o)
    from order_exports x join orders o on o.client_id = x.client_id and o.id = x.order_id
    where x.run_id = $2 and x.client_id = e.client_id and o.erased_at is null
    order by x.position;
end
$$;
grant execute on function app.list_remaining_orders(uuid, uuid) to app_system;

-- Records the new file of a run. `key` is null if the run no longer has orders.
create or replace function app.set_run_file(erasure_id uuid, run_id uuid, key text, size bigint, sha256 text)
returns void
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  e erasures := app.open_erasure($1);
begin
  update order_export_runs r set key = $3, size = $4, sha256 = $5 where r.id = $2 and r.client_id = e.client_id;
end
$$;
grant execute on function app.set_run_file(uuid, uuid, text, bigint, text) to app_system;

-- Returns the order numbers of the current part of the erasure, in lower case, if they have `min_length` to
-- `max_length` characters. The previous release did not store the ids of the orders, and erased all orders at once. For
-- such an erasure, the function returns the numbers of all erased orders.
create or replace function app.numbers_of(e erasures, min_length integer, max_length integer) returns text[]
language sql stable set search_path = pg_catalog, public, app, pg_temp
as $$
  select array(
    select distinct lower(number) from orders o cross join unnest(array[o.order_number, o.external_number]) number
    where o.client_id = e.client_id and length(number) between $2 and $3
      and (o.id = any (e.order_ids) or cardinality(e.order_ids) = 0 and o.erasure_id = e.id))
$$;

-- Returns the texts that files of the client must no longer contain, the destinations of the client, and the time of
-- the first order of the person. The texts are in lower case, and identify the person. Texts that the person has chosen
-- freely are left out. Otherwise a guest could choose a text of other files, e.g. the name of a carrier, and these
-- files would be deleted.
create or replace function app.files_to_search(
  erasure_id uuid, out texts text[], out destination_ids uuid[], out first_order_at timestamptz)
language plpgsql stable security definer set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  e erasures := app.open_erasure($1);
begin
  first_order_at := e.first_order_at;
  -- The files of a deleted destination still exist. The jobs of the destination contain its id.
  destination_ids := array(
    select d.id from order_destinations d where d.client_id = e.client_id
    -- An import of historical orders writes its files into the folder of the site.
    union select coalesce(j.payload ->> 'destination_id', j.payload ->> 'site_id')::uuid from jobs j
    where j.client_id = e.client_id and j.type = 'order_file'
      and coalesce(j.payload ->> 'destination_id', j.payload ->> 'site_id')
        ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$');
  texts := e.needles || app.numbers_of(e, 6, 1000);
end
$$;
grant execute on function app.files_to_search(uuid) to app_system;

-- Returns the texts that the person has chosen freely and that occur in no data of the client about orders of other
-- persons. Otherwise a guest could choose a text that the client's files contain, e.g. the name of a carrier, a product
-- or another person. If the person has more than 100 texts, the function returns no text. Orders that the erasure has
-- not reached yet count as orders of the person.
create or replace function app.own_phrases(e erasures) returns text[]
language sql stable set search_path = pg_catalog, public, app, pg_temp
as $$
  with others (text) as materialized (
    select distinct lower(text) from (
      select s.carrier from shipments s where s.client_id = $1.client_id
      union all select unnest(array[l.sku, l.name]) from order_lines l where l.client_id = $1.client_id
      union all select o.customer_name from orders o
      where o.client_id = $1.client_id and o.erased_at is null and app.is_order_to_erase($1, o) is not true
      union all select value from orders o cross join jsonb_each_text(o.shipping_address)
      where o.client_id = $1.client_id and o.erased_at is null and app.is_order_to_erase($1, o) is not true
    ) texts (text) where length(text) >= 6 and cardinality($1.phrases) between 1 and 100
  )
  select array(
    select phrase from unnest($1.phrases) phrase
    where cardinality($1.phrases) <= 100 and not exists (select from others o where strpos(o.text, phrase) > 0))
$$;

-- Returns the texts that the person has chosen freely. In a file, such a text is erased only next to one of `numbers`.
-- These are short numbers of the person's orders, which do not identify the orders on their own; many ERP systems use
-- short numbers. A text in `own_phrases` is also erased in a row without the number of another order.
create or replace function app.phrases_to_search(
  erasure_id uuid, out phrases text[], out numbers text[], out own_phrases text[])
language plpgsql stable security definer set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  e erasures := app.open_erasure($1);
begin
  phrases := e.phrases;
  numbers := app.numbers_of(e, 3, 5);
  own_phrases := app.own_phrases(e);
end
$$;
grant execute on function app.phrases_to_search(uuid) to app_system;

-- Returns whether one of the words is the number of a client's order that does not belong to the erasure. The words
-- must be in lower case.
create or replace function app.has_number_of_others(erasure_id uuid, words text[]) returns boolean
language plpgsql stable security definer set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  e erasures := app.open_erasure($1);
  upper_words constant text[] := array(select upper(word) from unnest($2) word);
begin
  return exists (
      select from orders o where o.client_id = e.client_id and o.order_number = any (upper_words)
        and o.erasure_id is distinct from e.id)
    or exists (
      select from orders o where o.client_id = e.client_id and o.external_number = any (upper_words || $2)
        and o.erasure_id is distinct from e.id);
end
$$;
grant execute on function app.has_number_of_others(uuid, text[]) to app_system;

-- Erases the texts of the job that has read or written a file with data of the person. Such a text can be a reason that
-- quotes only the person's name.
create or replace function app.erase_job_of_file(erasure_id uuid, key text, version_id text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  e erasures := app.open_erasure($1);
  job_id constant text := substring(key from '/results/.*[.]([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})[.]');
begin
  update jobs j
  set result = null, first_errors = '[]', checkpoint = '{}', questions = null, answers = null,
    error = case when j.error is not null then 'The data of a person were erased.' end
  where j.client_id = e.client_id and j.type = 'order_file' and j.status in ('completed', 'failed', 'cancelled')
    and (j.id = job_id::uuid
      or j.id in (select d.job_id from order_file_drops d where d.key = $2 and d.version_id = $3));
end
$$;
grant execute on function app.erase_job_of_file(uuid, text, text) to app_system;

-- Returns whether a job for order files exists that may have read the orders before they were erased.
create or replace function app.has_waiting_order_files(erasure_id uuid) returns boolean
language plpgsql stable security definer set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  e erasures := app.open_erasure($1);
begin
  return exists (
    select from jobs j
    where j.client_id = e.client_id and j.type = 'order_file' and j.status in ('pending', 'processing')
      and j.created_at <= coalesce((select max(o.erased_at) from orders o where o.erasure_id = e.id), e.created_at));
end
$$;
grant execute on function app.has_waiting_order_files(uuid) to app_system;

-- Completes an erasure, and deletes the data about the person in the erasure itself. `version` is the version of the
-- steps that the worker has run (worker.VERSION). A worker of another release may have searched for other texts. In
-- this case, the erasure stays open until a worker of this release has repeated the steps.
create or replace function app.complete_erasure(erasure_id uuid, counts jsonb, version integer) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  e erasures := app.open_erasure($1);
begin
  if e.id is not null and version is distinct from 2 then
    raise exception 'another release has run the steps' using errcode = 'object_not_in_prerequisite_state';
  end if;
  if e.cause <> 'retention' and exists (select from orders o where app.is_order_to_erase(e, o)) then
    raise exception 'the erasure has further orders' using errcode = 'object_not_in_prerequisite_state';
  end if;
  update erasures x
  set emails = '{}', subjects = '{}', needles = '{}', phrases = '{}', order_ids = '{}', hashes = '{}', salt = null,
    first_order_at = null, counts = $2, completed_at = clock_timestamp()
  where x.id = e.id;
  return found;
end
$$;
grant execute on function app.complete_erasure(uuid, jsonb, integer) to app_system;

-- The signature that the previous release calls. The next release drops it.
create or replace function app.complete_erasure(erasure_id uuid, counts jsonb) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
begin
  return app.complete_erasure($1, $2, 1);
end
$$;
grant execute on function app.complete_erasure(uuid, jsonb) to app_system;

-- Returns the next addresses and subjects about which the client has data, in alphabetical order after the text
-- `after`.
create or replace function app.list_identities(client_id uuid, after text, max_rows integer) returns text[]
language plpgsql stable security definer set search_path = pg_catalog, public, app, pg_temp
as $$
begin
  if app.subject() is distinct from 'service:system' then
    raise exception 'only the service of the platform lists persons' using errcode = 'insufficient_privilege';
  end if;
  return array(
    select distinct identity collate "C" from (
      select lower(o.customer_email) from orders o where o.client_id = $1 and o.erased_at is null
      union all select o.customer_subject from orders o where o.client_id = $1 and o.erased_at is null
      union all select lower(m.recipient) from mails m where m.client_id = $1
      union all select s.address from mail_suppressions s where s.client_id = $1
      union all select a.user_id from analytics_events a where a.client_id = $1 and a.user_id is not null
    ) identities (identity)
    where identity collate "C" > $2 order by 1 limit $3);
end
$$;
grant execute on function app.list_identities(uuid, text, integer) to app_system;

-- Returns whether the client has data of an erased person from the time before the erasure. This happens if rows were
-- copied from a backup after the erasure. The conditions are the same as in app.claim_orders_to_erase,
-- app.erase_addresses and app.erase_events.
create or replace function app.has_returned(
  client_id uuid, emails text[], subjects text[], orders_before timestamptz) returns boolean
language sql stable set search_path = pg_catalog, public, app, pg_temp
as $$
  select exists (
      select from orders o
      where o.client_id = $1 and o.erased_at is null and o.created_at <= $4
        and (lower(o.customer_email) = any ($2) or o.customer_subject = any ($3)))
    or exists (select from mails m where m.client_id = $1 and lower(m.recipient) = any ($2) and m.created_at <= $4)
    or exists (
      select from mail_suppressions s where s.client_id = $1 and s.address = any ($2) and s.created_at <= $4)
    or exists (
      select from analytics_events a
      where a.client_id = $1 and a.accepted_at <= $4 and (a.user_id = any ($2 || $3) or lower(a.user_id) = any ($2)))
$$;

-- Creates an erasure from the list of erasures in the bucket, and its job, after the database was restored to a time
-- before the erasure. If the database still has the erasure, but rows of the person were copied from a backup, the
-- erasure is opened again. Returns the job. Returns null if there is nothing to erase, or if the database does not have
-- the client. As evidence of the first erasure, the audit log keeps its time and its counts.
create or replace function app.restore_erasure(
  erasure_id uuid, client_id uuid, emails text[], subjects text[], orders_before timestamptz, created_at timestamptz)
returns uuid
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
#variable_conflict use_variable
declare
  earlier erasures;
  job_id uuid;
begin
  if app.subject() is distinct from 'service:system' then
    raise exception 'only the service of the platform restores erasures' using errcode = 'insufficient_privilege';
  end if;
  select * into earlier from erasures e where e.id = erasure_id for update;
  if found and (earlier.completed_at is null or earlier.client_id <> client_id
      or not app.has_returned(client_id, emails, subjects, orders_before))
    or not exists (select from clients c where c.id = client_id) then
    return null;
  end if;
  if earlier.id is not null then
    perform app.record_action('erasure.reopen', client_id, erasure_id::text, jsonb_build_object(
      'completed_at', earlier.completed_at, 'counts', earlier.counts));
  end if;
  insert into jobs (client_id, type, requested_by, payload)
  values (client_id, 'erasure', app.subject(), jsonb_build_object('erasure_id', erasure_id))
  returning jobs.id into job_id;
  insert into erasures (id, client_id, job_id, cause, requested_by, emails, subjects, salt, orders_before, created_at)
  values (erasure_id, client_id, job_id, 'restore', app.subject(), emails, subjects,
    replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), orders_before, created_at)
  on conflict (id) do update
  set job_id = excluded.job_id, cause = excluded.cause, emails = excluded.emails, subjects = excluded.subjects,
    salt = excluded.salt, counts = '{}', completed_at = null;
  return job_id;
end
$$;
grant execute on function app.restore_erasure(uuid, uuid, text[], text[], timestamptz, timestamptz) to app_system;

-- Creates an erasure with its job for each client that has finished orders beyond its retention period. A client has at
-- most one such erasure at a time. Returns the clients and the jobs.
create or replace function app.start_retention_erasures() returns table (client_id uuid, job_id uuid)
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
#variable_conflict use_column
declare
  client clients;
  new_id uuid;
begin
  if app.subject() is distinct from 'service:system' then
    raise exception 'only the service of schedules starts these erasures' using errcode = 'insufficient_privilege';
  end if;
  perform pg_advisory_xact_lock(hashtextextended('retention erasures', 0));
  for client in
    select c.* from clients c
    where c.order_retention_days is not null
      and not exists (select from erasures e
        where e.client_id = c.id and e.cause = 'retention' and e.completed_at is null)
      and exists (select from orders o
        where o.client_id = c.id and o.created_at <= now() - make_interval(days => c.order_retention_days)
          and o.erased_at is null and not app.is_open_order(o))
  loop
    new_id := app.uuid7();
    client_id := client.id;
    insert into jobs (client_id, type, requested_by, payload)
    values (client.id, 'erasure', app.subject(), jsonb_build_object('erasure_id', new_id))
    returning jobs.id into job_id;
    insert into erasures (id, client_id, job_id, cause, orders_before)
    values (new_id, client.id, job_id, 'retention', now() - make_interval(days => client.order_retention_days));
    return next;
  end loop;
end
$$;
grant execute on function app.start_retention_erasures() to app_system;

set local role app_owner;

-- The erasures in the form of the API, each with the state of its job.
create or replace view app.erasure_view with (security_invoker = true) as
select e.id, e.client_id, e.job_id, e.cause,
  case when e.completed_at is not null then 'completed' else coalesce(j.status, 'failed') end as status,
  case when e.completed_at is null then j.error_code end as error_code,
  case when e.completed_at is null then j.error end as error,
  e.requested_by,
  '{"orders": 0, "mails": 0, "events": 0, "responses": 0, "exports": 0, "files": 0}'::jsonb || e.counts as counts,
  e.created_at, e.completed_at
from erasures e left join jobs j on j.id = e.job_id;
grant select on app.erasure_view to app_admin, app_client;
