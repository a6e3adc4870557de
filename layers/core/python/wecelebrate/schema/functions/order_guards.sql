-- Triggers that refuse forbidden changes of orders, their lines and their events, for every role. Another trigger
-- creates the event for a change that a caller is allowed to make without a function.

set local role app_definer;

-- Records a change that the SQL of a caller has made directly, and not through a function of this folder.
create or replace function app.record_direct_change() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, app, pg_temp
as $$
begin
  perform app.record_order_event(new, 'changed', null, 'api', app.changed_fields(old, new), clock_timestamp());
  return null;
end
$$;
grant execute on function app.record_direct_change() to app_owner;

set local role app_owner;

-- Refuses every change of an order that is not allowed, and counts the changes in `version`.
--
-- The client, the site, the number, the currency, the items, the kind and the time of an order never change. The status
-- takes only these steps: pending → processing → shipped → delivered, pending → shipped (the order is processed in the
-- same transaction), and pending or processing → cancelled. The roles of callers can change only the customer, the
-- address and `metadata` directly. The functions in functions/order_*.sql change all other columns, because such a
-- change also needs an event and can change the stock. Only these functions can lower the total, when they cancel
-- lines. The version does not increase if only `exported_at` changes.
create or replace function app.guard_order() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
  is_touched constant boolean := new.version > old.version and current_user = 'app_definer';
  changed jsonb;
begin
  new.version := old.version;
  if new is not distinct from old and not is_touched then
    return new;
  end if;
  select coalesce(jsonb_object_agg(key, value), '{}') into changed
  from jsonb_each(to_jsonb(new)) where value <> to_jsonb(old) -> key;
  if app.is_caller_role()
    and changed - '{customer_name,customer_email,shipping_address,metadata,updated_at}'::text[] <> '{}' then
    raise exception 'the status of an order is changed by the functions of its life only'
      using errcode = 'insufficient_privilege';
  end if;
  if changed ?| '{id,client_id,site_id,order_number,currency,items,kind,created_at}'::text[] then
    raise exception 'the client, site, number, currency, items, kind and time of an order never change'
      using errcode = 'check_violation';
  end if;
  if new.status <> old.status and (old.status, new.status) not in (('pending', 'processing'), ('pending', 'shipped'),
      ('processing', 'shipped'), ('shipped', 'delivered'), ('pending', 'cancelled'), ('processing', 'cancelled')) then
    raise exception 'an order does not change from % to %', old.status, new.status using errcode = 'check_violation';
  end if;
  if new.total_amount <> old.total_amount and (current_user <> 'app_definer' or new.total_amount > old.total_amount)
  then
    raise exception 'the total of an order changes only when its lines are cancelled' using errcode = 'check_violation';
  end if;
  if is_touched or changed - '{exported_at,updated_at}'::text[] <> '{}' then
    new.version := old.version + 1;
  end if;
  new.has_verified_email := old.has_verified_email and new.has_verified_email
    and new.customer_email = old.customer_email;
  return new;
end
$$;

-- Returns whether the current statement runs with the role of a caller, and not with the role of a function or a
-- migration.
create or replace function app.is_caller_role() returns boolean
language sql stable
return current_user in ('app_admin', 'app_support', 'app_client', 'app_customer', 'app_anon', 'app_system',
  'app_worker');
grant execute on function app.is_caller_role() to public;

-- Refuses every change of an order line, with two exceptions: the numbers of shipped, cancelled and returned pieces can
-- change, and the reference to a deleted product becomes null.
create or replace function app.guard_order_line() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
  if (new.client_id, new.order_id, new.line, new.sku, new.name, new.quantity, new.unit_price)
      is distinct from (old.client_id, old.order_id, old.line, old.sku, old.name, old.quantity, old.unit_price)
    or new.product_id is distinct from old.product_id and new.product_id is not null then
    raise exception 'the lines of an order never change' using errcode = 'check_violation';
  end if;
  return new;
end
$$;

-- Refuses changes of events, for every role. An event is deleted only together with its order.
create or replace function app.refuse_event_change() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op = 'DELETE' then
    -- When an order is deleted, the foreign key deletes its events with the role of the table's owner. No caller can
    -- use this role.
    if current_user = 'app_owner' then
      return old;
    end if;
  elsif new is not distinct from old or (to_jsonb(new) - 'subject') = (to_jsonb(old) - 'subject')
      and new.subject is null then
    return new;
  elsif current_user = 'app_definer'
      and (to_jsonb(new) - '{subject,details}'::text[]) = (to_jsonb(old) - '{subject,details}'::text[])
      and new.details <@ old.details then
    return new;  -- the erasure of a person replaces the subject and removes details (functions/erasures.sql)
  end if;
  raise exception 'the events of an order are not changed' using errcode = 'insufficient_privilege';
end
$$;

create or replace trigger guard_change before update on orders for each row execute function app.guard_order();
create or replace trigger guard_change before update on order_lines
  for each row execute function app.guard_order_line();
create or replace trigger refuse_change before update or delete on order_events
  for each row execute function app.refuse_event_change();
create or replace trigger refuse_truncate before truncate on order_events
  for each statement execute function app.refuse_event_change();
create or replace trigger record_direct_change after update on orders for each row
  when (app.is_caller_role() and old.version <> new.version)
  execute function app.record_direct_change();
