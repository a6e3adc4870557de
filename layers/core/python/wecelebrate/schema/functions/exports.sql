-- Exports: their creation and deletion, and the cells of their files.

set local role app_definer;

-- Creates an export of rows that the caller can read, and the job of the export. `client_id` is a client of the caller,
-- or null for an admin of the platform who exports the rows of all clients. Any member may export the rows that the
-- member can read.
create or replace function app.create_export(
  client_id uuid, kind text, format text, filters jsonb, options jsonb, notify_email text, out export_id uuid,
  out job_id uuid)
language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
begin
  if (app.admin_role() in ('super_admin', 'admin')
      or client_id = any ((select app.client_ids())::uuid[])) is not true then
    raise exception 'the caller is not a member of this client' using errcode = 'insufficient_privilege';
  end if;
  export_id := app.uuid7();
  insert into jobs (client_id, type, requested_by, payload, notify_email)
  values (client_id, 'data_export', app.subject(), jsonb_build_object('export_id', export_id), notify_email)
  returning jobs.id into job_id;
  insert into exports (id, client_id, job_id, subject, kind, format, filters, options)
  values (export_id, client_id, job_id, app.subject(), kind, format, filters, options);
end
$$;
grant execute on function app.create_export(uuid, text, text, jsonb, jsonb, text) to app_admin, app_client;

-- Returns the ids of a client's orders in a range of e-mail addresses: the addresses, in lower case, are after `after`,
-- and not after `last`. A null bound does not limit the range. Orders without an address are left out. If the caller
-- may not see the orders of the client, the function returns no id.
--
-- The function `lower` is not leakproof. Therefore PostgreSQL cannot use an index on `lower` under row-level security,
-- and a query of the caller would read all orders of the client for each range.
create or replace function app.order_ids_of_addresses(client uuid, after text, last text) returns uuid[]
language plpgsql stable security definer set search_path = pg_catalog, public, app, pg_temp
as $$
begin
  if (client = any (app.client_ids()) or app.admin_role() is not null) is not true then
    return '{}';
  elsif last is null then
    return array(
      select o.id from orders o where o.client_id = client and lower(o.customer_email) > coalesce(after, ''));
  end if;
  return array(
    select o.id from orders o
    where o.client_id = client and lower(o.customer_email) > coalesce(after, '') and lower(o.customer_email) <= last);
end
$$;
grant execute on function app.order_ids_of_addresses(uuid, text, text) to app_admin, app_client;

-- Counts the exports of a client of the caller, or of the platform if `client_id` is null. All exports count against
-- the quota of the client, but a member sees only its own exports.
create or replace function app.count_exports(client_id uuid) returns bigint
language sql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
  select count(*) from exports e
  where e.client_id is not distinct from $1 and e.deleted_at is null
    and (app.admin_role() in ('super_admin', 'admin') or e.client_id = any ((select app.client_ids())::uuid[]))
$$;
grant execute on function app.count_exports(uuid) to app_admin, app_client;

-- Deletes an export that the caller can see, and cancels its job. The sweeper deletes the file later. Returns the id of
-- the job, and whether the job was cancelled. Returns no row if the export does not exist.
create or replace function app.delete_export(export_id uuid) returns table (job_id uuid, was_cancelled boolean)
language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_column
declare
  deleted exports;
begin
  update exports e set deleted_at = now(), expires_at = now()
  where e.id = $1 and e.deleted_at is null
    and (app.admin_role() in ('super_admin', 'admin')
      or e.client_id = any ((select app.client_ids())::uuid[]) and e.subject = (select app.subject()))
  returning e.* into deleted;
  if not found then
    return;
  end if;
  job_id := deleted.job_id;
  update jobs j set status = 'cancelled', leased_until = null, completed_at = now(), error_code = 'cancelled',
    error = 'The export was deleted.'
  where j.id = deleted.job_id and j.status in ('pending', 'processing');
  was_cancelled := found;
  return next;
end
$$;
grant execute on function app.delete_export(uuid) to app_admin, app_client;

set local role app_owner;

-- Returns the text of a CSV cell that a spreadsheet does not compute as a formula. A spreadsheet could compute a text
-- that begins with one of the signs `= + - @`, with the wide form of such a sign, with a tab, or with a line break. A
-- `'` is added before such a text, even if the text already has a `'` before the sign. A `'` is also added before a
-- sign after `;`, a tab or a line break inside the text, because some spreadsheets split cells there.
--
-- The import removes one `'` from the same places (wecelebrate.core.formula_quotes). Most texts do not satisfy the
-- first condition, which is fast to check.
create or replace function app.formula_safe(value text) returns text
language sql immutable parallel safe
return case when ascii(value) in (9, 10, 13, 39, 43, 45, 61, 64, 65291, 65293, 65309, 65312) or value ~ '[;\t\r\n]'
  then regexp_replace(value, '^(?=''*[=+@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20-])'
    || '|(?<=[;\t\r\n])(?=''*[=+@\uFF1D\uFF0B\uFF0D\uFF20-])', '''', 'g')
  else value end;

-- Returns a point in time as RFC 3339, in UTC.
create or replace function app.rfc3339(at timestamptz) returns text
language sql stable parallel safe
return to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');

-- Returns the texts of a JSON array as lines. Returns null if the array is empty.
create or replace function app.json_lines(texts jsonb) returns text
language sql immutable parallel safe
return case jsonb_array_length(texts) when 0 then null when 1 then texts ->> 0
  else (
    select string_agg(line, E'\n' order by n) from jsonb_array_elements_text(texts) with ordinality l (line, n)) end;

grant execute on function app.formula_safe(text), app.rfc3339(timestamptz), app.json_lines(jsonb)
  to app_admin, app_client;
