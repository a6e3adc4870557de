-- name: list_writable_catalogs
-- List at most two catalogs. The owner of each catalog is a client whose data the caller may change.
select id from catalogs where owner_client_id = any ((select app.editor_ids())::uuid[]) limit 2;
