-- name: lock_key$
-- Whether nobody else is doing the same right now; held until the transaction ends.
select pg_try_advisory_xact_lock(hashtextextended(coalesce(app.subject(), app.site_id()::text) || ' ' || :key, 0));

-- name: find_answer^
-- What the caller was answered when it sent this key before.
select request_hash, status, headers, body
from idempotency_keys
where subject = app.subject() and key = :key and created_at > now() - make_interval(secs => :seconds);

-- name: keep_answer!
-- What a key was answered, for the next time it comes; a key that is past its life begins anew.
insert into idempotency_keys (subject, key, request_hash, status, headers, body)
values (app.subject(), :key, :request_hash, :status, :headers, :body)
on conflict (subject, key) do update
set request_hash = excluded.request_hash, status = excluded.status, headers = excluded.headers, body = excluded.body,
  created_at = now();

-- name: find_guest_answer^
-- What a guest of the site was answered; the body only to the very request.
select request_hash, status, headers, body from app.guest_answer(:key, :request_hash, make_interval(secs => :seconds));

-- name: keep_guest_answer!
select app.keep_guest_answer(:key, :request_hash, :status, :headers, :body);
