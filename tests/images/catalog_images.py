"""Helpers for the tests of images. The helpers fetch and read the images of a catalog."""

from typing import Any

import httpx

from tests.core.http_server import Handler, answer
from tests.images.pictures import picture
from tests.platform import TLS, Json, Platform, Tenant, ok

PICTURE = picture(1200, 800)


def image(body: bytes = PICTURE, kind: str = "image/jpeg", etag: str = "") -> Handler:
    return answer(200, body, Content_Type=kind, ETag=etag)


def media(tenant: Tenant, product: Json) -> list[Json]:
    rendered: list[Json] = ok(tenant.owner.get(f"/v1/products/{product['id']}"))["media"]
    return rendered


def images(tenant: Tenant, **filters: Any) -> dict[str, Json]:
    """Map the URL of each image in the tenant's catalog to the image."""
    page = ok(tenant.owner.get(f"/v1/catalogs/{tenant.catalog_id}/images", params={"limit": 1000, **filters}))
    return {image["source"]: image for image in page["data"]}


def wait_until_ended(platform: Platform, tenant: Tenant, job: Json, within: float = 60) -> Json:
    """Wait until a job has ended, and return the job."""
    platform.eventually(lambda: read_job(tenant, job)["status"] in ("completed", "failed"), within)
    return read_job(tenant, job)


def read_job(tenant: Tenant, job: Json) -> Json:
    return ok(tenant.owner.get(f"/v1/jobs/{job['id']}"))


def fetch_catalog(platform: Platform, tenant: Tenant, within: float = 60, **request: bool) -> Json:
    """Fetch the images of a tenant's catalog. Return the completed job."""
    response = tenant.owner.post(f"/v1/catalogs/{tenant.catalog_id}/images/fetch", json=request)
    assert response.status_code == 202, response.text
    job = wait_until_ended(platform, tenant, response.json(), within)
    assert job["status"] == "completed", job
    return job


def download(url: str) -> httpx.Response:
    with httpx.Client(verify=TLS) as client:
        return client.get(url)


def stored_objects(platform: Platform, tenant: Tenant) -> dict[str, Any]:
    """Map the key of each object to the time of its last write.

    The map contains the tenant's objects in the bucket of images.
    """
    response = platform.s3.list_objects_v2(Bucket="wecelebrate-local-images", Prefix=f"{tenant.client_id}/")
    return {each["Key"]: each["LastModified"] for each in response.get("Contents", [])}
