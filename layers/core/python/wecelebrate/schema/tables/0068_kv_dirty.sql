-- Rows that a statement over many rows has written, and whose documents do not have their values yet (decision 0110).

set local role app_owner;

-- A row can be in the table several times, because a statement only appends. The documents of the row are written from
-- what the row has then, so the order of the entries does not matter.
create table kv.dirty (
  id uuid primary key default app.uuid7(),
  entity text not null,
  row_id uuid not null,
  noticed_at timestamptz not null default now(),
  constraint dirty_entity_check check (entity = 'product')
);
create index dirty_by_row on kv.dirty (row_id);

alter table kv.dirty enable row level security;
alter table kv.dirty force row level security;
create policy migrate on kv.dirty to app_migrate using (true) with check (true);
create policy mirror on kv.dirty to app_mirror using (true) with check (true);
grant select, insert, update, delete on kv.dirty to app_migrate, app_mirror;
