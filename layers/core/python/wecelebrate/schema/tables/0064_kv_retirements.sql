-- The end of the key-value store, entity by entity: its requests are counted, its documents are archived, proven and
-- deleted, and can be restored (decisions 0098 and 0099).

set local role app_owner;

-- The requests of the old applications for documents of entities, by day. A request for several keys counts once for
-- each key. No key is stored.
create table kv.traffic (
  entity text not null,
  client_id uuid references public.clients (id) on delete cascade,
  kind text not null,
  day date not null,
  requests bigint not null default 0,
  last_at timestamptz not null,
  constraint traffic_key unique nulls not distinct (entity, client_id, kind, day),
  constraint traffic_entity_check check (entity in ('client', 'site', 'catalog', 'product', 'order')),
  constraint traffic_kind_check check (kind in ('read', 'write'))
);
comment on column kv.traffic.client_id is
  'The client that owns the records. Null: nobody can say it, e.g. because a request reads all keys with a prefix.';
comment on column kv.traffic.kind is 'write: also a write that was refused.';
create index traffic_by_client on kv.traffic (client_id) where client_id is not null;

-- The retirements. An entity has at most one that is not undone.
create table kv.retirements (
  id uuid primary key default app.uuid7(),
  entity text not null,
  status text not null default 'waiting',
  quiet_seconds integer not null,
  checkpoint text collate "C" not null default '',
  requested_by text not null,
  started_at timestamptz not null default clock_timestamp(),
  changed_at timestamptz not null default clock_timestamp(),
  constraint retirements_entity_check check (entity in ('client', 'site', 'catalog', 'product', 'order')),
  constraint retirements_status_check
    check (status in ('waiting', 'archiving', 'deleting', 'retired', 'restoring', 'undone')),
  constraint retirements_quiet_seconds_check check (quiet_seconds between 1 and 31536000),
  constraint retirements_checkpoint_length check (length(checkpoint) <= 1024),
  constraint retirements_requested_by_length check (length(requested_by) <= 500)
);
comment on column kv.retirements.status is
  'waiting: writes are refused, and requests are counted. archiving: documents are copied to objects. deleting: all
   objects are proven, and documents are deleted. restoring: documents come back. undone: all documents are back.';
comment on column kv.retirements.quiet_seconds is 'How long no application may have used the documents.';
comment on column kv.retirements.checkpoint is 'The last key that is archived.';
comment on column kv.retirements.changed_at is 'When the status changed.';
create unique index retirements_only_one on kv.retirements (entity) where status <> 'undone';

-- The parts of an archive: each is an object with the documents of a range of keys, one in a line.
create table kv.archive_parts (
  retirement_id uuid not null references kv.retirements (id) on delete cascade,
  number integer not null,
  object_key text not null,
  version_id text,
  after_key text collate "C" not null,
  last_key text collate "C" not null,
  keys text[] not null,
  documents integer not null,
  bytes bigint not null,
  stored_sha256 text not null,
  content_sha256 text not null,
  object_sha256 text,
  archived_at timestamptz not null default clock_timestamp(),
  proven_at timestamptz,
  deleted_at timestamptz,
  restored_at timestamptz,
  primary key (retirement_id, number),
  constraint archive_parts_object_key_length check (length(object_key) <= 1024),
  constraint archive_parts_version_id_length check (length(version_id) <= 1024),
  constraint archive_parts_after_key_length check (length(after_key) <= 1024),
  constraint archive_parts_last_key_length check (length(last_key) <= 1024),
  constraint archive_parts_keys_length check (length(keys::text) <= 2000000),
  constraint archive_parts_stored_sha256_check check (stored_sha256 ~ '^[0-9a-f]{64}$'),
  constraint archive_parts_content_sha256_check check (content_sha256 ~ '^[0-9a-f]{64}$'),
  constraint archive_parts_object_sha256_check check (object_sha256 ~ '^[0-9a-f]{64}$')
);
comment on column kv.archive_parts.stored_sha256 is 'The hash of the documents in the store, with their secrets.';
comment on column kv.archive_parts.content_sha256 is 'The hash of the lines, before they are compressed.';
comment on column kv.archive_parts.object_sha256 is 'The hash of the object, as it was read back.';
comment on column kv.archive_parts.proven_at is 'When the object was read back. Null: the part does not count.';
comment on column kv.archive_parts.deleted_at is 'When the documents were deleted. Null: they are in the store.';

-- The secrets of archived documents, which no archive contains: where each was, and its value. They are deleted when
-- the archive expires.
create table kv.archive_secrets (
  id uuid primary key default app.uuid7(),
  retirement_id uuid not null references kv.retirements (id) on delete cascade,
  number integer not null,
  key text collate "C" not null,
  path text[] not null,
  value jsonb not null,
  constraint archive_secrets_key_length check (length(key) <= 1024),
  constraint archive_secrets_path_length check (length(path::text) <= 100000),
  constraint archive_secrets_value_length check (app.json_fits(value, 6000000))
);
create index archive_secrets_by_part on kv.archive_secrets (retirement_id, number);

do $$
declare
  name text;
begin
  foreach name in array array['traffic', 'retirements', 'archive_parts', 'archive_secrets'] loop
    execute format('alter table kv.%I enable row level security', name);
    execute format('alter table kv.%I force row level security', name);
    execute format('create policy migrate on kv.%I to app_migrate using (true) with check (true)', name);
    execute format('create policy mirror on kv.%I to app_mirror using (true) with check (true)', name);
    execute format('grant select, insert, update, delete on kv.%I to app_migrate, app_mirror', name);
  end loop;
end
$$;

-- A trigger refuses writes of the applications, and another one keeps the stage of an entity while it is retired.
create policy definer on kv.retirements for select to app_definer using (true);
grant select on kv.retirements to app_definer;
