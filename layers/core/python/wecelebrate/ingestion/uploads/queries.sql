-- name: count_open_uploads^
-- Count the uploads of a client that were created in the last `seconds` seconds. If `client_id` is null, count the
-- uploads of the platform. Also return after how many seconds the count will decrease.
select count(*)::integer as uploads,
  coalesce(ceil(extract(epoch from min(created_at) - now()) + :seconds), 0)::integer as seconds_left
from uploads
where client_id is not distinct from :client_id::uuid and created_at > now() - make_interval(secs => :seconds);

-- name: create_upload$
-- Create an upload and return its id.
insert into uploads (client_id, key, name, content_type, size)
values (:client_id, :key, :name, :content_type, :size)
returning id;

-- name: get_upload^
-- Get an upload that the caller may see.
select id, client_id, key, name, content_type, size, created_at from uploads where id = :upload_id;

-- name: find_file^
-- Find the file of an upload, if the caller may change data of the client of the upload.
select key, name from uploads
where id = :upload_id and (current_user = 'app_admin' or client_id = any ((select app.editor_ids())::uuid[]));
