"""Uses the generated Python client. `python scenarios.py <scenario> <arguments as JSON>` prints the result as JSON.

`mypy --strict` checks this module together with the client.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, TypeVar, assert_never
from uuid import UUID

import httpx
from wecelebrate_client import AuthenticatedClient, Client
from wecelebrate_client.api.catalogs import list_catalogs
from wecelebrate_client.api.imports import import_products
from wecelebrate_client.api.jobs import get_job, list_jobs
from wecelebrate_client.api.me import me
from wecelebrate_client.api.products import change_product, create_product, deactivate_product, get_product
from wecelebrate_client.api.storefront import get_storefront, list_shown_products
from wecelebrate_client.api.uploads import create_upload
from wecelebrate_client.models import (
    BulkImport,
    CatalogPage,
    GatewayMessage,
    ImportRow,
    Job,
    JobPage,
    NewProduct,
    NewUpload,
    Problem,
    Product,
    ProductPatch,
    StorefrontPage,
    StorefrontProduct,
    Upload,
)
from wecelebrate_client.types import UNSET, Response, Unset

Json = dict[str, object]
Model = TypeVar("Model")


def list_all_catalogs(api: str, token: str) -> Json:
    page = list_catalogs.sync(client=AuthenticatedClient(api, token))
    match page:
        case CatalogPage():
            names: list[str] = [catalog.name for catalog in page.data]
            created: list[datetime] = [catalog.created_at for catalog in page.data]
            return {"names": names, "has_more": page.has_more, "years": sorted({moment.year for moment in created})}
        case Problem() | GatewayMessage() | None:
            return {"error": repr(page)}
        case _:
            assert_never(page)


def make_mistakes(client: Client, job: Job, page: CatalogPage) -> list[object]:
    """Contain mistakes that mypy must report. The program never calls this function."""
    return [
        list_catalogs.sync(client=client),  # type: ignore[arg-type]  # this operation needs a token
        page.rows,  # type: ignore[attr-defined]
        page.data[0].owner_client_id.hex,  # type: ignore[union-attr]  # the platform owns some catalogs
        job.status == "done",  # type: ignore[comparison-overlap]
        change_product.sync(job.id, client=AuthenticatedClient("", ""), body=ProductPatch()),  # type: ignore[call-arg]
        ImportRow(name="A row without a SKU"),  # type: ignore[call-arg]
        NewProduct(sku="A", name="A price is text or a number", price=[]),  # type: ignore[arg-type]
    ]


def search_a_shop(api: str, domain: str, q: str) -> Json:
    pages = list(_shop_pages(Client(api), domain, q))
    products: list[StorefrontProduct] = [product for page in pages for product in page.data]
    prices: list[str] = [product.price for product in products]
    return {"names": [product.name for product in products], "prices": prices, "pages": len(pages)}


def _shop_pages(client: Client, domain: str, q: str) -> Iterator[StorefrontPage]:
    cursor: str | Unset | None = UNSET
    while cursor is not None:
        page = list_shown_products.sync(domain, client=client, q=q, sort="-price", limit=2, cursor=cursor)
        assert isinstance(page, StorefrontPage), page
        yield page
        cursor = page.next_cursor


def import_rows(api: str, token: str, catalog: str) -> Json:
    client = AuthenticatedClient(api, token)
    rows = [ImportRow(sku="A-1", name="Lamp", price="12.50", inventory_count=3), ImportRow(sku="A-2", price="9.00")]
    job = _expect(
        Job, import_products.sync_detailed(client=client, body=BulkImport(catalog_id=UUID(catalog), rows=rows))
    )
    job = _followed(client, job)
    errors = [(error.sku, error.reason) for error in job.first_errors]
    # The type and the status of a job are valid values of the filters for jobs.
    jobs = list_jobs.sync(client=client, catalog_id=UUID(catalog), type_=job.type_, status=job.status)
    assert isinstance(jobs, JobPage)
    return {
        "status": job.status,
        "created": job.counts.created,
        "rejected": job.counts.rejected,
        "errors": errors,
        "listed": job.id in {each.id for each in jobs.data},
    }


def upload_a_file(api: str, token: str, catalog: str, content: str) -> Json:
    client = AuthenticatedClient(api, token)
    new = NewUpload(name="products.csv", size=len(content.encode()), content_type="text/csv")
    upload = _expect(Upload, create_upload.sync_detailed(client=client, body=new))
    headers: dict[str, str] = upload.headers.additional_properties
    httpx.request(upload.method, upload.url, headers=headers, content=content.encode()).raise_for_status()
    body = BulkImport(catalog_id=UUID(catalog), upload_id=upload.id)
    job = _followed(client, _expect(Job, import_products.sync_detailed(client=client, body=body)))
    return {"status": job.status, "created": job.counts.created}


def _followed(client: AuthenticatedClient, job: Job) -> Job:
    while job.status in ("pending", "processing"):
        time.sleep(0.05)
        job = _expect(Job, get_job.sync_detailed(job.id, client=client))
    return job


def read_the_shop_of_a_customer(api: str, token: str, domain: str) -> Json:
    return _facts(get_storefront.sync_detailed(domain, client=AuthenticatedClient(api, token)))


def read_my_account(api: str, token: str) -> Json:
    return _facts(me.sync_detailed(client=AuthenticatedClient(api, token)))


def create_an_invalid_product(api: str, token: str, catalog: str) -> Json:
    response = create_product.sync_detailed(
        UUID(catalog), client=AuthenticatedClient(api, token), body=NewProduct(sku="A-3", name="Lamp", price="9.999")
    )
    return _facts(response)


def change_a_product(api: str, token: str, product: str, etag: str) -> Json:
    """Change a product with an ETag. If the ETag is outdated, send the change again with the current ETag."""
    client, id_ = AuthenticatedClient(api, token), UUID(product)
    patch = ProductPatch(price="13.00", description=None)
    refused = change_product.sync_detailed(id_, client=client, body=patch, if_match=etag)
    current = refused.headers["etag"]
    accepted = change_product.sync_detailed(id_, client=client, body=patch, if_match=current)
    changed = _expect(Product, accepted)
    return _facts(refused) | {"price": changed.price, "description": changed.description}


def read_and_deactivate_a_product(api: str, token: str, product: str) -> Json:
    """Read a product twice, and deactivate it. The responses to the second read and to the deactivation have no
    body.
    """
    client, id_ = AuthenticatedClient(api, token), UUID(product)
    etag = get_product.sync_detailed(id_, client=client).headers["etag"]
    unchanged = get_product.sync_detailed(id_, client=client, if_none_match=etag)
    deactivated = deactivate_product.sync_detailed(id_, client=client, if_match=etag)
    return {
        "statuses": [unchanged.status_code, deactivated.status_code],
        "bodies": [unchanged.parsed, deactivated.parsed],
    }


def _expect(model: type[Model], response: Response[Any]) -> Model:
    assert isinstance(response.parsed, model), response
    return response.parsed


def _facts(response: Response[Any]) -> Json:
    """Return the status and the fields of an error. mypy knows the type of each error."""
    error: object = response.parsed
    facts: Json = {"status": int(response.status_code), "type": type(error).__name__}
    if "retry-after" in response.headers:
        facts["retry_after"] = int(response.headers["retry-after"])
    if isinstance(error, Problem):
        details = [] if isinstance(error.errors, Unset) else [each.pointer for each in error.errors]
        return facts | {"code": error.code, "pointers": details}
    if isinstance(error, GatewayMessage):
        return facts | {"message": error.message}
    return facts


SCENARIOS: dict[str, Callable[..., Json]] = {
    scenario.__name__: scenario
    for scenario in (
        list_all_catalogs,
        search_a_shop,
        import_rows,
        upload_a_file,
        read_the_shop_of_a_customer,
        read_my_account,
        create_an_invalid_product,
        change_a_product,
        read_and_deactivate_a_product,
    )
}

if __name__ == "__main__":
    sys.stdout.write(json.dumps(SCENARIOS[sys.argv[1]](**json.loads(sys.argv[2]))))
