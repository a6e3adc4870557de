-- name: get_catalog^
-- Get a catalog that the caller may see: its owner, its currency, its time zone, its sync settings, and how its last
-- merged file was read.
select c.id, c.owner_client_id, c.currency, c.sync_settings, r.reading, coalesce(r.accepted, '[]') as accepted,
  coalesce(app.catalog_timezone(c.id), 'UTC') as timezone
from app.catalog_view c left join catalog_readings r on r.catalog_id = c.id
where c.id = :catalog_id;

-- name: store_answers!
-- Store the answers to questions in the settings of a catalog. `options` and `mapping` are added to the existing
-- options and mapping. A transformation is not replaced, because a user has set it after the job asked the question.
update catalogs
set sync_settings = sync_settings
  || case when :options::jsonb = '{}' then '{}' else jsonb_build_object('options',
       coalesce(nullif(sync_settings -> 'options', 'null'), '{}') || :options) end
  || case when :mapping::jsonb = '{}' then '{}' else jsonb_build_object('mapping',
       coalesce(nullif(sync_settings -> 'mapping', 'null'), '{}') || (:mapping::jsonb - array(
         select key from jsonb_each(coalesce(nullif(sync_settings -> 'mapping', 'null'), '{}'))
         where jsonb_typeof(value) = 'object'))) end
where id = :catalog_id;

-- name: accept_changes!
-- Add accepted changes to the stored reading of a catalog, so that no later file causes the same question. The next
-- reading deletes these changes.
update catalog_readings
set accepted = (select jsonb_agg(change) from (
  select change from jsonb_array_elements(accepted || :accepted::jsonb) with ordinality c (change, n)
  order by n desc limit 50) latest)
where catalog_id = :catalog_id;

-- name: list_superseded
-- List the pending jobs of the catalog that a new file makes obsolete. A job waits if it needs an approval or a
-- decision.
--
-- A new full file makes every waiting job obsolete, and also every sync of a full file that has not begun. A new delta
-- makes only waiting syncs of full files obsolete, because the changes of other waiting jobs would be lost. Dry runs
-- are never obsolete.
select id, type, payload ->> 'key' as key
from jobs
where catalog_id = :catalog_id and type in ('catalog_sync', 'product_import') and status = 'pending' and id <> :job_id
  and not coalesce((payload -> 'dry_run')::boolean, false)
  and case when type = 'catalog_sync' and coalesce((payload -> 'full')::boolean, false)
    then approval = 'needed' or decision = 'needed' or (:full::boolean and attempts = 0)
    else :full::boolean and (approval = 'needed' or decision = 'needed') end;
