-- The key-value store of the platform's predecessor. The old applications read and write it through a facade, which
-- answers as their store did (wecelebrate.kv.facade), until each family of keys has moved to a table of its own.
--
-- The store has a login and a role of its own, so that the key of the old applications opens nothing but the store.

do $$
begin
  if not exists (select from pg_catalog.pg_roles where rolname = 'app_kv') then
    create role app_kv nologin noinherit;
  end if;
  if not exists (select from pg_catalog.pg_roles where rolname = 'wc_kv') then
    create role wc_kv login noinherit;
  end if;
end
$$;
grant app_kv to wc_kv;

set local role pg_database_owner;
grant usage on schema public to app_kv;

set local role app_owner;

-- The name and both columns are part of the protocol of the old applications. The collation "C" lets the primary key
-- find the keys that begin with a prefix.
create table kv_store_6fcaeea3 (
  key text collate "C" primary key,
  value jsonb not null,
  constraint kv_store_6fcaeea3_key_length check (length(key) <= 1024),
  constraint kv_store_6fcaeea3_value_length check (app.json_fits(value, 6000000))
);
comment on table kv_store_6fcaeea3 is 'The key-value store of the predecessor: one JSON document for each key.';

alter table kv_store_6fcaeea3 enable row level security;
alter table kv_store_6fcaeea3 force row level security;
create policy migrate on kv_store_6fcaeea3 to app_migrate using (true) with check (true);
create policy definer on kv_store_6fcaeea3 for select to app_definer using (true);
create policy kv on kv_store_6fcaeea3 to app_kv
  using ((select app.subject()) = 'service:kv') with check ((select app.subject()) = 'service:kv');
grant select, insert, update, delete on kv_store_6fcaeea3 to app_migrate, app_kv;
grant select on kv_store_6fcaeea3 to app_definer;

set local role app_definer;
grant execute on function app.context(text) to app_kv;
set local role app_owner;
grant execute on function app.subject() to app_kv;
