-- Rejected rows of jobs that have not ended. A completed job has an error file with its rejected rows instead.

set local role app_definer;

-- Returns the cells of a rejected row as an object with the texts of the cells by column. `raw` is an array of cells,
-- or an object with the cells by column. The columns that the platform adds to error files are left out. Returns null
-- if the columns are not known.
create or replace function app.rejected_cells(header jsonb, raw jsonb) returns json
language sql immutable
as $$
  select case jsonb_typeof(raw)
    when 'array' then (
      select json_object_agg(c.name, coalesce(c.cell, ''))
      from rows from (jsonb_array_elements_text(header), jsonb_array_elements_text(raw)) as c (name, cell)
      where not starts_with(c.name, 'wecelebrate_'))
    when 'object' then (
      select json_object_agg(name, coalesce(raw ->> name, ''))
      from jsonb_array_elements_text(header) name
      where not starts_with(name, 'wecelebrate_'))
  end
$$;

-- Returns one page of the staged rejections of a job, in the order of the file. `item` is a row as JSON, as in the API.
-- The function stops after the first row whose item makes the page larger than `max_bytes` bytes; this item is null.
--
-- Staff gets the rows of any job, and a member gets the rows of jobs of its clients. The cells of a row (`raw`) are
-- source data, so only admins, and owners and editors of the client, get them. The cells are null until the whole file
-- is read, because the names of the columns are not final before that time. The rows of order files contain personal
-- data. For members who may not see personal data, the cells and the SKU of such a row are null, and its reason is
-- hidden.
create or replace function app.list_staged_rejections(
  job uuid, last_line integer, last_n integer, max_rows integer, max_bytes integer)
returns table (item text, after_line integer, after_n integer)
language plpgsql stable security definer set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  header jsonb;
  staged_fence integer;
  sees_source boolean;
  sees_persons boolean;
  rejection app.staged_rejections;
  bytes bigint := 0;
begin
  select j.checkpoint -> 'header', (j.checkpoint ->> 'fence')::integer,
      coalesce(app.admin_role() <> 'support', j.client_id = any (app.editor_ids())),
      j.type <> 'order_file' or app.sees_all_persons() or j.client_id = any (app.person_client_ids())
    into header, staged_fence, sees_source, sees_persons
    from jobs j
    where j.id = $1 and (app.admin_role() is not null or j.client_id = any (app.client_ids()));
  for rejection in
    select r.* from app.staged_rejections r
    where r.job_id = $1 and r.fence = staged_fence and (r.line, r.n) > (coalesce($2, 0), coalesce($3, -1))
    order by r.line, r.n
    limit $4
  loop
    item := json_build_object('line', rejection.line, 'sku', case when sees_persons then rejection.sku end,
      'code', rejection.code, 'reason', case when sees_persons then rejection.reason else app.hidden_reason() end,
      'raw', case when sees_source and sees_persons then app.rejected_cells(header, rejection.raw) end);
    after_line := rejection.line;
    after_n := rejection.n;
    bytes := bytes + octet_length(item);
    if bytes > $5 and bytes > octet_length(item) then
      item := null;
      return next;
      exit;
    end if;
    return next;
  end loop;
end
$$;
grant execute on function app.list_staged_rejections(uuid, integer, integer, integer, integer)
  to app_admin, app_support, app_client;
