-- The code asks for the status `ending` itself, so that the previous release can still end an undo (decision 0126).

set local role app_mirror;

drop function if exists kv.status_after_restoring(kv.retirements);

-- Their signatures have changed before a release. They decide which parts of a list of orders are searched.
drop function if exists kv.list_without_erased(text, jsonb);
drop function if exists kv.part_without_erased(text, jsonb);

-- The end of an undo waits for a fixed set of transactions, in several requests.
set local role app_owner;

alter table kv.retirements add column awaited text[];
alter table kv.retirements add constraint retirements_awaited_length check (length(awaited::text) <= 1000000);
comment on column kv.retirements.awaited is
  'During the status ending: the transactions (virtual ids) that had written products when it began.';
