-- name: create_upload$
-- Its id.
insert into uploads (client_id, key, name, content_type, size)
values (:client_id, :key, :name, :content_type, :size)
returning id;

-- name: get_upload^
-- The upload, when the caller may see it.
select id, client_id, key, name from uploads where id = :upload_id;
