-- name: get_catalog^
-- Get the owner and the sync settings of a catalog that the caller may see.
select id, owner_client_id, sync_settings from catalogs where id = :catalog_id;
