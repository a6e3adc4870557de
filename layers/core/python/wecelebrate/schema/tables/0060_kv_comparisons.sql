-- Comparisons of the documents of the key-value store with the rows of the platform, and the differences between them
-- (decisions 0088 and 0089). No value of a document or a row is stored: only keys, ids and names of fields.

set local role app_owner;

-- The comparisons. `checkpoint` says where a comparison continues. A comparison that another one has replaced before it
-- ended has failed.
create table kv.comparisons (
  id uuid primary key default app.uuid7(),
  entity text not null,
  client_id uuid references public.clients (id) on delete cascade,
  scope text not null default 'full',
  sample integer,
  status text not null default 'running',
  checkpoint text not null default '',
  compared bigint not null default 0,
  differences bigint not null default 0,
  counts jsonb not null default '{}',
  requested_by text not null,
  started_at timestamptz not null default clock_timestamp(),
  ended_at timestamptz,
  constraint comparisons_entity_check check (entity in ('client', 'site', 'catalog', 'product', 'order')),
  constraint comparisons_scope_check check (scope in ('full', 'sample')),
  constraint comparisons_sample_check check ((scope = 'sample') = (sample is not null) and sample > 0),
  constraint comparisons_status_check check (status in ('running', 'complete', 'failed')),
  constraint comparisons_checkpoint_length check (length(checkpoint) <= 2000),
  constraint comparisons_counts_length check (app.json_fits(counts, 10000)),
  constraint comparisons_requested_by_length check (length(requested_by) <= 500)
);
comment on column kv.comparisons.client_id is 'The client whose records are compared. Null: all clients.';
comment on column kv.comparisons.sample is 'About how many documents are compared. Null: all.';
comment on column kv.comparisons.compared is 'The number of documents and rows that were compared.';
comment on column kv.comparisons.differences is 'The number of differences that were noticed.';
comment on column kv.comparisons.counts is 'What became of the documents that have no difference, by outcome.';
create unique index comparisons_only_one_runs
  on kv.comparisons (entity, client_id) nulls not distinct where status = 'running';
create index comparisons_by_entity on kv.comparisons (entity, started_at);
create index comparisons_by_client on kv.comparisons (client_id) where client_id is not null;

-- The differences between documents and rows, and when they were repaired.
create table kv.differences (
  id uuid primary key default app.uuid7(),
  comparison_id uuid references kv.comparisons (id) on delete cascade,
  entity text not null,
  client_id uuid,
  key text collate "C",
  row_id uuid,
  kind text not null,
  field text,
  noticed_at timestamptz not null default clock_timestamp(),
  confirmed boolean not null default false,
  repaired_at timestamptz,
  constraint differences_entity_check check (entity in ('client', 'site', 'catalog', 'product', 'order')),
  constraint differences_key_length check (length(key) <= 1024),
  constraint differences_kind_check check (kind in ('row_missing', 'document_missing', 'field')),
  constraint differences_field_check check ((kind = 'field') = (field is not null)),
  constraint differences_field_length check (length(field) <= 100)
);
comment on column kv.differences.comparison_id is
  'The comparison that noticed the difference. Null: a read of both sides noticed it.';
comment on column kv.differences.client_id is 'The client that owns the record. Null: nobody can say it.';
comment on column kv.differences.confirmed is 'Whether a second read has found the difference, too.';
create index differences_by_comparison on kv.differences (comparison_id, key);
create index differences_open on kv.differences (entity, noticed_at) where repaired_at is null;

-- The ranges of documents in which the last full comparison found no difference. If neither the documents nor their
-- rows have changed since then, the hash is the same, and the records are not compared again.
create table kv.buckets (
  entity text not null,
  after_key text collate "C" not null,
  last_key text collate "C" not null,
  hash bigint not null,
  documents integer not null,
  counts jsonb not null default '{}',
  primary key (entity, after_key),
  constraint buckets_entity_check check (entity in ('client', 'site', 'catalog', 'product', 'order')),
  constraint buckets_after_key_length check (length(after_key) <= 1024),
  constraint buckets_last_key_length check (length(last_key) <= 1024),
  constraint buckets_counts_length check (app.json_fits(counts, 10000))
);

do $$
declare
  name text;
begin
  foreach name in array array['comparisons', 'differences', 'buckets'] loop
    execute format('alter table kv.%I enable row level security', name);
    execute format('alter table kv.%I force row level security', name);
    execute format('create policy migrate on kv.%I to app_migrate using (true) with check (true)', name);
    execute format('create policy mirror on kv.%I to app_mirror using (true) with check (true)', name);
    execute format('grant select, insert, update, delete on kv.%I to app_migrate, app_mirror', name);
  end loop;
end
$$;
