-- name: lock_key$
-- Lock a key of the caller until the transaction ends. It returns false if another transaction has locked the key.
select pg_try_advisory_xact_lock(hashtextextended(coalesce(app.subject(), app.site_id()::text) || ' ' || :key, 0));

-- name: find_response^
-- Find the response that the caller received for this key. `has_rights` is false if the caller has lost rights since
-- the response was stored: as staff, as a member of a client, or to see the persons of a client. It is also false if
-- the previous release stored the response, because that release did not store rights. It is true for a buyer on a
-- site, who has no such rights.
select request_hash, status, headers, body,
  coalesce((not is_staff or (select app.admin_role()) is not null)
    and client_ids <@ (select app.client_ids())::uuid[]
    and person_client_ids <@ (select app.person_client_ids())::uuid[],
    is_staff is not null or (select app.site_id()) is not null) as has_rights
from idempotency_keys
where subject = (select app.subject()) and key = :key and created_at > now() - make_interval(secs => :seconds);

-- name: save_response!
-- Save the response for a key. The response of an expired key is replaced.
insert into idempotency_keys (subject, key, request_hash, status, headers, body, is_staff, client_ids,
  person_client_ids)
values (app.subject(), :key, :request_hash, :status, :headers, :body, app.admin_role() is not null, app.client_ids(),
  app.person_client_ids())
on conflict (subject, key) do update
set request_hash = excluded.request_hash, status = excluded.status, headers = excluded.headers, body = excluded.body,
  is_staff = excluded.is_staff, client_ids = excluded.client_ids, person_client_ids = excluded.person_client_ids,
  created_at = now();

-- name: find_guest_response^
-- Find the response that a guest of the site received for this key. The body is null if the request differs from the
-- first request with this key.
select request_hash, status, headers, body, true as has_rights
from app.find_guest_response(:key, :request_hash, make_interval(secs => :seconds));

-- name: save_guest_response!
-- Save the response for a guest's key.
select app.save_guest_response(:key, :request_hash, :status, :headers, :body);
