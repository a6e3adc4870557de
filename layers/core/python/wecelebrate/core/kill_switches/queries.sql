-- name: list_kill_switches
-- List the switches that are not at their default. Only these switches have a row.
select name, value, updated_by as changed_by, updated_at as changed_at from kill_switches;

-- name: set_kill_switch^
-- Set a switch. If the switch is already set, record the new caller.
insert into kill_switches (name, value) values (:name, :value)
on conflict (name) do update set value = excluded.value, updated_by = excluded.updated_by
returning name, value, updated_by as changed_by, updated_at as changed_at;

-- name: reset_kill_switch!
-- Reset a switch to its default. It affects 0 rows if the switch already has its default.
delete from kill_switches where name = :name;

-- name: list_suspensions
-- List the suspensions of row-level security that are in force, or only the suspension of one table.
select table_name as "table", reason, suspended_by, suspended_at, expires_at
from row_security_suspensions
where ended_at is null and (:table::text is null or table_name = :table)
order by table_name;

-- name: suspend_row_security!
-- Suspend row-level security of a table. This waits for running statements on the table, at most 2 seconds.
select app.suspend_row_security(:table, :reason, :minutes);

-- name: restore_row_security$
-- End the suspension of a table. It returns whether the table was suspended.
select app.restore_row_security(:table);

-- name: list_suspended_tables
-- List the tables that are suspended. If `expired` is true, list only the tables whose suspension has expired.
select table_name from app.current_suspensions(:expired) table_name;
