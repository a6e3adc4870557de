-- name: list_kill_switches
-- List the switches that were set. A switch at its default has no row.
select name, value, updated_by as changed_by, updated_at as changed_at from kill_switches;

-- name: set_kill_switch^
-- Set a switch. If the switch is already set, the current caller replaces the recorded caller.
insert into kill_switches (name, value) values (:name, :value)
on conflict (name) do update set value = excluded.value, updated_by = excluded.updated_by
returning name, value, updated_by as changed_by, updated_at as changed_at;

-- name: reset_kill_switch!
-- Reset a switch to its default. Affects 0 rows when the switch already has its default.
delete from kill_switches where name = :name;
