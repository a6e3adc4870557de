-- Functions for the whole platform: JSON Merge Patch, the time of an update, pages of lists, the heartbeat of replicas,
-- and idempotency keys of guests.

set local role app_owner;

-- Merges one level of a patch. `has_no_null` is true if no object in the whole patch contains null.
create or replace function app.merge_objects(target jsonb, patch jsonb, has_no_null boolean) returns jsonb
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
declare
  member jsonb;
begin
  if jsonb_typeof(patch) is distinct from 'object' then
    return patch;
  end if;
  if jsonb_typeof(target) is distinct from 'object' then
    target := '{}';
  end if;
  -- A patch without null and without nested objects only replaces values. This statement applies such a patch 10 times
  -- as fast as the rest of this function.
  if has_no_null and (target = '{}' or not jsonb_path_exists(patch, '$.* ? (@.type() == "object")')) then
    return target || patch;
  end if;
  -- A deep patch often has one key on each level. These expressions are faster than the query below.
  member := jsonb_path_query_first(patch, '$.keyvalue()');
  if member is not null and patch - (member ->> 'key') = '{}' then
    if member -> 'value' = 'null' then
      return target - (member ->> 'key');
    end if;
    return target || jsonb_build_object(member ->> 'key',
      app.merge_objects(target -> (member ->> 'key'), member -> 'value', has_no_null));
  end if;
  return (
    select coalesce(jsonb_object_agg(key,
        case when new.value is null then old.value
             when jsonb_typeof(new.value) = 'object' then app.merge_objects(old.value, new.value, has_no_null)
             else new.value end)
      filter (where jsonb_typeof(new.value) is distinct from 'null'), '{}')
    from jsonb_each(target) old full join jsonb_each(patch) new using (key));
end
$$;
grant execute on function app.merge_objects(jsonb, jsonb, boolean) to public;

-- Applies a JSON Merge Patch (RFC 7396) to `target`: objects are merged, null removes a key, and any other value
-- replaces the old value. Each object is built once. Only the time for copying nested values grows with the depth.
create or replace function app.merge_patch(target jsonb, patch jsonb) returns jsonb
language sql immutable parallel safe set search_path = pg_catalog, pg_temp
return app.merge_objects(target, patch, jsonb_strip_nulls(patch) is not distinct from patch);
grant execute on function app.merge_patch(jsonb, jsonb) to public;

-- The trigger function of the tables with `updated_at` and generated columns. In PL/pgSQL, a generated column of NEW is
-- null until all BEFORE triggers have run, so app.set_updated_at would treat every update as a change. A generated
-- column changes only if another column changes. Therefore the comparison uses the old value of the generated column,
-- and PostgreSQL replaces this value after the trigger.
create or replace function app.set_updated_at_with_generated() returns trigger
language plpgsql
as $$
begin
  case tg_table_name
    when 'jobs' then
      new.owner := old.owner;
    when 'products' then
      new.folded_name := old.folded_name;
      new.folded_sku := old.folded_sku;
    else
      new.folded_name := old.folded_name;
  end case;
  if new is distinct from old then
    new.updated_at := now();
  end if;
  return new;
end
$$;
create or replace trigger set_updated_at before update on clients
  for each row execute function app.set_updated_at_with_generated();
create or replace trigger set_updated_at before update on catalogs
  for each row execute function app.set_updated_at_with_generated();
create or replace trigger set_updated_at before update on sites
  for each row execute function app.set_updated_at_with_generated();
create or replace trigger set_updated_at before update on schedules
  for each row execute function app.set_updated_at_with_generated();
create or replace trigger set_updated_at before update on products
  for each row execute function app.set_updated_at_with_generated();
create or replace trigger set_updated_at before update on jobs
  for each row execute function app.set_updated_at_with_generated();

-- Runs the query of a list as the caller, and returns its rows until the values of the column `item` have more than
-- `max_bytes` bytes in total. In this case, the item of the last row is null, because the row does not fit. The first
-- row is always complete. The other columns of the query are the sort keys of the row.
--
-- The loop reads one row at a time, so the server does not build items that do not fit. A window function would have to
-- build all items first, and 1,000 rows can have 3 GB. The cursor takes 1 µs per row.
create or replace function app.page_rows(query text, max_bytes integer) returns setof record
language plpgsql stable set search_path = pg_catalog, public, pg_temp
as $$
declare
  list refcursor;
  current record;
  bytes bigint := 0;
begin
  open list no scroll for execute query;
  loop
    fetch list into current;
    exit when not found;
    bytes := bytes + octet_length(current.item);
    if bytes > max_bytes and bytes > octet_length(current.item) then
      current.item := null;
      return next current;
      exit;
    end if;
    return next current;
  end loop;
  close list;
end
$$;
grant execute on function app.page_rows(text, integer) to app_admin, app_support, app_client, app_customer, app_anon;

-- Reads the next rows of an open cursor with the columns `key` and `bytes`, up to 8 MB in total. Returns the keys of
-- the rows, and at least one key if the cursor has a row. A job reads and changes these rows in one transaction. As in
-- app.page_rows, the server does not read the rows that do not fit.
create or replace function app.next_keys(list refcursor) returns text[]
language plpgsql stable set search_path = pg_catalog, public, pg_temp
as $$
declare
  page text[] := '{}';
  total bigint := 0;
  key text;
  bytes bigint;
begin
  loop
    -- Do not fetch into a record: a record keeps the types of its first query for the whole session, but the queries
    -- have different types.
    fetch list into key, bytes;
    exit when not found or total > 0 and total + bytes > 8000000;
    page := page || key;
    total := total + bytes;
  end loop;
  close list;
  return page;
end
$$;
grant execute on function app.next_keys(refcursor) to app_definer, app_mirror;

set local role app_definer;

-- Writes the heartbeat. When app.enter runs on a reader, it uses the heartbeat to detect whether the reader lags.
create or replace function app.write_replica_heartbeat() returns void
language sql volatile security definer set search_path = pg_catalog, app, pg_temp
as $$
  insert into replica_heartbeat (written_at) values (now())
  on conflict (only_row) do update set written_at = excluded.written_at
$$;
grant execute on function app.write_replica_heartbeat() to app_system;

-- Finds the stored response for the idempotency key of a guest. Stored responses belong to a subject, but a guest has
-- no subject. Therefore all guests of a site share one subject that no token can contain. If the request differs from
-- the first request with this key, the function does not return the body, and the caller learns only that the key was
-- used.
create or replace function app.find_guest_response(key text, request_hash text, lifetime interval)
returns table (request_hash text, status integer, headers jsonb, body text)
language sql stable security definer set search_path = pg_catalog, public, app, pg_temp
as $$
  select k.request_hash, k.status, k.headers, case when k.request_hash = $2 then k.body end
  from idempotency_keys k
  where app.subject() is null and k.subject = 'service:guest:' || app.site_id() and k.key = $1
    and k.created_at > now() - $3
$$;
grant execute on function app.find_guest_response(text, text, interval) to app_anon;

-- Saves the response for a guest's idempotency key.
create or replace function app.save_guest_response(
  key text, request_hash text, status integer, headers jsonb, body text)
returns void
language sql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
  insert into idempotency_keys (subject, key, request_hash, status, headers, body)
  select 'service:guest:' || app.site_id(), $1, $2, $3, $4, $5
  where app.subject() is null and app.site_id() is not null
  on conflict (subject, key) do update
  set request_hash = excluded.request_hash, status = excluded.status, headers = excluded.headers, body = excluded.body,
    created_at = now()
$$;
grant execute on function app.save_guest_response(text, text, integer, jsonb, text) to app_anon;
