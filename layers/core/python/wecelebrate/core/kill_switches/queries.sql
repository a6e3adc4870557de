-- name: list_kill_switches
-- List the switches that are not at their default. Only these switches have a row.
select name, value, updated_by as changed_by, updated_at as changed_at from kill_switches;

-- name: set_kill_switch^
-- Set a switch. If the switch is already set, records the current caller instead of the previous one.
insert into kill_switches (name, value) values (:name, :value)
on conflict (name) do update set value = excluded.value, updated_by = excluded.updated_by
returning name, value, updated_by as changed_by, updated_at as changed_at;

-- name: reset_kill_switch!
-- Reset a switch to its default. Affects 0 rows if the switch already has its default.
delete from kill_switches where name = :name;
