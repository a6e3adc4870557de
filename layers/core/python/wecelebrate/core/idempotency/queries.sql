-- name: lock_key$
-- Lock a key of the caller until the transaction ends. It returns false if another transaction has locked the key.
select pg_try_advisory_xact_lock(hashtextextended(coalesce(app.subject(), app.site_id()::text) || ' ' || :key, 0));

-- name: find_response^
-- Find the response that the caller received for this key.
select request_hash, status, headers, body
from idempotency_keys
where subject = (select app.subject()) and key = :key and created_at > now() - make_interval(secs => :seconds);

-- name: save_response!
-- Save the response for a key. The response of an expired key is replaced.
insert into idempotency_keys (subject, key, request_hash, status, headers, body)
values (app.subject(), :key, :request_hash, :status, :headers, :body)
on conflict (subject, key) do update
set request_hash = excluded.request_hash, status = excluded.status, headers = excluded.headers, body = excluded.body,
  created_at = now();

-- name: find_guest_response^
-- Find the response that a guest of the site received for this key. The body is null if the request differs from the
-- first request with this key.
select request_hash, status, headers, body
from app.find_guest_response(:key, :request_hash, make_interval(secs => :seconds));

-- name: save_guest_response!
-- Save the response for a guest's key.
select app.save_guest_response(:key, :request_hash, :status, :headers, :body);
