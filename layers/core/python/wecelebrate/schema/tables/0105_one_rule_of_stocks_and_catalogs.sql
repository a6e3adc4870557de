-- app.stock_refusal replaces app.refused_lines. The trigger on sites calls app.may_read_catalog for all writers.

set local role app_definer;
drop function if exists app.refused_lines(jsonb);
grant execute on function app.may_read_catalog(uuid, uuid) to app_migrate, app_mirror;
