"""Measures the speed and the memory of exports, compared with COPY of the same rows to CSV."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import httpx

from infra.bench.files import copy
from infra.bench.platform import BenchPlatform
from infra.bench.rows import Limit, Row, measures

RUNS = 3
SMALL = 10_000
MILLION = 1_000_000
FUNCTION = "queues-exports"
TIMEOUT = 1800.0
"""The maximum duration of an export, in seconds."""
CSV_LIMIT = Limit.at_most(4.0)
MEMORY_LIMIT = Limit.at_most(1.25)
"""The memory that an export uses must not grow with the number of rows."""
_COLUMNS = (
    "id, catalog_id, sku, name, description, category, brand, price, currency, images, attributes, inventory_count,"
    " inventory_policy, is_active, created_at, updated_at"
)


@measures("export-1m-csv", "export-memory-1m-to-10k")
def export_million(platform: BenchPlatform) -> Iterator[Row]:
    """Measure exports of 1,000,000 products to CSV: their memory, and the time from the POST until the file is in S3.

    The floor is COPY of the same rows to a CSV file on the disk, without row-level policies.
    """
    small, million = platform.create_catalog(), platform.create_catalog()
    copy(platform, small, SMALL)
    copy(platform, million, MILLION)
    platform.settle()
    _export(platform, small)
    small_memory = platform.peak_memory(FUNCTION)
    pairs = [(_export(platform, million), _copy_to_csv(platform, million)) for _ in range(RUNS)]
    memory = platform.peak_memory(FUNCTION)
    yield Row.of_pairs("export-1m-csv", pairs, "s", floor_name="COPY of the same rows to CSV", limit=CSV_LIMIT)
    yield Row.of_pairs(
        "export-memory-1m-to-10k",
        [(float(memory), float(small_memory))],
        "MB",
        floor_name=f"an export of {SMALL:,} rows",
        limit=MEMORY_LIMIT,
    )


def _export(platform: BenchPlatform, catalog_id: UUID) -> float:
    """Export the products of a catalog, and return the duration in seconds."""
    body = {"kind": "products", "format": "csv", "filters": {"catalog_id": str(catalog_id)}}
    began = time.perf_counter()
    response = httpx.post(f"{platform.endpoints.api}/v1/exports", headers=platform.headers(), json=body, timeout=60)
    response.raise_for_status()
    platform.wait_for_job(UUID(response.json()["job_id"]), TIMEOUT)
    return time.perf_counter() - began


def _copy_to_csv(platform: BenchPlatform, catalog_id: UUID) -> float:
    """Copy the same rows to a file on the disk, and return the duration in seconds."""
    statement = f"copy (select {_COLUMNS} from products where catalog_id = '{catalog_id}') to stdout (format csv)"  # noqa: S608
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "products.csv").open("wb") as file:
        began = time.perf_counter()
        with platform.database.cursor() as cursor, cursor.copy(statement.encode()) as rows:
            for row in rows:
                file.write(row)
        return time.perf_counter() - began
