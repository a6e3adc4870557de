-- The objects of an archive that are lost. An undo that cannot end otherwise gives their documents up (decision 0120).

set local role app_owner;

alter table kv.archive_parts add column given_up_at timestamptz;
comment on column kv.archive_parts.given_up_at is
  'When an undo gave up the documents of the object, because the object was lost. They were not restored.';
