-- Storefront events: what a site stores about its visitors, how long a client keeps events, and corrected times.

set local role app_owner;

alter table sites add column event_storage text not null default 'anonymous'
  constraint sites_event_storage_check check (event_storage in ('all', 'anonymous', 'none'));
comment on column sites.event_storage is
  'What the site stores of the events of its visitors. The consent in an event can only reduce it.';

-- 25 months are the longest time that the CNIL recommends for the figures of an audience.
alter table clients add column event_retention_months integer not null default 25
  constraint clients_event_retention_months_check check (event_retention_months between 1 and 60);

alter table analytics_events
  add column event_id uuid,
  add column is_anonymous boolean not null default false,
  add column is_time_clamped boolean not null default false;
comment on column analytics_events.event_id is 'The id that the app of the visitor gave to the event.';
comment on column analytics_events.created_at is
  'When the event happened, corrected by the clock of the platform: accepted_at minus the age that the app measured.';
comment on column analytics_events.is_time_clamped is
  'Whether the corrected time was more than 7 days before accepted_at, or more than 5 minutes after it.';

-- The list of events continues after (created_at, id).
drop index analytics_events_by_client;
create index analytics_events_by_client on analytics_events (client_id, created_at desc, id desc);

-- app.store_events stores events, and app.delete_expired_events deletes them.
create policy definer on analytics_events to app_definer using (true) with check (true);
create policy definer on event_receipts to app_definer using (true) with check (true);
grant select, insert, delete on analytics_events to app_definer;
grant select, insert on event_receipts to app_definer;
