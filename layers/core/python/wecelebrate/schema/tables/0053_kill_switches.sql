-- The kill switch `queue`, and suspensions of row-level security (decision 0074).

set local role app_owner;

alter table kill_switches
  drop constraint kill_switches_name_check,
  drop constraint kill_switches_value_check,
  add constraint kill_switches_name_check check (name in ('reads', 'cache', 'queue', 'limits')),
  add constraint kill_switches_value_check
    check ((name, value) in (('reads', 'primary'), ('cache', 'off'), ('queue', 'direct'), ('limits', 'off')));

-- The latest suspension of each table. Only functions of app_definer write it, for functions of app_owner.
create table row_security_suspensions (
  table_name text primary key check (length(table_name) <= 63),
  reason text not null check (length(reason) <= 500),
  privileges jsonb not null,
  policies jsonb not null,
  suspended_by text not null check (length(suspended_by) <= 500),
  suspended_at timestamptz not null default now(),
  expires_at timestamptz not null,
  ended_at timestamptz,
  constraint row_security_suspensions_privileges_length check (app.json_fits(privileges, 65536)),
  constraint row_security_suspensions_policies_length check (app.json_fits(policies, 65536)),
  constraint row_security_suspensions_expires_at_check check (expires_at <= suspended_at + interval '1 hour')
);
comment on column row_security_suspensions.privileges is
  'The revoked privileges: [{"role": …, "privilege": …, "column": …}, …]. The end of the suspension grants them again.';
comment on column row_security_suspensions.policies is
  'The roles of the parked policies: {policy: [role, …], …}. The end of the suspension gives them the policies again.';
comment on column row_security_suspensions.ended_at is 'Null while the suspension is in force.';

alter table row_security_suspensions enable row level security;
alter table row_security_suspensions force row level security;
create policy migrate on row_security_suspensions to app_migrate using (true) with check (true);
create policy definer on row_security_suspensions to app_definer using (true) with check (true);
create policy admin on row_security_suspensions for select to app_admin
  using ((select app.admin_role()) in ('super_admin', 'admin'));
grant select, insert, update, delete on row_security_suspensions to app_migrate, app_definer;
grant select on row_security_suspensions to app_admin;
