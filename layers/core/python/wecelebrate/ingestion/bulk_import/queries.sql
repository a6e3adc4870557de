-- name: list_writable_catalogs
-- List at most two catalogs that the caller may change. The owner of these catalogs is a client, not the platform.
select id from catalogs where owner_client_id = any ((select app.editor_ids())::uuid[]) limit 2;
