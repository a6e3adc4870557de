-- What app_mirror may do with the tables of the platform: it writes the rows that documents become. It deletes no row.
-- It reads the store, and what the mapping compares the documents with.

set local role app_owner;

do $$
declare
  name text;
begin
  foreach name in array array['clients', 'sites', 'catalogs', 'products', 'orders'] loop
    execute format('create policy mirror on %I for select to app_mirror using (true)', name);
    execute format('create policy mirror_insert on %I for insert to app_mirror with check (true)', name);
    execute format('create policy mirror_update on %I for update to app_mirror using (true) with check (true)', name);
    execute format('grant select, insert, update on %I to app_mirror', name);
  end loop;
  foreach name in array array['kv_store_6fcaeea3', 'tiers', 'catalog_grants', 'images'] loop
    execute format('create policy mirror on %I for select to app_mirror using (true)', name);
    execute format('grant select on %I to app_mirror', name);
  end loop;
end
$$;
create policy mirror on order_lines for select to app_mirror using (true);
create policy mirror_insert on order_lines for insert to app_mirror with check (true);
create policy mirror_update on order_lines for update to app_mirror using (true) with check (true);
grant select, insert, update on order_lines to app_mirror;
grant execute on function app.subject(), app.admin_role(), app.order_number(), app.slug_suffix() to app_mirror;
set local role app_definer;
grant execute on function app.context(text) to app_mirror;
