"""Writes CSV files of products. Measures how long PostgreSQL takes to COPY or to merge the same rows."""

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
catalog_id, sku, name, description, category, brand, price, currency, images, attributes, inventory_count, source_data
"""
_COPY = f"copy {{}} ({_TABLE_COLUMNS}) from stdin"
_CREATE = f"create temp table bench_rows as select {_TABLE_COLUMNS} from products with no data"  # noqa: S608 - a constant
_MERGE = f"""
insert into products as p ({_TABLE_COLUMNS})
select {_TABLE_COLUMNS} from bench_rows
on conflict (catalog_id, sku) do update
set name = excluded.name, description = excluded.description, price = excluded.price
where (p.name, p.description, p.category, p.brand, p.price, p.currency, p.images, p.attributes, p.inventory_count,
    p.source_data)
  is distinct from (excluded.name, excluded.description, excluded.category, excluded.brand, excluded.price,
    excluded.currency, excluded.images, excluded.attributes, excluded.inventory_count, excluded.source_data)
"""  # noqa: S608 - a constant
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
    """Insert the rows of `write_csv` into the table `products` with COPY. Returns how many seconds this took.

    The superuser runs the statement, so PostgreSQL applies no row-level policies. The rows are not validated either.
    """
    return _copy_into(platform, "products", catalog_id, count)


def merge(platform: BenchPlatform, catalog_id: UUID, count: int) -> float:
    """Merge the rows of `write_csv` into a catalog that already has the same rows. Returns how many seconds this took.

    The rows are copied into a temporary table, and one statement merges them. The statement changes no product, because
    each row equals the existing product. The time includes the copy.
    """
    database = platform.database
    database.execute(_CREATE)
    copy_seconds = _copy_into(platform, "bench_rows", catalog_id, count)
    began = time.perf_counter()
    database.execute(_MERGE)
    merge_seconds = time.perf_counter() - began
    database.execute("drop table bench_rows")
    return copy_seconds + merge_seconds


def _copy_into(platform: BenchPlatform, table: str, catalog_id: UUID, count: int) -> float:
    """Insert rows into a table with COPY. Returns how many seconds this took, without the time to generate the rows.

    To limit memory, the rows are generated batch by batch.
    """
    rows, seconds = csv_rows(count), 0.0
    with platform.database.cursor() as cursor:
        for _ in range(0, count, _BATCH):
            records = [_record(catalog_id, row) for row in islice(rows, _BATCH)]
            began = time.perf_counter()
            with cursor.copy(_COPY.format(table).encode()) as stream:
                for record in records:
                    stream.write_row(record)
            seconds += time.perf_counter() - began
    return seconds


def _record(catalog_id: UUID, row: list[str]) -> tuple[object, ...]:
    """Convert a CSV row to the values of _TABLE_COLUMNS."""
    return (
        catalog_id,
        *row[:7],
        json.dumps([row[7]]),
        json.dumps({"color": row[10], "size": row[11]}),
        row[8],
        json.dumps(dict(zip(_COLUMNS, row, strict=True))),
    )
