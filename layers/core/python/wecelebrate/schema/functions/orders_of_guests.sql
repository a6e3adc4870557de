-- The actions of buyers. Customers and guests cancel orders within the time that the site allows. Guests confirm and
-- read their orders with the link in a mail. A link contains a token: its purpose (`v`: view and cancel, `c`: also
-- confirm), the order, the time at which the token expires, and a seal. Only the functions of app_definer can compute
-- the seal, so injected SQL with the role of a visitor cannot create a token.

set local role app_definer;

-- Returns the content of a token with its seal.
create or replace function app.sealed_token(content text) returns text
language sql stable set search_path = pg_catalog, app, pg_temp
as $$
  select content || left(encode(sha256(key || sha256(key || convert_to('order link ' || content, 'UTF8'))), 'hex'), 40)
  from app.seal_key
$$;

-- Returns the token of a link, for our own workers that send mails about the order.
create or replace function app.order_token(order_id uuid, purpose text, expires_at timestamptz) returns text
language sql stable security definer set search_path = pg_catalog, public, app, pg_temp
as $$
  select app.sealed_token(format('%s%s%s', $2, replace($1::text, '-', ''),
    lpad(to_hex(extract(epoch from $3)::bigint), 8, '0')))
  from orders o
  where o.id = $1 and app.subject() like 'service:%'
    and (app.admin_role() is not null or o.client_id = any ((select app.editor_ids())::uuid[]))
$$;
grant execute on function app.order_token(uuid, text, timestamptz) to app_admin, app_client;

-- Returns the order of a guest on the current site, if the token has one of the given purposes and has not expired.
create or replace function app.order_of_token(token text, purposes text) returns orders
language plpgsql stable set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  target orders;
begin
  if token ~ '^[vc][0-9a-f]{80}$' and strpos(purposes, left(token, 1)) > 0 and token = app.sealed_token(left(token, 41))
    and to_timestamp(('x' || substr(token, 34, 8))::bit(32)::bigint) > clock_timestamp() then
    select * into target from orders o
    where o.id = substr(token, 2, 32)::uuid and o.site_id = (select app.site_id()) and o.customer_subject is null
      and o.erased_at is null;
  end if;
  return target;
end
$$;

-- Cancels a locked order for its buyer. Refusals: `window` if the site no longer allows the cancellation, and the
-- refusals of app.cancel_locked_order.
create or replace function app.cancel_for_buyer(
  target orders, reason text, out refusal text, out detail jsonb, out news jsonb)
language plpgsql volatile set search_path = pg_catalog, public, app, pg_temp
as $$
begin
  if target.status <> 'pending' then
    refusal := case target.status when 'cancelled' then 'unchanged' else 'status' end;
    detail := to_jsonb(target.status);
  elsif target.kind <> 'sale' or not exists (
    select from sites s
    where s.id = target.site_id
      and target.created_at + make_interval(mins => s.cancel_window_minutes) > clock_timestamp()) then
    refusal := 'window';
  else
    select c.refusal, c.detail, c.news into refusal, detail, news
    from app.cancel_locked_order(target, $2, false, 'storefront', clock_timestamp()) c;
  end if;
end
$$;

-- Cancels an order of the customer on the current site. Refusals: `not_found`, `changed`, and the refusals of
-- app.cancel_for_buyer.
create or replace function app.cancel_own_order(
  order_id uuid, reason text, expected timestamptz, out refusal text, out detail jsonb, out news jsonb)
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  target orders;
begin
  select * into target from orders o
  where o.id = $1 and o.site_id = (select app.site_id()) and o.customer_subject = (select app.subject())
  for update;
  if target.id is null then
    refusal := 'not_found';
  elsif target.updated_at <> $3 then
    refusal := 'changed';
  else
    select c.refusal, c.detail, c.news into refusal, detail, news from app.cancel_for_buyer(target, $2) c;
  end if;
end
$$;
grant execute on function app.cancel_own_order(uuid, text, timestamptz) to app_customer;

-- Returns the data for the mails and webhook events about a change of an order. A guest cannot read this data from the
-- order itself.
create or replace function app.order_for_news(target orders) returns jsonb
language sql immutable parallel safe
return jsonb_build_object('order_id', target.id, 'client_id', target.client_id, 'site_id', target.site_id,
  'order_number', target.order_number, 'status', target.status, 'version', target.version, 'problem', target.problem);

-- Returns an order with its shipments, in the form of the API for guests.
create or replace function app.buyer_order(target orders) returns jsonb
language sql stable set search_path = pg_catalog, public, app, pg_temp
as $$
  select to_jsonb(buyer) || jsonb_build_object('shipments', (
    select coalesce(jsonb_agg(to_jsonb(s) - '{client_id,order_id,source}'::text[] order by s.shipped_at, s.id), '[]')
    from shipment_view s where s.order_id = target.id))
  from (
    select target.id, target.order_number, target.status, target.total_amount::text as total_amount, target.currency,
      target.customer_name, target.customer_email, target.shipping_address, target.items, target.created_at,
      target.shipped_at, target.delivered_at, target.fulfilment,
      case target.problem when 'unconfirmed' then target.confirm_by end as confirm_by, target.cancel_requested_at,
      target.cancelled_at, target.updated_at
  ) buyer
$$;

-- Returns the order of a guest in the form of the API, or null if the token is not valid.
create or replace function app.guest_order(token text) returns jsonb
language sql stable security definer set search_path = pg_catalog, public, app, pg_temp
as $$
  select app.buyer_order(o) from app.order_of_token($1, 'vc') o where o.id is not null
$$;
grant execute on function app.guest_order(text) to app_anon, app_customer;

-- Cancels the order of a guest. Refusals: `not_found`, and the refusals of app.cancel_for_buyer.
create or replace function app.cancel_guest_order(
  token text, reason text, out refusal text, out detail jsonb, out news jsonb, out about jsonb)
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  target orders := app.order_of_token($1, 'vc');
begin
  select * into target from orders o where o.id = target.id for update;
  if target.id is null then
    refusal := 'not_found';
  else
    select c.refusal, c.detail, c.news into refusal, detail, news from app.cancel_for_buyer(target, $2) c;
    about := (select app.order_for_news(o) from orders o where o.id = target.id);
  end if;
end
$$;
grant execute on function app.cancel_guest_order(text, text) to app_anon, app_customer;

-- Confirms the order of a guest, so that the order can be processed. Refusals: `not_found`, `status` if the order was
-- cancelled because it was confirmed too late, and `unchanged`.
create or replace function app.confirm_guest_order(
  token text, out refusal text, out detail jsonb, out news jsonb, out about jsonb)
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  target orders := app.order_of_token($1, 'c');
begin
  select * into target from orders o where o.id = target.id for update;
  if target.id is null then
    refusal := 'not_found';
  elsif target.status = 'cancelled' then
    refusal := 'status';
    detail := to_jsonb(target.status);
  elsif target.problem is distinct from 'unconfirmed' then
    refusal := 'unchanged';
    detail := to_jsonb(target.status);
  else
    update orders o set problem = null where o.id = target.id returning * into target;
    news := jsonb_build_array(
      app.record_order_event(target, 'confirmed', null, 'storefront', null, clock_timestamp()));
    about := app.order_for_news(target);
  end if;
end
$$;
grant execute on function app.confirm_guest_order(text) to app_anon, app_customer;

-- Cancels one order of a guest that was not confirmed in time. Returns no row if such an order does not exist. A call
-- cancels only one order, because a transaction that locks the products of several orders could deadlock. Concurrent
-- calls cancel different orders.
create or replace function app.expire_unconfirmed_order() returns table (order_id uuid, news jsonb)
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  target orders;
begin
  if app.subject() is distinct from 'service:system' then
    raise exception 'only the service of schedules lets orders expire' using errcode = 'insufficient_privilege';
  end if;
  select * into target from orders o
  where o.problem = 'unconfirmed' and o.status = 'pending' and o.confirm_by < clock_timestamp()
  order by o.confirm_by limit 1 for update skip locked;
  if target.id is not null then
    return query select target.id, c.news
      from app.cancel_locked_order(target, null, true, 'system', clock_timestamp()) c;
  end if;
end
$$;
grant execute on function app.expire_unconfirmed_order() to app_system;
