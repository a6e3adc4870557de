"""When no message can be sent: what is small is done at once, what is large once messages can be sent again."""

import pytest

from tests.imports.test_imports import counts, ended, row
from tests.platform import Json, Platform, Tenant, ok

QUEUE = "product-imports"


@pytest.fixture
def without_queue(own_platform: Platform) -> Platform:
    """A platform whose queue of imports is gone."""
    sqs = own_platform.sqs
    sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"])
    return own_platform


def post(tenant: Tenant, rows: list[Json]) -> tuple[str, str]:
    """What became of the word of an import, and its job."""
    answer = tenant.owner.post("/v1/products/bulk-import", json={"catalog_id": tenant.catalog_id, "rows": rows})
    assert answer.status_code == 202, answer.text
    return answer.headers["job-dispatch"], answer.json()["id"]


def test_small_imports_are_done_at_once_and_large_ones_by_the_sweeper(without_queue: Platform) -> None:
    platform, tenant = without_queue, without_queue.tenant()
    dispatch, small = post(tenant, [row(number) for number in range(100)] + [row(1, price="much")])
    assert dispatch == "at-once"
    job = ok(tenant.owner.get(f"/v1/jobs/{small}"))
    assert (job["status"], counts(job)) == ("completed", {"read": 101, "created": 100, "rejected": 1})

    dispatch, large = post(tenant, [row(number) for number in range(2_000)])
    assert (dispatch, ok(tenant.owner.get(f"/v1/jobs/{large}"))["status"]) == ("deferred", "pending")
    # It would come before the large one, whose turn it is.
    dispatch, later = post(tenant, [row(0, price="9.00")])
    assert dispatch == "deferred"

    platform.sqs.create_queue(QueueName=QUEUE, Attributes={"VisibilityTimeout": "60"})
    for job_id, expected in ((large, {"created": 1_900, "unchanged": 100}), (later, {"updated": 1})):
        job = ended(tenant.owner, job_id)
        assert (job["status"], {name: n for name, n in counts(job).items() if name != "read"}) == (
            "completed",
            expected,
        )
    left = "select count(*) from app.staged_products"
    platform.eventually(lambda: platform.database.execute(left).fetchone() == {"count": 0})


def test_the_word_of_a_job_is_queued_where_it_can_be(own_platform: Platform) -> None:
    tenant = own_platform.tenant()
    dispatch, job_id = post(tenant, [row(1)])
    assert dispatch == "queued"
    assert ended(tenant.owner, job_id)["status"] == "completed"
