-- Placing an order together with its mail and its webhook events.

set local role app_definer;

-- Places an order (app.place_order), and queues its mail (app.queue_order_mail) and its webhook events
-- (app.publish_webhook_event), with the checks of these functions. One statement replaces three or four statements,
-- because each statement costs the Lambda function and the database about 0.2 ms of CPU time. `mail_job_id` is null if
-- no mail is sent now. `has_deliveries` is true if an endpoint gets an event. If the order is refused, nothing changes.
-- The refusals are the same as in app.place_order.
create or replace function app.place_and_announce_order(
  lines jsonb, customer_name text, customer_email text, shipping_address jsonb, metadata jsonb, expected_total numeric,
  address text, out refusal text, out detail jsonb, out placed jsonb, out mail_job_id uuid, out has_deliveries boolean)
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  low_stock jsonb;
  client uuid;
begin
  select o.refusal, o.detail, o.placed, o.low_stock into refusal, detail, placed, low_stock
  from app.place_order($1, $2, $3, $4, $5, $6, $7) o;
  if refusal is not null then
    return;
  end if;
  client := placed ->> 'client_id';
  select m.job_id into mail_job_id
  from app.queue_order_mail((placed ->> 'id')::uuid, case when placed ->> 'confirm_by' is null
    then 'order_confirmation' else 'order_confirm_request' end, '{}', $7) m;
  if not found or mail_job_id is null and placed ->> 'confirm_by' is not null then
    raise exception 'the caller may not queue the mail of this order' using errcode = 'insufficient_privilege';
  end if;
  has_deliveries := app.publish_webhook_event(client, 'order.created', jsonb_build_object(
    'order_id', placed -> 'id', 'order_number', placed -> 'order_number', 'status', placed -> 'status',
    'site_id', placed -> 'site_id')) > 0;
  if low_stock is not null then
    has_deliveries := app.publish_webhook_event(client, 'inventory.low', low_stock) > 0
      or has_deliveries;
  end if;
end
$$;
grant execute on function app.place_and_announce_order(jsonb, text, text, jsonb, jsonb, numeric, text)
  to app_customer, app_anon;
