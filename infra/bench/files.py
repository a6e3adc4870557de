"""Writes CSV files of products, and measures how long PostgreSQL takes to COPY or to merge the same rows."""

import csv
import json
import random
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from uuid import UUID

from infra.bench.platform import BenchPlatform

_COLUMNS = (
    *("sku", "name", "description", "category", "brand", "price", "currency"),
    *("image", "stock", "active", "color", "size"),
)
_TABLE_COLUMNS = """
catalog_id, sku, name, description, category, brand, price, currency, images, attributes, inventory_count
"""
_COPY = f"copy products (id, {_TABLE_COLUMNS}) from stdin"
_COPY_SOURCES = "copy product_sources (product_id, catalog_id, data) from stdin"
_CREATE = f"create temp table bench_rows as select id, {_TABLE_COLUMNS}, source_data from products with no data"  # noqa: S608 - a constant
_COPY_ROWS = f"copy bench_rows (id, {_TABLE_COLUMNS}, source_data) from stdin"
_MERGE = (
    f"""
insert into products as p ({_TABLE_COLUMNS})
select {_TABLE_COLUMNS} from bench_rows
on conflict (catalog_id, sku) do update
set name = excluded.name, description = excluded.description, price = excluded.price
where (p.name, p.description, p.category, p.brand, p.price, p.currency, p.images, p.attributes, p.inventory_count)
  is distinct from (excluded.name, excluded.description, excluded.category, excluded.brand, excluded.price,
    excluded.currency, excluded.images, excluded.attributes, excluded.inventory_count)
""",  # noqa: S608 - a constant
    """
update product_sources s set data = b.source_data
from bench_rows b join products p using (catalog_id, sku)
where s.catalog_id = p.catalog_id and s.product_id = p.id and s.data is distinct from b.source_data
""",
)
_WORDS = (
    *("crystal", "enamel", "mug", "scarf", "lamp", "award"),
    *("basket", "coffee", "plant", "notebook", "canvas", "wool"),
)
_BATCH = 100_000
"""The number of rows that one COPY statement loads."""


def csv_rows(count: int) -> Iterator[list[str]]:
    """Yield the rows of an export of `count` products. The same `count` always gives the same rows."""
    dice = random.Random(count)  # noqa: S311 - the numbers are not secret
    for number in range(count):
        yield [
            f"SKU-{number:07d}",
            f"{' '.join(dice.choices(_WORDS, k=4))} {number}",
            " ".join(dice.choices(_WORDS, k=20)),
            f"category {number % 40}",
            f"brand {number % 200}",
            f"{dice.randint(100, 99_999) / 100:.2f}",
            "USD",
            f"https://images.test/{number}.jpg",
            str(dice.randint(0, 500)),
            "true",
            dice.choice(_WORDS),
            dice.choice("SML"),
        ]


def write_csv(file: Path, count: int) -> None:
    """Write an export of `count` products to a CSV file with a header."""
    with file.open("w", newline="", encoding="utf-8") as text:
        writer = csv.writer(text)
        writer.writerow(_COLUMNS)
        writer.writerows(csv_rows(count))


def copy(platform: BenchPlatform, catalog_id: UUID, count: int) -> float:
    """Insert the rows of `write_csv` into the tables of products and their source data with COPY.

    Return the duration in seconds. The superuser runs the statements, so PostgreSQL applies no row-level policies. The
    rows are not validated either.
    """
    seconds = 0.0
    for records in _batches(catalog_id, count):
        seconds += _copy(platform, _COPY, [record[:-1] for record in records])
        seconds += _copy(platform, _COPY_SOURCES, [(record[0], record[1], record[-1]) for record in records])
    return seconds


def merge(platform: BenchPlatform, catalog_id: UUID, count: int) -> float:
    """Merge the rows of `write_csv` into a catalog that already has the same rows. Return the duration in seconds.

    The rows are copied into a temporary table, and two statements merge them. The statements change no product, because
    each row equals the existing product. The duration includes the copy.
    """
    database = platform.database
    database.execute(_CREATE)
    copy_seconds = sum(_copy(platform, _COPY_ROWS, records) for records in _batches(catalog_id, count))
    began = time.perf_counter()
    for statement in _MERGE:
        database.execute(statement)
    merge_seconds = time.perf_counter() - began
    database.execute("drop table bench_rows")
    return copy_seconds + merge_seconds


def _batches(catalog_id: UUID, count: int) -> Iterator[list[tuple[object, ...]]]:
    """Yield the records of `count` products. To limit memory, the records are generated batch by batch.

    The ids of the products increase in the order of the rows, like the ids that the platform creates.
    """
    rows, first_id = csv_rows(count), catalog_id.int ^ (1 << 63)
    for start in range(0, count, _BATCH):
        batch = enumerate(islice(rows, _BATCH), first_id + start)
        yield [(UUID(int=number), *_record(catalog_id, row)) for number, row in batch]


def _copy(platform: BenchPlatform, statement: str, records: list[tuple[object, ...]]) -> float:
    """Run a COPY statement, and return its duration in seconds."""
    began = time.perf_counter()
    with platform.database.cursor() as cursor, cursor.copy(statement.encode()) as stream:
        for record in records:
            stream.write_row(record)
    return time.perf_counter() - began


def _record(catalog_id: UUID, row: list[str]) -> tuple[object, ...]:
    """Convert a CSV row to the values of _TABLE_COLUMNS and to the source data."""
    return (
        catalog_id,
        *row[:7],
        json.dumps([row[7]]),
        json.dumps({"color": row[10], "size": row[11]}),
        row[8],
        json.dumps(dict(zip(_COLUMNS, row, strict=True))),
    )
