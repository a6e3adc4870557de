-- A dead letter that nobody will redrive, e.g. of a file that the client has corrected, can be dismissed.

set local role app_owner;

alter table dead_letters add column dismissed_at timestamptz,
  add column dismissed_by text,
  add constraint dead_letters_dismissed_by_length check (length(dismissed_by) <= 500);
comment on column dead_letters.dismissed_at is 'The time when an operator decided that the dead letter needs no work.';
comment on column dead_letters.dismissed_by is 'The subject of the user who dismissed the dead letter.';
