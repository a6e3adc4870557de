"""CSV files of products, and the floors for loading them: COPY and one merge of the same rows."""

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
_COPY = """
copy {} (catalog_id, sku, name, description, category, brand, price, currency, images, attributes, inventory_count,
  source_data) from stdin
"""
_MERGE = """
insert into products as p
select * from bench_rows
on conflict (catalog_id, sku) do update
set name = excluded.name, description = excluded.description, price = excluded.price
where (p.name, p.description, p.category, p.brand, p.price, p.currency, p.images, p.attributes, p.inventory_count,
    p.source_data)
  is distinct from (excluded.name, excluded.description, excluded.category, excluded.brand, excluded.price,
    excluded.currency, excluded.images, excluded.attributes, excluded.inventory_count, excluded.source_data)
"""
_WORDS = (
    *("crystal", "enamel", "mug", "scarf", "lamp", "award"),
    *("basket", "coffee", "plant", "notebook", "canvas", "wool"),
)
_BATCH = 100_000
"""Rows of one COPY statement."""


def csv_rows(count: int) -> Iterator[list[str]]:
    """Yield the rows of an export of `count` products. The rows of a count are always the same."""
    dice = random.Random(count)  # noqa: S311 - no secret
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
    """Write an export of `count` products as CSV with a header."""
    with file.open("w", newline="", encoding="utf-8") as text:
        writer = csv.writer(text)
        writer.writerow(_COLUMNS)
        writer.writerows(csv_rows(count))


def copy(platform: BenchPlatform, catalog_id: UUID, count: int) -> float:
    """COPY the rows of `write_csv` into `products`, as a superuser: without row-level policies and validation.

    Returns seconds.
    """
    return _copy_into(platform, "products", catalog_id, count)


def merge(platform: BenchPlatform, catalog_id: UUID, count: int) -> float:
    """Merge the rows of `write_csv` into a catalog that already has them, in one statement that updates no row.

    Returns seconds, including COPY of the rows into a temporary table.
    """
    database = platform.database
    database.execute("create temp table bench_rows (like products including defaults)")
    copied = _copy_into(platform, "bench_rows", catalog_id, count)
    began = time.perf_counter()
    database.execute(_MERGE)
    merged = time.perf_counter() - began
    database.execute("drop table bench_rows")
    return copied + merged


def _copy_into(platform: BenchPlatform, table: str, catalog_id: UUID, count: int) -> float:
    """COPY rows into a table. Returns seconds, without the time to generate the rows.

    Generates one batch at a time, to limit memory.
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
    """Convert a CSV row to the columns of _COPY."""
    return (
        catalog_id,
        *row[:7],
        json.dumps([row[7]]),
        json.dumps({"color": row[10], "size": row[11]}),
        row[8],
        json.dumps(dict(zip(_COLUMNS, row, strict=True))),
    )
