-- Tiers, clients and their members, platform users, catalogs and their grants, sites.

set local role app_owner;

create table tiers (
  name text primary key check (name in ('standard', 'professional', 'enterprise')),
  requests_per_hour integer not null check (requests_per_hour > 0),
  statement_timeout interval not null
);
insert into tiers (name, requests_per_hour, statement_timeout) values
  ('standard', 1000, '15 s'), ('professional', 10000, '30 s'), ('enterprise', 100000, '60 s');

create table clients (
  id uuid primary key default app.uuid7(),
  name text not null,
  slug text not null unique,
  description text,
  logo_url text,
  contact_email text,
  contact_phone text,
  address text,
  tier text not null default 'standard' references tiers (name),
  is_active boolean not null default true,
  settings jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint clients_name_check check (length(name) >= 2),
  constraint clients_slug_check check (slug ~ '^[a-z0-9-]+$')
);
create index clients_by_name on clients (name, id);
create index clients_by_created_at on clients (created_at desc, id desc);

create table admin_users (
  user_id text primary key,
  email text not null,
  role text not null check (role in ('super_admin', 'admin', 'support')),
  is_active boolean not null default true,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
comment on column admin_users.user_id is 'The `sub` claim of the token.';

create table client_users (
  client_id uuid not null references clients (id) on delete cascade,
  user_id text not null,
  email text not null,
  role text not null default 'viewer' check (role in ('owner', 'editor', 'viewer')),
  is_active boolean not null default true,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (client_id, user_id)
);
create index client_users_by_user on client_users (user_id);

create table catalogs (
  id uuid primary key default app.uuid7(),
  owner_client_id uuid references clients (id),
  name text not null check (length(name) >= 1),
  type text not null,
  source text,
  status text not null default 'draft',
  source_config jsonb not null default '{}',
  sync_settings jsonb not null default '{}',
  pricing_rules jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  last_sync_at timestamptz,
  low_inventory integer not null default 5,
  constraint catalogs_type_check check (type in ('erp', 'manual', 'vendor', 'dropship')),
  constraint catalogs_status_check check (status in ('draft', 'active', 'inactive')),
  constraint catalogs_low_inventory_check check (low_inventory >= 0)
);
comment on column catalogs.owner_client_id is
  'The client that may write the catalog. Null: the catalog belongs to the platform.';
comment on column catalogs.low_inventory is
  'The event inventory.low is published when the inventory of a product falls to this number or below.';
create index catalogs_by_owner on catalogs (owner_client_id);
create index catalogs_by_name on catalogs (name, id);
create index catalogs_by_last_sync on catalogs (last_sync_at desc);

create table catalog_grants (
  catalog_id uuid not null references catalogs (id) on delete cascade,
  client_id uuid not null references clients (id) on delete cascade,
  created_at timestamptz not null default now(),
  primary key (catalog_id, client_id)
);
comment on table catalog_grants is 'Lets a client read a catalog that it does not own.';
create index catalog_grants_by_client on catalog_grants (client_id);

create table sites (
  id uuid primary key default app.uuid7(),
  client_id uuid not null references clients (id) on delete cascade,
  name text not null check (length(name) >= 1),
  domain text unique check (domain = lower(domain) and domain ~ '^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$'),
  status text not null default 'draft',
  branding jsonb not null default '{}',
  settings jsonb not null default '{}',
  catalog_id uuid references catalogs (id),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint sites_status_check check (status in ('draft', 'active', 'inactive')),
  constraint sites_client_id_unique unique (client_id, id)
);
create index sites_by_name on sites (name, id);
create index sites_by_status on sites (status);
create index sites_by_catalog on sites (catalog_id);

create trigger set_updated_at before update on clients for each row execute function app.set_updated_at();
create trigger set_updated_at before update on admin_users for each row execute function app.set_updated_at();
create trigger set_updated_at before update on client_users for each row execute function app.set_updated_at();
create trigger set_updated_at before update on catalogs for each row execute function app.set_updated_at();
create trigger set_updated_at before update on sites for each row execute function app.set_updated_at();

-- Definer functions read these tables on behalf of every caller.
grant select on tiers, clients, admin_users, client_users, catalogs, catalog_grants, sites to app_definer;

set local role app_definer;

-- Returns the catalogs whose products the caller may read. These are the catalogs that the clients of the caller own or
-- have a grant for. On a storefront, the function returns only the catalog of the site. This function and the next two
-- functions are defined with the tables because policies use them.
create function app.catalog_ids() returns uuid[]
language sql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
  select coalesce(array_agg(id), '{}') from (
    select id from catalogs where owner_client_id = any (app.client_ids())
    union
    select catalog_id from catalog_grants where client_id = any (app.client_ids())
    union
    select catalog_id from sites where sites.id = app.site_id() and catalog_id is not null
  ) readable (id)
$$;

-- Returns the catalogs that the caller can change: the catalogs of the clients for which the caller writes.
create function app.writable_catalog_ids() returns uuid[]
language sql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
  select coalesce(array_agg(id), '{}') from catalogs where owner_client_id = any (app.editor_ids())
$$;

-- Returns whether a client is allowed to read a catalog. If so, the sites of the client are allowed to show the
-- catalog, too.
create function app.may_read_catalog(client uuid, catalog uuid) returns boolean
language sql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
  select exists (select from catalogs where id = catalog and owner_client_id = client)
      or exists (select from catalog_grants where catalog_id = catalog and client_id = client)
$$;

grant execute on function app.catalog_ids(), app.writable_catalog_ids(), app.may_read_catalog(uuid, uuid)
  to app_admin, app_support, app_client, app_customer, app_anon, app_worker;

set local role app_owner;

alter table tiers enable row level security;
alter table tiers force row level security;
create policy migrate on tiers to app_migrate using (true) with check (true);
create policy definer on tiers for select to app_definer using (true);
create policy admin on tiers for select to app_admin using ((select app.admin_role()) is not null);
create policy admin_update on tiers for update to app_admin
  using ((select app.admin_role()) = 'super_admin') with check ((select app.admin_role()) = 'super_admin');
create policy client on tiers for select to app_client using ((select app.client_ids()) is not null);
grant select, insert, update, delete on tiers to app_migrate;
grant select, update on tiers to app_admin;
grant select on tiers to app_client;

alter table clients enable row level security;
alter table clients force row level security;
create policy migrate on clients to app_migrate using (true) with check (true);
create policy definer on clients for select to app_definer using (true);
create policy admin on clients to app_admin
  using ((select app.admin_role()) is not null) with check ((select app.admin_role()) is not null);
create policy client on clients for select to app_client using (id = any ((select app.client_ids())::uuid[]));
grant select, insert, update, delete on clients to app_migrate;
grant select, insert, update, delete on clients to app_admin;
grant select on clients to app_client;

alter table admin_users enable row level security;
alter table admin_users force row level security;
create policy migrate on admin_users to app_migrate using (true) with check (true);
create policy definer on admin_users for select to app_definer using (true);
create policy admin on admin_users for select to app_admin using ((select app.admin_role()) is not null);
create policy admin_insert on admin_users for insert to app_admin
  with check ((select app.admin_role()) = 'super_admin');
create policy admin_update on admin_users for update to app_admin
  using ((select app.admin_role()) = 'super_admin') with check ((select app.admin_role()) = 'super_admin');
create policy admin_delete on admin_users for delete to app_admin using ((select app.admin_role()) = 'super_admin');
grant select, insert, update, delete on admin_users to app_migrate;
grant select, insert, update, delete on admin_users to app_admin;

alter table client_users enable row level security;
alter table client_users force row level security;
create policy migrate on client_users to app_migrate using (true) with check (true);
create policy definer on client_users for select to app_definer using (true);
create policy admin on client_users to app_admin
  using ((select app.admin_role()) is not null) with check ((select app.admin_role()) is not null);
create policy client on client_users for select to app_client
  using (client_id = any ((select app.client_ids())::uuid[]));
create policy client_insert on client_users for insert to app_client
  with check (client_id = any ((select app.owner_ids())::uuid[]));
create policy client_update on client_users for update to app_client
  using (client_id = any ((select app.owner_ids())::uuid[]))
  with check (client_id = any ((select app.owner_ids())::uuid[]));
create policy client_delete on client_users for delete to app_client
  using (client_id = any ((select app.owner_ids())::uuid[]));
grant select, insert, update, delete on client_users to app_migrate;
grant select, insert, update, delete on client_users to app_admin, app_client;

alter table catalogs enable row level security;
alter table catalogs force row level security;
create policy migrate on catalogs to app_migrate using (true) with check (true);
create policy definer on catalogs for select to app_definer using (true);
create policy admin on catalogs to app_admin
  using ((select app.admin_role()) is not null) with check ((select app.admin_role()) is not null);
create policy support on catalogs for select to app_support using ((select app.admin_role()) is not null);
create policy system on catalogs for select to app_system using ((select app.subject()) is not null);
create policy client on catalogs for select to app_client
  using (owner_client_id = any ((select app.client_ids())::uuid[]) or id = any ((select app.catalog_ids())::uuid[]));
create policy client_insert on catalogs for insert to app_client
  with check (owner_client_id = any ((select app.editor_ids())::uuid[]));
create policy client_update on catalogs for update to app_client
  using (owner_client_id = any ((select app.editor_ids())::uuid[]))
  with check (owner_client_id = any ((select app.editor_ids())::uuid[]));
grant select, insert, update, delete on catalogs to app_migrate;
grant select, insert, update, delete on catalogs to app_admin;
-- The intake of dropped files looks up the owner of a catalog, and then calls app.enter as a service of that owner.
grant select on catalogs to app_support, app_system;
grant select, insert, update on catalogs to app_client;

alter table catalog_grants enable row level security;
alter table catalog_grants force row level security;
create policy migrate on catalog_grants to app_migrate using (true) with check (true);
create policy definer on catalog_grants for select to app_definer using (true);
create policy admin on catalog_grants to app_admin
  using ((select app.admin_role()) is not null) with check ((select app.admin_role()) is not null);
-- A client sees all grants of the catalogs that it owns, and the grants that it has received from other owners.
create policy client on catalog_grants for select to app_client
  using (client_id = any ((select app.client_ids())::uuid[])
         or catalog_id = any ((select app.writable_catalog_ids())::uuid[]));
grant select, insert, update, delete on catalog_grants to app_migrate;
grant select, insert, update, delete on catalog_grants to app_admin;
grant select on catalog_grants to app_client;

alter table sites enable row level security;
alter table sites force row level security;
create policy migrate on sites to app_migrate using (true) with check (true);
create policy definer on sites for select to app_definer using (true);
create policy admin on sites to app_admin
  using ((select app.admin_role()) is not null)
  with check ((select app.admin_role()) is not null
              and (catalog_id is null or app.may_read_catalog(client_id, catalog_id)));
create policy client on sites for select to app_client using (client_id = any ((select app.client_ids())::uuid[]));
create policy client_insert on sites for insert to app_client
  with check (client_id = any ((select app.editor_ids())::uuid[])
              and (catalog_id is null or app.may_read_catalog(client_id, catalog_id)));
create policy client_update on sites for update to app_client
  using (client_id = any ((select app.editor_ids())::uuid[]))
  with check (client_id = any ((select app.editor_ids())::uuid[])
              and (catalog_id is null or app.may_read_catalog(client_id, catalog_id)));
create policy customer on sites for select to app_customer using (id = (select app.site_id()));
create policy anon on sites for select to app_anon using (id = (select app.site_id()));
grant select, insert, update, delete on sites to app_migrate;
grant select, insert, update, delete on sites to app_admin;
grant select, insert, update on sites to app_client;
grant select on sites to app_customer, app_anon;
