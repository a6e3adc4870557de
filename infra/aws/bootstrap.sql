-- Creates the logins, which authenticate with IAM, and sets the owner of the database. The deploy runs this file as the
-- master user of RDS, through the Data API. It is safe to run the file again. Migrations run as wc_migrate, and define
-- everything else about roles.
--
-- The file contains one statement, because the Data API accepts only one.
do $bootstrap$
declare
  login text;
begin
  foreach login in array array[{logins}] loop
    if not exists (select from pg_catalog.pg_roles where rolname = login) then
      execute format('create role %I login noinherit', login);
    end if;
    execute format('grant rds_iam to %I', login);
  end loop;
  alter role wc_migrate createrole;
  -- The owner of the database may grant privileges on it and on its schema `public`. Only a member of the new owner
  -- role may transfer the ownership.
  execute format('grant wc_migrate to %I', current_user);
  execute format('alter database %I owner to wc_migrate', current_database());
  -- On AWS, only members of rds_superuser can create this extension. The master user is a member.
  if exists (select from pg_catalog.pg_roles where rolname = 'rds_superuser') then
    create extension if not exists pg_stat_statements;
    -- With this permission, migrations can let an SQL function see the transactions of all logins. Without the
    -- permission, a gate for the cutover from the key-value store fails, and an operator must override the gate.
    begin
      grant pg_read_all_stats to wc_migrate with admin option;
    exception when insufficient_privilege then
      raise notice 'wc_migrate cannot grant pg_read_all_stats';
    end;
  end if;
end
$bootstrap$
