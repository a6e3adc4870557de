"""Repeats the heaviest work of a client in a separate process.

On AWS, a client's computers do not take CPU time from the platform. In the benchmark, the work of the client runs on
the machine of the platform. Therefore the process of the work has a low priority. It is a separate process, because the
work and the measurement must not share Python's global lock.
"""

import io
import itertools
import json
import multiprocessing
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, Literal

import httpx

from infra.bench.files import csv_rows
from infra.local.processes import LocalCloudError
from infra.local.zygote_main import lower_priority

Work = Literal["search", "read_largest_rows", "patch", "import_rows", "render_image", "flood", "use_cpu"]
"""The name of a method of Neighbour."""

NICENESS = 19
"""The niceness of all work except `use_cpu`. `use_cpu` has the normal priority, because it represents processes of the
platform."""
FLOOD_PER_SECOND = 100
"""The number of requests a second in `flood`. It exceeds the neighbour's quota of 1,000 requests an hour."""
PAUSE = 0.1
"""The time between two requests of the neighbour, in seconds. With shorter pauses, the neighbour would exceed its
quota."""
TIMEOUT = 60.0
"""How long a request, a job or the rendering of an image may take, in seconds."""
PATCH_KEYS = 9_000
IMPORT_ROWS = 10_000
IMAGE_SIDE, IMAGE_BYTES = 8_000, 2 << 20


@dataclass(frozen=True)
class Prepared:
    """The data that the neighbour needs: the address of the API, the headers of its requests, and the ids of its
    rows."""

    api: str
    headers: Mapping[str, str]
    searched_catalog: str
    """A catalog with many products."""
    large_catalog: str
    """A catalog with one page of products. Each product is as large as a stored product can be."""
    imported_catalog: str
    patched_product: str
    cpu_seconds: float = 0.0
    """The CPU time of one repetition of `use_cpu`, in seconds."""
    period: float = 0.0
    """The duration of one repetition of `use_cpu`, in seconds."""


class Neighbour:
    """The client that does the work. Each method does one kind of work once."""

    def __init__(self, prepared: Prepared, client: httpx.Client) -> None:
        self._prepared = prepared
        self._client = client
        self._numbers = itertools.count()
        self._image = b""

    def search(self) -> None:
        """Request a page with a search for a rare word, in a large catalog. No page comes from the cache."""
        parameters = {"q": f"{next(self._numbers)}", "updated_since": "2020-01-01T00:00:00Z"}
        self._get(self._prepared.searched_catalog, parameters)

    def read_largest_rows(self) -> None:
        """Request a page of products of the largest possible size. The page does not come from the cache."""
        self._get(self._prepared.large_catalog, {"updated_since": "2020-01-01T00:00:00Z"})

    def patch(self) -> None:
        """Merge a patch with PATCH_KEYS keys into a product that has the same number of keys."""
        number = next(self._numbers)
        attributes = {f"key-{key}": number for key in range(PATCH_KEYS)}
        path = f"/v1/products/{self._prepared.patched_product}"
        require_success(self._client.patch(path, json={"attributes": attributes}, headers={"If-Match": "*"}))
        time.sleep(PAUSE)

    def import_rows(self) -> None:
        """Import IMPORT_ROWS rows that change every product of a catalog, and wait until the import is completed."""
        stock = next(self._numbers)
        rows = [
            {"sku": row[0], "name": row[1], "description": row[2], "price": row[5], "inventory_count": stock}
            for row in csv_rows(IMPORT_ROWS)
        ]
        request = {"catalog_id": self._prepared.imported_catalog, "rows": rows}
        job = body(self._client.post("/v1/products/bulk-import", json=request))
        ended = self._wait(f"/v1/jobs/{job['id']}", ("completed", "failed", "cancelled"))
        if ended["status"] != "completed":
            raise LocalCloudError(f"the import was not completed: {ended}")

    def render_image(self) -> None:
        """Upload an image whose rendering takes more CPU time than is allowed, and wait until the rendering has
        failed."""
        self._image = self._image or slow_image()
        request = {"type": "image/jpeg", "bytes": len(self._image)}
        path = f"/v1/catalogs/{self._prepared.imported_catalog}/images"
        upload = body(self._client.post(path, json=request))
        target = upload["upload"]
        stored = httpx.request(
            target["method"], target["url"], headers=target["headers"], content=self._image, timeout=TIMEOUT
        )
        require_success(stored)
        path = f"/v1/images/{upload['image']['id']}"
        require_success(self._client.post(f"{path}/complete"))
        image = self._wait(path, ("ready", "failed"))
        if image.get("error_code") != "too_slow":
            raise LocalCloudError(f"the image should fail as `too_slow`, but it is {image['status']}: {image}")

    def flood(self) -> None:
        """Send a request, pause for 1 / FLOOD_PER_SECOND seconds, and accept any response, e.g. 429."""
        self._client.get("/v1/catalogs")
        time.sleep(1 / FLOOD_PER_SECOND)

    def use_cpu(self) -> None:
        """Use as much CPU time as another kind of work, but do not call the platform."""
        began, used = time.perf_counter(), time.thread_time()
        while time.thread_time() - used < self._prepared.cpu_seconds:
            pass
        time.sleep(max(0.0, self._prepared.period - (time.perf_counter() - began)))

    def _get(self, catalog: str, parameters: dict[str, str]) -> None:
        require_success(self._client.get(f"/v1/catalogs/{catalog}/products", params=parameters))
        time.sleep(PAUSE)

    def _wait(self, path: str, statuses: tuple[str, ...]) -> dict[str, Any]:
        """Read an object again and again until its status is one of `statuses`. Raises LocalCloudError after TIMEOUT
        seconds."""
        began = time.perf_counter()
        while (found := body(self._client.get(path)))["status"] not in statuses:
            if time.perf_counter() - began > TIMEOUT:
                raise LocalCloudError(f"{path} is still {found['status']} after {TIMEOUT:.0f} seconds")
            time.sleep(0.5)
        return found


def slow_image() -> bytes:
    """Return a progressive JPEG whose last scan is repeated until the file is full."""
    from PIL import Image

    file = io.BytesIO()
    # A scan of an image of one color takes few bytes, but the decoder visits every block of the image.
    Image.new("RGB", (IMAGE_SIDE, IMAGE_SIDE), "blue").save(file, "JPEG", progressive=True, quality=30)
    complete, end = file.getvalue(), b"\xff\xd9"
    last_scan = complete[complete.rindex(b"\xff\xda") : -len(end)]
    return complete[: -len(end)] + last_scan * ((IMAGE_BYTES - len(complete)) // len(last_scan)) + end


def require_success(response: httpx.Response) -> None:
    """Raise LocalCloudError if the response is an error."""
    if not response.is_success:
        raise LocalCloudError(f"{response.request.method} {response.url}: {response.status_code} {response.text}")


def body(response: httpx.Response) -> dict[str, Any]:
    """Return the body of a response. Raises LocalCloudError if the response is an error."""
    require_success(response)
    content: dict[str, Any] = json.loads(response.content)
    return content


class Repeater:
    """Repeats one kind of work in the process of the neighbour."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.repetitions = 0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Repeat the work during a `with` block, at least once. At the end of the block, wait until the last repetition
        has ended.

        Raises LocalCloudError if a repetition fails.
        """
        self._connection.send("start")
        yield
        self._connection.send("stop")
        self.repetitions += self._repetitions()

    def _repetitions(self) -> int:
        try:
            answer: int | str = self._connection.recv()
        except EOFError:
            answer = "the process has ended"
        if isinstance(answer, str):
            raise LocalCloudError(f"the work of the neighbour failed: {answer}")
        return answer

    def warm_up(self) -> None:
        """Do the work once to start the processes of the functions."""
        with self.running():
            pass
        self.repetitions = 0


@contextmanager
def neighbour(prepared: Prepared, work: Work) -> Iterator[Repeater]:
    """Start the process of the neighbour for one kind of work. The new process ends when the `with` block or the
    current process ends."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_repeat, args=(prepared, work, theirs))
    process.start()
    theirs.close()
    try:
        repeater = Repeater(ours)
        repeater.warm_up()
        yield repeater
    finally:
        ours.close()
        process.join(TIMEOUT)
        process.kill()
        process.join()


def _repeat(prepared: Prepared, work: Work, connection: Connection) -> None:
    os.setsid()  # Linux gives each session its own share of the CPU time
    if work != "use_cpu":
        lower_priority(NICENESS)
    with httpx.Client(base_url=prepared.api, headers=prepared.headers, timeout=TIMEOUT) as client:
        repetition = getattr(Neighbour(prepared, client), work)
        try:
            while True:
                connection.recv()
                count = 0
                while count == 0 or not connection.poll():
                    repetition()
                    count += 1
                connection.recv()
                connection.send(count)
        except EOFError:
            return  # the benchmark has ended
        except Exception as error:
            connection.send(f"{type(error).__name__}: {error}")
