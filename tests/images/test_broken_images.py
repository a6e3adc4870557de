"""Workers of images that die: every image is shown in the end, and little is asked for twice."""

import json
import os
import signal
from collections import Counter

from tests.core.http_server import HttpServer, answer, serving
from tests.images.pictures import picture
from tests.platform import Json, Platform, ok
from wecelebrate.images.worker import CHUNK

IMAGES = 240
KILLS = 3


def test_a_job_whose_worker_is_killed_is_finished_by_another(own_platform: Platform) -> None:
    platform = own_platform
    tenant = platform.tenant()
    with serving(lambda connection, request: answer(200, body(request))(connection, request)) as served:
        addresses = [served.url(f"/{number}") for number in range(IMAGES)]
        platform.database.cursor().executemany(
            "insert into products (catalog_id, sku, name, price, images) values (%s, %s, 'n', 1, %s)",
            [[tenant.catalog_id, f"{at:03d}", json.dumps([one])] for at, one in enumerate(addresses)],
        )
        job = tenant.owner.post(f"/v1/catalogs/{tenant.catalog_id}/images/fetch", json={}).json()
        for kill in range(1, KILLS + 1):
            further(platform, job, served, kill * CHUNK)
            for worker in ok(platform.api().get("/_local/health"))["functions"]["queues-images"]["busy"]:
                os.kill(worker, signal.SIGKILL)
            platform.database.execute("update jobs set leased_until = now() where id = %s", [job["id"]])
            platform.send("images", {"job_id": job["id"]})

        def now() -> Json:
            return ok(tenant.owner.get(f"/v1/jobs/{job['id']}"))

        platform.eventually(lambda: now()["status"] in ("completed", "failed"), within=90)
        done = now()
        asked = Counter(request.split(b" ", 2)[1] for request in served.requests)
    assert (done["status"], done["counts"]["read"], done["counts"]["created"]) == ("completed", IMAGES, IMAGES)
    assert (done["progress"]["done"], done["progress"]["total"]) == (IMAGES, IMAGES)
    assert len(asked) == IMAGES
    assert sum(asked.values()) <= IMAGES + KILLS * CHUNK
    shown = ok(tenant.owner.get(f"/v1/catalogs/{tenant.catalog_id}/products", params={"limit": IMAGES}))["data"]
    assert [one["media"][0]["source"] for one in sorted(shown, key=lambda one: str(one["sku"]))] == addresses


def further(platform: Platform, job: Json, served: HttpServer, images: int) -> None:
    """Wait until so many images are saved, and the next are asked for."""
    platform.eventually(lambda: saved(platform, job) >= images, every=0.005)
    begun = len(served.requests)
    platform.eventually(lambda: len(served.requests) > begun, every=0.005)


def saved(platform: Platform, job: Json) -> int:
    row = platform.database.execute(
        "select coalesce((counts ->> 'read')::int, 0) as images from jobs where id = %s", [job["id"]]
    ).fetchone()
    assert row is not None
    return int(row["images"])


def body(request: bytes) -> bytes:
    """An image that no other path has."""
    number = int(request.split(b" ", 2)[1][1:])
    return picture(40 + number, 30)
