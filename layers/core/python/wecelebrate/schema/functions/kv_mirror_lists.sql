-- The mirror of documents in lists, e.g. in `gifts:all`. Each document in a list has its own revision. If an
-- application writes a list back, each of its documents is merged separately.
--
-- A changed row changes its documents in lists at the end of the transaction. At that time, the transaction already
-- holds all row locks, so lists are always locked after rows and in a fixed order. Each list is written only once, even
-- if many of its rows have changed.

set local role app_mirror;

-- Returns the items of a list, each with the computed key of its document. Items that are not documents have no key.
create or replace function kv.keyed_items(list text, items jsonb) returns table (n bigint, item jsonb, key text)
language sql immutable parallel safe
as $$
  with items as materialized (
    select e.n, e.item, kv.decoded_item(e.item) as value from jsonb_array_elements($2) with ordinality e (item, n)
  ), documents as materialized (
    select d.key, d.value from kv.documents_in($1, $2) d
  )
  select i.n, i.item, d.key from items i left join documents d on d.value = i.value
$$;

-- Returns a list in which each document has a revision. Existing revisions are kept.
create or replace function kv.list_with_revisions(value jsonb) returns jsonb
language plpgsql immutable parallel safe
as $$
begin
  return case when jsonb_typeof(value) = 'array' and octet_length(value::text) < 5500000 then (
    select coalesce(jsonb_agg(case when kv.is_whole(e.item) and not e.item ? '_rev' then kv.with_revision(e.item, 0)
      else e.item end order by e.n), '[]')
    from jsonb_array_elements(value) with ordinality e (item, n)) else value end;
end
$$;

-- Returns the new value of a document in a list, and stores its earlier version in the history.
create or replace function kv.written_item(key text, current jsonb, stated jsonb) returns jsonb
language plpgsql volatile
as $$
declare
  written constant jsonb := kv.written_value(key, current, stated);
begin
  if written is distinct from current and kv.revision_of(current) is not null then
    perform kv.remember(key, current);
  end if;
  return written;
end
$$;

-- Returns the new value of a list: each document is merged with its current version. If the new list would be too
-- large, returns the list as the application wrote it, but without the data of erased persons.
create or replace function kv.written_list(list text, current jsonb, stated jsonb) returns jsonb
language plpgsql volatile
as $$
declare
  items constant jsonb := kv.items_of(stated);
  written jsonb;
begin
  with stated_items as materialized (
    select * from kv.keyed_items(list, items)
  ), current_items as materialized (
    select distinct on (c.key) c.key, c.item from kv.keyed_items(list, kv.items_of(current)) c
    where c.key is not null order by c.key, c.n
  ), documents as materialized (
    select distinct on (s.key) s.key, s.item from stated_items s where s.key is not null order by s.key, s.n
  ), written_items as materialized (
    select d.key, kv.written_item(d.key, c.item, d.item) as item
    from documents d left join current_items c on c.key = d.key
  )
  select jsonb_agg(coalesce(w.item, s.item) order by s.n) into written
  from stated_items s left join written_items w on w.key = s.key;
  return case
    when written is null or written = items then stated
    when octet_length(written::text) > 5999900 then kv.list_without_erased(list, stated, true)
    when jsonb_typeof(stated) = 'string' then to_jsonb(written::text) else written end;
end
$$;

-- Sets the revision of each document in a list, before the list is written.
create or replace function kv.revise_list() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, public, app, kv, pg_temp
as $$
begin
  if tg_op = 'INSERT' and exists (select from kv_store_6fcaeea3 d where d.key = new.key) then
    return new;  -- the insert becomes an update, which runs this trigger again
  elsif tg_op = 'UPDATE' and new.value = old.value then
    return new;
  end if;
  begin
    new.value := kv.written_list(new.key, case when tg_op = 'UPDATE' then old.value end,
      kv.list_without_erased(new.key, new.value, false));
  exception when others then
    perform kv.raise_deadlock(sqlstate, sqlerrm);
    perform kv.refuse_unchecked_order(new.key, new.value, sqlstate, sqlerrm);
    raise warning 'the documents of a list of the key-value store got no revision (%)', sqlstate;
  end;
  return new;
end
$$;
grant execute on function kv.revise_list() to app_owner;

-- Returns the ids of the rows of documents in lists. `lists` contains the values of the lists, by key.
create or replace function kv.rows_in_lists(lists jsonb) returns uuid[]
language sql stable
as $$
  select coalesce(array_agg(kv.id_of(l.entity, i.environment, i.old_id)), '{}')
  from (select e.key, e.value, kv.entity_of_list(e.key) as entity from jsonb_each(lists) e) l
    cross join lateral kv.documents_in(l.key, kv.items_of(l.value)) d
    cross join lateral kv.identity_in_list(l.entity, d.key, d.stated,
      case when l.entity = 'order' then kv.environment_names() else '{}' end) i
  where l.entity is not null
$$;

-- If a list contains the document of a row, records that the row has changed, or was deleted (`columns` is null). The
-- lists are written at the end of the transaction.
create or replace function kv.note_list_change(entity text, row_id uuid, columns text[]) returns void
language sql volatile
as $$
  insert into kv.list_changes (entity, row_id, columns)
  select $1, $2, $3
  where exists (select from kv.ids i where i.entity = $1 and i.id = $2 and i.list is not null and i.state <> 'gone')
$$;

-- Writes the lists with documents of the rows that this transaction has changed, in the order of the keys of the lists.
create or replace function kv.write_lists() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, public, app, kv, pg_temp
as $$
declare
  l record;
begin
  for l in
    with noted as (
      delete from kv.list_changes returning entity, row_id, columns
    ), changes as (
      select c.entity, c.row_id, bool_or(c.columns is null) as is_deleted,
        coalesce(bool_or('erased_at' = any (c.columns)), false) as is_erased,
        array(select distinct u.name from noted n cross join unnest(n.columns) u (name)
          where n.entity = c.entity and n.row_id = c.row_id) as columns
      from noted c group by 1, 2
    )
    select i.list, c.entity, bool_or(c.is_erased) as is_erased,
      jsonb_object_agg(i.key, to_jsonb(c) || jsonb_build_object('environment', i.environment)) as targets
    from changes c join kv.ids i on i.entity = c.entity and i.id = c.row_id
    where i.list is not null and case
      when c.is_erased then i.state <> 'gone'
      when i.environment <> all (kv.mirrored_environments()) then false
      when c.is_deleted then i.state = 'deleted' else i.has_row and i.state not in ('gone', 'deleted') end
    group by i.list, c.entity order by i.list, c.entity
  loop
    begin
      perform kv.write_list(l.list, l.entity, l.targets);
    exception when others then
      perform kv.raise_deadlock(sqlstate, sqlerrm);
      if l.is_erased then
        raise;  -- an erasure that leaves documents is not complete; its job is repeated
      end if;
      raise warning 'a list of the key-value store was not written (%)', sqlstate;
      perform kv.note_conflict(l.list, 'row_not_mirrored', sqlstate, null, null);
    end;
  end loop;
  return null;
end
$$;
grant execute on function kv.write_lists() to app_owner;

-- Writes changed rows into their documents in one list. `targets` contains the changes of the rows, by the computed key
-- of the document. A list that is JSON in a string keeps this form.
create or replace function kv.write_list(list text, entity text, targets jsonb) returns void
language plpgsql volatile
as $$
declare
  stored jsonb;
  items jsonb;
  written jsonb;
begin
  select d.value into stored from kv_store_6fcaeea3 d where d.key = list for update;
  items := kv.items_of(stored);
  with all_items as materialized (
    select * from kv.keyed_items(list, items)
  ), documents as materialized (
    select distinct on (a.key) a.key, a.item from all_items a where targets ? a.key order by a.key, a.n
  ), changed as materialized (
    select d.key, kv.item_of_row(d.key, entity, d.item, targets -> d.key) as item from documents d
  )
  select coalesce(jsonb_agg(coalesce(c.item, a.item) order by a.n) filter (where c.key is null or c.item is not null),
    '[]') into written
  from all_items a left join changed c on c.key = a.key;
  if written <> items then
    update kv_store_6fcaeea3 d
    set value = case jsonb_typeof(stored) when 'string' then to_jsonb(written::text) else written end
    where d.key = list;
    perform kv.record_agreements(entity, array(
      select distinct (t.value ->> 'row_id')::uuid from jsonb_each(targets) t
      where not (t.value ->> 'is_deleted')::boolean));
  end if;
end
$$;

-- Returns a document of a list with the changes of its row. Returns null if the row was deleted. A document that is not
-- mapped yet, e.g. because it is in quarantine, does not change, unless the person of the order was erased.
create or replace function kv.item_of_row(key text, entity text, item jsonb, target jsonb) returns jsonb
language plpgsql volatile
as $$
declare
  document constant jsonb := kv.decoded_item(item);
  is_erased constant boolean := (target ->> 'is_erased')::boolean;
  new_row jsonb;
  updated jsonb;
begin
  if (target ->> 'is_deleted')::boolean then
    delete from kv.history h where h.key = $1;
    return null;
  end if;
  execute format('select kv.mirrored_row(to_jsonb(t)) from public.%I t where t.id = $1', entity || 's')
    into new_row using (target ->> 'row_id')::uuid;
  if not is_erased and (kv.is_deep(document) or exists (
      select from kv.ids i where i.key = $1 and kv.is_unmapped(i, document))) then
    perform kv.note_conflict(key, 'row_not_mirrored', '', null, null);
    return item;
  elsif new_row is null then
    return item;
  elsif is_erased then
    updated := kv.document_of(entity, (select i.old_id from kv.ids i where i.key = $1), new_row);
  else
    new_row := new_row || jsonb_build_object(
      'catalog', kv.old_id_in('catalog', (new_row ->> 'catalog_id')::uuid, target ->> 'environment'));
    updated := kv.with_changes(entity, document, (
      select coalesce(jsonb_object_agg(c, new_row -> c), '{}') from jsonb_array_elements_text(target -> 'columns') c),
      new_row);
  end if;
  if updated = document then
    return item;
  elsif not is_erased then
    perform kv.remember(key, item);
  end if;
  update kv.ids i set fingerprint = kv.fingerprint(updated),
    mapped_fingerprint = case when i.mapped_fingerprint = i.fingerprint then kv.fingerprint(updated) end
  where i.key = $1;
  return case jsonb_typeof(item) when 'string' then to_jsonb(updated::text)
    else kv.with_revision(updated, coalesce(kv.revision_of(item), 0) + 1) end;
end
$$;
