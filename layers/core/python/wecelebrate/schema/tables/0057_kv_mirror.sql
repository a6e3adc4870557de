-- The mirror: while it is on, a write of a document changes its row, and a write of a row changes its document, in the
-- same transaction (decision 0081). It is off by default.

set local role app_owner;
grant usage on schema kv to app_kv, app_system;

-- The settings of the mirror. There is at most one row, and none before the mirror is switched on. Triggers are enabled
-- exactly while `enabled` is true.
create table kv.mirror (
  is_only boolean primary key default true,
  enabled boolean not null default false,
  environments text[] not null default '{production}',
  currency text,
  changed_at timestamptz not null default now(),
  constraint mirror_is_only_check check (is_only),
  constraint mirror_environments_length check (length(environments::text) <= 10000),
  constraint mirror_currency_check check (currency ~ '^[A-Z]{3}$')
);
comment on column kv.mirror.environments is 'The environments of the predecessor whose documents become rows.';
comment on column kv.mirror.currency is 'The currency of prices that name none and whose catalog has none.';

-- Earlier values of documents, for 10 minutes: longer than the old applications cache a document. An application that
-- writes a document back has the value with the revision `rev` as its base.
create table kv.history (
  key text collate "C" not null,
  rev bigint not null,
  value jsonb not null,
  replaced_at timestamptz not null default now(),
  primary key (key, rev),
  constraint history_key_length check (length(key) <= 1024),
  constraint history_value_length check (app.json_fits(value, 6000000))
);
create index history_by_time on kv.history (replaced_at);

-- What the mirror could not keep: a field that two writers changed, or a write whose base is no longer in the history.
-- No value is copied.
create table kv.conflicts (
  id uuid primary key default app.uuid7(),
  key text collate "C" not null,
  kind text not null,
  field text not null,
  base_rev bigint,
  rev bigint,
  noticed_at timestamptz not null default now(),
  constraint conflicts_key_length check (length(key) <= 1024),
  constraint conflicts_kind_check
    check (kind in ('both_changed', 'base_unknown', 'below_zero', 'row_not_mirrored', 'document_not_mirrored')),
  constraint conflicts_field_length check (length(field) <= 500)
);
create index conflicts_by_time on kv.conflicts (noticed_at);

do $$
declare
  name text;
begin
  foreach name in array array['mirror', 'history', 'conflicts'] loop
    execute format('alter table kv.%I enable row level security', name);
    execute format('alter table kv.%I force row level security', name);
    execute format('create policy migrate on kv.%I to app_migrate using (true) with check (true)', name);
    execute format('create policy mirror on kv.%I to app_mirror using (true) with check (true)', name);
    execute format('grant select, insert, update, delete on kv.%I to app_migrate, app_mirror', name);
  end loop;
end
$$;

-- The mirror writes documents, too. It deletes those whose row was deleted.
create policy mirror_insert on kv_store_6fcaeea3 for insert to app_mirror with check (true);
create policy mirror_update on kv_store_6fcaeea3 for update to app_mirror using (true) with check (true);
create policy mirror_delete on kv_store_6fcaeea3 for delete to app_mirror using (true);
grant insert, update, delete on kv_store_6fcaeea3 to app_mirror;
