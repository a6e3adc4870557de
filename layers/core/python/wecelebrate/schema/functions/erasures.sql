-- Erasure of persons: the request, and the steps of the worker that erases the data of a person at a client.
--
-- A step changes a limited number of rows. It can be repeated, because it changes only rows that still have data of the
-- person. The amounts and quantities of orders do not change. A pseudonym replaces the e-mail address and the subject,
-- so that reports still count the orders of one person as one customer. Only the service of the platform runs the
-- steps.

set local role app_definer;

-- Returns whether an order is open: the order is not shipped yet, or has a requested or an approved return.
create or replace function app.is_open_order(o orders) returns boolean
language sql stable set search_path = pg_catalog, public, pg_temp
return o.status in ('pending', 'processing')
  or exists (select from returns r where r.order_id = o.id and r.status in ('requested', 'approved'));

-- Returns the pseudonym of a value. Because of the key and the salt, nobody can guess the value. Orders of a client
-- that are erased because of their age have the same salt. Therefore the number of customers in reports does not
-- change.
create or replace function app.pseudonym(e erasures, value text) returns text
language sql stable set search_path = pg_catalog, public, app, pg_temp
as $$
  select 'erased-' || left(encode(sha256(key || sha256(key || convert_to(
    'erasure ' || coalesce(e.salt, e.client_id::text) || ' ' || value, 'UTF8'))), 'hex'), 32)
  from app.seal_key
  where value is not null
$$;

-- Returns the hash that replaces the suppressed address of an erased person. The hash begins with `erased:`, so it
-- cannot be mistaken for an address.
create or replace function app.suppression_hash(address text) returns text
language sql stable set search_path = pg_catalog, public, app, pg_temp
as $$
  select 'erased:' || encode(sha256(key || sha256(key || convert_to('suppression ' || lower($1), 'UTF8'))), 'hex')
  from app.seal_key
$$;

-- Returns an erasure that is not complete. Refuses every caller except for the service of the platform.
create or replace function app.open_erasure(erasure_id uuid) returns erasures
language plpgsql stable set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  e erasures;
begin
  if app.subject() is distinct from 'service:system' then
    raise exception 'only the service of the platform erases persons' using errcode = 'insufficient_privilege';
  end if;
  select * into e from erasures x where x.id = $1 and x.completed_at is null;
  return e;
end
$$;

-- Returns the addresses and the subjects of the person in a request. An address in an order of the given subject is
-- included only if every order with this address has the given subject. A subject in an order with the given address is
-- included only if every order of this subject has the given address. These conditions are necessary because anyone can
-- order with the address of another person.
create or replace function app.identities(
  client uuid, email text, subject text, out emails text[], out subjects text[])
language sql stable set search_path = pg_catalog, public, app, pg_temp
as $$
  select
    array(select lower($2) where $2 is not null
      union select each.address from (
        select distinct lower(o.customer_email) as address from orders o
        where o.client_id = $1 and o.customer_subject = $3 and o.erased_at is null) each
      where not exists (
        select from orders x where x.client_id = $1 and lower(x.customer_email) = each.address
          and x.customer_subject is distinct from $3)),
    array(select $3 where $3 is not null
      union select each.buyer from (
        select distinct o.customer_subject as buyer from orders o
        where o.client_id = $1 and lower(o.customer_email) = lower($2) and o.customer_subject is not null
          and o.erased_at is null) each
      where not exists (
        select from orders x where x.client_id = $1 and x.customer_subject = each.buyer
          and lower(x.customer_email) <> lower($2)))
$$;

-- Requests the erasure of a person at a client, and creates its job. The refusal `not_found` means that the caller does
-- not belong to the client. `forbidden` means that only an owner of the client or a super admin may request the
-- erasure. `orders_open` means that the person has open orders; `detail` contains at most 100 of these orders.
create or replace function app.request_erasure(
  client_id uuid, email text, subject text, out refusal text, out detail jsonb, out erasure_id uuid, out job_id uuid)
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
#variable_conflict use_variable
declare
  emails text[];
  subjects text[];
begin
  if not exists (select from clients c where c.id = client_id)
    or (app.admin_role() is not null or client_id = any ((select app.client_ids())::uuid[])) is not true then
    refusal := 'not_found';
  elsif (app.admin_role() = 'super_admin' or client_id = any ((select app.owner_ids())::uuid[])) is not true then
    refusal := 'forbidden';
  end if;
  if refusal is not null then
    return;
  end if;
  select i.emails, i.subjects into emails, subjects from app.identities(client_id, email, subject) i;
  -- Leave out a subject about which the client has no data, because such a subject can be any text of the caller.
  subjects := array(
    select s from unnest(subjects) s
    where exists (select from orders o where o.client_id = client_id and o.customer_subject = s)
      or exists (select from analytics_events a where a.client_id = client_id and a.user_id = s));
  select jsonb_agg(jsonb_build_object('order_number', open.order_number, 'status', open.status)) into detail
  from (
    select o.order_number, o.status from orders o
    where o.client_id = client_id and (lower(o.customer_email) = any (emails) or o.customer_subject = any (subjects))
      and app.is_open_order(o)
    order by o.created_at limit 100) open;
  if detail is not null then
    refusal := 'orders_open';
    return;
  end if;
  erasure_id := app.uuid7();
  insert into jobs (client_id, type, requested_by, payload)
  values (client_id, 'erasure', app.subject(), jsonb_build_object('erasure_id', erasure_id))
  returning jobs.id into job_id;
  insert into erasures (id, client_id, job_id, cause, emails, subjects, salt)
  values (erasure_id, client_id, job_id, 'request', emails, subjects,
    replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''));
  perform app.record_action('erasure.create', client_id, erasure_id::text);
end
$$;
grant execute on function app.request_erasure(uuid, text, text) to app_admin, app_client;

-- Counts the requested erasures of a client of the caller that are not complete, for the quota.
create or replace function app.count_open_erasures(client_id uuid) returns bigint
language sql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
  select count(*) from erasures e
  where e.client_id = $1 and e.cause = 'request' and e.completed_at is null
    and (app.admin_role() = 'super_admin' or e.client_id = any ((select app.owner_ids())::uuid[]))
$$;
grant execute on function app.count_open_erasures(uuid) to app_admin, app_client;

-- Counts the erasures that members or admins have requested for a client of the caller in 24 hours, for the quota.
create or replace function app.count_recent_erasures(client_id uuid) returns bigint
language sql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
  select count(*) from erasures e
  where e.client_id = $1 and e.cause = 'request' and e.created_at > now() - interval '24 hours'
    and (app.admin_role() = 'super_admin' or e.client_id = any ((select app.owner_ids())::uuid[]))
$$;
grant execute on function app.count_recent_erasures(uuid) to app_admin, app_client;

-- Returns whether an order belongs to the person of the erasure and is not erased. The function has no settings, so
-- that PostgreSQL can inline it and use indexes.
create or replace function app.is_order_to_erase(e erasures, o orders) returns boolean
language sql stable
return o.client_id = e.client_id and o.erased_at is null and o.created_at <= e.orders_before
  and (lower(o.customer_email) = any (e.emails) or o.customer_subject = any (e.subjects));

-- Returns the next orders of the person: at most 1,000 orders. The texts of these orders have at most 2 MB in total,
-- unless the first order alone has more. The number is limited because anybody can place any number of orders with an
-- address.
create or replace function app.next_orders_to_erase(e erasures) returns uuid[]
language sql stable set search_path = pg_catalog, public, app, pg_temp
as $$
  select coalesce(array_agg(id), '{}') from (
    select id, row_number() over w as n, sum(bytes) over w as total
    from (
      select o.id, o.created_at, octet_length(concat(o.customer_name, o.cancel_reason, o.shipping_address)) + coalesce((
          select sum(octet_length(concat(s.tracking_number, s.tracking_url))) from shipments s
          where s.order_id = o.id), 0) as bytes
      from orders o where app.is_order_to_erase(e, o)
      order by o.created_at, o.id limit 1000) next
    window w as (order by created_at, id)) sized
  where n = 1 or total <= 2000000
$$;

-- Collects the texts about the person in the next orders, before the first of these orders is erased. Returns the
-- erasure, or no row if it is complete. `open` contains the numbers of orders that have become open since the request,
-- e.g. because of a return.
create or replace function app.prepare_erasure(erasure_id uuid)
returns table (client_id uuid, cause text, emails text[], subjects text[], hashes text[], orders_before timestamptz,
  created_at timestamptz, open text[])
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
#variable_conflict use_column
declare
  e erasures := app.open_erasure($1);
  ids uuid[];
begin
  if e.cause <> 'retention' and e.first_order_at is null and cardinality(e.needles || e.phrases) = 0 then
    ids := app.next_orders_to_erase(e);
    update erasures x
    set order_ids = ids, needles = app.needles_of(e, ids), phrases = app.phrases_of(ids),
      first_order_at = (select min(o.created_at) from orders o where o.id = any (ids))
    where x.id = e.id;
  end if;
  return query
    select x.client_id, x.cause, x.emails, x.subjects, x.hashes, x.orders_before, x.created_at, case x.cause
      when 'request' then array(
        select o.order_number from orders o
        where o.client_id = x.client_id and o.created_at <= x.orders_before and app.is_open_order(o)
          and o.erased_at is null
          and (lower(o.customer_email) = any (x.emails) or o.customer_subject = any (x.subjects))
        order by o.created_at limit 100) else '{}' end
    from erasures x where x.id = e.id;
end
$$;
grant execute on function app.prepare_erasure(uuid) to app_system;

-- Prepares the erasure for the next orders of the person, after all traces of the current orders are erased. Returns
-- false if no order is left.
create or replace function app.continue_erasure(erasure_id uuid) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  e erasures := app.open_erasure($1);
begin
  if e.cause = 'retention' or not exists (select from orders o where app.is_order_to_erase(e, o)) then
    return false;
  end if;
  update erasures x set order_ids = '{}', needles = '{}', phrases = '{}', first_order_at = null where x.id = e.id;
  return found;
end
$$;
grant execute on function app.continue_erasure(uuid) to app_system;

-- Stores the keyed hashes of the person. The list of erasures in the bucket contains the same hashes.
create or replace function app.set_erasure_hashes(erasure_id uuid, hashes text[]) returns void
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  e erasures := app.open_erasure($1);
begin
  update erasures x set hashes = $2 where x.id = e.id;
end
$$;
grant execute on function app.set_erasure_hashes(uuid, text[]) to app_system;

-- Returns the ids of up to `max_rows` orders that the erasure still has to erase, and locks them.
create or replace function app.claim_orders_to_erase(e erasures, max_rows integer) returns uuid[]
language plpgsql volatile set search_path = pg_catalog, public, app, pg_temp
as $$
begin
  if e.cause = 'retention' then
    return array(
      select o.id from orders o
      where o.client_id = e.client_id and o.created_at <= e.orders_before and o.erased_at is null
        and not app.is_open_order(o)
      order by o.created_at limit $2 for no key update);
  end if;
  return array(
    select o.id from orders o
    where o.id = any (e.order_ids) and o.client_id = e.client_id and o.erased_at is null
    order by o.created_at limit $2 for no key update);
end
$$;

-- Erases up to `max_rows` orders of the person, with all data that belongs to these orders. Returns the number of
-- orders. An order can be pending only if the database was restored. A pending order gets a problem, so that the order
-- is not exported to an ERP system.
create or replace function app.erase_orders(erasure_id uuid, max_rows integer) returns integer
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  e erasures := app.open_erasure($1);
  ids uuid[] := app.claim_orders_to_erase(e, $2);
begin
  perform app.erase_order_details(e, ids);
  update orders o
  set customer_name = 'Erased person', customer_email = app.pseudonym(e, lower(o.customer_email)) || '@erased.invalid',
    customer_subject = app.pseudonym(e, o.customer_subject), metadata = '{}', cancel_reason = null,
    shipping_address = jsonb_strip_nulls(jsonb_build_object('country', o.shipping_address -> 'country')),
    problem = case when o.status = 'pending' then 'person_erased' else o.problem end,
    erased_at = clock_timestamp(), erasure_id = e.id
  where o.id = any (ids);
  update order_exports x set document = app.order_document(o)
  from orders o
  where o.id = any (ids) and x.client_id = o.client_id and x.order_id = o.id and x.document is not null;
  return cardinality(ids);
end
$$;
grant execute on function app.erase_orders(uuid, integer) to app_system;

-- Erases the data that belongs to orders: the texts of their history, tracking data, the texts of returns, mails, and
-- the data about these orders from the key-value store of the predecessor.
create or replace function app.erase_order_details(e erasures, order_ids uuid[]) returns void
language plpgsql volatile set search_path = pg_catalog, public, app, pg_temp
as $$
begin
  update order_events v
  set subject = case v.actor when 'customer' then app.pseudonym(e, v.subject) else v.subject end,
    details = app.harmless_details(v.details)
  where v.order_id = any (order_ids);
  update shipments s
  set tracking_number = null, tracking_url = null,
    number = case when s.number = s.tracking_number then 'erased-' || left(s.id::text, 36) else s.number end
  where s.order_id = any (order_ids);
  update returns r set reason = null, note = null where r.order_id = any (order_ids);
  perform kv.erase_remainders_of_orders(order_ids);
  perform app.erase_mails(e, array(select m.id from mails m where m.order_id = any (order_ids)));
end
$$;

-- Returns the details of an event of an order without the fields that can contain personal data.
create or replace function app.harmless_details(details jsonb) returns jsonb
language sql immutable set search_path = pg_catalog
as $$
  select coalesce(jsonb_object_agg(key, value), '{}') from jsonb_each($1)
  where key in ('fields', 'problem', 'lines', 'shipment_id', 'return_id', 'return', 'news', 'replacement_id',
    'replaces_order_id', 'order_id')
$$;

-- Erases the recipients of mails, and all content that does not come from the order. A queued mail is not sent.
create or replace function app.erase_mails(e erasures, mail_ids uuid[]) returns void
language sql volatile set search_path = pg_catalog, public, app, pg_temp
as $$
  update mails m
  set recipient = app.pseudonym(e, lower(m.recipient)) || '@erased.invalid', details = '{}', message_id = null,
    state = case m.state when 'queued' then 'suppressed' else m.state end,
    reason = case when m.state in ('queued', 'suppressed') then 'The data of the person were erased.' end
  where m.id = any (mail_ids) and m.recipient not like 'erased-%@erased.invalid'
$$;
