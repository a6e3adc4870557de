-- name: list_writable_catalogs
-- List up to two catalogs that belong to clients for which the caller may write.
select id from catalogs where owner_client_id = any (app.editor_ids()) limit 2;
