-- Historical orders of a client, which it brings from another system.

set local role app_owner;

alter table order_events drop constraint order_events_type_check;
alter table order_events add constraint order_events_type_check check (type in ('confirmed', 'processing', 'shipped',
  'delivered', 'cancelled', 'lines_cancelled', 'cancel_requested', 'cancel_withdrawn', 'shipment_added',
  'shipment_changed', 'shipment_delivered', 'changed', 'return_requested', 'return_approved', 'return_received',
  'return_refused', 'replaced', 'late_news', 'imported'));
