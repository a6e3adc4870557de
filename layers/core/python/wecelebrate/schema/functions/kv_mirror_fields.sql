-- These functions write the changed columns of a row into its document. A field does not change if its column did not
-- change. A changed field keeps its name, its position and the form of its value: for example, a price that is a text
-- stays a text. The functions read no table.

set local role app_mirror;

-- Returns the columns that the mirror writes into documents, and the fields that can contain each column. The fields
-- have the order in which the mapping reads them. If a document has none of these fields, the mirror adds the first
-- field. The path of a nested field contains a period.
create or replace function kv.mirrored_columns()
returns table (entity text, name text, kind text, fields text[])
language sql immutable parallel safe
as $$
  values
    ('client', 'name', 'text', '{name,clientName,companyName}'::text[]),
    ('client', 'description', 'text', '{description}'),
    ('client', 'logo_url', 'text', '{logoUrl,logo}'),
    ('client', 'contact_email', 'text', '{contactEmail,email,contact.email}'),
    ('client', 'contact_phone', 'text', '{contactPhone,phone,contact.phone}'),
    ('client', 'address', 'text', '{address}'),
    ('client', 'tier', 'text', '{tier,plan}'),
    ('client', 'is_active', 'activity', '{status}'),
    ('client', 'settings', 'locale', '{settings.locale}'),
    ('catalog', 'name', 'text', '{name,catalogName}'),
    ('catalog', 'type', 'text', '{type,source.type}'),
    ('catalog', 'status', 'status', '{status}'),
    ('catalog', 'currency', 'text', '{currency,settings.currency,settings.defaultCurrency}'),
    ('site', 'name', 'text', '{name,siteName,title}'),
    ('site', 'domain', 'text', '{domain,siteUrl,url}'),
    ('site', 'status', 'status', '{status}'),
    ('site', 'catalog_id', 'catalog', '{catalogId,catalog.id,settings.catalogId}'),
    ('site', 'branding', 'branding', '{branding}'),
    ('site', 'settings', 'locale', '{settings.locale}'),
    ('product', 'name', 'text', '{name,title,giftName}'),
    ('product', 'sku', 'text', '{sku,code}'),
    ('product', 'description', 'text', '{description}'),
    ('product', 'category', 'text', '{category}'),
    ('product', 'brand', 'text', '{brand}'),
    ('product', 'price', 'price', '{price,value}'),
    ('product', 'currency', 'text', '{currency,currencyCode,price.currency}'),
    ('product', 'images', 'images', '{images}'),
    ('product', 'attributes', 'json', '{attributes}'),
    ('product', 'inventory_count', 'stock', '{availableQuantity}'),
    ('product', 'inventory_policy', 'stock', '{availableQuantity}'),
    ('product', 'is_active', 'activity', '{status}'),
    ('order', 'status', 'order_status', '{status}'),
    ('order', 'customer_name', 'text', '{customerName,recipientName,userName,employeeName}'),
    ('order', 'customer_email', 'text', '{customerEmail,userEmail,email,employeeEmail}'),
    ('order', 'shipping_address', 'json', '{shippingAddress,deliveryAddress,address}'),
    ('order', 'total_amount', 'money', '{totalAmount,total,totalValue}'),
    ('order', 'shipped_at', 'time', '{shippedAt}'),
    ('order', 'delivered_at', 'time', '{deliveredAt}'),
    ('order', 'cancelled_at', 'time', '{cancelledAt}')
$$;

-- Returns the mirrored columns that differ between two versions of a row.
create or replace function kv.changed_columns(entity text, old_row jsonb, new_row jsonb) returns jsonb
language sql immutable parallel safe
return (
  select coalesce(jsonb_object_agg(c.name, new_row -> c.name), '{}') from kv.mirrored_columns() c
  where c.entity = $1 and new_row -> c.name is distinct from old_row -> c.name);

-- Returns a time in the format of JavaScript.
create or replace function kv.moment_text(moment timestamptz) returns text
language sql stable
return to_char(moment at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"');

-- Returns the name that a field has in an object: the camelCase name, or otherwise the snake_case name. Returns null if
-- the object has no such field.
create or replace function kv.spelling(object jsonb, field text) returns text
language sql immutable parallel safe
return case when jsonb_typeof(object) <> 'object' then null when object ? field then field
  else (select k from jsonb_object_keys(object) k where k <> field and kv.camel_name(k) = field order by k limit 1) end;

-- Returns the path of the first of the fields that has a value in a document, or the path of the first field.
create or replace function kv.path_of(document jsonb, fields text[]) returns text[]
language plpgsql immutable parallel safe
as $$
declare
  field text;
  outer_name text;
  inner_name text;
begin
  foreach field in array fields loop
    outer_name := kv.spelling(document, split_part(field, '.', 1));
    if position('.' in field) > 0 then
      inner_name := kv.spelling(document -> outer_name, split_part(field, '.', 2));
      if document #> array[outer_name, inner_name] <> 'null' then
        return array[outer_name, inner_name];
      end if;
    elsif document -> outer_name <> 'null' then
      return array[outer_name];
    end if;
  end loop;
  field := split_part(fields[1], '.', 1);
  return array_remove(array[coalesce(kv.spelling(document, field), field), nullif(split_part(fields[1], '.', 2), '')],
    null);
end
$$;

-- Returns a document in which the field at a path has a new value. If the outer field is not an object, it becomes an
-- object.
create or replace function kv.with_value(document jsonb, path text[], value jsonb) returns jsonb
language sql immutable parallel safe
return case
  when cardinality(path) = 1 then document || jsonb_build_object(path[1], value)
  else document || jsonb_build_object(path[1], case when jsonb_typeof(document -> path[1]) = 'object'
    then document -> path[1] else '{}' end || jsonb_build_object(path[2], value)) end;

-- Returns an amount in the same form as an earlier value, for example as a number, as a text with a currency, or as an
-- object.
create or replace function kv.money_like(earlier jsonb, amount numeric) returns jsonb
language plpgsql immutable parallel safe
as $$
declare
  digits constant text := substring(earlier #>> '{}' from '-?[0-9](?:[0-9.,'' ’]*[0-9])?');
  formatted text := round(amount, 2)::text;
  like_earlier jsonb;
begin
  if jsonb_typeof(earlier) = 'object' then
    return earlier || jsonb_build_object('amount', kv.money_like(earlier -> 'amount', amount));
  elsif jsonb_typeof(earlier) = 'string' and digits is not null then
    if digits ~ ',[0-9]{1,2}$' then
      formatted := replace(formatted, '.', ',');
    elsif digits !~ '[.,][0-9]{1,2}$' and scale(trim_scale(amount)) = 0 then
      formatted := trim_scale(amount)::text;
    end if;
    like_earlier := to_jsonb(replace(earlier #>> '{}', digits, formatted));
    if (kv.money(like_earlier)).amount = amount then
      return like_earlier;
    end if;
  end if;
  return to_jsonb(trim_scale(amount));
end
$$;

-- Writes the price of a gift. If a gift has its price in two fields, both get the same value.
create or replace function kv.with_price(document jsonb, price numeric) returns jsonb
language plpgsql immutable parallel safe
as $$
declare
  path constant text[] := kv.path_of(document, '{price,value}');
  other constant text := kv.spelling(document, 'value');
begin
  document := kv.with_value(document, path, kv.money_like(document #> path, price));
  if other <> path[1] and (kv.money(document -> other)).amount is not null then
    document := kv.with_value(document, array[other], kv.money_like(document -> other, price));
  end if;
  return document;
end
$$;

-- Writes the stock of a gift into the field that the mapping reads, and into other stock fields with the same value. If
-- the stock of a gift is not tracked, the gift has no stock field.
create or replace function kv.with_stock(document jsonb, stock integer, is_tracked boolean) returns jsonb
language plpgsql immutable parallel safe
as $$
declare
  field text;
  spelled text;
  earlier jsonb;
  is_written boolean := false;
begin
  foreach field in array '{availableQuantity,inventoryQuantity,inventoryCount,inventory,stock,quantity}'::text[] loop
    spelled := kv.spelling(document, field);
    continue when spelled is null or document -> spelled = 'null';
    if not is_tracked then
      document := document - spelled;
    elsif jsonb_typeof(document -> spelled) = 'object' and not is_written then
      document := kv.with_value(document, array[spelled, (kv.path_of(document -> spelled,
        '{available,availableQuantity,quantity,count,total}'))[1]], to_jsonb(stock));
      is_written := true;
    elsif not is_written or document -> spelled = earlier then
      earlier := coalesce(earlier, document -> spelled);
      document := kv.with_value(document, array[spelled],
        case jsonb_typeof(document -> spelled) when 'string' then to_jsonb(stock::text) else to_jsonb(stock) end);
      is_written := true;
    end if;
  end loop;
  if is_tracked and not is_written then
    document := document || jsonb_build_object('availableQuantity', stock);
  end if;
  field := kv.spelling(document, 'inStock');
  return document || case when field is null then '{}'
    else jsonb_build_object(field, not is_tracked or stock > 0) end;
end
$$;

-- Writes a status. If a field already means this status, its value does not change. If the row is active again, the
-- fields that mark a deletion are removed.
create or replace function kv.with_status(document jsonb, status text) returns jsonb
language plpgsql immutable parallel safe
as $$
declare
  field text;
begin
  if kv.status_of(kv.fields(document)) = status then
    return document;
  end if;
  foreach field in array '{deleted,isDeleted,deletedAt}'::text[] loop
    if status <> 'inactive' and kv.spelling(document, field) is not null then
      document := document - kv.spelling(document, field);
    end if;
  end loop;
  foreach field in array '{isActive,active}'::text[] loop
    if kv.spelling(document, field) is not null then
      document := kv.with_value(document, array[kv.spelling(document, field)], to_jsonb(status = 'active'));
    end if;
  end loop;
  if kv.status_of(kv.fields(document)) is distinct from status then
    document := kv.with_value(document, array[coalesce(kv.spelling(document, 'status'), 'status')], to_jsonb(status));
  end if;
  return document;
end
$$;

-- Writes the branding of a row into the document of a site, with the names of fields that the document uses.
create or replace function kv.with_branding(document jsonb, branding jsonb) returns jsonb
language plpgsql immutable parallel safe
as $$
declare
  outer_name constant text := coalesce(kv.spelling(document, 'branding'), 'branding');
  inside jsonb := case when jsonb_typeof(document -> outer_name) = 'object' then document -> outer_name else '{}' end;
  f record;
begin
  for f in select * from (values ('name', '{name}'::text[]), ('color', '{color,primaryColor}'),
      ('logo', '{logo,logoUrl}'), ('sender', '{sender}'), ('reply_to', '{replyTo}')) names (name, fields) loop
    if branding ->> f.name is distinct from inside #>> kv.path_of(inside, f.fields)
      and (branding ? f.name or not kv.is_embedded(inside #> kv.path_of(inside, f.fields))) then
      inside := kv.with_value(inside, kv.path_of(inside, f.fields), coalesce(branding -> f.name, 'null'));
    end if;
  end loop;
  return case when inside = '{}' then document else document || jsonb_build_object(outer_name, inside) end;
end
$$;

-- Writes a text. If the field contains a number and the text is a number, the field stays a number. If the row has no
-- value, all fields that can contain the value become empty.
create or replace function kv.with_text(document jsonb, fields text[], value text) returns jsonb
language plpgsql immutable parallel safe
as $$
declare
  path text[] := kv.path_of(document, fields);
  guard integer := 0;
begin
  while value is null and document #> path <> 'null' and guard < 8 loop
    document := kv.with_value(document, path, 'null');
    path := kv.path_of(document, fields);
    guard := guard + 1;
  end loop;
  if value is null then
    return document;
  end if;
  return kv.with_value(document, path, case when jsonb_typeof(document #> path) = 'number'
    and value ~ '^(0|[1-9][0-9]{0,14})$' then value::jsonb else to_jsonb(value) end);
end
$$;

-- Writes one column into a document. `new_row` is the whole row, with the old id of its catalog in `catalog`.
create or replace function kv.with_column(document jsonb, kind text, fields text[], value jsonb, new_row jsonb)
returns jsonb
language plpgsql immutable parallel safe
as $$
declare
  path text[];
begin
  case kind
    when 'text' then return kv.with_text(document, fields, value #>> '{}');
    when 'catalog' then return kv.with_text(document, fields, new_row ->> 'catalog');
    when 'locale' then return case when value ->> 'locale' is null then document
      else kv.with_text(document, fields, value ->> 'locale') end;
    when 'time' then return kv.with_text(document, fields, kv.moment_text((value #>> '{}')::timestamptz));
    when 'price' then return kv.with_price(document, (value #>> '{}')::numeric);
    when 'stock' then return kv.with_stock(document, (new_row ->> 'inventory_count')::integer,
      new_row ->> 'inventory_policy' = 'tracked');
    when 'status' then return kv.with_status(document, value #>> '{}');
    when 'activity' then return kv.with_status(document, case when value::boolean then 'active' else 'inactive' end);
    when 'branding' then return kv.with_branding(document, value);
    when 'order_status' then
      path := kv.path_of(document, fields);
      return case when kv.order_status(document #> path) = value #>> '{}' and document #> path is not null
        then document else kv.with_value(document, path, value) end;
    when 'money' then
      path := kv.path_of(document, fields);
      return kv.with_value(document, path, kv.money_like(document #> path, (value #>> '{}')::numeric));
    when 'images' then
      document := document || jsonb_build_object(coalesce(kv.spelling(document, 'images'), 'images'), value);
      foreach path slice 1 in array '{{image},{imageUrl}}'::text[] loop
        if document ->> kv.spelling(document, path[1]) is not null then
          document := kv.with_value(document, array[kv.spelling(document, path[1])], coalesce(value -> 0, 'null'));
        end if;
      end loop;
      return document;
    else return kv.with_value(document, kv.path_of(document, fields), value);
  end case;
end
$$;

-- Writes the changed columns of a row into its document.
create or replace function kv.with_changes(entity text, document jsonb, changed jsonb, new_row jsonb) returns jsonb
language plpgsql immutable parallel safe
as $$
declare
  c record;
  updated jsonb := document;
  spelled constant text := kv.spelling(document, 'updatedAt');
begin
  for c in
    select m.kind, m.fields, changed -> m.name as value from kv.mirrored_columns() m
    where m.entity = $1 and changed ? m.name
  loop
    updated := kv.with_column(updated, c.kind, c.fields, c.value, new_row);
  end loop;
  if updated <> document and spelled is not null then
    updated := updated || jsonb_build_object(spelled, kv.moment_text((new_row ->> 'updated_at')::timestamptz));
  end if;
  return updated;
end
$$;
