-- name: get_catalog^
-- The catalog, when the caller may see it: whose it is, and how its files are read.
select id, owner_client_id, sync_settings from catalogs where id = :catalog_id;

-- name: own_catalogs
-- Two of the catalogs that the caller's clients own.
select id from catalogs where owner_client_id = any (app.editor_ids()) limit 2;
