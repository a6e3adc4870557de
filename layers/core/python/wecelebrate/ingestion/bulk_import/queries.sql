-- name: get_catalog^
-- Get the owner and the sync settings of a catalog that the caller may see.
select id, owner_client_id, sync_settings from catalogs where id = :catalog_id;

-- name: list_writable_catalogs
-- List up to two catalogs that belong to clients for which the caller may write.
select id from catalogs where owner_client_id = any (app.editor_ids()) limit 2;
