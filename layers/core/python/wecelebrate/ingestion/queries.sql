-- name: get_catalog^
-- Get the owner, the currency and the sync settings of a catalog that the caller may see.
select id, owner_client_id, currency, sync_settings from app.catalog_view where id = :catalog_id;
