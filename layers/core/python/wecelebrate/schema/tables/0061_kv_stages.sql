-- How far the documents of the key-value store have been cut over: who leads, and which share of the reads the tables
-- answer (decisions 0090 and 0091). Without a row, the store leads and answers all reads.

set local role app_owner;

-- The stage of an entity. The row without a client is the default of all clients. The row of a client wins.
create table kv.stages (
  id uuid primary key default app.uuid7(),
  entity text not null,
  client_id uuid references public.clients (id) on delete cascade,
  leads text not null default 'kv',
  reads smallint not null default 0,
  shadow smallint not null default 0,
  changed_by text not null,
  changed_at timestamptz not null default clock_timestamp(),
  constraint stages_key unique nulls not distinct (entity, client_id),
  constraint stages_entity_check check (entity in ('client', 'site', 'catalog', 'product', 'order')),
  constraint stages_leads_check check (leads in ('kv', 'tables')),
  constraint stages_reads_check check (reads between 0 and 100 and (leads = 'tables' or reads = 0)),
  constraint stages_shadow_check check (shadow between 0 and 100),
  constraint stages_changed_by_length check (length(changed_by) <= 500)
);
comment on column kv.stages.leads is 'kv: a bad document is accepted, and quarantined. tables: it is refused.';
comment on column kv.stages.reads is 'The percentage of records that the store answers from the tables.';
comment on column kv.stages.shadow is 'The percentage of reads that read both sides and compare them.';
create index stages_by_client on kv.stages (client_id) where client_id is not null;

-- The reads that compared both sides since the last `wecelebrate kv shadow`. Each backend adds to one of eight slots,
-- so that reads at the same time rarely wait for each other.
create table kv.shadow_reads (
  entity text not null,
  client_id uuid references public.clients (id) on delete cascade,
  slot smallint not null,
  reads bigint not null default 0,
  mismatches bigint not null default 0,
  constraint shadow_reads_key unique nulls not distinct (entity, client_id, slot),
  constraint shadow_reads_entity_check check (entity in ('client', 'site', 'catalog', 'product', 'order')),
  constraint shadow_reads_slot_check check (slot between 0 and 7)
);
comment on column kv.shadow_reads.client_id is 'The client that owns the records. Null: the platform owns them.';
create index shadow_reads_by_client on kv.shadow_reads (client_id) where client_id is not null;

do $$
declare
  name text;
begin
  foreach name in array array['stages', 'shadow_reads'] loop
    execute format('alter table kv.%I enable row level security', name);
    execute format('alter table kv.%I force row level security', name);
    execute format('create policy migrate on kv.%I to app_migrate using (true) with check (true)', name);
    execute format('create policy mirror on kv.%I to app_mirror using (true) with check (true)', name);
    execute format('grant select, insert, update, delete on kv.%I to app_migrate, app_mirror', name);
  end loop;
end
$$;

-- A cutover writes a canary into the store, and undoes it in the same transaction. The triggers of the mirror do not
-- run for app_mirror, so app_definer writes it.
create policy definer_insert on kv_store_6fcaeea3 for insert to app_definer with check (true);
grant insert on kv_store_6fcaeea3 to app_definer;

-- A cutover looks for old transactions of all logins. Without this right, an operator has to look for them.
reset role;
do $$
begin
  if pg_catalog.pg_has_role('pg_read_all_stats', 'member with admin option') then
    execute 'grant pg_read_all_stats to app_definer with inherit true';
  end if;
exception when insufficient_privilege or syntax_error then
  null;
end
$$;
