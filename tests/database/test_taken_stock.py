"""Tests that a migration records whether earlier orders have taken their pieces from the stock."""

import shutil
from collections.abc import Callable
from pathlib import Path

from tests.database.conftest import Database
from wecelebrate import schema

ORDERS = """
with client as (insert into clients (name, slug) values ('Client', 'client') returning id),
catalog as (
  insert into catalogs (owner_client_id, name, type, status) select id, 'Catalog', 'manual', 'active' from client
  returning id),
site as (
  insert into sites (client_id, name, domain, catalog_id)
  select client.id, 'Shop', 'shop.test', catalog.id from client, catalog returning id, client_id),
product as (
  insert into products (catalog_id, sku, name, price, currency, inventory_policy)
  select id, policy, policy, 1, 'EUR', policy from catalog, unnest('{tracked,untracked}'::text[]) policy
  returning id, inventory_policy),
placed as (
  insert into orders (client_id, site_id, order_number, customer_name, customer_email, total_amount, currency,
    shipping_address, items)
  select client_id, id, number, 'Ann Lee', 'ann@example.test', 1, 'EUR', '{}', '[]'
  from site, unnest('{placed,imported}'::text[]) number returning id, client_id, order_number),
event as (
  insert into order_events (client_id, order_id, version, type, source, actor, happened_at)
  select client_id, id, 1, 'imported', 'file', 'service', now() from placed where order_number = 'imported')
insert into order_lines (client_id, order_id, line, product_id, sku, name, quantity, unit_price)
select o.client_id, o.id, row_number() over (partition by o.id order by p.inventory_policy), p.id, p.inventory_policy,
  'Mug', 3, 1
from placed o cross join product p
"""
TAKEN = """
select o.order_number, l.sku, l.taken_quantity from order_lines l join orders o on o.id = l.order_id order by 1, 2
"""


def test_the_migration_records_which_earlier_orders_have_taken_stock(
    fresh: Callable[[], Database], tmp_path: Path
) -> None:
    new, earlier = fresh(), tmp_path / "earlier"
    later = ("0069_*", "007*", "functions", "access.toml", "*.py", "__pycache__")
    shutil.copytree(schema.FOLDER, earlier, ignore=shutil.ignore_patterns(*later))
    schema.migrate(new.url("wc_migrate"), earlier)
    with new.connect() as connection:
        connection.execute("set local session_replication_role = replica")
        connection.execute(ORDERS.encode())
    for name in ("0069_taken_stock", "0072_taken_stock_of_orders"):
        shutil.copy(schema.FOLDER / "tables" / f"{name}.sql", earlier / "tables")
    schema.migrate(new.url("wc_migrate"), earlier)
    with new.connect() as connection:
        assert connection.execute(TAKEN.encode()).fetchall() == [
            ("imported", "tracked", 0), ("imported", "untracked", 0),
            ("placed", "tracked", 3), ("placed", "untracked", 0),
        ]  # fmt: skip
