"""How fast a file becomes products, beside COPY of the same rows into the same table."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from infra.bench import Row
from infra.bench.files import copy, merge, write
from infra.bench.platform import BenchPlatform

RUNS = 3
ROWS = 100_000
MILLION = 1_000_000
SYNC_AT_MOST = 2.0
"""Times the COPY."""
AGAIN_AT_MOST = 3.0
"""Times one guarded merge of the same rows, for a file that is there already."""
MEMORY_AT_MOST = 1.25
"""Times the memory of 10,000 rows."""


def sync(platform: BenchPlatform) -> Iterator[Row]:
    """100,000 rows of CSV, in S3 → visible; the same file again; and the memory it took."""
    with tempfile.TemporaryDirectory() as folder:
        small, large = Path(folder) / "small.csv", Path(folder) / "large.csv"
        write(small, ROWS // 10)
        write(large, ROWS)
        platform.sync(platform.catalog(), small)
        memory = platform.peak_memory("queues-catalog-syncs")
        synced, copied, again, merged = [], [], [], []
        for _ in range(RUNS):
            platform.settle()
            catalog = platform.catalog()
            synced.append(platform.sync(catalog, large))
            platform.settle()
            copied.append(copy(platform, platform.catalog(), ROWS))
            platform.settle()
            again.append(platform.sync(catalog, large))
            platform.settle()
            merged.append(merge(platform, catalog, ROWS))
        ratio = median(ours / floor for ours, floor in zip(synced, copied, strict=True))
        beside = f"COPY of the same rows: {ROWS / median(copied):,.0f} rows/s"
        yield Row("sync-100k", ROWS / median(synced), "rows/s", beside, ratio <= SYNC_AT_MOST)
        yield Row("sync-100k-times-copy", ratio, "×", f"at most {SYNC_AT_MOST}", ratio <= SYNC_AT_MOST)
        repeated = median(ours / floor for ours, floor in zip(again, merged, strict=True))
        beside = f"at most {AGAIN_AT_MOST}; one guarded merge: {median(merged):.2f} s"
        yield Row("sync-100k-again-times-merge", repeated, "×", beside, repeated <= AGAIN_AT_MOST)
        grown = platform.peak_memory("queues-catalog-syncs") / memory
        yield Row("sync-memory-100k-to-10k", grown, "×", f"at most {MEMORY_AT_MOST}", grown <= MEMORY_AT_MOST)


def sync_million(platform: BenchPlatform) -> Iterator[Row]:
    """A million rows, once, beside COPY; and whether it takes more memory than ten thousand do."""
    with tempfile.TemporaryDirectory() as folder:
        small, large = Path(folder) / "small.csv", Path(folder) / "million.csv"
        write(small, ROWS // 10)
        write(large, MILLION)
        platform.sync(platform.catalog(), small)
        memory = platform.peak_memory("queues-catalog-syncs")
        platform.settle()
        copied = copy(platform, platform.catalog(), MILLION)
        platform.settle()
        synced = platform.sync(platform.catalog(), large, within=1800)
        beside = f"COPY of the same rows: {MILLION / copied:,.0f} rows/s, {synced / copied:.2f} times its time"
        yield Row("sync-1m", MILLION / synced, "rows/s", beside, synced <= SYNC_AT_MOST * copied)
        peak = platform.peak_memory("queues-catalog-syncs")
        beside = f"at most {MEMORY_AT_MOST}; {peak} MB beside {memory} MB"
        yield Row("sync-memory-1m-to-10k", peak / memory, "×", beside, peak <= MEMORY_AT_MOST * memory)
