-- The orders of erased persons that have only a document. An erasure marks the ids of the orders whose documents
-- mention the person, because nothing of the person may stay by which a later mapping could recognise the order.

set local role app_mirror;

-- Returns whether a document mentions one of the addresses, which are in lower case. A document with very many levels
-- is not searched level by level: there, the address may be a part of another text.
create or replace function kv.mentions_address(value jsonb, addresses text[]) returns boolean
language plpgsql immutable parallel safe
as $$
declare
  t constant text := lower(value::text);
begin
  if not exists (select from unnest(addresses) a where strpos(t, trim(both '"' from to_jsonb(a)::text)) > 0) then
    return false;
  elsif kv.is_deep(kv.decoded(value)) then
    return true;
  end if;
  return exists (
    select from jsonb_path_query(kv.decoded(value), 'strict $.** ? (@.type() == "string")') s
    where lower(kv.line(s, 1024)) = any (addresses));
end
$$;

-- Marks the orders of a client whose documents mention one of the addresses, in the next `size` documents of the store
-- after the key `after`. Orders that were placed after `placed_until` are not marked. Returns the last key, or null at
-- the end. The client of an order is the client of its site, which may have no row yet. Therefore the mark is compared
-- with the client when the order is mapped. A mapping that runs now ends first.
create or replace function kv.mark_erased_orders(
  client uuid, addresses text[], placed_until timestamptz, after text, size integer, out last_key text)
language plpgsql volatile security definer set search_path = pg_catalog, public, app, kv, pg_temp
as $$
declare
  names constant text[] := kv.environment_names();
  page text[] := '{}';
  bytes bigint := 0;
  d record;
begin
  perform pg_advisory_xact_lock(hashtextextended('kv erased orders', 0));
  for d in
    select s.key, octet_length(s.value::text) as bytes from kv_store_6fcaeea3 s
    where s.key > after and (s.key >= 'order' and s.key < 'ordes' or s.key >= 'user_orders:' and s.key < 'user_orders;')
    order by s.key limit size
  loop
    exit when bytes > 0 and bytes + d.bytes > 8000000;
    page := page || d.key;
    bytes := bytes + d.bytes;
  end loop;
  last_key := page[cardinality(page)];
  insert into kv.erased_orders (order_id, client_id)
  select distinct kv.id_of('order', o.environment, o.old_id), client
  from (select * from kv.identify(page, names, false) o where o.entity = 'order' offset 0) o
  where kv.mentions_address(o.value, addresses)
    and coalesce(kv.placed_at(o.value, o.old_id), placed_until) <= placed_until
  on conflict do nothing;
end
$$;
grant execute on function kv.mark_erased_orders(uuid, text[], timestamptz, text, integer) to app_definer;

-- Returns when the order of a document was placed. Null: the document does not say it.
create or replace function kv.placed_at(value jsonb, old_id text) returns timestamptz
language plpgsql immutable parallel safe
as $$
declare
  document constant jsonb := kv.decoded(value);
begin
  return case when jsonb_typeof(document) = 'object' and not kv.is_deep(document)
    then kv.order_time(kv.fields(document), old_id) end;
end
$$;
