-- The settings of a catalog can now contain transformations, with lists of values: up to 256 KiB for the mapping, and
-- as much for the attributes. The previous release reads settings without transformations as before.

set local role app_owner;

alter table catalogs drop constraint catalogs_sync_settings_length;
alter table catalogs
  add constraint catalogs_sync_settings_length check (app.json_fits(sync_settings, 655360));
