-- The demo data: two clients, each with two sites and a catalog, a shared catalog, and users. All ids are fixed.
-- Existing rows stay unchanged.

insert into admin_users (user_id, email, role) values
  ('admin', 'admin@wecelebrate.test', 'super_admin'),
  ('support', 'support@wecelebrate.test', 'support')
on conflict do nothing;

insert into clients (id, name, slug, description, tier, contact_email) values
  ('c1000000-0000-7000-8000-000000000001', 'Acme Corporation', 'acme', 'Gifts for work anniversaries.', 'enterprise',
   'people@acme.test'),
  ('c2000000-0000-7000-8000-000000000002', 'Globex', 'globex', 'Celebrations of a worldwide team.', 'standard',
   'culture@globex.test')
on conflict do nothing;

insert into client_users (client_id, user_id, email, role) values
  ('c1000000-0000-7000-8000-000000000001', 'client:acme', 'owner@acme.test', 'owner'),
  ('c1000000-0000-7000-8000-000000000001', 'viewer:acme', 'viewer@acme.test', 'viewer'),
  ('c2000000-0000-7000-8000-000000000002', 'client:globex', 'owner@globex.test', 'owner')
on conflict do nothing;

insert into catalogs (id, owner_client_id, name, type, source, status) values
  ('ca000000-0000-7000-8000-000000000000', null, 'celebrations', 'vendor', 'manual', 'active'),
  ('ca100000-0000-7000-8000-000000000001', 'c1000000-0000-7000-8000-000000000001', 'acme-gifts', 'erp', 'sap', 'active'),
  ('ca200000-0000-7000-8000-000000000002', 'c2000000-0000-7000-8000-000000000002', 'globex-gifts', 'erp', 'oracle',
   'active')
on conflict do nothing;

insert into catalog_grants (catalog_id, client_id) values
  ('ca000000-0000-7000-8000-000000000000', 'c1000000-0000-7000-8000-000000000001'),
  ('ca000000-0000-7000-8000-000000000000', 'c2000000-0000-7000-8000-000000000002')
on conflict do nothing;

insert into sites (id, client_id, name, slug, domain, domain_verified_at, status, catalog_id, branding, settings) values
  ('51100000-0000-7000-8000-000000000001', 'c1000000-0000-7000-8000-000000000001', 'Acme gifts', 'acme-gifts',
   'gifts.acme.test', now(), 'active', 'ca100000-0000-7000-8000-000000000001', '{"color": "#c8102e"}', '{"public": {"locale": "en-US"}}'),
  ('51200000-0000-7000-8000-000000000002', 'c1000000-0000-7000-8000-000000000001', 'Acme celebrations', 'acme-celebrations',
   'celebrate.acme.test', now(), 'active', 'ca000000-0000-7000-8000-000000000000', '{"color": "#c8102e"}',
   '{"public": {"locale": "en-US"}}'),
  ('52100000-0000-7000-8000-000000000003', 'c2000000-0000-7000-8000-000000000002', 'Globex gifts', 'globex-gifts',
   'gifts.globex.test', now(), 'active', 'ca200000-0000-7000-8000-000000000002', '{"color": "#00594f"}', '{"public": {"locale": "de-DE"}}'),
  ('52200000-0000-7000-8000-000000000004', 'c2000000-0000-7000-8000-000000000002', 'Globex celebrations', 'globex-celebrations',
   'celebrate.globex.test', now(), 'active', 'ca000000-0000-7000-8000-000000000000', '{"color": "#00594f"}',
   '{"public": {"locale": "de-DE"}}')
on conflict do nothing;

-- If the number of pieces is null, the stock of the product is not tracked, because the product is made to order.
insert into products (catalog_id, sku, name, description, category, brand, price, inventory_count, inventory_policy,
  images)
select catalog_id::uuid, sku, name, description, category, brand, price, coalesce(stock, 0),
  case when stock is null then 'untracked' else 'tracked' end,
  jsonb_build_array('https://images.wecelebrate.test/' || lower(sku) || '.jpg')
from (values
  ('ca000000-0000-7000-8000-000000000000', 'CEL-001', 'Crystal award', 'Engraved with a name and a year.', 'Awards',
   'Clarity', 79.00, null),
  ('ca000000-0000-7000-8000-000000000000', 'CEL-002', 'Fruit basket', 'Fresh fruit of the season.', 'Food', 'Orchard',
   45.50, 25),
  ('ca000000-0000-7000-8000-000000000000', 'CEL-003', 'Coffee sampler', 'Six single origins, whole bean.', 'Food',
   'Third Wave', 32.00, 120),
  ('ca000000-0000-7000-8000-000000000000', 'CEL-004', 'Desk plant', 'A pilea in a ceramic pot.', 'Home', 'Greenhouse',
   24.90, 60),
  ('ca100000-0000-7000-8000-000000000001', 'ACM-001', 'Acme rucksack', 'Recycled canvas, 20 litres.', 'Bags', 'Acme',
   89.00, 75),
  ('ca100000-0000-7000-8000-000000000001', 'ACM-002', 'Acme mug', 'Enamel, 350 ml.', 'Home', 'Acme', 14.50, 300),
  ('ca200000-0000-7000-8000-000000000002', 'GLX-001', 'Globex scarf', 'Merino wool.', 'Clothing', 'Globex', 59.00, 80),
  ('ca200000-0000-7000-8000-000000000002', 'GLX-002', 'Globex notebook', 'Dotted, 160 pages.', 'Office', 'Globex',
   12.00, 500)
) demo (catalog_id, sku, name, description, category, brand, price, stock)
on conflict do nothing;
