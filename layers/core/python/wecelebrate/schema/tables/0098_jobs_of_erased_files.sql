-- The texts that a person has chosen freely no longer count in the results of order files. An erasure instead erases
-- the texts of the jobs whose files it deletes.
set role app_owner;
create policy definer on order_file_drops for select to app_definer using (true);
grant select on order_file_drops to app_definer;
set role app_definer;
drop function if exists app.job_mentions(erasures, text, jsonb), app.mentions_in_orders(erasures, jsonb);
reset role;
