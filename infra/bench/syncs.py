"""How fast a file becomes products, beside COPY of the same rows into the same table."""

import csv
import json
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from uuid import UUID

from infra.bench import Row
from infra.bench.platform import BenchPlatform

RUNS = 3
ROWS = 100_000
SYNC_AT_MOST = 2.0
"""Times the COPY."""
AGAIN_AT_MOST = 3.0
"""Times one guarded merge of the same rows, for a file that is there already."""
MEMORY_AT_MOST = 1.25
"""Times the memory of a tenth of the rows."""
_COLUMNS = (
    "sku",
    "name",
    "description",
    "category",
    "brand",
    "price",
    "currency",
    "image",
    "stock",
    "active",
    "color",
    "size",
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
    "crystal",
    "enamel",
    "mug",
    "scarf",
    "lamp",
    "award",
    "basket",
    "coffee",
    "plant",
    "notebook",
    "canvas",
    "wool",
)


def sync(platform: BenchPlatform) -> Iterator[Row]:
    """100,000 rows of CSV, in S3 → visible; the same file again; and the memory it took."""
    with tempfile.TemporaryDirectory() as folder:
        small, large = Path(folder) / "small.csv", Path(folder) / "large.csv"
        _write(small, ROWS // 10)
        rows = _write(large, ROWS)
        platform.sync(platform.catalog(), small)
        memory = platform.peak_memory("queues-catalog-syncs")
        synced, copied, again, merged = [], [], [], []
        for _ in range(RUNS):
            platform.settle()
            catalog = platform.catalog()
            synced.append(platform.sync(catalog, large))
            platform.settle()
            copied.append(_copy(platform, platform.catalog(), rows))
            platform.settle()
            again.append(platform.sync(catalog, large))
            platform.settle()
            merged.append(_merge(platform, catalog, rows))
        ratio = median(ours / floor for ours, floor in zip(synced, copied, strict=True))
        beside = f"COPY of the same rows: {ROWS / median(copied):,.0f} rows/s"
        yield Row("sync-100k", ROWS / median(synced), "rows/s", beside, ratio <= SYNC_AT_MOST)
        yield Row("sync-100k-times-copy", ratio, "×", f"at most {SYNC_AT_MOST}", ratio <= SYNC_AT_MOST)
        repeated = median(ours / floor for ours, floor in zip(again, merged, strict=True))
        beside = f"at most {AGAIN_AT_MOST}; one guarded merge: {median(merged):.2f} s"
        yield Row("sync-100k-again-times-merge", repeated, "×", beside, repeated <= AGAIN_AT_MOST)
        grown = platform.peak_memory("queues-catalog-syncs") / memory
        yield Row("sync-memory-100k-to-10k", grown, "×", f"at most {MEMORY_AT_MOST}", grown <= MEMORY_AT_MOST)


def _write(file: Path, count: int) -> list[list[str]]:
    """A plain export of `count` products; its rows."""
    dice = random.Random(count)  # noqa: S311 - the same file each time
    rows = [
        [
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
        for number in range(count)
    ]
    with file.open("w", newline="", encoding="utf-8") as text:
        writer = csv.writer(text)
        writer.writerow(_COLUMNS)
        writer.writerows(rows)
    return rows


def _copy(platform: BenchPlatform, catalog_id: UUID, rows: list[list[str]]) -> float:
    """Seconds that COPY takes for the same rows into the same table, as a superuser: no policy, no checks of ours."""
    return _copy_into(platform, "products", catalog_id, rows)


def _merge(platform: BenchPlatform, catalog_id: UUID, rows: list[list[str]]) -> float:
    """Seconds of one statement that merges the same rows into a catalog that has them all, COPY to get them there
    included."""
    database = platform.database
    database.execute("create temp table bench_rows (like products including defaults)")
    copied = _copy_into(platform, "bench_rows", catalog_id, rows)
    began = time.perf_counter()
    database.execute(_MERGE)
    took = copied + time.perf_counter() - began
    database.execute("drop table bench_rows")
    return took


def _copy_into(platform: BenchPlatform, table: str, catalog_id: UUID, rows: list[list[str]]) -> float:
    prepared = [
        (
            catalog_id,
            *row[:7],
            json.dumps([row[7]]),
            json.dumps({"color": row[10], "size": row[11]}),
            row[8],
            json.dumps(dict(zip(_COLUMNS, row, strict=True))),
        )
        for row in rows
    ]
    began = time.perf_counter()
    with platform.database.cursor() as cursor, cursor.copy(_COPY.format(table).encode()) as copy:
        for row in prepared:
            copy.write_row(row)
    return time.perf_counter() - began
