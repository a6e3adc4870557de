-- The price rules of a catalog that are in force.
--
-- Earlier releases stored any JSON in pricing_rules and computed no price from it. These objects are not read: an owner
-- who wrote one must not find new prices after an upgrade. Therefore the column of this migration begins as null, and
-- only a later write of pricing_rules fills it.

set local role app_owner;

alter table catalogs
  add column pricing jsonb,
  add constraint catalogs_pricing_length check (app.json_fits(pricing, 2048));
comment on column catalogs.pricing is
  'The price rules in force, as app.compile_pricing returns them. Null: products are sold at their own prices.';
