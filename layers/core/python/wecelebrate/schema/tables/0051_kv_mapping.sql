-- The way out of the key-value store: which documents became which rows, and what became of the rest.
--
-- The role app_mirror maps documents to rows. Its functions are the only way in: no login can enter the role.

do $$
begin
  if not exists (select from pg_catalog.pg_roles where rolname = 'app_mirror') then
    create role app_mirror nologin noinherit;
  end if;
end
$$;
grant app_mirror to wc_migrate;

set local role pg_database_owner;
grant usage on schema public to app_mirror;

set local role app_owner;
create schema kv;
grant usage on schema kv to app_admin, app_migrate, app_definer;
grant usage, create on schema kv to app_mirror;

-- One row for each document of a client, site, catalog, product or order. Several documents can lead to the same row.
-- A document that has disappeared from the store keeps its entry, so that its old id can still be resolved.
create table kv.ids (
  key text collate "C" primary key,
  entity text not null,
  environment text not null,
  old_id text not null,
  id uuid not null,
  alias boolean not null default false,
  listed boolean not null default false,
  state text not null default 'pending',
  has_row boolean not null default false,
  fingerprint bigint not null,
  mapped_fingerprint bigint,
  constraint ids_key_length check (length(key) <= 1024),
  constraint ids_entity_check check (entity in ('client', 'site', 'catalog', 'product', 'order')),
  constraint ids_environment_length check (length(environment) <= 200),
  constraint ids_old_id_length check (length(old_id) <= 500),
  constraint ids_state_check check (state in ('pending', 'mapped', 'quarantined', 'gone'))
);
comment on column kv.ids.id is 'The id of the row that the document leads to.';
comment on column kv.ids.alias is 'Whether another document of the same row decides the values of the row.';
comment on column kv.ids.listed is 'Whether a list of the store, e.g. gifts:all, names the document.';
comment on column kv.ids.has_row is 'Whether the mapping has written the row. It never changes rows of others.';
comment on column kv.ids.mapped_fingerprint is 'The fingerprint of the mapped document. Null: map it again.';
create index ids_by_id on kv.ids (entity, id);
create index ids_by_old_id on kv.ids (entity, environment, old_id);

-- The fields of a document that no column has, and fields whose form a column cannot keep. Secrets are left out.
create table kv.remainders (
  key text collate "C" primary key references kv.ids (key) on delete cascade,
  value jsonb not null,
  constraint remainders_value_length check (app.json_fits(value, 6000000))
);

-- Documents that could not be mapped. kv.reasons() says what to do about each reason. No value is copied.
create table kv.quarantine (
  key text collate "C" primary key references kv.ids (key) on delete cascade,
  reason text not null,
  field text not null,
  since timestamptz not null default now(),
  constraint quarantine_reason_length check (length(reason) <= 100),
  constraint quarantine_field_length check (length(field) <= 100)
);

-- What was mended when a document was mapped, and which field it concerns.
create table kv.notes (
  key text collate "C" not null references kv.ids (key) on delete cascade,
  note text not null,
  field text not null,
  primary key (key, note),
  constraint notes_note_length check (length(note) <= 100),
  constraint notes_field_length check (length(field) <= 100)
);

-- The runs of the backfill. `phase` and `checkpoint` say where a run continues.
create table kv.runs (
  id uuid primary key default app.uuid7(),
  status text not null default 'running',
  environments text[] not null,
  currency text,
  phase text not null default 'index',
  checkpoint text not null default '',
  done bigint not null default 0,
  total bigint not null default 0,
  counts jsonb not null default '{}',
  requested_by text not null,
  started_at timestamptz not null default now(),
  ended_at timestamptz,
  constraint runs_status_check check (status in ('running', 'complete', 'incomplete')),
  constraint runs_environments_length check (length(environments::text) <= 10000),
  constraint runs_currency_check check (currency ~ '^[A-Z]{3}$'),
  constraint runs_phase_check
    check (phase in ('index', 'lists', 'client', 'catalog', 'site', 'product', 'order', 'end')),
  constraint runs_checkpoint_length check (length(checkpoint) <= 1024),
  constraint runs_counts_length check (app.json_fits(counts, 100000)),
  constraint runs_requested_by_length check (length(requested_by) <= 500)
);
create unique index runs_only_one_runs on kv.runs ((true)) where status = 'running';

-- What a document says. `columns` has the values of the columns, and the old ids that the document refers to.
create type kv.mapping as (reason text, field text, columns jsonb, remainder jsonb, notes jsonb);

-- A document on its way to a row. `has_row` says that the mapping has written the row before, and `is_open` that the
-- document must be mapped again in the next run.
create type kv.draft as (key text, entity text, environment text, old_id text, id uuid, has_row boolean,
  is_open boolean, reason text, field text, columns jsonb, remainder jsonb, notes jsonb);

do $$
declare
  name text;
begin
  foreach name in array array['ids', 'remainders', 'quarantine', 'notes', 'runs'] loop
    execute format('alter table kv.%I enable row level security', name);
    execute format('alter table kv.%I force row level security', name);
    execute format('create policy migrate on kv.%I to app_migrate using (true) with check (true)', name);
    execute format('create policy mirror on kv.%I to app_mirror using (true) with check (true)', name);
    execute format('grant select, insert, update, delete on kv.%I to app_migrate, app_mirror', name);
  end loop;
end
$$;

set local role app_mirror;
alter default privileges revoke execute on functions from public;
