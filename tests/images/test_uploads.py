"""Tests how images are uploaded."""

import httpx
import pytest

from tests.core.http_server import answer, serving
from tests.images.catalog_images import PICTURE, download, images
from tests.images.pictures import HTML, opened, png
from tests.platform import TLS, Json, Platform, Tenant, created, ok, problem


def send_file(upload: Json, body: bytes) -> httpx.Response:
    with httpx.Client(verify=TLS) as client:
        return client.request(upload["method"], upload["url"], headers=upload["headers"], content=body)


def begin_upload(tenant: Tenant, body: bytes, kind: str = "image/jpeg") -> Json:
    new = {"type": kind, "bytes": len(body)}
    return created(tenant.owner.post(f"/v1/catalogs/{tenant.catalog_id}/images", json=new))


def wait_until_ended(platform: Platform, tenant: Tenant, image_id: str) -> Json:
    def read() -> Json:
        return ok(tenant.owner.get(f"/v1/images/{image_id}"))

    platform.eventually(lambda: read()["status"] in ("ready", "failed"))
    return read()


def test_an_upload_becomes_an_image_of_a_product(platform: Platform, tenant: Tenant) -> None:
    upload = begin_upload(tenant, PICTURE)
    assert (upload["image"]["status"], upload["image"]["source"]) == ("uploading", None)
    signed = httpx.URL(upload["upload"]["url"]).params
    assert signed["X-Amz-SignedHeaders"] == "content-length;content-type;host"
    assert signed["X-Amz-Algorithm"] == "AWS4-HMAC-SHA256" and int(signed["X-Amz-Expires"]) == 900
    assert f"/{tenant.client_id}/uploads/{upload['image']['id']}" in upload["upload"]["url"]
    assert send_file(upload["upload"], PICTURE).status_code == 200
    path = f"/v1/images/{upload['image']['id']}"
    completed = tenant.owner.post(f"{path}/complete")
    assert (completed.status_code, completed.headers["location"]) == (202, path)
    row = wait_until_ended(platform, tenant, upload["image"]["id"])
    assert (row["status"], row["width"], row["height"]) == ("ready", 1200, 800)
    assert row["source"] == row["renditions"]["large"]["url"]
    product = platform.product(tenant, images=[row["source"]])
    assert [each["large"] for each in product["media"]] == [row["source"]]
    assert opened(download(product["media"][0]["thumb"]).content).size == (320, 213)
    assert ok(tenant.owner.post(f"{path}/complete"))["status"] == "ready"
    second = begin_upload(tenant, PICTURE)
    send_file(second["upload"], PICTURE)
    ok(tenant.owner.post(f"/v1/images/{second['image']['id']}/complete"))
    assert wait_until_ended(platform, tenant, second["image"]["id"])["source"] == row["source"]


def test_an_upload_that_differs_from_the_announced_file_is_rejected(platform: Platform, tenant: Tenant) -> None:
    for body, kind, uploaded, code in (
        (PICTURE, "image/jpeg", None, "not_uploaded"),
        (PICTURE, "image/png", PICTURE, "wrong_type"),
        (HTML, "image/png", HTML, "not_an_image"),
        (png(60_000, 60_000), "image/png", png(60_000, 60_000), "too_many_pixels"),
    ):
        upload = begin_upload(tenant, body, kind)
        if uploaded:
            send_file(upload["upload"], uploaded)
        ok(tenant.owner.post(f"/v1/images/{upload['image']['id']}/complete"))
        row = wait_until_ended(platform, tenant, upload["image"]["id"])
        assert (row["status"], row["error_code"], row["source"]) == ("failed", code, None)
    # After a failed upload, the file can be uploaded again.
    upload = begin_upload(tenant, PICTURE)
    path = f"/v1/images/{upload['image']['id']}/complete"
    ok(tenant.owner.post(path))
    assert wait_until_ended(platform, tenant, upload["image"]["id"])["error_code"] == "not_uploaded"
    send_file(upload["upload"], PICTURE)
    ok(tenant.owner.post(path))
    platform.eventually(lambda: ok(tenant.owner.get(path.removesuffix("/complete")))["status"] == "ready")


@pytest.mark.parametrize(
    "change",
    [{"type": "image/svg+xml"}, {"type": "text/html"}, {"bytes": 0}, {"bytes": 20 * 1024 * 1024 + 1}, {"bytes": 1.5}],
)
def test_an_upload_with_an_unsupported_type_or_size_is_invalid(tenant: Tenant, change: Json) -> None:
    new = {"type": "image/png", "bytes": 100} | change
    problem(tenant.owner.post(f"/v1/catalogs/{tenant.catalog_id}/images", json=new), 422, "invalid")


def test_images_cannot_be_changed_by_viewers_or_by_clients_with_a_grant(platform: Platform, tenant: Tenant) -> None:
    viewer = platform.api(platform.member(tenant.client_id, "viewer"))
    grantee = platform.tenant()
    ok(platform.admin.put(f"/v1/catalogs/{tenant.catalog_id}/grants/{grantee.client_id}"))
    upload = begin_upload(tenant, PICTURE)
    for api in (viewer, grantee.owner):
        path = f"/v1/catalogs/{tenant.catalog_id}/images"
        assert ok(api.get(path))["data"]
        problem(api.post(path, json={"type": "image/png", "bytes": 1}), 403, "forbidden")
        problem(api.post(f"{path}/fetch", json={}), 403, "forbidden")
        problem(api.post(f"/v1/images/{upload['image']['id']}/complete"), 403, "forbidden")


def test_a_fetched_image_cannot_be_completed_like_an_upload(platform: Platform, tenant: Tenant) -> None:
    with serving(answer(404)) as served:
        platform.product(tenant, images=[served.url()])
        platform.eventually(lambda: images(tenant))
    (row,) = images(tenant).values()
    problem(tenant.owner.post(f"/v1/images/{row['id']}/complete"), 409, "not_an_upload")
