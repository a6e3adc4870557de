"""Measures how much the heaviest work of one client slows down the requests of another client.

The second client is called the neighbour. It stays within the limits of the platform, but does what costs most: it
reads the largest rows, searches, merges patches, imports, and lets images be rendered. For each kind of work, the
figure is the p95 of the first client during the work, and the floor is the p95 of the first client without any work.
"""

import io
import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

import httpx

from infra.bench import catalogs
from infra.bench.files import csv_rows
from infra.bench.load import Connect, get, load
from infra.bench.platform import GLOBEX, BenchPlatform
from infra.bench.rows import Limit, Row, measures
from infra.local.processes import LocalCloudError

LIMIT = Limit.at_most(1.2)
"""The requests of the first client may become slower by a fifth."""
RUNS, SECONDS = 9, 3.0
"""The number of pairs of runs, and the duration of each run, in seconds. A p95 needs more requests than a median."""
IMAGE_RUNS = 5
"""The number of pairs during which an image is rendered. After each of them, the measure waits for the image."""
CONNECTIONS = 1
"""The number of connections of the first client. With more connections it would use all cores of a small machine by
itself, and every work would slow it down."""
WARM_UP_SECONDS = 1.0
FLOOD_PER_SECOND = 100
"""The number of requests a second with which the neighbour exceeds its quota of 1,000 requests an hour."""
PAUSE = 0.1
"""The time between two requests of the neighbour, in seconds. With shorter pauses it would exceed its quota."""
TIMEOUT = 60.0
"""The maximum duration of a request, of a job or of the rendering of an image, in seconds."""

SEARCHED_PRODUCTS = 100_000
LARGE_PRODUCTS = 12
LARGE_TEXT, LARGE_OBJECT = "\N{WRAPPED PRESENT}" * 100_000, "x" * 520_000
"""A description and an attribute of a product that are almost as large as the API accepts."""
PATCH_KEYS = 9_000
IMPORT_ROWS = 10_000
IMAGE_SIDE, IMAGE_BYTES = 8_000, 2 << 20


@dataclass
class Neighbour:
    """The second client, and the kinds of work that it can do. Each method for work makes one repetition."""

    platform: BenchPlatform
    client: httpx.Client

    def __post_init__(self) -> None:
        self._numbers = itertools.count()

    def search(self) -> None:
        """Request a page with a search for a rare word, in a large catalog. No page comes from the cache."""
        path = f"/v1/catalogs/{self._searched}/products"
        self._get(path, {"q": f"{next(self._numbers)}", "updated_since": "2020-01-01T00:00:00Z"})

    def read_largest_rows(self) -> None:
        """Request a page of the largest products that can be stored. The page does not come from the cache."""
        self._get(f"/v1/catalogs/{self._large}/products", {"updated_since": "2020-01-01T00:00:00Z"})

    def patch(self) -> None:
        """Merge a patch with PATCH_KEYS keys into a product with as many keys."""
        number = next(self._numbers)
        attributes = {f"key-{key}": number for key in range(PATCH_KEYS)}
        path = f"/v1/products/{self._patched}"
        self._body(self.client.patch(path, json={"attributes": attributes}, headers={"If-Match": "*"}))
        time.sleep(PAUSE)

    def import_rows(self) -> None:
        """Import IMPORT_ROWS rows that change every product of a catalog. Returns when the import is completed."""
        stock = next(self._numbers)
        rows = [
            {"sku": row[0], "name": row[1], "description": row[2], "price": row[5], "inventory_count": stock}
            for row in csv_rows(IMPORT_ROWS)
        ]
        request = {"catalog_id": str(self._imported), "rows": rows}
        job = self._body(self.client.post("/v1/products/bulk-import", json=request))
        self.platform.wait_for_job(UUID(job["id"]), TIMEOUT)

    def render_image(self) -> None:
        """Upload an image that takes all of the CPU time that is allowed. Returns when its rendering has failed."""
        request = {"type": "image/jpeg", "bytes": len(self._image)}
        upload = self._body(self.client.post(f"/v1/catalogs/{self._imported}/images", json=request))
        target = upload["upload"]
        httpx.request(
            target["method"], target["url"], headers=target["headers"], content=self._image, timeout=TIMEOUT
        ).raise_for_status()
        path = f"/v1/images/{upload['image']['id']}"
        self._body(self.client.post(f"{path}/complete"))
        began = time.perf_counter()
        while (image := self._body(self.client.get(path)))["status"] not in ("ready", "failed"):
            if time.perf_counter() - began > TIMEOUT:
                raise LocalCloudError(f"image {path} was not rendered within {TIMEOUT:.0f} seconds")
            time.sleep(1)
        if image.get("error_code") != "too_slow":
            raise LocalCloudError(f"the image should need too much time, but it is {image['status']}: {image}")

    def flood(self) -> None:
        """Send a request without waiting, whatever the response is."""
        self.client.get("/v1/catalogs")
        time.sleep(1 / FLOOD_PER_SECOND)

    @cached_property
    def _searched(self) -> UUID:
        return catalogs.create_filled_catalog(self.platform, SEARCHED_PRODUCTS, GLOBEX)

    @cached_property
    def _imported(self) -> UUID:
        return self.platform.create_catalog(GLOBEX)

    @cached_property
    def _large(self) -> UUID:
        catalog = self.platform.create_catalog(GLOBEX)
        for number in range(LARGE_PRODUCTS):
            self._create_product(catalog, number, description=LARGE_TEXT, attributes={"key": LARGE_OBJECT})
        return catalog

    @cached_property
    def _patched(self) -> str:
        attributes = {f"old-{key}": key for key in range(PATCH_KEYS)}
        return self._create_product(self._imported, 0, attributes=attributes)

    @cached_property
    def _image(self) -> bytes:
        """A progressive JPEG whose last scan is repeated until the file is full."""
        from PIL import Image

        file = io.BytesIO()
        # A scan of an image of one color takes few bytes, but the decoder visits every block of the image.
        Image.new("RGB", (IMAGE_SIDE, IMAGE_SIDE), "blue").save(file, "JPEG", progressive=True, quality=30)
        complete, end = file.getvalue(), b"\xff\xd9"
        last_scan = complete[complete.rindex(b"\xff\xda") : -len(end)]
        return complete[: -len(end)] + last_scan * ((IMAGE_BYTES - len(complete)) // len(last_scan)) + end

    def _create_product(self, catalog: UUID, number: int, **fields: Any) -> str:
        product = {"sku": f"SKU-{number}", "name": f"product {number}", "price": "1.00"}
        return str(self._body(self.client.post(f"/v1/catalogs/{catalog}/products", json=product | fields))["id"])

    def _get(self, path: str, parameters: dict[str, str]) -> None:
        self._body(self.client.get(path, params=parameters))
        time.sleep(PAUSE)

    def _body(self, response: httpx.Response) -> dict[str, Any]:
        if not response.is_success:
            raise LocalCloudError(f"{response.request.method} {response.url}: {response.status_code} {response.text}")
        body: dict[str, Any] = json.loads(response.content)
        return body


@measures(
    "neighbour-largest-rows-p95",
    "neighbour-search-p95",
    "neighbour-patch-p95",
    "neighbour-import-p95",
    "neighbour-image-p95",
    "neighbour-p95",
)
def neighbours(platform: BenchPlatform) -> Iterator[Row]:
    """Measure how much each kind of work of the neighbour slows down the cached pages of the first client."""
    path = catalogs.list_path(platform.create_catalog(), catalogs.PAGE_SIZE, cached=True)
    first = get(platform.endpoints.api, platform.headers(), path)
    load(first, CONNECTIONS, WARM_UP_SECONDS)
    headers = platform.small_client_headers()
    with httpx.Client(base_url=platform.endpoints.api, headers=headers, timeout=TIMEOUT) as client:
        neighbour = Neighbour(platform, client)
        yield _row("neighbour-largest-rows-p95", first, neighbour.read_largest_rows)
        yield _row("neighbour-search-p95", first, neighbour.search)
        yield _row("neighbour-patch-p95", first, neighbour.patch)
        yield _row("neighbour-import-p95", first, neighbour.import_rows)
        yield _row("neighbour-image-p95", first, neighbour.render_image, IMAGE_RUNS)
        # The flood uses up the quota of the neighbour. Therefore it is the last kind of work.
        yield _row("neighbour-p95", first, neighbour.flood)


def _row(name: str, first: Connect, work: Callable[[], None], runs: int = RUNS) -> Row:
    work()  # creates the rows that the work needs, and starts the processes of the functions
    pairs, repetitions = [], 0
    for _ in range(runs):
        alone = load(first, CONNECTIONS, SECONDS)
        with _repeating(work) as count:
            disturbed = load(first, CONNECTIONS, SECONDS)
        pairs.append((disturbed.p95, alone.p95))
        repetitions += count()
    note = f"{repetitions:,} repetitions in {runs * SECONDS:.0f} s"
    return Row.of_pairs(name, pairs, "ms p95", floor_name="without the neighbour", limit=LIMIT, note=note)


@contextmanager
def _repeating(work: Callable[[], None]) -> Iterator[Callable[[], int]]:
    """Repeat the work in a thread, at least once. At the end, waits for the repetition that is running.

    Yields a function that returns the number of repetitions so far. Raises the exception that ended the work.
    """
    stop, failures = threading.Event(), list[Exception]()
    repetitions = 0

    def repeat() -> None:
        nonlocal repetitions
        try:
            while not stop.is_set():
                work()
                repetitions += 1
        except Exception as error:
            failures.append(error)

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        yield lambda: repetitions
    finally:
        stop.set()
        thread.join()
    if failures:
        raise failures[0]
