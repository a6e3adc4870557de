-- The life of an order after it was placed: its changes of status, the events that record them, shipments, returns and
-- replacements, and the confirmation of a guest's order.
--
-- Only the functions of functions/order_*.sql change the status of an order. The trigger app.guard_order refuses every
-- other change, whoever writes. The previous release only places and reads orders, so it works on this schema.

set local role app_owner;

alter table sites
  add column cancel_window_minutes integer not null default 0,
  add column confirm_guest_orders boolean not null default false,
  add column confirm_within_hours integer not null default 24,
  add column order_page_url text,
  add constraint sites_cancel_window_minutes_check check (cancel_window_minutes between 0 and 43200),
  add constraint sites_confirm_within_hours_check check (confirm_within_hours between 1 and 168),
  add constraint sites_order_page_url_length check (length(order_page_url) <= 2048);
comment on column sites.cancel_window_minutes is
  'How long after placing an order its customer may cancel it. 0: customers cannot cancel orders.';
comment on column sites.confirm_guest_orders is
  'Whether a guest must confirm an order with the link of a mail before the order is processed.';
comment on column sites.confirm_within_hours is 'After this time, an order that is not confirmed is cancelled.';
comment on column sites.order_page_url is
  'The page of the shop that the links of mails about orders open. Null: /orders/guest on the host of the site.';

alter table orders
  add column kind text not null default 'sale',
  add column version integer not null default 1,
  add column fulfilment text not null default 'none',
  add column problem text,
  add column external_number text,
  add column replaces_order_id uuid,
  add column confirm_by timestamptz,
  add column exported_at timestamptz,
  add column processed_at timestamptz,
  add column cancel_requested_at timestamptz,
  add column cancelled_at timestamptz,
  add column cancel_reason text,
  add constraint orders_kind_check check (kind in ('sale', 'replacement')),
  add constraint orders_fulfilment_check check (fulfilment in ('none', 'partial', 'full')),
  add constraint orders_problem_check check (problem ~ '^[a-z][a-z0-9_]*$' and length(problem) <= 63),
  add constraint orders_external_number_length check (length(external_number) between 1 and 100),
  add constraint orders_cancel_reason_length check (length(cancel_reason) <= 1000),
  add constraint orders_confirm_by_check check (problem is distinct from 'unconfirmed' or confirm_by is not null),
  add constraint orders_replaces_fkey foreign key (client_id, replaces_order_id) references orders (client_id, id)
    on delete set null (replaces_order_id);
comment on column orders.kind is
  'sale: a visitor placed the order. replacement: the client sends pieces of an order again, for nothing.';
comment on column orders.version is 'Counts the changes of the order. Marking it as exported is not a change.';
comment on column orders.fulfilment is 'How many of the pieces that are not cancelled have been shipped.';
comment on column orders.problem is 'A code for what must be resolved before the order is processed. Null: nothing.';
comment on column orders.external_number is 'The number of the order in the ERP.';
comment on column orders.confirm_by is 'When the order is cancelled if its guest has not confirmed it.';
comment on column orders.exported_at is
  'When the order was first given to an ERP. After that, the ERP must confirm that it is cancelled.';
comment on column orders.cancel_requested_at is 'When the ERP was asked to cancel the order. Null: no open request.';
create index orders_by_external_number on orders (client_id, external_number) where external_number is not null;
create index orders_by_replaced_order on orders (client_id, replaces_order_id) where replaces_order_id is not null;
create index orders_by_confirm_by on orders (confirm_by) where problem = 'unconfirmed' and status = 'pending';

-- The checks prevent that more pieces are shipped, cancelled or returned than were ordered, whoever writes.
alter table order_lines
  add column shipped_quantity integer not null default 0,
  add column cancelled_quantity integer not null default 0,
  add column returned_quantity integer not null default 0,
  add constraint order_lines_shipped_check check (shipped_quantity >= 0 and cancelled_quantity >= 0
    and shipped_quantity + cancelled_quantity <= quantity),
  add constraint order_lines_returned_check check (returned_quantity between 0 and shipped_quantity);
comment on column order_lines.returned_quantity is 'The pieces in returns that were not refused.';

create table order_events (
  id uuid primary key default app.uuid7(),
  client_id uuid not null,
  order_id uuid not null,
  version integer not null,
  type text not null check (type in ('confirmed', 'processing', 'shipped', 'delivered', 'cancelled', 'lines_cancelled',
    'cancel_requested', 'cancel_withdrawn', 'shipment_added', 'shipment_changed', 'shipment_delivered', 'changed',
    'return_requested', 'return_approved', 'return_received', 'return_refused', 'replaced', 'late_news')),
  from_status text check (from_status in ('pending', 'processing', 'shipped', 'delivered', 'cancelled')),
  to_status text check (to_status in ('pending', 'processing', 'shipped', 'delivered', 'cancelled')),
  source text not null check (source in ('api', 'storefront', 'file', 'system')),
  actor text not null check (actor in ('admin', 'client', 'customer', 'guest', 'service')),
  subject text,
  details jsonb not null default '{}',
  happened_at timestamptz not null,
  created_at timestamptz not null default clock_timestamp(),
  constraint order_events_details_length check (app.json_fits(details, 65536)),
  constraint order_events_subject_length check (length(subject) <= 500),
  constraint order_events_order_fkey foreign key (client_id, order_id) references orders (client_id, id)
    on delete cascade
);
comment on table order_events is
  'What happened to an order after it was placed. Rows are only added. The view app.order_event_view adds the placing.';
comment on column order_events.version is 'The version of the order after the event.';
comment on column order_events.source is
  'How the news arrived. The news of an order file is not exported to an ERP again.';
comment on column order_events.subject is 'The subject of the caller. Null for a guest.';
comment on column order_events.happened_at is 'When it happened, e.g. when a parcel left the warehouse.';
create index order_events_by_order on order_events (order_id, id);
create index order_events_by_client on order_events (client_id, created_at);

create table shipments (
  id uuid primary key default app.uuid7(),
  client_id uuid not null,
  order_id uuid not null,
  number text not null,
  status text not null default 'shipped' check (status in ('shipped', 'delivered')),
  carrier text,
  tracking_number text,
  tracking_url text,
  shipped_at timestamptz not null,
  delivered_at timestamptz,
  source text not null check (source in ('api', 'file', 'system')),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint shipments_number_length check (length(number) between 1 and 100),
  constraint shipments_carrier_length check (length(carrier) <= 500),
  constraint shipments_tracking_number_length check (length(tracking_number) <= 500),
  constraint shipments_tracking_url_length check (length(tracking_url) <= 2048),
  constraint shipments_delivered_check check ((status = 'delivered') = (delivered_at is not null)),
  constraint shipments_number_unique unique (order_id, number),
  constraint shipments_order_id_unique unique (order_id, id),
  constraint shipments_order_fkey foreign key (client_id, order_id) references orders (client_id, id) on delete cascade
);
comment on table shipments is
  'The parcels of orders. Two orders can have the same tracking number, if one parcel contains pieces of both.';
comment on column shipments.number is 'The number of the shipment. It is unique in its order.';
create index shipments_by_client on shipments (client_id, updated_at);
create index shipments_by_tracking_number on shipments (client_id, tracking_number) where tracking_number is not null;

create table shipment_lines (
  client_id uuid not null,
  order_id uuid not null,
  shipment_id uuid not null,
  line integer not null,
  quantity integer not null check (quantity >= 1),
  primary key (shipment_id, line),
  constraint shipment_lines_shipment_fkey foreign key (order_id, shipment_id) references shipments (order_id, id)
    on delete cascade,
  constraint shipment_lines_line_fkey foreign key (order_id, line) references order_lines (order_id, line)
    on delete cascade
);
comment on table shipment_lines is 'The pieces in a shipment. order_lines.shipped_quantity is their sum.';
create index shipment_lines_by_line on shipment_lines (order_id, line);
create index shipment_lines_by_client on shipment_lines (client_id);

create table returns (
  id uuid primary key default app.uuid7(),
  client_id uuid not null,
  order_id uuid not null,
  number integer not null check (number >= 1),
  status text not null default 'requested' check (status in ('requested', 'approved', 'received', 'refused')),
  reason text,
  note text,
  replacement_order_id uuid,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  approved_at timestamptz,
  received_at timestamptz,
  refused_at timestamptz,
  constraint returns_reason_length check (length(reason) <= 1000),
  constraint returns_note_length check (length(note) <= 1000),
  constraint returns_number_unique unique (order_id, number),
  constraint returns_order_id_unique unique (order_id, id),
  constraint returns_order_fkey foreign key (client_id, order_id) references orders (client_id, id) on delete cascade,
  constraint returns_replacement_fkey foreign key (client_id, replacement_order_id) references orders (client_id, id)
    on delete set null (replacement_order_id)
);
comment on column returns.reason is 'Why the pieces come back, as the person who requested the return wrote it.';
comment on column returns.note is 'What the client wrote when it approved, received or refused the return.';
create index returns_by_client on returns (client_id, created_at desc, id desc);
create index returns_by_created_at on returns (created_at desc, id desc);
create index returns_by_replacement on returns (client_id, replacement_order_id);

create table return_lines (
  client_id uuid not null,
  order_id uuid not null,
  return_id uuid not null,
  line integer not null,
  quantity integer not null check (quantity >= 1),
  received_quantity integer,
  restocked_quantity integer not null default 0,
  primary key (return_id, line),
  constraint return_lines_received_check check (received_quantity between 0 and quantity),
  constraint return_lines_restocked_check
    check (restocked_quantity between 0 and coalesce(received_quantity, 0)),
  constraint return_lines_return_fkey foreign key (order_id, return_id) references returns (order_id, id)
    on delete cascade,
  constraint return_lines_line_fkey foreign key (order_id, line) references order_lines (order_id, line)
    on delete cascade
);
comment on column return_lines.received_quantity is 'Null until the return was received.';
comment on column return_lines.restocked_quantity is 'The received pieces that are for sale again.';
create index return_lines_by_line on return_lines (order_id, line);
create index return_lines_by_client on return_lines (client_id);

create trigger set_updated_at before update on shipments for each row execute function app.set_updated_at();
create trigger set_updated_at before update on returns for each row execute function app.set_updated_at();

-- The mails about the life of an order. A mail with a link has at most one recipient, the e-mail address of the order.
alter table mails drop constraint mails_template_check;
alter table mails add constraint mails_template_check check (template in ('order_confirmation', 'order_shipped',
  'order_delivered', 'order_cancelled', 'order_confirm_request', 'order_lookup', 'job_finished'));

-- The functions of app_definer change orders and lines. Nobody else changes a line.
create policy definer_update on orders for update to app_definer using (true) with check (true);
grant update on orders to app_definer;
create policy definer_update on order_lines for update to app_definer using (true) with check (true);
grant update on order_lines to app_definer;
revoke update on order_lines from app_admin;
create policy system on orders for select to app_system using ((select app.subject()) is not null);
create policy system on order_lines for select to app_system using ((select app.subject()) is not null);
grant select on orders, order_lines to app_system;

do $$
declare
  name text;
begin
  foreach name in array array['order_events', 'shipments', 'shipment_lines', 'returns', 'return_lines'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy migrate on %I to app_migrate using (true) with check (true)', name);
    execute format('create policy definer on %I to app_definer using (true) with check (true)', name);
    execute format('create policy admin on %I for select to app_admin using ((select app.admin_role()) is not null)',
      name);
    execute format('create policy support on %I for select to app_support'
      ' using ((select app.admin_role()) is not null)', name);
    execute format('create policy client on %I for select to app_client'
      ' using (client_id = any ((select app.client_ids())::uuid[]))', name);
    execute format('create policy system on %I for select to app_system using ((select app.subject()) is not null)',
      name);
    execute format('grant select, insert on %I to app_migrate', name);
    execute format('grant select on %I to app_admin, app_support, app_client, app_system', name);
    execute format('grant select, insert on %I to app_definer', name);
  end loop;
  -- A customer sees no events, because an event names the member who changed the order.
  foreach name in array array['shipments', 'shipment_lines', 'returns', 'return_lines'] loop
    execute format('create policy customer on %I for select to app_customer'
      ' using (exists (select from orders where orders.id = %I.order_id))', name, name);
    execute format('grant select on %I to app_customer', name);
    execute format('grant update on %I to app_definer', name);
    execute format('grant update, delete on %I to app_migrate', name);
  end loop;
end
$$;

-- Orders that were shipped before this release, by SQL, get the shipment that they lack.
set local role app_migrate;
update order_lines l set shipped_quantity = l.quantity
from orders o where o.id = l.order_id and o.status in ('shipped', 'delivered');
update order_lines l set cancelled_quantity = l.quantity
from orders o where o.id = l.order_id and o.status = 'cancelled';
update orders set fulfilment = 'full' where status in ('shipped', 'delivered');
insert into shipments (client_id, order_id, number, status, shipped_at, delivered_at, source)
select client_id, id, '1', status, coalesce(shipped_at, delivered_at, updated_at),
  case status when 'delivered' then coalesce(delivered_at, updated_at) end, 'system'
from orders where status in ('shipped', 'delivered');
insert into shipment_lines (client_id, order_id, shipment_id, line, quantity)
select l.client_id, l.order_id, s.id, l.line, l.quantity
from order_lines l join shipments s on s.order_id = l.order_id;
