-- updated_at is when a row last changed. An update that changes nothing is none: nobody is told of it (0012), so whoever
-- has read the row from the cache still has the state that it is in, and its entity tag has to stay right.

set local role app_owner;

create or replace function app.touch() returns trigger
language plpgsql
as $$
begin
  if new is distinct from old then
    new.updated_at := now();
  end if;
  return new;
end
$$;
