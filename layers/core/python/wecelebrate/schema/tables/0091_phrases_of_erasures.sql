-- The texts that a buyer has chosen freely are kept apart from the texts that identify the person.
set role app_owner;
alter table erasures
  add column phrases text[] not null default '{}',
  add constraint erasures_phrases_length check (octet_length(phrases::text) <= 4194304),
  add constraint erasures_completed_phrases_check check (completed_at is null or cardinality(phrases) = 0);
comment on column erasures.phrases is
  'The texts that the person has chosen freely, e.g. the name. They are searched for only in data about orders.';
reset role;
