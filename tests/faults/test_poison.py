"""Poison: jobs and messages that no try can do. The others are done, it is told what failed, whose it was and why; once
mended it is done again, once, whoever asks how often."""

import pytest

from tests.faults.conftest import FULL
from tests.faults.figures import Figure
from tests.faults.jobs import expire, imported, over, row, sent, stop, word
from tests.platform import Json, Platform, Tenant, ok, problem

JOBS = 2_000 if FULL else 100
TENANTS = 5
POISONED = JOBS // 100
UNREADABLE = ("no JSON at all {", '["an", "array"]', '["\\u0000"]', '["\\ud800"]')


def letters(platform: Platform, **query: str) -> list[Json]:
    """Dead letters, newest first."""
    found: list[Json] = []
    cursor: str | None = None
    while True:
        asked = {"limit": "100", **query, **({"cursor": cursor} if cursor else {})}
        page = ok(platform.admin.get("/v1/admin/dlq", params=asked))
        found += page["data"]
        cursor = page["next_cursor"]
        if cursor is None:
            return found


def actions(platform: Platform, object_id: str) -> list[str]:
    """What the audit log says was done to something."""
    return [
        note["action"] for note in ok(platform.admin.get("/v1/admin/audit", params={"object_id": object_id}))["data"]
    ]


def poison(platform: Platform, tenant: Tenant, template: str, number: int) -> str:
    """A job like another, whose payload lacks what its worker looks for. Its catalog is its own: what comes after it is
    done, and it would not be tried again behind that."""
    catalog_id = platform.catalog(owner=tenant.client_id)["id"]
    key = f"{tenant.client_id}/imports/poison-{number}"
    body = f'{{"sku":"BAD-{number}","name":"Poison {number}","price":"1.00"}}'.encode()
    version = platform.s3.put_object(Bucket=platform.uploads, Key=f"{key}/rows.ndjson", Body=body)["VersionId"]
    made = platform.database.execute(
        "insert into jobs (client_id, catalog_id, type, requested_by, payload, priority, ordering_key)"
        " select client_id, %s, type, requested_by,"
        "   payload - 'mode' || jsonb_build_object('key', %s::text, 'version_id', %s::text, 'results', %s::text),"
        "   priority, %s from jobs where id = %s returning id",
        [catalog_id, f"{key}/rows.ndjson", version, key, f"catalog:{catalog_id}", template],
    ).fetchone()
    assert made is not None
    sent(platform, "product-imports", [word(made["id"])])
    return str(made["id"])


@pytest.mark.timeout(1800)
def test_one_percent_of_poison_harms_no_other_and_is_done_once_it_is_mended(
    own_platform: Platform, figure: Figure
) -> None:
    platform = own_platform
    tenants = [platform.tenant() for _ in range(TENANTS)]
    for tenant in tenants:
        platform.arrange("update clients set tier = 'enterprise' where id = %s", [tenant.client_id])
    good, bad = list[str](), dict[str, Tenant]()
    for number in range(JOBS - POISONED):
        tenant = tenants[number % TENANTS]
        product = {"sku": f"GOOD-{number}", "name": f"Product {number}", "price": "1.00"}
        good.append(imported(tenant.owner, tenant.catalog_id, [product]))
        if number % 100 == 50:
            bad[poison(platform, tenant, good[-1], number)] = tenant
    platform.eventually(lambda: all_over(platform), within=900, every=0.5)
    ended = {job_id: row(platform, job_id) for job_id in (*good, *bad)}
    assert {ended[job_id]["status"] for job_id in good} == {"completed"}
    figure("poison: jobs that were good", len(good), "jobs")
    figure("poison: tries that a good job took", max(ended[job_id]["attempts"] for job_id in good), "tries", 2)
    assert {(ended[job]["status"], ended[job]["attempts"]) for job in bad} == {("failed", 3)}

    found = {letter["job_id"]: letter for letter in letters(platform)}
    assert found.keys() == bad.keys()
    for job_id, tenant in bad.items():
        letter = found[job_id]
        assert (letter["client_id"], letter["queue"], letter["code"]) == (
            tenant.client_id, "product-imports", "internal_error",
        )  # fmt: skip
        assert letter["reason"] == "KeyError: 'mode'"
        problem(tenant.owner.post(f"/v1/admin/dlq/{letter['id']}/redrive"), 403, "forbidden")

    platform.database.execute(
        """update jobs set payload = payload || '{"mode": "upsert"}' where id = any (%s)""", [list(bad)]
    )
    for letter in found.values():
        ok(platform.admin.post(f"/v1/admin/dlq/{letter['id']}/redrive"))
        problem(platform.admin.post(f"/v1/admin/dlq/{letter['id']}/redrive"), 409, "job_state")
    platform.eventually(lambda: all_over(platform), within=120, every=0.2)
    for letter in found.values():
        job = row(platform, letter["job_id"])
        assert (job["status"], job["error"], job["attempts"]) == ("completed", None, 4)
        assert job["counts"]["created"] == 1
        problem(platform.admin.post(f"/v1/admin/dlq/{letter['id']}/redrive"), 409, "job_state")
        assert actions(platform, letter["id"]) == ["dead_letter.redrive"]
        assert actions(platform, letter["job_id"]) == ["job.retry"]
    stored = platform.database.execute(
        "select count(*) as n, count(*) filter (where sku like 'BAD-%%') as mended from products p"
        " join catalogs c on c.id = p.catalog_id where c.owner_client_id = any (%s)",
        [[tenant.client_id for tenant in tenants]],
    ).fetchone()
    assert stored == {"n": JOBS - POISONED + len(bad), "mended": len(bad)}
    assert len(letters(platform)) == len(bad), "nothing failed again"


def all_over(platform: Platform) -> bool:
    return platform.database.execute("select from jobs where status in ('pending', 'processing') limit 1").rowcount == 0


@pytest.mark.timeout(300)
def test_a_job_that_kills_its_workers_is_given_up_and_done_once_it_is_mended(own_platform: Platform) -> None:
    platform, tenant = own_platform, own_platform.tenant()
    rows = [{"sku": f"K-{number}", "name": f"Product {number}", "price": "1.00"} for number in range(4_000)]
    with platform.holding("select from catalogs where id = %s for no key update", [tenant.catalog_id]) as lock:
        # It ends with touching the catalog, and comes no further: what it did before counts once.
        job_id = imported(tenant.owner, tenant.catalog_id, rows)
        for killed in range(1, 5):
            platform.eventually(lambda: row(platform, job_id)["fence"] == killed)  # noqa: B023 - it is asked at once
            lock.wait_for(1)
            assert stop(platform, "product-imports")
            lock.hang_up()
            expire(platform, "product_import")
        platform.eventually(lambda: row(platform, job_id)["status"] == "failed")
    job = row(platform, job_id)
    assert (job["error_code"], job["failures"]) == ("worker_died", 3)
    (letter,) = letters(platform, client_id=tenant.client_id)
    assert (letter["job_id"], letter["code"]) == (job_id, "worker_died")
    assert "The worker died" in letter["reason"]
    ok(platform.admin.post(f"/v1/admin/dlq/{letter['id']}/redrive"))
    problem(platform.admin.post(f"/v1/admin/dlq/{letter['id']}/redrive"), 409, "job_state")
    platform.eventually(lambda: over(platform, job_id))
    done = row(platform, job_id)
    assert (done["status"], done["counts"]["read"], done["counts"]["rejected"]) == ("completed", 4_000, 0)
    stored = platform.database.execute(
        "select count(*) as n, count(distinct sku) as skus from products where catalog_id = %s", [tenant.catalog_id]
    ).fetchone()
    assert stored == {"n": 4_000, "skus": 4_000}


@pytest.mark.parametrize("queue", ["product-imports", "drops"])
@pytest.mark.parametrize("body", UNREADABLE)
def test_a_message_that_nobody_can_read_is_a_dead_letter_at_once(own_platform: Platform, queue: str, body: str) -> None:
    platform = own_platform
    before = {letter["id"] for letter in letters(platform)}

    def new() -> list[Json]:
        return [letter for letter in letters(platform) if letter["id"] not in before]

    sent(platform, queue, [body])
    platform.eventually(new, within=15)
    (letter,) = new()
    assert (letter["queue"], letter["code"], letter["job_id"], letter["receives"]) == (
        queue, "message_failed", None, 1,
    )  # fmt: skip
    assert letter["body"] == body
    assert letter["reason"].startswith("Unreadable: it is no JSON")
    # Sent again as it came, it is no better; but nobody sends the same letter twice.
    ok(platform.admin.post(f"/v1/admin/dlq/{letter['id']}/redrive"))
    problem(platform.admin.post(f"/v1/admin/dlq/{letter['id']}/redrive"), 409, "nothing_to_redrive")
    platform.eventually(lambda: len(new()) == 2, within=15)
    assert actions(platform, letter["id"]) == ["dead_letter.redrive"]
