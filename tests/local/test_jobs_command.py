"""Tests the commands `wecelebrate jobs` and `wecelebrate dlq`."""

import re
from pathlib import Path
from uuid import uuid4

import pytest

from tests.command import Command
from tests.local.jobs import HEADER, failed_job, job_awaiting_approval, job_of, sync_rows
from tests.platform import Platform, Tenant, ok


@pytest.fixture
def tenant(platform: Platform) -> Tenant:
    return platform.tenant()


def test_the_list_of_jobs_can_be_filtered_by_client_and_type_and_status(
    wecelebrate: Command, platform: Platform, tenant: Tenant
) -> None:
    job = sync_rows(platform, tenant, "A,Cup,3.00\n")
    failed_job(platform, tenant)
    result = wecelebrate("jobs", "list", "--client", tenant.slug)
    assert result.returncode == 0
    head, *lines = result.stdout.splitlines()
    assert head.split() == ["job", "client", "type", "state", "progress", "age"]
    assert len(lines) == 2
    completed = wecelebrate(
        "jobs", "list", "--client", tenant.client_id, "--type", "catalog_sync", "--status", "completed"
    )
    (line,) = completed.stdout.splitlines()[1:]
    assert re.fullmatch(rf"{job['id']} +{tenant.slug} +catalog_sync +completed +100 % +\d+ \w+", line)
    empty = wecelebrate("jobs", "list", "--client", tenant.slug, "--status", "processing")
    assert (empty.stdout, empty.stderr) == ("", "no jobs match\n")
    assert len(wecelebrate("jobs", "list", "--client", tenant.slug, "--limit", "1").stdout.splitlines()) == 2


def test_a_narrow_terminal_shows_complete_ids(wecelebrate: Command, platform: Platform, tenant: Tenant) -> None:
    letter = failed_job(platform, tenant)
    wecelebrate.environment["COLUMNS"] = "40"
    for arguments, id in ((("jobs", "list"), job_of(platform, letter)), (("dlq", "list"), letter)):
        head, line = wecelebrate(*arguments, "--client", tenant.slug).stdout.splitlines()
        assert head.split()[-1] == "age"
        assert line.startswith(f"{id} ")


def test_an_unknown_client_or_type_or_job_is_an_error(wecelebrate: Command, cloud: object) -> None:
    result = wecelebrate("jobs", "list", "--client", "nobody")
    assert (result.returncode, result.stdout) == (4, "")
    assert result.stderr.startswith("✗ client nobody does not exist: the clients are ")
    assert wecelebrate("jobs", "list", "--type", "laundry").returncode == 2
    wrong_status = wecelebrate("jobs", "list", "--status", "done").stderr
    assert "Invalid value for '--status': 'done' is not one of 'pending', 'processing'," in wrong_status
    unknown = str(uuid4())
    for command in (("show",), ("watch",)):
        result = wecelebrate("jobs", *command, unknown)
        assert (result.returncode, result.stdout) == (4, "")
        assert result.stderr == f"✗ job {unknown} does not exist\n"


def test_showing_a_job_prints_its_counts_and_errors(wecelebrate: Command, platform: Platform, tenant: Tenant) -> None:
    job = sync_rows(platform, tenant, "A,Cup,[b]\nB,Mug,2.00\n", "größe.csv")
    output = wecelebrate("jobs", "show", job["id"]).stdout
    for text in (job["id"], tenant.slug, "completed", f"{tenant.catalog_id}/incoming/größe.csv", "1 created"):
        assert text in output
    assert 'line 2: price: "[b]" is not a number' in output


def test_watching_a_job_prints_its_outcome(wecelebrate: Command, platform: Platform, tenant: Tenant) -> None:
    good = sync_rows(platform, tenant, "A,Cup,3.00\n")
    result = wecelebrate("jobs", "watch", good["id"])
    assert (result.returncode, result.stdout) == (0, "✓ 1 row: 1 created, 0 updated, 0 unchanged, 0 rejected\n")
    bad = sync_rows(platform, tenant, "A,Cup,x\n")
    result = wecelebrate("jobs", "watch", bad["id"])
    assert result.returncode == 1
    assert "all rejected rows: " in result.stdout
    letter = failed_job(platform, tenant)
    result = wecelebrate("jobs", "watch", job_of(platform, letter))
    assert (result.returncode, result.stderr) == (1, "✗ failed: it [broke]\n")


def test_a_piped_drop_command_prints_the_approve_command_and_exits_with_7(
    wecelebrate: Command, platform: Platform, tenant: Tenant, tmp_path: Path
) -> None:
    job_awaiting_approval(platform, tenant)
    ok(tenant.owner.patch(f"/v1/catalogs/{tenant.catalog_id}", json={"sync_settings": {"mode": "full"}}))
    file = tmp_path / "all.csv"
    file.write_text(HEADER + "P-1,Cup,1.00\n", "utf-8")
    drop = wecelebrate("drop", str(file), "--catalog", tenant.catalog_id, "--wait")
    assert (drop.returncode, drop.stdout.count("\n")) == (7, 1)
    lines = drop.stderr.splitlines()
    match = re.match(r"! (\S+) needs an approval: the job would deactivate 9 of 10 products \(90", lines[0])
    assert match, lines
    assert f"jobs approve {match[1]}" in lines[2]
    assert lines[-1].startswith("✗ the job needs an approval: ")
    result = wecelebrate("jobs", "approve", match[1])
    assert (result.returncode, result.stdout) == (0, f"✓ {match[1]}  approved, the job continues\n")
    watched = wecelebrate("jobs", "watch", match[1])
    rows = "✓ 1 row: 0 created, 0 updated, 1 unchanged, 0 rejected, 9 deactivated\n"
    assert (watched.returncode, watched.stdout) == (0, rows)


def test_the_watch_command_without_an_id_waits_for_all_open_jobs(
    wecelebrate: Command, platform: Platform, tenant: Tenant
) -> None:
    rows = "".join(f"P-{n},Cup,1.00\n" for n in range(20_000))
    with wecelebrate.started("jobs", "watch", "--client", tenant.slug) as idle:
        output, errors = idle.communicate(timeout=60)
        assert (idle.returncode, output, errors) == (0, "", "no job is running or waiting\n")
    version = platform.drop(tenant.catalog_id, "many.csv", (HEADER + rows).encode())
    platform.eventually(lambda: platform.is_recorded(version))
    result = wecelebrate("jobs", "watch", "--client", tenant.slug)
    job = platform.finished_job(tenant.catalog_id, version)
    assert result.stdout == f"✓ {job['id']}  {tenant.slug}  catalog_sync  completed\n"
    assert result.returncode == 0


def test_the_watch_command_does_not_wait_for_jobs_that_need_approval(
    wecelebrate: Command, platform: Platform, tenant: Tenant
) -> None:
    job = job_awaiting_approval(platform, tenant)
    result = wecelebrate("jobs", "watch", "--client", tenant.slug)
    assert result.returncode == 0
    assert f"! {job['id']} needs an approval" in result.stderr
    listed = wecelebrate("jobs", "list", "--client", tenant.slug).stdout
    assert re.search(rf"{job['id']} .* needs approval ", listed)


def test_cancelling_jobs_prints_an_error_for_each_job_that_cannot_be_cancelled(
    wecelebrate: Command, platform: Platform, tenant: Tenant
) -> None:
    job = job_awaiting_approval(platform, tenant)
    completed, unknown = sync_rows(platform, tenant, "P-1,Cup,2.00\n")["id"], str(uuid4())
    result = wecelebrate("jobs", "cancel", completed, unknown)
    assert (result.returncode, result.stdout) == (1, "")  # the two jobs have different errors
    assert result.stderr.splitlines() == [
        f"✗ {completed}  the API returned 409: The job is already completed."
        " Only pending and processing jobs can be cancelled.",
        f"✗ {unknown}  this job does not exist",
    ]
    assert job["status"] == "pending"


def test_a_cancelled_job_can_be_retried(wecelebrate: Command, platform: Platform, tenant: Tenant) -> None:
    job = job_awaiting_approval(platform, tenant)
    result = wecelebrate("jobs", "cancel", job["id"])
    assert (result.returncode, result.stdout) == (0, f"✓ {job['id']}  cancelled\n")
    result = wecelebrate("jobs", "retry", job["id"])
    assert (result.returncode, result.stdout) == (0, f"✓ {job['id']}  queued for a retry\n")
    assert wecelebrate("jobs", "watch", job["id"]).returncode == 7  # the job needs an approval again


def test_dead_letters_are_listed_and_shown(wecelebrate: Command, platform: Platform, tenant: Tenant) -> None:
    letter = failed_job(platform, tenant)
    listed = wecelebrate("dlq", "list", "--client", tenant.slug, "--queue", "catalog-syncs").stdout.splitlines()
    assert len(listed) == 2
    assert re.match(rf"{letter} +catalog-syncs +{tenant.slug} +internal_error +KeyError: \[x\] +3 +", listed[1])
    assert wecelebrate("dlq", "list", "--client", tenant.slug, "--queue", "x").stderr == "no dead letters match\n"
    output = wecelebrate("dlq", "show", letter).stdout
    for text in (letter, tenant.slug, f"{job_of(platform, letter)}, failed", "after 3 attempts", "KeyError: [x]"):
        assert text in output


def test_dead_letters_are_redriven_only_after_confirmation(
    wecelebrate: Command, platform: Platform, tenant: Tenant
) -> None:
    letters = [failed_job(platform, tenant) for _ in range(2)]
    redrive_all = ("dlq", "redrive", "--all", "--queue", "catalog-syncs", "--client", tenant.slug)
    result = wecelebrate(*redrive_all)  # no terminal is attached, so nobody can confirm
    assert result.returncode == 2
    assert "add --yes" in result.stderr
    assert ok(platform.admin.get(f"/v1/admin/dlq/{letters[0]}"))["redriven_at"] is None
    result = wecelebrate("dlq", "redrive", letters[0], "--yes")
    assert (result.returncode, result.stdout) == (
        0,
        f"✓ {letters[0]}  redriven: job {job_of(platform, letters[0])}\n",
    )
    result = wecelebrate(*redrive_all, "--yes")
    assert (result.returncode, result.stdout) == (
        0,
        f"✓ {letters[1]}  redriven: job {job_of(platform, letters[1])}\n",
    )
    result = wecelebrate(*redrive_all, "--yes")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "no dead letters match\n")
    redriven = wecelebrate("dlq", "list", "--redriven", "--client", tenant.slug).stdout
    assert all(letter in redriven for letter in letters)


def test_dismissing_a_dead_letter_removes_it_from_the_list(
    wecelebrate: Command, platform: Platform, tenant: Tenant
) -> None:
    first, second = (failed_job(platform, tenant) for _ in range(2))
    listed = ("dlq", "list", "--client", tenant.slug)
    assert wecelebrate("dlq", "dismiss", first).returncode == 2  # no terminal is attached, so nobody can confirm
    result = wecelebrate("dlq", "dismiss", first, "--yes")
    assert (result.returncode, result.stdout) == (0, f"✓ {first}  dismissed\n")
    open_letters, dismissed = wecelebrate(*listed).stdout, wecelebrate(*listed, "--dismissed").stdout
    assert (first in open_letters, second in open_letters) == (False, True)
    assert (first in dismissed, second in dismissed) == (True, False)
    before = ok(platform.admin.get(f"/v1/admin/dlq/{first}"))
    assert (before["redriven_at"], before["job_status"], before["dismissed_by"]) == (None, "failed", "admin")
    assert "ago by admin" in wecelebrate("dlq", "show", first).stdout
    assert ok(platform.admin.post(f"/v1/admin/dlq/{first}/dismiss")) == before
    audited = ok(platform.admin.get("/v1/audit", params={"object_id": first}))["data"]
    assert [entry["action"] for entry in audited if entry["action"] != "dead_letter.read"] == ["dead_letter.dismiss"]
    result = wecelebrate("dlq", "redrive", "--all", "--client", tenant.slug, "--yes")
    assert result.stdout == f"✓ {second}  redriven: job {job_of(platform, second)}\n"
    assert wecelebrate("dlq", "redrive", first, "--yes").returncode == 0
    assert ok(platform.admin.post(f"/v1/admin/dlq/{second}/dismiss"))["dismissed_at"] is None


@pytest.mark.parametrize("arguments", [(), ("--all", str(uuid4())), (str(uuid4()), "--queue", "emails")])
def test_the_redrive_command_requires_ids_or_a_filter(
    wecelebrate: Command, cloud: object, arguments: tuple[str, ...]
) -> None:
    result = wecelebrate("dlq", "redrive", *arguments)
    assert result.returncode == 2
