"""Tests that erasures are repeated after a restore if the signing key was replaced between the erasures.

The module uses its own local cloud, because a replay affects all clients.
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
FIRST_KEY = "the signing key before the earlier key"
ADD_ENTRY = """
import os
os.environ["WC_SIGNING_KEY"] = {key!r}
from datetime import UTC, datetime
from uuid import UUID
from wecelebrate.erasures import register
client, now = UUID({client!r}), datetime.now(UTC)
row = {{"client_id": client, "orders_before": now, "created_at": now}}
register.write(UUID({erasure!r}), row, register.hashes_of(client, [{email!r}], []))
"""
"""A program that adds an erasure to the list with an earlier signing key."""
WORK = """
import os, runpy
os.environ.update({variables!r}, AWS_LAMBDA_FUNCTION_NAME={function!r})
class Context:
    aws_request_id = "1"
    def get_remaining_time_in_millis(self):
        return 60_000
runpy.run_path("handler.py")["handler"]({event!r}, Context())
"""
"""A program that runs the worker with different signing keys."""
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


def work_with(platform: Platform, job_id: str, **variables: str) -> None:
    """Retry a failed job with different signing keys."""
    record: dict[str, Any] = {
        "messageId": str(uuid4()), "receiptHandle": "x", "body": json.dumps({"job_id": job_id}),
        "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1", "SenderId": "x"},
        "messageAttributes": {}, "eventSource": "aws:sqs", "awsRegion": "us-east-1",
        "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:wecelebrate-local-erasures",
    }  # fmt: skip
    code = WORK.format(function=FUNCTION, variables=variables, event={"Records": [record]})
    process = platform.run_as(FUNCTION, code)
    platform.database.execute(
        "update jobs set status = 'pending', failures = 0, due_at = now(), error = null, error_code = null,"
        " completed_at = null where id = %s",
        [job_id],
    )
    output_of(process)


def test_a_replay_completes_after_a_retry_with_each_signing_key(
    own_platform: Platform,
) -> None:
    platform, tenant = own_platform, own_platform.tenant()
    late, early, first = Person.new(), Person.new(), Person.new()
    erasure = ended(platform, tenant.owner, request(tenant.owner, tenant.client_id, email=late.email))
    earlier_id, first_id = str(uuid4()), str(uuid4())
    for id, key, person in ((earlier_id, EARLIER_KEY, early), (first_id, FIRST_KEY, first)):
        code = ADD_ENTRY.format(client=tenant.client_id, key=key, erasure=id, email=person.email.lower())
        output_of(platform.run_as(FUNCTION, code))
    # Simulate a restored database: it contains the orders of all persons, but no erasures.
    platform.database.execute("delete from erasures where client_id = %s", [tenant.client_id])
    orders = {person: order(platform, tenant, person) for person in (late, early, first)}

    def erasures() -> dict[str, Json]:
        return {each["id"]: each for each in ok(tenant.owner.get(f"/v1/clients/{tenant.client_id}/erasures"))["data"]}

    job_id = platform.admin.post("/v1/admin/erasures/replay").json()["id"]
    job = platform.ended_job(job_id)
    assert (job["status"], job["error_code"]) == ("failed", "wrong_key")
    assert "2 of 3 entries were written with 2 other signing keys" in job["error"]
    assert "1 erasures were created" in job["error"]
    platform.eventually(lambda: [each["status"] for each in erasures().values()] == ["completed"])
    assert erasures().keys() == {erasure["id"]}
    assert (is_erased(platform, orders[late]), is_erased(platform, orders[early])) == (True, False)

    def progress() -> tuple[str | None, int, int]:
        job = platform.ended_job(job_id)
        return job["error_code"], job["progress"]["done"], job["progress"]["total"]

    ok(platform.admin.post(f"/v1/jobs/{job_id}/retry"))  # A retry with the same key does not repeat an erasure.
    assert progress() == ("wrong_key", 1, 3)
    assert erasures().keys() == {erasure["id"]}
    work_with(platform, job_id, WC_SIGNING_KEY=EARLIER_KEY)
    assert progress() == ("wrong_key", 2, 3)
    ok(platform.admin.post(f"/v1/jobs/{job_id}/retry"))  # Use the first key again.
    assert progress() == ("wrong_key", 2, 3)
    assert erasures().keys() == {erasure["id"], earlier_id}

    work_with(platform, job_id, WC_SIGNING_KEY=FIRST_KEY)
    job = platform.ended_job(job_id)
    assert (job["status"], job["result"]) == ("completed", {"erasures": 3, "restored": 3})
    platform.eventually(lambda: {each["status"] for each in erasures().values()} == {"completed"})
    assert erasures().keys() == {erasure["id"], earlier_id, first_id}
    assert is_erased(platform, orders[early]) and is_erased(platform, orders[first])
    again = platform.ended_job(platform.admin.post("/v1/admin/erasures/replay").json()["id"])
    assert again["error_code"] == "wrong_key" and "0 erasures were created" in again["error"]


def test_a_replay_with_the_earlier_keys_repeats_all_erasures_at_once(own_platform: Platform) -> None:
    platform, tenant = own_platform, own_platform.tenant()
    late, early, first = Person.new(), Person.new(), Person.new()
    erasure = ended(platform, tenant.owner, request(tenant.owner, tenant.client_id, email=late.email))
    ids = {str(uuid4()): EARLIER_KEY, str(uuid4()): FIRST_KEY}
    for (id, key), person in zip(ids.items(), (early, first), strict=True):
        code = ADD_ENTRY.format(client=tenant.client_id, key=key, erasure=id, email=person.email.lower())
        output_of(platform.run_as(FUNCTION, code))
    platform.database.execute("delete from erasures where client_id = %s", [tenant.client_id])
    orders = {person: order(platform, tenant, person) for person in (late, early, first)}
    job_id = platform.admin.post("/v1/admin/erasures/replay").json()["id"]
    assert platform.ended_job(job_id)["error_code"] == "wrong_key"
    # A worker runs the next due job. Therefore wait until the erasure of the first entry is complete.
    platform.eventually(lambda: is_erased(platform, orders[late]))
    created = f"/v1/clients/{tenant.client_id}/erasures"
    platform.eventually(lambda: [each["status"] for each in ok(tenant.owner.get(created))["data"]] == ["completed"])
    # The signing key does not change. The worker uses the earlier keys only to verify older entries, and not to sign.
    work_with(platform, job_id, WC_EARLIER_SIGNING_KEYS=f"{EARLIER_KEY},{FIRST_KEY}")
    job = platform.ended_job(job_id)
    assert (job["status"], job["error"]) == ("completed", None)
    assert {each["id"] for each in ok(tenant.owner.get(created))["data"]} == {erasure["id"], *ids}
    for person in (late, early, first):
        platform.eventually(lambda person=person: is_erased(platform, orders[person]))  # type: ignore[misc]


def test_a_replay_repeats_an_erasure_if_rows_were_copied_from_a_backup(
    own_platform: Platform,
) -> None:
    """`wecelebrate tenant restore` copies rows of a client into the live database. The live database contains all
    erasures."""
    platform, tenant = own_platform, own_platform.tenant()
    person, other = Person.new(), Person.new()
    erasures = [
        ended(platform, tenant.owner, request(tenant.owner, tenant.client_id, email=each.email))
        for each in (person, other)
    ]
    copied = order(platform, tenant, person)
    values = [tenant.client_id, tenant.site_id, other.name, other.email]
    [row] = platform.database.execute(ORDER.replace("now() - interval '1 day'", "now()"), values).fetchall()
    later: UUID = row["id"]
    # The job reports `wrong_key`, because other tests of this local cloud have added entries with other keys to the
    # list.
    job = platform.ended_job(platform.admin.post("/v1/admin/erasures/replay").json()["id"])
    assert job["counts"]["updated"] == 1
    platform.eventually(lambda: is_erased(platform, copied))
    path = f"/v1/erasures/{erasures[0]['id']}"
    platform.eventually(lambda: ok(tenant.owner.get(path))["status"] == "completed")
    repeated = ok(tenant.owner.get(path))
    assert (repeated["cause"], repeated["counts"]["orders"]) == ("restore", 1)
    # An order that is placed after the erasure is not erased. A replay without missing erasures changes nothing.
    again = platform.ended_job(platform.admin.post("/v1/admin/erasures/replay").json()["id"])
    assert again["counts"]["updated"] == 0
    assert not is_erased(platform, later)
