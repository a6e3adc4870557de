-- The objects of an archive that are lost. An undo that cannot end otherwise gives their documents up (decision 0120).

set local role app_owner;

alter table kv.archive_parts add column given_up_at timestamptz;
comment on column kv.archive_parts.given_up_at is
  'When an undo gave up the documents of the object, because the object was lost. They were not restored.';

-- A conflict of a write that was taken for a repeated one, although it can be the sale of another application (decision
-- 0121).
alter table kv.conflicts drop constraint conflicts_kind_check;
alter table kv.conflicts add constraint conflicts_kind_check check (
  kind in ('both_changed', 'base_unknown', 'below_zero', 'row_not_mirrored', 'document_not_mirrored', 'row_deleted',
    'sale_in_doubt'));
