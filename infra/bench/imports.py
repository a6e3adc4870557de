"""How fast a request's rows, or an uploaded file, become products."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID

import httpx

from infra.bench import Row
from infra.bench.files import copy, products, write
from infra.bench.platform import BenchPlatform

RUNS = 3
INLINE = 10_000
UPLOADED = 100_000
ANSWERED_WITHIN = 500.0
"""Milliseconds."""
AT_MOST = 2.0
"""Times the COPY."""


def import_inline(platform: BenchPlatform) -> Iterator[Row]:
    """10,000 rows by one POST: answered, and done."""
    rows = [
        {"sku": row[0], "name": row[1], "category": row[3], "brand": row[4], "price": row[5]}
        for row in products(INLINE)
    ]
    answered, done = [], []
    with _api(platform) as api:
        for _ in range(RUNS + 1):
            platform.settle()
            asked = {"catalog_id": str(platform.catalog()), "rows": rows}
            began = time.perf_counter()
            job = _accepted(api.post("/v1/products/bulk-import", json=asked))
            answered.append((time.perf_counter() - began) * 1000)
            platform.wait(UUID(job["id"]))
            done.append(time.perf_counter() - began)
    # The first one starts the processes.
    answer = median(answered[1:])
    beside = f"answered after {answer:.0f} ms, at most {ANSWERED_WITHIN:.0f}"
    yield Row("import-10k", INLINE / median(done[1:]), "rows/s", beside, answer <= ANSWERED_WITHIN)


def import_uploaded(platform: BenchPlatform) -> Iterator[Row]:
    """100,000 rows of an uploaded CSV, beside COPY."""
    imported, copied = [], []
    with tempfile.TemporaryDirectory() as folder, _api(platform) as api:
        file = Path(folder) / "large.csv"
        write(file, UPLOADED)
        for _ in range(RUNS):
            platform.settle()
            catalog = platform.catalog()
            asked = {"catalog_id": str(catalog), "upload_id": _uploaded(api, file)}
            began = time.perf_counter()
            job = _accepted(api.post("/v1/products/bulk-import", json=asked))
            platform.wait(UUID(job["id"]))
            imported.append(time.perf_counter() - began)
            platform.settle()
            copied.append(copy(platform, platform.catalog(), UPLOADED))
    ratio = median(ours / floor for ours, floor in zip(imported, copied, strict=True))
    beside = f"COPY of the same rows: {UPLOADED / median(copied):,.0f} rows/s, {ratio:.2f} times its time"
    yield Row("import-100k", UPLOADED / median(imported), "rows/s", beside, ratio <= AT_MOST)


def _api(platform: BenchPlatform) -> httpx.Client:
    return httpx.Client(base_url=platform.endpoints.api, headers=platform.as_owner(), timeout=60)


def _uploaded(api: httpx.Client, file: Path) -> str:
    """A file's upload; its id."""
    body = file.read_bytes()
    new = {"name": file.name, "size": len(body), "content_type": "text/csv"}
    upload = _accepted(api.post("/v1/uploads", json=new))
    httpx.put(upload["url"], headers=upload["headers"], content=body, timeout=60).raise_for_status()
    return str(upload["id"])


def _accepted(answer: httpx.Response) -> dict[str, Any]:
    answer.raise_for_status()
    body: dict[str, Any] = answer.json()
    return body
