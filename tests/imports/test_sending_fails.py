"""If the API cannot send the message of an import, a small import runs within the request. A large import waits."""

import pytest

from tests.imports.importing import nonzero_counts, product_row, wait_for_job
from tests.platform import Json, Platform, Tenant, ok

pytestmark = pytest.mark.slow

QUEUE = "product-imports"


@pytest.fixture
def without_queue(own_platform: Platform) -> Platform:
    """Return a platform whose queue for imports was deleted."""
    sqs = own_platform.sqs
    sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"])
    return own_platform


def post(tenant: Tenant, rows: list[Json]) -> tuple[str, str]:
    """Create an import. Return the value of the `Job-Dispatch` header and the id of the job."""
    response = tenant.owner.post("/v1/products/bulk-import", json={"catalog_id": tenant.catalog_id, "rows": rows})
    assert response.status_code == 202, response.text
    return response.headers["job-dispatch"], response.json()["id"]


def test_only_small_imports_run_within_the_request_if_the_queue_is_missing(
    without_queue: Platform,
) -> None:
    platform, tenant = without_queue, without_queue.tenant()
    dispatch, small = post(tenant, [product_row(number) for number in range(100)] + [product_row(1, price="much")])
    assert dispatch == "at-once"
    job = ok(tenant.owner.get(f"/v1/jobs/{small}"))
    assert (job["status"], nonzero_counts(job)) == ("completed", {"read": 101, "created": 100, "rejected": 1})

    dispatch, large = post(tenant, [product_row(number) for number in range(2_000)])
    assert (dispatch, ok(tenant.owner.get(f"/v1/jobs/{large}"))["status"]) == ("deferred", "pending")
    # This small import does not run within the request, because another job of the same catalog is still waiting.
    dispatch, later = post(tenant, [product_row(0, price="9.00")])
    assert dispatch == "deferred"

    platform.sqs.create_queue(QueueName=QUEUE, Attributes={"VisibilityTimeout": "60"})
    for job_id, expected in ((large, {"created": 1_900, "unchanged": 100}), (later, {"updated": 1})):
        job = wait_for_job(tenant.owner, job_id)
        assert (job["status"], {name: count for name, count in nonzero_counts(job).items() if name != "read"}) == (
            "completed",
            expected,
        )
    staged_rows = "select count(*) from app.staged_products"
    platform.eventually(lambda: platform.database.execute(staged_rows).fetchone() == {"count": 0})


def test_an_import_is_queued_if_its_message_can_be_sent(own_platform: Platform) -> None:
    tenant = own_platform.tenant()
    dispatch, job_id = post(tenant, [product_row(1)])
    assert dispatch == "queued"
    assert wait_for_job(tenant.owner, job_id)["status"] == "completed"
