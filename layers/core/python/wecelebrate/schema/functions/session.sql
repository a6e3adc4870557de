-- The reset of a session between two callers. A pooler gives the session of one caller to the next caller. It does not
-- run DISCARD ALL, because this statement would disable the multiplexing of RDS Proxy. Therefore app.enter resets the
-- session.

set local role app_definer;

-- Resets everything that SQL can leave in a session for the next transaction: settings (with the search path, the time
-- zone and all planner settings), the role, prepared statements, open cursors, LISTEN, and advisory locks of the
-- session. Temporary objects cannot exist, because no login may create them. The access mode and the isolation level of
-- the current transaction can no longer change, so the Lambda functions set both when they begin a transaction.
--
-- Raises WC503 if the session is still not in its initial state. This happens if SQL has stored settings for the login
-- with ALTER ROLE. PostgreSQL allows every login to change its own settings. A stored setting, e.g.
-- transform_null_equals, can change the meaning of a query, so no caller may enter (docs/runbook.md).
--
-- All statements here together take about 30 µs. They have no effect on a clean session.
create or replace function app.reset_session() returns void
language plpgsql
as $$
begin
  reset all;
  if pg_catalog.current_setting('application_name') <> session_user then
    -- All Lambda functions connect with the login as the application name, because a pooler would set a different name
    -- again at every use.
    perform pg_catalog.set_config('application_name', session_user, false);
  end if;
  if current_user <> session_user then
    perform pg_catalog.set_config('role', 'none', false);
  end if;
  deallocate all;
  unlisten *;
  execute 'close all';
  perform pg_catalog.pg_advisory_unlock_all();
  if current_user <> session_user or pg_catalog.current_setting('search_path') <> '"$user", public'
     or exists (select from pg_catalog.pg_db_role_setting
                where setrole = (select oid from pg_catalog.pg_roles where rolname = session_user)) then
    raise exception 'settings were stored for the login %, so no caller may enter', session_user
      using errcode = 'WC503';
  end if;
end
$$;
grant execute on function app.reset_session() to wc_public, wc_api, wc_worker, wc_kv,
  app_admin, app_support, app_client, app_customer, app_anon, app_system, app_worker, app_kv;
