-- Logins that authenticate by IAM, and the owner of the database. Run by the deploy, as RDS' master user, through the
-- Data API; safe to run again. All else about roles belongs to the migrations, which run as wc_migrate.
--
-- One statement, since the Data API takes no more.
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
  -- The owner of the database grants on it and on its schema public. Only a member may give it away.
  execute format('grant wc_migrate to %I', current_user);
  execute format('alter database %I owner to wc_migrate', current_database());
end
$bootstrap$
