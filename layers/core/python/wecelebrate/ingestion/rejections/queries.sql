-- name: get_job_files^
-- Get the files that a job has written, and whether the caller may see the source data of the job's rows. Only admins,
-- and the owners and editors of the client that owns the catalog, may see the source data. For order files, a member
-- must also have the right to see personal data, because the rows and their reasons contain personal data.
select type, result ->> 'error_file' as error_file, result ->> 'result_file' as result_file,
  current_user = 'app_admin' or client_id = any ((select app.editor_ids())::uuid[])
    and (type <> 'order_file' or client_id = any ((select app.person_client_ids())::uuid[])) as sees_source,
  type <> 'order_file' or (select app.sees_all_persons()) or client_id = any ((select app.person_client_ids())::uuid[])
    as sees_reasons
from jobs
where id = :job_id;

-- name: list_staged_rejections
-- List one page of the rejected rows of a job that has not ended. The function checks the access to the job and to the
-- cells of its rows.
select item, after_line, after_n
from app.list_staged_rejections(:job_id, :after_line, :after_n, :limit + 1, :max_bytes);
