-- name: get_catalog^
-- How a catalog's files are read, when the caller may see it, and whether he may say how.
select sync_settings, current_user = 'app_admin' or id = any (app.writable_catalog_ids()) as writable
from catalogs
where id = :catalog_id;

-- name: get_job_file^
-- What a job reads, when the caller may see it.
select type, payload from jobs where id = :job_id;
