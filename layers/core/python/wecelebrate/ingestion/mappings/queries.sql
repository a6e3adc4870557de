-- name: get_catalog^
-- Get the currency and the sync settings of a catalog that the caller may see, and whether the caller may change them.
select currency, sync_settings, current_user = 'app_admin' or id = any ((select app.writable_catalog_ids())::uuid[]) as writable
from app.catalog_view
where id = :catalog_id;

-- name: get_job_file^
-- Get the type and the payload of a job, if the caller may change data of the client of the job. The caller must have
-- this right because the rows of the file are source data, which viewers must not see.
select type, payload from jobs
where id = :job_id and (current_user = 'app_admin' or client_id = any ((select app.editor_ids())::uuid[]));
