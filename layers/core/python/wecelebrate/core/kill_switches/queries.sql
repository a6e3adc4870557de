-- name: list_switches
-- What is set; what is at its default has no row.
select name, value, updated_by as changed_by, updated_at as changed_at from switches;

-- name: put_switch^
-- Sets a switch; setting it again says who did so last.
insert into switches (name, value) values (:name, :value)
on conflict (name) do update set value = excluded.value, updated_by = excluded.updated_by
returning name, value, updated_by as changed_by, updated_at as changed_at;

-- name: delete_switch!
-- Back to its default, where it was not there already.
delete from switches where name = :name;
