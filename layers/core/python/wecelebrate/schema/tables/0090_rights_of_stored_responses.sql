-- The rights that the caller had when a response was stored for its idempotency key. The response is returned only
-- while the caller still has them. The columns are null in the rows of the previous release, which are kept for a day.
set role app_owner;
alter table idempotency_keys
  add column is_staff boolean,
  add column client_ids uuid[],
  add column person_client_ids uuid[];
comment on column idempotency_keys.is_staff is 'Whether the caller belonged to the staff.';
comment on column idempotency_keys.client_ids is 'The clients of the caller.';
comment on column idempotency_keys.person_client_ids is 'The clients whose persons the caller saw.';
reset role;
