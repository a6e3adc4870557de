-- Orders are placed by who visits a site: a customer who is signed in, or a guest.

set local role app_owner;

-- What app.place_order and the functions of guests' keys write, whoever calls.
create policy definer_update on products for update to app_definer using (true) with check (true);
grant update on products to app_definer;
create policy definer_insert on orders for insert to app_definer with check (true);
grant insert on orders to app_definer;
create policy definer on order_lines for insert to app_definer with check (true);
grant insert on order_lines to app_definer;
create policy definer on idempotency_keys to app_definer using (true) with check (true);
grant select, insert, update on idempotency_keys to app_definer;
grant execute on function app.order_number() to app_definer;

set local role app_definer;

-- Places an order of so many pieces of products on the site that is visited, for its customer or a guest, at the prices
-- that its catalog has now. `lines` is [{"product_id": …, "quantity": …}, …], each product once.
--
-- It is the one way by which a visitor writes orders and stock, so it asks by itself what row-level security would: the
-- site is that of the sealed context, and its products are those that it shows. Whoever orders one of the same products
-- waits for this transaction; the rows are locked in the order of their ids, so that nobody waits in a circle.
--
-- Answers the order as `placed`, and as `low` which products fell to what their catalog, when it is of the site's own
-- client, calls little; or, when nothing was done, why not as `refusal`, with what that is about as `about`:
--   not_shown     [n, …]             lines of products that the site does not show
--   out_of_stock  [{at, left}, …]    lines of more than there is
--   currencies    ["EUR", "USD"]     an order has one
--   total         "12.50"            what it comes to: not what the customer was told, or more than an order may
create function app.place_order(
  lines jsonb, customer_name text, customer_email text, shipping_address jsonb, metadata jsonb, told numeric,
  out refusal text, out about jsonb, out placed jsonb, out low jsonb)
language plpgsql volatile security definer set search_path = pg_catalog, public, app, pg_temp
as $$
declare
  site sites;
  chosen jsonb;
  comes_to numeric;
  currencies jsonb;
  made orders;
begin
  select s.* into site from sites s where s.id = app.site_id();
  if not found then
    raise exception 'an order is placed on a site' using errcode = 'insufficient_privilege';
  end if;

  perform from products p
  where p.id in (select (line ->> 'product_id')::uuid from jsonb_array_elements($1) l (line))
    and p.catalog_id = site.catalog_id
  order by p.id
  for no key update;

  -- As they are now that nobody else changes them.
  select jsonb_agg(jsonb_build_object('line', l.n, 'quantity', l.quantity, 'product_id', p.id, 'sku', p.sku,
           'name', p.name, 'unit_price', p.price::text, 'image', p.images ->> 0, 'left', p.inventory_count) order by l.n),
         jsonb_agg(l.n - 1 order by l.n) filter (where p.id is null),
         coalesce(sum(p.price * l.quantity), 0),
         jsonb_agg(distinct p.currency) filter (where p.id is not null)
    into chosen, about, comes_to, currencies
  from (
    select n, (line ->> 'product_id')::uuid as product_id, (line ->> 'quantity')::integer as quantity
    from jsonb_array_elements($1) with ordinality l (line, n)
  ) l
  left join products p on p.id = l.product_id and p.catalog_id = site.catalog_id and p.is_active
    and not exists (select from site_product_exclusions e where e.site_id = site.id and e.product_id = p.id);
  if about is not null then
    refusal := 'not_shown';
    return;
  end if;
  select jsonb_agg(jsonb_build_object('at', (one ->> 'line')::integer - 1, 'left', one -> 'left')) into about
  from jsonb_array_elements(chosen) one
  where (one ->> 'quantity')::integer > (one ->> 'left')::integer;
  if about is not null then
    refusal := 'out_of_stock';
    return;
  end if;
  if jsonb_array_length(currencies) > 1 then
    refusal := 'currencies';
    about := currencies;
    return;
  end if;
  if comes_to <> coalesce(told, comes_to) or comes_to >= 100000000 then
    refusal := 'total';
    about := to_jsonb(comes_to::numeric(30, 2)::text);
    return;
  end if;

  with taken as (
    update products p set inventory_count = p.inventory_count - (one ->> 'quantity')::integer
    from jsonb_array_elements(chosen) one
    where p.id = (one ->> 'product_id')::uuid
    returning p.id, p.sku, p.name, p.inventory_count, (one ->> 'left')::integer as before
  )
  select jsonb_build_object('catalog_id', c.id, 'low_inventory', c.low_inventory, 'count', count(*),
           'products', jsonb_agg(jsonb_build_object(
             'product_id', t.id, 'sku', t.sku, 'name', t.name, 'inventory_count', t.inventory_count) order by t.sku))
    into low
  from taken t join catalogs c on c.id = site.catalog_id and c.owner_client_id = site.client_id
  where t.before > c.low_inventory and t.inventory_count <= c.low_inventory
  group by c.id;

  -- A number that is taken is drawn again: the second time is one of many million.
  for try in 1..5 loop
    insert into orders (client_id, site_id, customer_subject, customer_name, customer_email, total_amount, currency,
      shipping_address, items, metadata)
    values (site.client_id, site.id, app.subject(), $2, $3, comes_to, currencies ->> 0, $4,
      (select jsonb_agg(one - 'left' order by (one ->> 'line')::integer) from jsonb_array_elements(chosen) one), $5)
    on conflict on constraint orders_number_of_client do nothing
    returning * into made;
    exit when found;
  end loop;
  if made.id is null then
    raise exception 'no number was free' using errcode = 'unique_violation';
  end if;
  insert into order_lines (client_id, order_id, line, product_id, sku, name, quantity, unit_price)
  select made.client_id, made.id, (one ->> 'line')::integer, (one ->> 'product_id')::uuid, one ->> 'sku',
    one ->> 'name', (one ->> 'quantity')::integer, (one ->> 'unit_price')::numeric
  from jsonb_array_elements(chosen) one;
  placed := to_jsonb(made) || jsonb_build_object('total_amount', made.total_amount::text);
end
$$;
grant execute on function app.place_order(jsonb, text, text, jsonb, jsonb, numeric) to app_customer, app_anon;

-- Idempotency keys of guests, who have no subject that their rows could belong to: all guests of a site have one, which
-- no token can speak of. Whoever does not send the very request learns nothing but that its key was used.
create function app.guest_answer(key text, asked text, life interval)
returns table (request_hash text, status integer, headers jsonb, body text)
language sql stable security definer set search_path = pg_catalog, public, app, pg_temp
as $$
  select k.request_hash, k.status, k.headers, case when k.request_hash = $2 then k.body end
  from idempotency_keys k
  where app.subject() is null and k.subject = 'service:guest:' || app.site_id() and k.key = $1
    and k.created_at > now() - $3
$$;
create function app.keep_guest_answer(key text, request_hash text, status integer, headers jsonb, body text)
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
grant execute on function app.guest_answer(text, text, interval) to app_anon;
grant execute on function app.keep_guest_answer(text, text, integer, jsonb, text) to app_anon;

-- As before, and orders.
create or replace function app.tagged(kind text, r jsonb) returns table (tag text, said text)
language sql immutable parallel safe
begin atomic
  select tag, r::text
  from unnest(case kind
    when 'tiers' then array['tiers']
    when 'clients' then array['client:' || (r ->> 'id'), 'clients']
    when 'admin_users' then array['user:' || (r ->> 'user_id')]
    when 'client_users' then array['user:' || (r ->> 'user_id'), 'members:' || (r ->> 'client_id')]
    when 'catalogs' then array['catalog:' || (r ->> 'id'), 'catalogs']
    when 'catalog_grants' then array['client:' || (r ->> 'client_id'), 'grants:' || (r ->> 'catalog_id')]
    when 'sites' then
      array['site:' || (r ->> 'id'), 'domain:' || (r ->> 'domain'), 'sites:' || (r ->> 'client_id'), 'sites']
    when 'site_product_exclusions' then array['site:' || (r ->> 'site_id'), 'exclusions:' || (r ->> 'site_id')]
    when 'orders' then array['order:' || (r ->> 'id'), 'orders:' || (r ->> 'client_id'), 'orders']
  end) tag
  where tag is not null
  union all
  select 'client:' || (r ->> 'owner_client_id'), r ->> 'id' where kind = 'catalogs' and r ->> 'owner_client_id' <> '';
end;

-- As before, but what only moved a product's stock, from some to some, says so by tags of its own: every order does, and
-- what a storefront shows of a product is then as it was.
create or replace function app.note_products() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp
as $$
declare
  stale text[];
begin
  if tg_op = 'INSERT' then
    select array_agg('products:' || catalog_id) into stale from (select distinct catalog_id from after) c;
  elsif tg_op = 'DELETE' then
    select array_agg(tag) into stale
    from (select distinct 'products:' || catalog_id from before union all select 'product:' || id from before) t (tag);
  else
    with changed as materialized (
      select coalesce(b.id, a.id) as id, b.catalog_id as old_catalog, a.catalog_id as new_catalog,
        (a.price, a.inventory_count > 0, a.is_active, a.catalog_id, a.id, a.created_at, a.currency, a.sku, a.name,
          a.category, a.brand, a.description, a.images, a.attributes, a.source_data, a.media)
        is distinct from (b.price, b.inventory_count > 0, b.is_active, b.catalog_id, b.id, b.created_at, b.currency,
          b.sku, b.name, b.category, b.brand, b.description, b.images, b.attributes, b.source_data, b.media) as shows
      from before b full join after a on a.id = b.id
      where (a.price, a.inventory_count, a.is_active, a.catalog_id, a.id, a.created_at, a.currency, a.sku, a.name,
          a.category, a.brand, a.description, a.images, a.attributes, a.source_data, a.media)
        is distinct from (b.price, b.inventory_count, b.is_active, b.catalog_id, b.id, b.created_at, b.currency, b.sku,
          b.name, b.category, b.brand, b.description, b.images, b.attributes, b.source_data, b.media)
    )
    select array_agg(tag) into stale
    from (
      select 'products:' || catalog
      from (select old_catalog from changed where shows union select new_catalog from changed where shows) c (catalog)
      where catalog is not null
      union all
      select 'product:' || id from changed where shows
      union all
      select distinct 'stock:' || new_catalog from changed where not shows
      union all
      select 'stock:' || id from changed where not shows
    ) t (tag);
  end if;
  if stale is not null then
    insert into cache_invalidations (tags) values (stale);
  end if;
  return null;
end
$$;

set local role app_owner;

create trigger tell_inserted after insert on orders referencing new table as after
  for each statement execute function app.note_changes();
create trigger tell_updated after update on orders referencing old table as before new table as after
  for each statement execute function app.note_changes();
create trigger tell_deleted after delete on orders referencing old table as before
  for each statement execute function app.note_changes();
