-- What the mirror has to remember about lists, repeated writes, and rows that were deleted (decisions 0086 and 0087).

set local role app_owner;

-- A document whose row was deleted: it becomes no row again, although an application writes it back. The previous
-- release does not write this state.
alter table kv.ids drop constraint ids_state_check;
alter table kv.ids add constraint ids_state_check
  check (state in ('pending', 'mapped', 'quarantined', 'gone', 'deleted'));

alter table kv.conflicts drop constraint conflicts_kind_check;
alter table kv.conflicts add constraint conflicts_kind_check check (
  kind in ('both_changed', 'base_unknown', 'below_zero', 'row_not_mirrored', 'document_not_mirrored', 'row_deleted'));

-- The writes of documents that state a revision, for 10 minutes. A write that arrives again, e.g. because its first
-- response was lost, changes nothing. No value is copied.
create table kv.writes (
  key text collate "C" not null,
  base_rev bigint not null,
  fingerprint bigint not null,
  written_at timestamptz not null default now(),
  primary key (key, base_rev, fingerprint),
  constraint writes_key_length check (length(key) <= 1024)
);
comment on column kv.writes.fingerprint is 'The fingerprint of the document that the application has written.';
create index writes_by_time on kv.writes (written_at);

-- The rows that the running transaction has changed, and whose documents are in lists. Each list is written once, at
-- the end of the transaction, so the table is empty for all other transactions.
create table kv.list_changes (
  id uuid primary key default app.uuid7(),
  entity text not null,
  row_id uuid not null,
  columns text[],
  constraint list_changes_entity_check check (entity in ('client', 'site', 'catalog', 'product', 'order')),
  constraint list_changes_columns_length check (length(columns::text) <= 10000)
);
comment on column kv.list_changes.columns is 'The columns that were changed. Null: the row was deleted.';

do $$
declare
  name text;
begin
  foreach name in array array['writes', 'list_changes'] loop
    execute format('alter table kv.%I enable row level security', name);
    execute format('alter table kv.%I force row level security', name);
    execute format('create policy migrate on kv.%I to app_migrate using (true) with check (true)', name);
    execute format('create policy mirror on kv.%I to app_mirror using (true) with check (true)', name);
    execute format('grant select, insert, update, delete on kv.%I to app_migrate, app_mirror', name);
  end loop;
end
$$;
