"""Measures the speed of bulk imports from the body of a request and from an uploaded file."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID

import httpx

from infra.bench.files import copy, csv_rows, write_csv
from infra.bench.platform import BenchPlatform
from infra.bench.rows import Limit, Row, measures
from infra.bench.syncs import sync_row

INLINE_RUNS, UPLOAD_RUNS = 5, 3
INLINE_COUNT = 10_000
UPLOAD_COUNT = 100_000
TIMEOUT = 60.0
"""The maximum duration of one request, in seconds."""

RESPONSE_LIMIT = Limit.at_most(0.69)
"""The target is 500 ms. At reference speed (see `infra.bench.pages`), COPY takes 728 ms (13,731 rows/s). The limit is
500 / 728 = 0.69."""
UPLOAD_LIMIT = Limit.at_most(2.0)


@measures("import-10k")
def import_inline(platform: BenchPlatform) -> Iterator[Row]:
    """Measure the time from the POST of 10,000 rows until the API accepts the rows.

    Afterwards, a job imports the rows.
    """
    rows = [
        {"sku": row[0], "name": row[1], "category": row[3], "brand": row[4], "price": row[5]}
        for row in csv_rows(INLINE_COUNT)
    ]
    pairs, import_seconds = [], []
    with _client(platform) as client:
        for run in range(INLINE_RUNS + 1):
            request = {"catalog_id": str(platform.create_catalog()), "rows": rows}
            platform.settle()
            began = time.perf_counter()
            job = _body(client.post("/v1/products/bulk-import", json=request))
            accept_seconds = time.perf_counter() - began
            platform.wait_for_job(UUID(job["id"]))
            if run:  # run 0 is not counted, because it starts the processes of the functions
                import_seconds.append(time.perf_counter() - began)
                platform.settle()
                copy_seconds = copy(platform, platform.create_catalog(), INLINE_COUNT)
                pairs.append((accept_seconds * 1000, copy_seconds * 1000))
    note = f"until accepted; imported at {INLINE_COUNT / median(import_seconds):,.0f} rows/s"
    floor_name = f"COPY of {INLINE_COUNT:,} rows"
    yield Row.of_pairs("import-10k", pairs, "ms", floor_name=floor_name, limit=RESPONSE_LIMIT, note=note)


@measures("import-100k")
def import_uploaded(platform: BenchPlatform) -> Iterator[Row]:
    """Measure the import of an uploaded CSV file with 100,000 rows, from the POST until the job is completed."""
    pairs = []
    with tempfile.TemporaryDirectory() as folder, _client(platform) as client:
        file = Path(folder) / "large.csv"
        write_csv(file, UPLOAD_COUNT)
        for _ in range(UPLOAD_RUNS):
            request = {"catalog_id": str(platform.create_catalog()), "upload_id": _upload(client, file)}
            platform.settle()
            began = time.perf_counter()
            job = _body(client.post("/v1/products/bulk-import", json=request))
            platform.wait_for_job(UUID(job["id"]))
            seconds = time.perf_counter() - began
            platform.settle()
            pairs.append((seconds, copy(platform, platform.create_catalog(), UPLOAD_COUNT)))
    yield sync_row("import-100k", pairs, UPLOAD_COUNT, UPLOAD_LIMIT)


def _client(platform: BenchPlatform) -> httpx.Client:
    return httpx.Client(base_url=platform.endpoints.api, headers=platform.headers(), timeout=TIMEOUT)


def _upload(client: httpx.Client, file: Path) -> str:
    """Upload a file and return the id of the upload."""
    content = file.read_bytes()
    request = {"name": file.name, "size": len(content), "content_type": "text/csv"}
    upload = _body(client.post("/v1/uploads", json=request))
    httpx.put(upload["url"], headers=upload["headers"], content=content, timeout=TIMEOUT).raise_for_status()
    return str(upload["id"])


def _body(response: httpx.Response) -> dict[str, Any]:
    response.raise_for_status()
    body: dict[str, Any] = response.json()
    return body
