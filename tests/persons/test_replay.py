"""Erasures are repeated after a restore, although the signing key was replaced between them.

The module uses its own local cloud, because a replay concerns all clients.
"""

import json
from typing import Any
from uuid import UUID, uuid4

from tests.persons.erasing import ended, request
from tests.persons.planting import Person
from tests.platform import Json, Platform, Tenant, ok
from tests.platform.functions import output_of

FUNCTION = "queues-erasures"
EARLIER_KEY = "the signing key before its replacement"
ADD_ENTRY = f"""
import os
os.environ["WC_SIGNING_KEY"] = {EARLIER_KEY!r}
from datetime import UTC, datetime
from uuid import UUID
from wecelebrate.erasures import register
client, now = UUID({{client!r}}), datetime.now(UTC)
row = {{{{"client_id": client, "orders_before": now, "created_at": now}}}}
register.write(UUID({{erasure!r}}), row, register.hashes_of(client, [{{email!r}}], []))
"""
"""Adds an erasure to the list, as the platform did before its signing key was replaced."""
WORK = f"""
import os, runpy
os.environ.update(AWS_LAMBDA_FUNCTION_NAME={FUNCTION!r}, WC_SIGNING_KEY={EARLIER_KEY!r})
class Context:
    aws_request_id = "1"
    def get_remaining_time_in_millis(self):
        return 60_000
runpy.run_path("handler.py")["handler"]({{event!r}}, Context())
"""
"""Runs the worker with the earlier signing key."""
ORDER = """
insert into orders (client_id, site_id, customer_name, customer_email, total_amount, currency, shipping_address, items,
  status, created_at)
values (%s, %s, %s, %s, 10, 'USD', '{"line1": "Mühlgasse 1", "country": "DE"}', '[]', 'cancelled',
  now() - interval '1 day')
returning id
"""


def order(platform: Platform, tenant: Tenant, person: Person) -> UUID:
    """Insert a cancelled order of a person."""
    [row] = platform.database.execute(ORDER, [tenant.client_id, tenant.site_id, person.name, person.email]).fetchall()
    id: UUID = row["id"]
    return id


def is_erased(platform: Platform, order_id: UUID) -> bool:
    [row] = platform.database.execute("select erased_at from orders where id = %s", [order_id]).fetchall()
    return row["erased_at"] is not None


def work_with_the_earlier_key(platform: Platform, job_id: str) -> None:
    """Run a failed job again, with the earlier signing key."""
    record: dict[str, Any] = {
        "messageId": str(uuid4()), "receiptHandle": "x", "body": json.dumps({"job_id": job_id}),
        "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1", "SenderId": "x"},
        "messageAttributes": {}, "eventSource": "aws:sqs", "awsRegion": "us-east-1",
        "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:wecelebrate-local-erasures",
    }  # fmt: skip
    code = WORK.format(event={"Records": [record]})
    process = platform.run_as(FUNCTION, code)
    platform.database.execute(
        "update jobs set status = 'pending', failures = 0, due_at = now(), error = null, error_code = null,"
        " completed_at = null where id = %s",
        [job_id],
    )
    output_of(process)


def test_a_replay_repeats_the_erasures_of_each_signing_key_and_completes_after_the_last_key(
    own_platform: Platform,
) -> None:
    platform, tenant, late, early = own_platform, own_platform.tenant(), Person.new(), Person.new()
    erasure = ended(platform, tenant.owner, request(tenant.owner, tenant.client_id, email=late.email))
    earlier_id = str(uuid4())
    output_of(
        platform.run_as(
            FUNCTION, ADD_ENTRY.format(client=tenant.client_id, erasure=earlier_id, email=early.email.lower())
        )
    )
    # A restored database has the orders of both persons, and none of the erasures.
    platform.database.execute("delete from erasures where client_id = %s", [tenant.client_id])
    orders = {person: order(platform, tenant, person) for person in (late, early)}

    def erasures() -> dict[str, Json]:
        return {each["id"]: each for each in ok(tenant.owner.get(f"/v1/clients/{tenant.client_id}/erasures"))["data"]}

    job_id = platform.admin.post("/v1/admin/erasures/replay").json()["id"]
    job = platform.ended_job(job_id)
    assert (job["status"], job["error_code"]) == ("failed", "wrong_key")
    assert "1 of 2 entries were written with 1 other signing keys" in job["error"]
    assert "1 erasures were created" in job["error"]
    platform.eventually(lambda: [each["status"] for each in erasures().values()] == ["completed"])
    assert erasures().keys() == {erasure["id"]}
    assert (is_erased(platform, orders[late]), is_erased(platform, orders[early])) == (True, False)

    ok(platform.admin.post(f"/v1/jobs/{job_id}/retry"))  # A retry with the same key repeats nothing.
    assert platform.ended_job(job_id)["error_code"] == "wrong_key"
    assert erasures().keys() == {erasure["id"]}

    work_with_the_earlier_key(platform, job_id)
    job = platform.ended_job(job_id)
    assert (job["status"], job["result"]) == ("completed", {"erasures": 2, "restored": 2})
    platform.eventually(lambda: {each["status"] for each in erasures().values()} == {"completed"})
    assert erasures().keys() == {erasure["id"], earlier_id}
    assert is_erased(platform, orders[early])
    again = platform.ended_job(platform.admin.post("/v1/admin/erasures/replay").json()["id"])
    assert again["error_code"] == "wrong_key" and "0 erasures were created" in again["error"]
