"""Tests the `media` field of products. This field contains the rendered images that the API and storefronts show."""

import socket
import threading
from uuid import uuid4

from tests.core.http_server import by_path, serving
from tests.images.catalog_images import download, fetch_catalog, image, images, media, stored_objects
from tests.images.pictures import opened, picture
from tests.platform import Platform, Tenant, created, ok, problem


def test_a_product_shows_an_image_after_the_image_was_fetched(platform: Platform, tenant: Tenant) -> None:
    with serving(by_path({"/a.jpg": image()})) as served:
        product = platform.product(tenant, images=[served.url("/a.jpg"), "b.jpg"])
        assert product["media"] == []
        platform.eventually(lambda: media(tenant, product))
    (rendered,) = media(tenant, product)
    assert (rendered["source"], rendered["width"], rendered["height"]) == (served.url("/a.jpg"), 1200, 800)
    for name, size in (("thumb", (320, 213)), ("medium", (800, 533)), ("large", (1200, 800))):
        response = download(rendered[name])
        assert (response.status_code, response.headers["content-type"]) == (200, "image/webp")
        assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert opened(response.content).size == size
    updated = ok(tenant.owner.get(f"/v1/products/{product['id']}"))
    assert updated["images"] == product["images"]
    (listed,) = ok(tenant.owner.get(f"/v1/catalogs/{tenant.catalog_id}/products"))["data"]
    assert listed == updated
    visitor = platform.api()
    (on_storefront,) = platform.storefront_products(tenant.domain)
    assert on_storefront == ok(visitor.get(f"/v1/storefront/{tenant.domain}/products/{product['id']}"))
    assert on_storefront["media"] == [rendered]


def test_a_new_image_invalidates_cached_pages(platform: Platform, tenant: Tenant) -> None:
    released = threading.Event()

    def respond_late(connection: socket.socket, request: bytes) -> None:
        released.wait(60)
        image()(connection, request)

    with serving(respond_late) as served:
        product = platform.product(tenant, images=[served.url()])
        before = ok(tenant.owner.get(f"/v1/products/{product['id']}"))
        assert platform.storefront_products(tenant.domain)[0]["media"] == before["media"] == []
        released.set()
        platform.eventually(lambda: platform.storefront_products(tenant.domain)[0]["media"])
        platform.eventually(lambda: media(tenant, product))
    after = ok(tenant.owner.get(f"/v1/products/{product['id']}"))
    assert after["updated_at"] > before["updated_at"]


def test_media_are_in_the_order_of_the_images_of_a_product(platform: Platform, tenant: Tenant) -> None:
    with serving(by_path({"/a": image(), "/b": image(picture(100, 100, "PNG"), "image/png")})) as served:
        a, b = served.url("/a"), served.url("/b")
        product = platform.product(tenant, images=[a, b])
        platform.eventually(lambda: len(media(tenant, product)) == 2)
        requests = len(served.requests)
        path = f"/v1/products/{product['id']}"
        for order in ([b, a], [b], [b, "c.jpg", a, a], []):
            changed = ok(tenant.owner.patch(path, json={"images": order}))
            assert [each["source"] for each in changed["media"]] == [url for url in order if url in (a, b)]
            assert ok(tenant.owner.get(path)) == changed
        other = platform.product(tenant, images=[a])
        assert [each["source"] for each in other["media"]] == [a]
        assert len(served.requests) == requests


def test_two_clients_with_the_same_image_url_have_separate_files(platform: Platform, tenant: Tenant) -> None:
    stranger = platform.tenant()
    with serving(image()) as served:
        address = served.url("/the-same")
        my_product, their_product = (platform.product(owner, images=[address]) for owner in (tenant, stranger))
        fetch_catalog(platform, tenant)
        assert images(stranger) == {}
        assert stored_objects(platform, stranger) == {}
        assert media(stranger, their_product) == []
        fetch_catalog(platform, stranger)
    my_image, their_image = images(tenant)[address], images(stranger)[address]
    assert my_image["sha256"] == their_image["sha256"] and my_image["id"] != their_image["id"]
    for row, owner in ((my_image, tenant), (their_image, stranger)):
        folder = f"/{owner.client_id}/{row['sha256']}/"
        assert all(folder in rendition["url"] for rendition in row["renditions"].values())
    assert f"/{tenant.client_id}/" in media(tenant, my_product)[0]["large"]
    for path in (f"/v1/images/{their_image['id']}", f"/v1/catalogs/{stranger.catalog_id}/images"):
        problem(tenant.owner.get(path), 404, "not_found")
    upload = {"type": "image/png", "bytes": 10}
    problem(tenant.owner.post(f"/v1/catalogs/{stranger.catalog_id}/images", json=upload), 404, "not_found")
    problem(tenant.owner.post(f"/v1/images/{their_image['id']}/complete"), 404, "not_found")


def test_images_of_a_platform_catalog_are_fetched(platform: Platform) -> None:
    catalog = platform.catalog(sync_settings={"fetch_images": True})
    with serving(image()) as served:
        new = {"sku": uuid4().hex, "name": "n", "price": "1.00", "images": [served.url()]}
        product = created(platform.admin.post(f"/v1/catalogs/{catalog['id']}/products", json=new))
        path = f"/v1/products/{product['id']}"
        platform.eventually(lambda: ok(platform.admin.get(path))["media"])
    assert "/platform/" in ok(platform.admin.get(path))["media"][0]["large"]
