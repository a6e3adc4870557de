-- name: create_upload$
-- Create an upload and return its id.
insert into uploads (client_id, key, name, content_type, size)
values (:client_id, :key, :name, :content_type, :size)
returning id;

-- name: get_upload^
-- Get an upload that the caller may see.
select id, client_id, key, name from uploads where id = :upload_id;
