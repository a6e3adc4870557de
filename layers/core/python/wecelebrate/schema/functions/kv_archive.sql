-- The archive of the documents of an entity: one line of JSON for each document. Lines contain no secrets, because
-- secrets stay in the database until the archive expires. A line contains the text of a value exactly as PostgreSQL
-- prints it, so an undo restores the same bytes.

set local role app_mirror;

-- Returns whether the documents of an entity are archived or deleted. If so, the platform does not write the documents.
-- In the status `ending`, all documents are restored, and the platform writes them again.
create or replace function kv.is_retired(entity text) returns boolean
language sql stable
return exists (
  select from kv.retirements r
  where r.entity = $1 and r.status in ('archiving', 'deleting', 'retired', 'restoring'));

-- Returns the same as kv.is_retired(). Functions of the previous release call it until they are replaced. The next
-- release drops it.
create or replace function kv.is_still_retired(entity text) returns boolean
language plpgsql volatile
as $$
begin
  return kv.is_retired(entity);
end
$$;

-- Returns the open transactions that have written to a table. Such a transaction holds a lock on the table until it
-- ends.
create or replace function kv.writers_of(written regclass) returns text[]
language sql volatile
return array(
  select distinct l.virtualtransaction from pg_locks l
  where l.locktype = 'relation' and l.relation = written and l.granted and l.pid <> pg_backend_pid()
    and l.database = (select d.oid from pg_database d where d.datname = current_database())
    and l.mode in ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock'));

-- Waits until the transactions `writers` have ended. If `writers` is null, waits for all open transactions that have
-- written rows of the entity. Before the caller lists the writers, the status `ending` must be committed, so that all
-- later writes also change the documents. No writer waits for this function. The function raises lock_not_available if
-- a transaction still runs after 2 seconds.
create or replace function kv.wait_for_unmirrored_writes(entity text, writers text[]) returns void
language plpgsql volatile
as $$
declare
  written constant regclass := format('public.%I', entity || 's')::regclass;
  awaited constant text[] := coalesce(writers, kv.writers_of(written));
  give_up_at constant timestamptz := clock_timestamp() + interval '2 seconds';
begin
  while awaited && kv.writers_of(written) loop
    if clock_timestamp() > give_up_at then
      raise exception 'a transaction that has written a % runs for more than 2 seconds', entity
        using errcode = 'lock_not_available';
    end if;
    perform pg_sleep(0.02);
  end loop;
end
$$;

-- The signature that functions of the previous release call until they are replaced. The next release drops it.
create or replace function kv.wait_for_unmirrored_writes(entity text) returns void
language sql volatile
as $$ select kv.wait_for_unmirrored_writes($1, null) $$;

-- Returns the secrets of a document as [{"path": …, "value": …}, …]: the values that are in `original`, but not in
-- `cleaned`.
create or replace function kv.secrets_of(original jsonb, cleaned jsonb, path text[] default '{}') returns jsonb
language plpgsql immutable parallel safe
as $$
declare
  secrets jsonb := '[]';
  part record;
begin
  if original::text = cleaned::text then
    return secrets;
  elsif jsonb_typeof(original) is distinct from jsonb_typeof(cleaned)
    or jsonb_typeof(original) not in ('object', 'array') then
    return jsonb_build_array(jsonb_build_object('path', path, 'value', original));
  end if;
  for part in
    select e.key as name, e.value, cleaned -> e.key as cleaned from jsonb_each(original) e
    where jsonb_typeof(original) = 'object'
    union all
    select (e.n - 1)::text, e.value, cleaned -> (e.n - 1)::integer
    from jsonb_array_elements(case jsonb_typeof(original) when 'array' then original else '[]' end)
      with ordinality e (value, n)
  loop
    secrets := secrets || kv.secrets_of(part.value, part.cleaned, path || part.name);
  end loop;
  return secrets;
end
$$;

-- Returns the original document with its secrets.
create or replace function kv.with_secrets(cleaned jsonb, secrets jsonb) returns jsonb
language plpgsql immutable parallel safe
as $$
declare
  s record;
begin
  for s in select e -> 'path' as path, e -> 'value' as value from jsonb_array_elements(secrets) e loop
    cleaned := case when s.path = '[]' then s.value
      else jsonb_set(cleaned, array(select jsonb_array_elements_text(s.path)), s.value, true) end;
  end loop;
  return cleaned;
end
$$;

-- Returns whether a document may be deleted. A document may be deleted if the platform has its content. A list may be
-- deleted if the platform has the content of all documents in the list. Documents in quarantine, documents of other
-- environments, and documents that were not mirrored may not be deleted.
create or replace function kv.is_retirable(entity text, key text, value jsonb) returns boolean
language plpgsql stable
as $$
begin
  if kv.entity_of_list(key) = entity then
    return not exists (
      select from kv.documents_in(key, kv.items_of(value)) d left join kv.ids i on i.key = d.key and i.list = $2
      where i.state is distinct from 'mapped' or i.fingerprint is distinct from i.mapped_fingerprint
        or i.fingerprint is distinct from kv.fingerprint(d.value));
  end if;
  return exists (
    select from kv.ids i where i.key = $2 and i.entity = $1 and i.list is null and i.state = 'mapped'
      and i.fingerprint = i.mapped_fingerprint and i.fingerprint = kv.fingerprint(value));
end
$$;

-- Returns the archive line of a document without its secrets, and the secrets. The line is null if the document
-- contains JSON in a string that may contain a secret, because such a document cannot be restored exactly.
create or replace function kv.archive_line(key text, value jsonb, out line text, out secrets jsonb)
language plpgsql immutable parallel safe
as $$
declare
  t constant text := value::text;
  cleaned jsonb := value;
begin
  secrets := '[]';
  if kv.may_have_secret(lower(t collate "C")) then
    if t ~ '"(\\[nrt]|\s)*[[{]' then
      return;
    end if;
    cleaned := kv.cleaned(value);
    secrets := kv.secrets_of(value, cleaned);
    if secrets <> '[]' and kv.with_secrets(cleaned, secrets)::text <> t then
      return;
    end if;
  end if;
  line := format('{"key": %s, "value": %s}', to_jsonb(key), case when secrets = '[]' then t else cleaned::text end);
end
$$;

-- Returns the next documents of an entity that may be deleted: at most `size` documents. The documents have at most
-- `max_bytes` bytes, unless the first document alone has more.
create or replace function kv.archive_page(
  entity text, after text, size integer, max_bytes bigint, out keys text[], out lines text, out secrets jsonb)
language plpgsql stable
as $$
declare
  prefixes constant text[] := kv.compared_prefixes(entity);
  page text[] := '{}';
  bytes bigint := 0;
  d record;
  stored jsonb;
  archived record;
begin
  keys := '{}';
  secrets := '[]';
  for d in  -- without values: a query reads 50 rows at once, and a value can have 6 MB
    select s.key from kv_store_6fcaeea3 s
    where s.key > after and s.key >= prefixes[1] and s.key < prefixes[cardinality(prefixes)] || chr(127)
      and kv.is_compared($1, s.key) and (kv.entity_of_list(s.key) is not null or exists (
        select from kv.ids i where i.key = s.key and i.state = 'mapped'))
    order by s.key
  loop
    stored := (select s.value from kv_store_6fcaeea3 s where s.key = d.key);
    continue when not kv.is_retirable(entity, d.key, stored);
    archived := kv.archive_line(d.key, stored);
    continue when archived.line is null;
    bytes := bytes + octet_length(archived.line);
    exit when page <> '{}' and bytes > max_bytes;
    page := page || archived.line;
    keys := keys || d.key;
    if archived.secrets <> '[]' then
      secrets := secrets || jsonb_build_object('key', d.key, 'secrets', archived.secrets);
    end if;
    exit when cardinality(keys) >= size;
  end loop;
  lines := array_to_string(page, E'\n');
end
$$;

-- Returns a hash of the current documents in the store.
create or replace function kv.stored_hash(keys text[]) returns text
language sql stable
return (
  select encode(sha256(convert_to(coalesce(string_agg(concat_ws(' ', to_jsonb(s.key), s.value), E'\n' order by s.key),
    ''), 'UTF8')), 'hex')
  from kv_store_6fcaeea3 s where s.key = any ($1));

-- Returns the hash of lines.
create or replace function kv.lines_hash(lines text) returns text
language sql immutable parallel safe
return encode(sha256(convert_to(lines, 'UTF8')), 'hex');

-- Begins the next part of an archive, and returns the part with its lines. Returns null if all documents are archived.
-- A part counts as archived only after its object was verified (kv.prove_archive_part). The caller must begin and
-- verify a part in one transaction, and must use a separate statement with bound parameters.
create or replace function kv.begin_archive_part(entity text, size integer, max_bytes bigint) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, public, app, kv, pg_temp
as $$
declare
  r constant kv.retirements := kv.retirement_of(entity);
  page record;
  p kv.archive_parts;
begin
  perform kv.require_super_admin();
  if current_query() !~ '^select kv\.begin_archive_part\(\$1, \$2, \$3\);?\s*$' then
    raise exception 'only super admins retire documents' using errcode = 'insufficient_privilege';
  elsif r.status is distinct from 'archiving' then
    return null;
  end if;
  page := kv.archive_page(entity, r.checkpoint, size, max_bytes);
  if page.keys = '{}' then
    return null;
  end if;
  p.number := 1 + coalesce((select max(a.number) from kv.archive_parts a where a.retirement_id = r.id), 0);
  insert into kv.archive_parts (retirement_id, number, object_key, after_key, last_key, keys, documents, bytes,
    stored_sha256, content_sha256)
  values (r.id, p.number, format('%s/%s-%s.jsonl.gz', r.id, entity, lpad(p.number::text, 6, '0')), r.checkpoint,
    page.keys[cardinality(page.keys)], page.keys, cardinality(page.keys), octet_length(page.lines),
    kv.stored_hash(page.keys), kv.lines_hash(page.lines))
  returning * into p;
  insert into kv.archive_secrets (retirement_id, number, key, path, value)
  select r.id, p.number, d ->> 'key', array(select jsonb_array_elements_text(s -> 'path')), s -> 'value'
  from jsonb_array_elements(page.secrets) d cross join jsonb_array_elements(d -> 'secrets') s;
  update kv.retirements u set checkpoint = p.last_key where u.id = r.id;
  return to_jsonb(p) - 'keys' || jsonb_build_object('lines', page.lines);
end
$$;
grant execute on function kv.begin_archive_part(text, integer, bigint) to app_admin;

-- Records that the caller has read the object of a part, to verify it. Returns false if the lines of the object differ
-- from the documents. The caller must use a separate statement with bound parameters.
create or replace function kv.prove_archive_part(
  entity text, number integer, version_id text, content_sha256 text, object_sha256 text) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, public, app, kv, pg_temp
as $$
begin
  perform kv.require_super_admin();
  if current_query() !~ '^select kv\.prove_archive_part\(\$1, \$2, \$3, \$4, \$5\);?\s*$' then
    raise exception 'only super admins retire documents' using errcode = 'insufficient_privilege';
  end if;
  update kv.archive_parts p set version_id = $3, object_sha256 = $5, proven_at = clock_timestamp()
  where p.retirement_id = (kv.retirement_of($1)).id and p.number = $2 and p.proven_at is null and p.content_sha256 = $4;
  return found;
end
$$;
grant execute on function kv.prove_archive_part(text, integer, text, text, text) to app_admin;

-- Deletes the documents of the next part of an archive, and returns the outcome. `deleted` means that the documents
-- were deleted. `changed` means that the documents differ from the archive, or that the archive is too old. `complete`
-- means that all documents of all parts are deleted, and that no new document exists. `not_led` means that the tables
-- no longer answer all reads.
--
-- The caller must use a separate statement with bound parameters. The triggers of the mirror do not run, so kv.ids does
-- not change.
create or replace function kv.delete_archived(entity text) returns text
language plpgsql volatile security definer set search_path = pg_catalog, public, app, kv, pg_temp
as $$
declare
  r constant kv.retirements := kv.retirement_of(entity);
  p kv.archive_parts;
begin
  perform kv.require_super_admin();
  if current_query() !~ '^select kv\.delete_archived\(\$1\);?\s*$' or r.status is distinct from 'deleting' then
    raise exception 'only super admins retire documents' using errcode = 'insufficient_privilege';
  end if;
  if not kv.is_led(entity) then
    return 'not_led';
  end if;
  select * into p from kv.archive_parts a where a.retirement_id = r.id and a.deleted_at is null
  order by a.number limit 1;
  if p.number is null then
    return case when (kv.archive_page(entity, '', 1, 0)).keys = '{}' then 'complete' else 'changed' end;
  end if;
  perform from kv_store_6fcaeea3 s where s.key = any (p.keys) order by s.key for update;
  if p.proven_at is null or p.archived_at < now() - interval '30 days'
      or kv.stored_hash(p.keys) <> p.stored_sha256 then
    return 'changed';
  end if;
  delete from kv_store_6fcaeea3 s where s.key = any (p.keys);
  update kv.archive_parts a set deleted_at = clock_timestamp()
  where a.retirement_id = r.id and a.number = p.number;
  return 'deleted';
end
$$;
grant execute on function kv.delete_archived(text) to app_admin;

-- Returns the first part after the given number whose documents must be restored. Null means that no such part is left.
create or replace function kv.next_deleted_part(entity text, after integer) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, public, app, kv, pg_temp
as $$
begin
  perform kv.require_super_admin();
  return (
    select to_jsonb(p) - 'keys' || jsonb_build_object('first_key', p.keys[1])
    from kv.archive_parts p join kv.retirements r on r.id = p.retirement_id
    where r.entity = $1 and r.status = 'restoring' and p.deleted_at is not null and p.number > $2
    order by p.number limit 1);
end
$$;
grant execute on function kv.next_deleted_part(text, integer) to app_admin;

-- Records that the undo does not restore the documents of a part. The caller must have checked that the object of the
-- part is lost. Returns the keys of the documents, or null if the part does not have to be restored. The caller must
-- use a separate statement with bound parameters, so that injected SQL cannot call the function.
create or replace function kv.give_up_part(entity text, number integer, reason text) returns text[]
language plpgsql volatile security definer set search_path = pg_catalog, public, app, kv, pg_temp
as $$
declare
  r constant kv.retirements := kv.retirement_of(entity);
  p kv.archive_parts;
begin
  perform kv.require_super_admin();
  if current_query() !~ '^select kv\.give_up_part\(\$1, \$2, \$3\);?\s*$' then
    raise exception 'only super admins retire documents' using errcode = 'insufficient_privilege';
  end if;
  update kv.archive_parts a set deleted_at = null, given_up_at = clock_timestamp()
  where a.retirement_id = r.id and a.number = $2 and a.deleted_at is not null and r.status = 'restoring'
  returning * into p;
  if p.number is not null then
    perform app.record_retirement('give_up', $1, jsonb_build_object('object', p.object_key, 'documents', p.documents,
      'first_key', p.keys[1], 'last_key', p.last_key, 'reason', left($3, 1000)));
  end if;
  return p.keys;
end
$$;
grant execute on function kv.give_up_part(text, integer, text) to app_admin;

-- The signature that the previous release calls. The next release removes it.
create or replace function kv.next_deleted_part(entity text) returns jsonb
language sql stable security definer set search_path = pg_catalog, public, app, kv, pg_temp
as $$ select kv.next_deleted_part($1, 0) $$;
grant execute on function kv.next_deleted_part(text) to app_admin;

-- Deletes restored documents whose rows were deleted after the documents were archived, including documents in lists.
create or replace function kv.delete_restored(entity text, keys text[]) returns void
language plpgsql volatile
as $$
begin
  delete from kv_store_6fcaeea3 s where s.key in (
    select i.key from kv.ids i
    where i.key = any (keys) and i.entity = $1 and i.list is null and i.state = 'deleted'
      and i.environment = any (kv.mirrored_environments()));
  perform kv.note_list_change(entity, d.id, null) from (
    select distinct i.id from kv.ids i where i.list = any (keys) and i.entity = $1 and i.state = 'deleted') d;
end
$$;

-- Writes the documents of a part into the store, with their secrets. A key that is in use keeps its document, and the
-- archived secrets of this key stay until the archive expires. The function does not restore documents of deleted rows,
-- or data of persons who were erased after the documents were archived. Returns false if `lines` differs from the lines
-- of the part.
create or replace function kv.restore_part(entity text, number integer, lines text) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, public, app, kv, pg_temp
as $$
declare
  r constant kv.retirements := kv.retirement_of(entity);
  p kv.archive_parts;
  keys text[];
  erased record;
begin
  perform kv.require_super_admin();
  select * into p from kv.archive_parts a
  where a.retirement_id = r.id and a.number = $2 and a.deleted_at is not null and r.status = 'restoring';
  if p.content_sha256 is distinct from kv.lines_hash(lines) then
    return false;
  end if;
  perform kv.lock_entities(array(  -- a transaction that deletes a row sees its document, or has marked it
    select i.id from kv.ids i where i.entity = $1 and (i.key = any (p.keys) or i.list = any (p.keys))));
  with documents as materialized (
    select d ->> 'key' as key, d -> 'value' as value
    from (select l::jsonb as d from string_to_table(lines, E'\n') l) l
  ), restored as (
    insert into kv_store_6fcaeea3 (key, value)
    select d.key, kv.with_secrets(d.value, (
      select coalesce(jsonb_agg(jsonb_build_object('path', s.path, 'value', s.value) order by s.id), '[]')
      from kv.archive_secrets s where (s.retirement_id, s.number, s.key) = (r.id, p.number, d.key)))
    from documents d order by d.key
    on conflict on constraint kv_store_6fcaeea3_pkey do nothing returning key
  )
  select coalesce(array_agg(t.key), '{}') into keys from restored t;
  perform kv.delete_restored(entity, keys);
  for erased in
    select distinct o.id, to_jsonb(o) as content from kv.ids i join orders o on o.id = i.id
    where i.entity = 'order' and (i.key = any (keys) or i.list = any (keys))
      and o.erased_at > p.archived_at - interval '1 hour' order by o.id
  loop
    perform kv.erase_documents(erased.id, erased.content);
  end loop;
  delete from kv.archive_secrets s where (s.retirement_id, s.number) = (r.id, p.number) and s.key = any (keys);
  update kv.archive_parts a set deleted_at = null, restored_at = clock_timestamp()
  where a.retirement_id = r.id and a.number = p.number;
  return true;
end
$$;
grant execute on function kv.restore_part(text, integer, text) to app_admin;
