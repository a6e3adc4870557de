"""Measures the speed and the memory of catalog syncs. Compares them with COPY and with a single merge of the same
rows."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from infra.bench.files import copy, merge, write_csv
from infra.bench.platform import BenchPlatform
from infra.bench.rows import Limit, Row, measures

RUNS = 3
SMALL = 10_000
LARGE = 100_000
MILLION = 1_000_000
MILLION_TIMEOUT = 1800.0
"""The maximum duration of a sync of 1,000,000 rows, in seconds."""
FUNCTION = "queues-catalog-syncs"

SYNC_LIMIT = Limit.at_most(2.0)
REPEATED_SYNC_LIMIT = Limit.at_most(2.5)
"""The limit for the second sync of a file. The catalog then already contains all rows of the file."""
MEMORY_LIMIT = Limit.at_most(1.25)
"""The memory that a sync uses must not grow with the size of the file."""


@measures("sync-100k", "sync-100k-again", "sync-memory-100k-to-10k")
def sync(platform: BenchPlatform) -> Iterator[Row]:
    """Measure two syncs of the same CSV file with 100,000 rows, and the memory that the function of the syncs uses.

    The duration of a sync is the time from the end of the upload to S3 until the products are visible.
    """
    with tempfile.TemporaryDirectory() as folder:
        small, large = Path(folder) / "small.csv", Path(folder) / "large.csv"
        write_csv(small, SMALL)
        write_csv(large, LARGE)
        platform.sync(platform.create_catalog(), small)
        small_memory = platform.peak_memory(FUNCTION)
        first, repeated = [], []
        for _ in range(RUNS):
            catalog = platform.create_catalog()
            platform.settle()
            seconds = platform.sync(catalog, large)
            platform.settle()
            first.append((seconds, copy(platform, platform.create_catalog(), LARGE)))
            platform.settle()
            seconds = platform.sync(catalog, large)
            platform.settle()
            repeated.append((seconds, merge(platform, catalog, LARGE)))
    yield sync_row("sync-100k", first, LARGE, SYNC_LIMIT)
    floor_name = "a single merge of the same rows"
    yield Row.of_pairs("sync-100k-again", repeated, "s", floor_name=floor_name, limit=REPEATED_SYNC_LIMIT)
    yield _memory_row("sync-memory-100k-to-10k", platform, small_memory)


@measures("sync-1m", "sync-memory-1m-to-10k")
def sync_million(platform: BenchPlatform) -> Iterator[Row]:
    """Measure a single sync of a CSV file with 1,000,000 rows, and the memory that the function of the sync uses."""
    with tempfile.TemporaryDirectory() as folder:
        small, large = Path(folder) / "small.csv", Path(folder) / "million.csv"
        write_csv(small, SMALL)
        write_csv(large, MILLION)
        platform.sync(platform.create_catalog(), small)
        small_memory = platform.peak_memory(FUNCTION)
        platform.settle()
        copy_seconds = copy(platform, platform.create_catalog(), MILLION)
        platform.settle()
        sync_seconds = platform.sync(platform.create_catalog(), large, MILLION_TIMEOUT)
    yield sync_row("sync-1m", [(sync_seconds, copy_seconds)], MILLION, SYNC_LIMIT)
    yield _memory_row("sync-memory-1m-to-10k", platform, small_memory)


def sync_row(name: str, pairs: list[tuple[float, float]], count: int, limit: Limit) -> Row:
    """Build a row for a load of `count` rows.

    pairs: each pair contains the seconds of a load by the platform, and the seconds of a COPY of the same rows.
    """
    load_rate, copy_rate = (count / median(seconds) for seconds in zip(*pairs, strict=True))
    note = f"{load_rate:,.0f} rows/s, COPY {copy_rate:,.0f} rows/s"
    return Row.of_pairs(name, pairs, "s", floor_name="COPY of the same rows", limit=limit, note=note)


def _memory_row(name: str, platform: BenchPlatform, small_memory: int) -> Row:
    pair = platform.peak_memory(FUNCTION), small_memory
    return Row.of_pairs(name, [pair], "MB", floor_name=f"a sync of {SMALL:,} rows", limit=MEMORY_LIMIT)
