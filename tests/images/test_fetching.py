"""Tests how images are fetched: hostile servers, retries, pauses and unchanged images."""

import socket
import time
from collections.abc import Iterator

import pytest

from tests.core.http_server import Handler, HttpServer, answer, by_path, serving
from tests.images.catalog_images import PICTURE, download, fetch_catalog, image, images, media, stored_objects
from tests.images.pictures import HTML, SVG, opened, picture, png
from tests.platform import Platform, Tenant, ok, pointers, problem


def send_slowly(connection: socket.socket, _: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n")
    while True:
        connection.sendall(b"\x00")
        time.sleep(0.5)


def send_forever(connection: socket.socket, _: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(bytes(1 << 16))


def test_images_are_fetched_only_on_request_if_automatic_fetching_is_off(platform: Platform) -> None:
    tenant = platform.tenant()
    with serving(image()) as served:
        product = platform.product(tenant, images=[served.url("/a")])
        time.sleep(1)
        assert served.requests == []
        job = fetch_catalog(platform, tenant)
    assert (job["counts"]["read"], job["counts"]["created"]) == (1, 1)
    assert len(media(tenant, product)) == 1


@pytest.fixture
def hostile() -> Iterator[HttpServer]:
    """Yield a server whose responses are not valid images.

    The image at the path `/lies` is valid, but its Content-Type is wrong.
    """
    responses: dict[str, Handler] = {
        "/private": answer(302, Location="http://169.254.169.254/latest/meta-data/iam/"),
        "/local": answer(301, Location="http://127.0.0.2:1/"),
        "/numbers": answer(302, Location="http://2130706433/"),
        "/file": answer(302, Location="file:///etc/passwd"),
        "/circle": answer(302, Location="/circle"),
        "/drip": send_slowly,
        "/endless": send_forever,
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
    with serving(by_path(responses)) as served:
        yield served


def test_each_hostile_response_is_reported_with_its_error_code(
    platform: Platform, tenant: Tenant, hostile: HttpServer
) -> None:
    expected_codes = {
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
    expected = {hostile.url(path): code for path, code in expected_codes.items()}
    forbidden = {
        "http://10.0.0.1/a.png": "refused_address",
        "http://localhost/a.png": "refused_address",
        "http://[::1]/a.png": "refused_address",
    }
    valid = hostile.url("/lies")
    for address in (*expected, *forbidden, valid):
        platform.product(tenant, images=[address])
    fetch_catalog(platform, tenant, within=90)
    rows = images(tenant)
    assert {address: row["error_code"] for address, row in rows.items()} == expected | forbidden | {valid: None}
    assert all(row["error"] and row["renditions"] is None for address, row in rows.items() if address != valid)
    assert (rows[valid]["status"], rows[valid]["type"]) == ("ready", "image/png")
    retried = {address for address, row in rows.items() if row["next_try_at"]}
    assert retried == {hostile.url(path) for path in ("/drip", "/short", "/gone", "/forbidden", "/broken")}
    assert set(images(tenant, status="failed")) == set(rows) - {valid}
    assert set(images(tenant, status="ready")) == {valid}


@pytest.mark.parametrize(
    "address",
    ["https://user:secret@example.com/a.png", "http://0x7f000001/a.png", "https://example.com:22/a.png", "https://"],
)
def test_a_product_with_an_image_at_a_forbidden_address_is_refused(tenant: Tenant, address: str) -> None:
    new = {"sku": "S", "name": "N", "price": "1", "images": [address]}
    response = tenant.owner.post(f"/v1/catalogs/{tenant.catalog_id}/products", json=new)
    assert pointers(problem(response, 422, "invalid")) == ["/images/0"]


def test_a_failed_image_is_fetched_again_when_its_retry_is_due(platform: Platform, tenant: Tenant) -> None:
    respond = [answer(500)]

    def respond_with_latest(connection: socket.socket, request: bytes) -> None:
        respond[-1](connection, request)

    with serving(respond_with_latest) as served:
        product = platform.product(tenant, images=[served.url()])
        platform.eventually(lambda: images(tenant, status="failed"))
        row = images(tenant)[served.url()]
        assert (row["attempts"], row["error"]) == (1, "the server responded with status 500")
        respond.append(image())
        platform.database.execute("update images set next_try_at = now() where id = %s", [row["id"]])
        platform.eventually(lambda: media(tenant, product), within=90)
    row = images(tenant)[served.url()]
    assert (row["status"], row["attempts"], row["error"], row["next_try_at"]) == ("ready", 0, None, None)


def test_a_retry_after_header_pauses_all_requests_to_the_host(platform: Platform, tenant: Tenant) -> None:
    with serving(answer(429, Retry_After="7200")) as served:
        for name in range(40):
            platform.arrange(
                "insert into products (catalog_id, sku, name, price, images) values (%s, %s, 'n', 1, %s)",
                [tenant.catalog_id, str(name), f'["{served.url(f"/{name}")}"]'],
            )
        fetch_catalog(platform, tenant)
        assert len(served.requests) <= 4
    rows = images(tenant)
    assert {row["error_code"] for row in rows.values()} == {"busy"} and len(rows) == 40
    pause = platform.database.execute(
        "select min(next_try_at - fetched_at) = '2 h' as is_two_hours from images where catalog_id = %s",
        [tenant.catalog_id],
    ).fetchone()
    assert pause == {"is_two_hours": True}


def test_an_unchanged_image_is_not_rendered_again(platform: Platform, tenant: Tenant) -> None:
    def respond_with_etag(connection: socket.socket, request: bytes) -> None:
        is_current = b'If-None-Match: "one"' in request or b'if-none-match: "one"' in request
        (answer(304, ETag='"one"') if is_current else image(etag='"one"'))(connection, request)

    with serving(by_path({"/tagged": respond_with_etag, "/same": image()})) as served:
        product = platform.product(tenant, images=[served.url("/tagged"), served.url("/same")])
        platform.eventually(lambda: len(media(tenant, product)) == 2)
        first = ok(tenant.owner.get(f"/v1/products/{product['id']}"))
        objects = stored_objects(platform, tenant)
        job = fetch_catalog(platform, tenant, ready=True)
        assert job["counts"]["read"] == 2 and job["counts"]["unchanged"] >= 1
        assert served.sent("if-none-match").count('"one"') == 1
    assert stored_objects(platform, tenant) == objects
    assert len({each["large"] for each in first["media"]}) == 1
    assert ok(tenant.owner.get(f"/v1/products/{product['id']}")) == first


def test_a_changed_image_replaces_the_previous_image(platform: Platform, tenant: Tenant) -> None:
    bodies = [PICTURE]

    def respond_with_latest(connection: socket.socket, request: bytes) -> None:
        image(bodies[-1])(connection, request)

    with serving(respond_with_latest) as served:
        product = platform.product(tenant, images=[served.url()])
        platform.eventually(lambda: media(tenant, product))
        (before,) = media(tenant, product)
        bodies.append(picture(500, 700))
        fetch_catalog(platform, tenant, ready=True)
        (after,) = media(tenant, product)
        assert (after["width"], after["height"]) == (500, 700)
        assert opened(download(after["large"]).content).size == (500, 700)
        # Pages that a browser opened before the change still show the previous file.
        assert download(before["large"]).status_code == 200
        bodies.append(HTML)
        fetch_catalog(platform, tenant, ready=True)
    row = images(tenant)[served.url()]
    assert (row["status"], row["error_code"]) == ("ready", "not_an_image")
    assert media(tenant, product) == [after]
