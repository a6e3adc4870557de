"""Images of products: from an address, or an upload, to renditions that anyone can fetch."""

import socket
import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.core.http_server import Handler, HttpServer, answer, by_path, serving
from tests.images.pictures import HTML, SVG, opened, picture, png
from tests.platform import TLS, Json, Platform, Tenant, created, ok, problem

PICTURE = picture(1200, 800)


def drip(connection: socket.socket, _: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n")
    while True:
        connection.sendall(b"\x00")
        time.sleep(0.5)


def endless(connection: socket.socket, _: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(bytes(1 << 16))


def image(body: bytes = PICTURE, kind: str = "image/jpeg", etag: str = "") -> Handler:
    return answer(200, body, Content_Type=kind, ETag=etag)


@pytest.fixture
def tenant(platform: Platform) -> Tenant:
    """A tenant whose catalog fetches images."""
    tenant = platform.tenant()
    settings = {"sync_settings": {"fetch_images": True}}
    ok(tenant.owner.patch(f"/v1/catalogs/{tenant.catalog_id}", json=settings))
    return tenant


def media(tenant: Tenant, product: Json) -> list[Json]:
    shown: list[Json] = ok(tenant.owner.get(f"/v1/products/{product['id']}"))["media"]
    return shown


def images(tenant: Tenant, **filters: Any) -> dict[str, Json]:
    """The catalog's images, by address."""
    page = ok(tenant.owner.get(f"/v1/catalogs/{tenant.catalog_id}/images", params={"limit": 1000, **filters}))
    return {one["source"]: one for one in page["data"]}


def done(platform: Platform, tenant: Tenant, job: Json, within: float = 60) -> Json:
    """A job of a tenant, when it has ended."""
    platform.eventually(lambda: now(tenant, job)["status"] in ("completed", "failed"), within)
    return now(tenant, job)


def now(tenant: Tenant, job: Json) -> Json:
    return ok(tenant.owner.get(f"/v1/jobs/{job['id']}"))


def fetched(platform: Platform, tenant: Tenant, within: float = 60, **asked: bool) -> Json:
    """The job of having all of a catalog's images fetched, when it has ended."""
    answered = tenant.owner.post(f"/v1/catalogs/{tenant.catalog_id}/images/fetch", json=asked)
    assert answered.status_code == 202, answered.text
    job = done(platform, tenant, answered.json(), within)
    assert job["status"] == "completed", job
    return job


def anyone(url: str) -> httpx.Response:
    with httpx.Client(verify=TLS) as client:
        return client.get(url)


def test_a_product_shows_its_image_once_it_is_there(platform: Platform, tenant: Tenant) -> None:
    with serving(by_path({"/a.jpg": image()})) as served:
        product = platform.product(tenant, images=[served.url("/a.jpg"), "b.jpg"])
        assert product["media"] == []
        platform.eventually(lambda: media(tenant, product))
    (shown,) = media(tenant, product)
    assert (shown["source"], shown["width"], shown["height"]) == (served.url("/a.jpg"), 1200, 800)
    for name, size in (("thumb", (320, 213)), ("medium", (800, 533)), ("large", (1200, 800))):
        got = anyone(shown[name])
        assert (got.status_code, got.headers["content-type"]) == (200, "image/webp")
        assert got.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert opened(got.content).size == size
    now_ = ok(tenant.owner.get(f"/v1/products/{product['id']}"))
    assert now_["images"] == product["images"]
    (listed,) = ok(tenant.owner.get(f"/v1/catalogs/{tenant.catalog_id}/products"))["data"]
    assert listed == now_
    visitor = platform.api()
    (on_page,) = platform.shown(tenant.domain)
    assert on_page == ok(visitor.get(f"/v1/storefront/{tenant.domain}/products/{product['id']}"))
    assert on_page["media"] == [shown]


def test_pages_that_were_cached_end_when_an_image_arrives(platform: Platform, tenant: Tenant) -> None:
    gate = {"open": False}

    def late(connection: socket.socket, request: bytes) -> None:
        while not gate["open"]:
            time.sleep(0.02)
        image()(connection, request)

    with serving(late) as served:
        product = platform.product(tenant, images=[served.url()])
        before = ok(tenant.owner.get(f"/v1/products/{product['id']}"))
        assert platform.shown(tenant.domain)[0]["media"] == before["media"] == []
        gate["open"] = True
        platform.eventually(lambda: platform.shown(tenant.domain)[0]["media"])
        platform.eventually(lambda: media(tenant, product))
    after = ok(tenant.owner.get(f"/v1/products/{product['id']}"))
    assert after["updated_at"] > before["updated_at"]


def test_media_follow_the_images_of_a_product(platform: Platform, tenant: Tenant) -> None:
    with serving(by_path({"/a": image(), "/b": image(picture(100, 100, "PNG"), "image/png")})) as served:
        a, b = served.url("/a"), served.url("/b")
        product = platform.product(tenant, images=[a, b])
        platform.eventually(lambda: len(media(tenant, product)) == 2)
        asked = len(served.requests)
        path = f"/v1/products/{product['id']}"
        for order in ([b, a], [b], [b, "c.jpg", a, a], []):
            changed = ok(tenant.owner.patch(path, json={"images": order}))
            assert [one["source"] for one in changed["media"]] == [one for one in order if one in (a, b)]
            assert ok(tenant.owner.get(path)) == changed
        other = platform.product(tenant, images=[a])
        assert [one["source"] for one in other["media"]] == [a]
        assert len(served.requests) == asked


def test_nothing_is_fetched_that_nobody_asked_for(platform: Platform) -> None:
    tenant = platform.tenant()
    with serving(image()) as served:
        product = platform.product(tenant, images=[served.url("/a")])
        time.sleep(1)
        assert served.requests == []
        job = fetched(platform, tenant)
    assert (job["counts"]["read"], job["counts"]["created"]) == (1, 1)
    assert len(media(tenant, product)) == 1


@pytest.fixture
def hostile() -> Iterator[HttpServer]:
    answers: dict[str, Handler] = {
        "/private": answer(302, Location="http://169.254.169.254/latest/meta-data/iam/"),
        "/local": answer(301, Location="http://127.0.0.2:1/"),
        "/numbers": answer(302, Location="http://2130706433/"),
        "/file": answer(302, Location="file:///etc/passwd"),
        "/circle": answer(302, Location="/circle"),
        "/drip": drip,
        "/endless": endless,
        "/claims": answer(200, b"", length=10**11, Content_Type="image/png"),
        "/short": answer(200, PICTURE, length=len(PICTURE) + 1, Content_Type="image/jpeg"),
        "/svg": image(SVG, "image/svg+xml"),
        "/svg-as-png": image(SVG, "image/png"),
        "/html": image(HTML, "image/jpeg"),
        "/zip": image(b"PK\x03\x04" + bytes(1000), "image/jpeg"),
        "/bomb": image(png(60_000, 60_000), "image/png"),
        "/cut": image(PICTURE[: len(PICTURE) // 2]),
        "/gone": answer(404),
        "/forbidden": answer(403, HTML),
        "/broken": answer(500),
        "/lies": image(picture(50, 50, "PNG"), "text/html"),
    }
    with serving(by_path(answers)) as served:
        yield served


def test_hostile_images_end_each_with_its_reason(platform: Platform, tenant: Tenant, hostile: HttpServer) -> None:
    ends = {
        "/private": "refused_address",
        "/local": "refused_address",
        "/numbers": "refused_address",
        "/file": "refused_address",
        "/circle": "refused_address",
        "/drip": "unreachable",
        "/endless": "too_large",
        "/claims": "too_large",
        "/short": "unreachable",
        "/svg": "not_an_image",
        "/svg-as-png": "not_an_image",
        "/html": "not_an_image",
        "/zip": "not_an_image",
        "/bomb": "too_many_pixels",
        "/cut": "broken_image",
        "/gone": "not_answered",
        "/forbidden": "not_answered",
        "/broken": "not_answered",
    }
    known = {hostile.url(path): code for path, code in ends.items()}
    elsewhere = {
        "http://10.0.0.1/a.png": "refused_address",
        "https://user:secret@example.com/a.png": "refused_address",
        "http://localhost/a.png": "refused_address",
        "http://[::1]/a.png": "refused_address",
        "http://0x7f000001/a.png": "refused_address",
        "https://example.com:22/a.png": "refused_address",
    }
    ours = hostile.url("/lies")
    for address in (*known, *elsewhere, ours):
        platform.product(tenant, images=[address])
    fetched(platform, tenant, within=90)
    found = images(tenant)
    assert {address: one["error_code"] for address, one in found.items()} == known | elsewhere | {ours: None}
    assert all(one["error"] and one["renditions"] is None for address, one in found.items() if address != ours)
    assert (found[ours]["status"], found[ours]["type"]) == ("ready", "image/png")
    again = {address for address, one in found.items() if one["next_try_at"]}
    assert again == {hostile.url(path) for path in ("/drip", "/short", "/gone", "/forbidden", "/broken")}
    assert set(images(tenant, status="failed")) == set(found) - {ours}
    assert set(images(tenant, status="ready")) == {ours}


def test_a_failing_address_is_tried_again_when_its_time_comes(platform: Platform, tenant: Tenant) -> None:
    state = {"status": 500}

    def moody(connection: socket.socket, request: bytes) -> None:
        (image() if state["status"] == 200 else answer(state["status"]))(connection, request)

    with serving(moody) as served:
        product = platform.product(tenant, images=[served.url()])
        platform.eventually(lambda: images(tenant, status="failed"))
        one = images(tenant)[served.url()]
        assert (one["attempts"], one["error"]) == (1, "its server answers 500")
        state["status"] = 200
        platform.database.execute("update images set next_try_at = now() where id = %s", [one["id"]])
        platform.eventually(lambda: media(tenant, product), within=90)
    one = images(tenant)[served.url()]
    assert (one["status"], one["attempts"], one["error"], one["next_try_at"]) == ("ready", 0, None, None)


def test_a_server_that_asks_for_a_pause_gets_it(platform: Platform, tenant: Tenant) -> None:
    with serving(answer(429, Retry_After="7200")) as served:
        for name in range(40):
            platform.arrange(
                "insert into products (catalog_id, sku, name, price, images) values (%s, %s, 'n', 1, %s)",
                [tenant.catalog_id, str(name), f'["{served.url(f"/{name}")}"]'],
            )
        fetched(platform, tenant)
        assert len(served.requests) <= 4
    found = images(tenant)
    assert {one["error_code"] for one in found.values()} == {"busy"} and len(found) == 40
    waits = platform.database.execute(
        "select min(next_try_at - fetched_at) = '2 h' as asked from images where catalog_id = %s", [tenant.catalog_id]
    ).fetchone()
    assert waits == {"asked": True}


def test_what_did_not_change_is_not_rendered_again(platform: Platform, tenant: Tenant) -> None:
    def tagged(connection: socket.socket, request: bytes) -> None:
        known = b'If-None-Match: "one"' in request or b'if-none-match: "one"' in request
        (answer(304, ETag='"one"') if known else image(etag='"one"'))(connection, request)

    with serving(by_path({"/tagged": tagged, "/same": image()})) as served:
        product = platform.product(tenant, images=[served.url("/tagged"), served.url("/same")])
        platform.eventually(lambda: len(media(tenant, product)) == 2)
        first = ok(tenant.owner.get(f"/v1/products/{product['id']}"))
        objects = written(platform, tenant)
        job = fetched(platform, tenant, ready=True)
        assert job["counts"]["read"] == 2 and job["counts"]["unchanged"] >= 1
        assert served.sent("if-none-match").count('"one"') == 1
    assert written(platform, tenant) == objects
    assert len({one["large"] for one in first["media"]}) == 1
    assert ok(tenant.owner.get(f"/v1/products/{product['id']}")) == first


def test_an_image_that_changed_is_shown_as_it_is_now(platform: Platform, tenant: Tenant) -> None:
    bodies = [PICTURE]

    def latest(connection: socket.socket, request: bytes) -> None:
        image(bodies[-1])(connection, request)

    with serving(latest) as served:
        product = platform.product(tenant, images=[served.url()])
        platform.eventually(lambda: media(tenant, product))
        (before,) = media(tenant, product)
        bodies.append(picture(500, 700))
        fetched(platform, tenant, ready=True)
        (after,) = media(tenant, product)
        assert (after["width"], after["height"]) == (500, 700)
        assert opened(anyone(after["large"]).content).size == (500, 700)
        assert anyone(before["large"]).status_code == 200  # who has the page open still sees it
        bodies.append(HTML)
        fetched(platform, tenant, ready=True)
    one = images(tenant)[served.url()]
    assert (one["status"], one["error_code"]) == ("ready", "not_an_image")
    assert media(tenant, product) == [after]


def written(platform: Platform, tenant: Tenant) -> dict[str, Any]:
    """Every object of a tenant in the bucket of images, and when it was written."""
    listed = platform.s3.list_objects_v2(Bucket="wecelebrate-local-images", Prefix=f"{tenant.client_id}/")
    return {one["Key"]: one["LastModified"] for one in listed.get("Contents", [])}


def test_clients_share_neither_rows_nor_objects(platform: Platform, tenant: Tenant) -> None:
    stranger = platform.tenant()
    with serving(image()) as served:
        address = served.url("/the-same")
        mine, theirs = (platform.product(whose, images=[address]) for whose in (tenant, stranger))
        fetched(platform, tenant)
        assert images(stranger) == {}
        assert written(platform, stranger) == {}
        assert media(stranger, theirs) == []
        fetched(platform, stranger)
    my, their = images(tenant)[address], images(stranger)[address]
    assert my["sha256"] == their["sha256"] and my["id"] != their["id"]
    for one, whose in ((my, tenant), (their, stranger)):
        assert all(f"/{whose.client_id}/{one['sha256']}/" in size["url"] for size in one["renditions"].values())
    assert f"/{tenant.client_id}/" in media(tenant, mine)[0]["large"]
    for path in (f"/v1/images/{their['id']}", f"/v1/catalogs/{stranger.catalog_id}/images"):
        problem(tenant.owner.get(path), 404, "not_found")
    upload = {"type": "image/png", "bytes": 10}
    problem(tenant.owner.post(f"/v1/catalogs/{stranger.catalog_id}/images", json=upload), 404, "not_found")
    problem(tenant.owner.post(f"/v1/images/{their['id']}/complete"), 404, "not_found")


def send(upload: Json, body: bytes) -> httpx.Response:
    with httpx.Client(verify=TLS) as client:
        return client.request(upload["method"], upload["url"], headers=upload["headers"], content=body)


def begun(tenant: Tenant, body: bytes, kind: str = "image/jpeg") -> Json:
    new = {"type": kind, "bytes": len(body)}
    return created(tenant.owner.post(f"/v1/catalogs/{tenant.catalog_id}/images", json=new))


def ended(platform: Platform, tenant: Tenant, image_id: str) -> Json:
    def read() -> Json:
        return ok(tenant.owner.get(f"/v1/images/{image_id}"))

    platform.eventually(lambda: read()["status"] in ("ready", "failed"))
    return read()


def test_an_upload_becomes_an_image_of_a_product(platform: Platform, tenant: Tenant) -> None:
    begin = begun(tenant, PICTURE)
    assert (begin["image"]["status"], begin["image"]["source"]) == ("uploading", None)
    signed = httpx.URL(begin["upload"]["url"]).params
    assert signed["X-Amz-SignedHeaders"] == "content-length;content-type;host"
    assert signed["X-Amz-Algorithm"] == "AWS4-HMAC-SHA256" and int(signed["X-Amz-Expires"]) == 900
    assert f"/{tenant.client_id}/uploads/{begin['image']['id']}" in begin["upload"]["url"]
    assert send(begin["upload"], PICTURE).status_code == 200
    path = f"/v1/images/{begin['image']['id']}"
    assert tenant.owner.post(f"{path}/complete").status_code == 202
    one = ended(platform, tenant, begin["image"]["id"])
    assert (one["status"], one["width"], one["height"]) == ("ready", 1200, 800)
    assert one["source"] == one["renditions"]["large"]["url"]
    product = platform.product(tenant, images=[one["source"]])
    assert [shown["large"] for shown in product["media"]] == [one["source"]]
    assert opened(anyone(product["media"][0]["thumb"]).content).size == (320, 213)
    assert ok(tenant.owner.post(f"{path}/complete"))["status"] == "ready"
    again = begun(tenant, PICTURE)
    send(again["upload"], PICTURE)
    ok(tenant.owner.post(f"/v1/images/{again['image']['id']}/complete"))
    assert ended(platform, tenant, again["image"]["id"])["source"] == one["source"]


def test_an_upload_is_what_was_announced(platform: Platform, tenant: Tenant) -> None:
    for body, kind, sent, code in (
        (PICTURE, "image/jpeg", None, "not_uploaded"),
        (PICTURE, "image/png", PICTURE, "wrong_type"),
        (HTML, "image/png", HTML, "not_an_image"),
        (png(60_000, 60_000), "image/png", png(60_000, 60_000), "too_many_pixels"),
    ):
        begin = begun(tenant, body, kind)
        if sent:
            send(begin["upload"], sent)
        ok(tenant.owner.post(f"/v1/images/{begin['image']['id']}/complete"))
        one = ended(platform, tenant, begin["image"]["id"])
        assert (one["status"], one["error_code"], one["source"]) == ("failed", code, None)
    # What failed may be sent again.
    begin = begun(tenant, PICTURE)
    path = f"/v1/images/{begin['image']['id']}/complete"
    ok(tenant.owner.post(path))
    assert ended(platform, tenant, begin["image"]["id"])["error_code"] == "not_uploaded"
    send(begin["upload"], PICTURE)
    ok(tenant.owner.post(path))
    platform.eventually(lambda: ok(tenant.owner.get(path.removesuffix("/complete")))["status"] == "ready")


@pytest.mark.parametrize(
    "wrong",
    [{"type": "image/svg+xml"}, {"type": "text/html"}, {"bytes": 0}, {"bytes": 20 * 1024 * 1024 + 1}, {"bytes": 1.5}],
)
def test_what_is_never_taken_gets_no_url(tenant: Tenant, wrong: Json) -> None:
    new = {"type": "image/png", "bytes": 100} | wrong
    problem(tenant.owner.post(f"/v1/catalogs/{tenant.catalog_id}/images", json=new), 422, "invalid")


def test_viewers_and_borrowers_change_nothing(platform: Platform, tenant: Tenant) -> None:
    viewer = platform.api(platform.member(tenant.client_id, "viewer"))
    borrower = platform.tenant()
    ok(platform.admin.put(f"/v1/catalogs/{tenant.catalog_id}/grants/{borrower.client_id}"))
    begin = begun(tenant, PICTURE)
    for api in (viewer, borrower.owner):
        path = f"/v1/catalogs/{tenant.catalog_id}/images"
        assert ok(api.get(path))["data"]
        problem(api.post(path, json={"type": "image/png", "bytes": 1}), 403, "forbidden")
        problem(api.post(f"{path}/fetch", json={}), 403, "forbidden")
        problem(api.post(f"/v1/images/{begin['image']['id']}/complete"), 403, "forbidden")


def test_a_fetched_image_is_no_upload(platform: Platform, tenant: Tenant) -> None:
    with serving(answer(404)) as served:
        platform.product(tenant, images=[served.url()])
        platform.eventually(lambda: images(tenant))
    (one,) = images(tenant).values()
    problem(tenant.owner.post(f"/v1/images/{one['id']}/complete"), 409, "not_an_upload")


def test_a_catalog_of_the_platform_has_images_too(platform: Platform) -> None:
    catalog = platform.catalog(sync_settings={"fetch_images": True})
    with serving(image()) as served:
        new = {"sku": uuid4().hex, "name": "n", "price": "1.00", "images": [served.url()]}
        product = created(platform.admin.post(f"/v1/catalogs/{catalog['id']}/products", json=new))
        path = f"/v1/products/{product['id']}"
        platform.eventually(lambda: ok(platform.admin.get(path))["media"])
    assert "/platform/" in ok(platform.admin.get(path))["media"][0]["large"]
