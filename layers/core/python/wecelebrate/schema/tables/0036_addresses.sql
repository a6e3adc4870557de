-- The countries to which a site ships, and whether it ships to post office boxes.

set local role app_owner;

alter table sites
  add column ship_to_countries text[],
  add column ship_to_po_boxes boolean not null default true,
  -- An empty list would be a site that ships nowhere: such a site is a draft.
  add constraint sites_ship_to_countries_check check (
    cardinality(ship_to_countries) between 1 and 249 and array_position(ship_to_countries, null) is null
    and array_to_string(ship_to_countries, ',') ~ '^[A-Z]{2}(,[A-Z]{2})*$'),
  add constraint sites_ship_to_countries_length check (length(ship_to_countries::text) <= 1000);
comment on column sites.ship_to_countries is
  'The ISO 3166-1 alpha-2 codes of the countries to which the site ships, in alphabetical order. Null: all countries.';
comment on column sites.ship_to_po_boxes is 'Whether the site ships to post office boxes.';
