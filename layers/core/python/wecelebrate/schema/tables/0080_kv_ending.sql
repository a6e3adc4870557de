-- The end of an undo is a status of its own, so that its search for changed products holds no lock. Records of the
-- mirror also state their transaction, because a time says when a record was written, and not when its transaction
-- was committed (decision 0126).

set local role app_owner;

alter table kv.retirements drop constraint retirements_status_check;
alter table kv.retirements add constraint retirements_status_check check (
  status in ('waiting', 'archiving', 'deleting', 'retired', 'restoring', 'ending', 'undone'));
comment on column kv.retirements.status is
  'waiting: writes are refused, and requests are counted. archiving: documents are copied to objects. deleting: all
   objects are proven, and documents are deleted. restoring: documents come back. ending: all documents are back, and
   the products that have changed meanwhile are searched. undone: writes are accepted again.';
comment on column kv.retirements.checkpoint is
  'The last key that is archived. During the status ending: the last product that was searched, or `end`.';

-- Rows of earlier releases have no transaction: their time counts.
alter table kv.conflicts add column xid xid8;
comment on column kv.conflicts.xid is 'The transaction that recorded the conflict.';
alter table kv.quarantine add column xid xid8;
comment on column kv.quarantine.xid is 'The transaction that gave the document its reason.';
alter table kv.differences add column xid xid8;
comment on column kv.differences.xid is 'The transaction that recorded the mismatch. Null for a comparison.';

alter table kv.comparisons add column snapshot pg_snapshot;
comment on column kv.comparisons.snapshot is 'The transactions that had ended when the comparison began.';
alter table kv.mirror add column reported_snapshot pg_snapshot;
comment on column kv.mirror.reported_snapshot is 'The transactions whose troubles are counted in the metrics.';
