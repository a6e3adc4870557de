"""Tests that killed image workers cause no missing images, and that only a few images are fetched twice."""

import json
import os
import signal
import socket
from collections import Counter

import pytest

from tests.core.http_server import HttpServer, answer, serving
from tests.faults.environment import FULL
from tests.images.catalog_images import fetch_catalog, images
from tests.images.hostile_images import scan_bomb
from tests.images.pictures import picture
from tests.platform import Json, Platform, ok
from wecelebrate.images.worker import CHUNK

pytestmark = pytest.mark.slow

IMAGES = 240 if FULL else 100
KILLS = 3 if FULL else 1


def test_a_new_image_worker_finishes_the_job_of_a_killed_image_worker(own_platform: Platform) -> None:
    platform = own_platform
    tenant = platform.tenant()
    with serving(lambda connection, request: answer(200, body(request))(connection, request)) as served:
        addresses = [served.url(f"/{number}") for number in range(IMAGES)]
        platform.database.cursor().executemany(
            "insert into products (catalog_id, sku, name, price, images) values (%s, %s, 'n', 1, %s)",
            [[tenant.catalog_id, f"{at:03d}", json.dumps([address])] for at, address in enumerate(addresses)],
        )
        job = tenant.owner.post(f"/v1/catalogs/{tenant.catalog_id}/images/fetch", json={}).json()
        for kill in range(1, KILLS + 1):
            wait_for_next_chunk(platform, job, served, kill * CHUNK)
            for worker in ok(platform.api().get("/_local/health"))["functions"]["queues-images"]["busy"]:
                os.kill(worker, signal.SIGKILL)
            platform.database.execute("update jobs set leased_until = now() where id = %s", [job["id"]])
            platform.send("images", {"job_id": job["id"]})

        def read_job() -> Json:
            return ok(tenant.owner.get(f"/v1/jobs/{job['id']}"))

        platform.eventually(lambda: read_job()["status"] in ("completed", "failed"), within=90)
        ended = read_job()
        requests = Counter(request.split(b" ", 2)[1] for request in served.requests)
    assert (ended["status"], ended["counts"]["read"], ended["counts"]["created"]) == ("completed", IMAGES, IMAGES)
    assert (ended["progress"]["done"], ended["progress"]["total"]) == (IMAGES, IMAGES)
    assert len(requests) == IMAGES
    assert sum(requests.values()) <= IMAGES + KILLS * CHUNK
    products = ok(tenant.owner.get(f"/v1/catalogs/{tenant.catalog_id}/products", params={"limit": IMAGES}))["data"]
    assert [each["media"][0]["source"] for each in sorted(products, key=lambda each: str(each["sku"]))] == addresses


@pytest.mark.timeout(300)
def test_an_image_that_needs_too_much_time_does_not_block_other_images(
    own_platform: Platform,
) -> None:
    platform = own_platform
    tenant = platform.tenant()
    bomb = scan_bomb()

    def respond(connection: socket.socket, request: bytes) -> None:
        answer(200, bomb if b"/1 " in request else body(request))(connection, request)

    with serving(respond) as served:
        addresses = [served.url(f"/{number}") for number in range(4)]
        platform.database.execute(
            "insert into products (catalog_id, sku, name, price, images) values (%s, 'bomb', 'n', 1, %s)",
            [tenant.catalog_id, json.dumps(addresses)],
        )
        job = fetch_catalog(platform, tenant, within=200)
    fetched = images(tenant)
    assert [fetched[address]["status"] for address in addresses] == ["ready", "failed", "ready", "ready"]
    assert fetched[addresses[1]]["error_code"] == "too_slow"
    assert (job["attempts"], job["counts"]["rejected"], job["counts"]["created"]) == (1, 1, 3)
    row = platform.database.execute("select fence from jobs where id = %s", [job["id"]]).fetchone()
    assert row == {"fence": 1}, "the worker has kept its lease"


def wait_for_next_chunk(platform: Platform, job: Json, served: HttpServer, images: int) -> None:
    """Wait until the number of saved images is at least `images`, and then wait for the next request for an image."""
    platform.eventually(lambda: saved_images(platform, job) >= images, every=0.005)
    before = len(served.requests)
    platform.eventually(lambda: len(served.requests) > before, every=0.005)


def saved_images(platform: Platform, job: Json) -> int:
    row = platform.database.execute(
        "select coalesce((counts ->> 'read')::int, 0) as images from jobs where id = %s", [job["id"]]
    ).fetchone()
    assert row is not None
    return int(row["images"])


def body(request: bytes) -> bytes:
    """Return a different image for each path."""
    number = int(request.split(b" ", 2)[1][1:])
    return picture(40 + number, 30)
