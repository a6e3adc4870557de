"""Tests how commands print the questions of a job, ask the user, and send the answers."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command import Command
from tests.platform import Json, Platform, Tenant, ok
from tests.syncs.waiting import ambiguous_file, ask, finished, prices


@pytest.fixture
def tenant(platform: Platform) -> Tenant:
    return platform.tenant()


def drop(folder: Path, tenant: Tenant, *options: str) -> list[str]:
    """Return the arguments of a `drop` command that uploads an ambiguous file and waits for its job."""
    file = folder / "lamps.csv"
    file.write_bytes(ambiguous_file())
    return ["drop", str(file), "--catalog", tenant.catalog_id, "--wait", *options]


def job_of(tenant: Tenant) -> Json:
    """Return the newest job of the tenant's catalog."""
    job: Json = ok(tenant.owner.get("/v1/jobs", params={"catalog_id": tenant.catalog_id}))["data"][0]
    return job


def test_a_piped_drop_command_prints_the_questions_and_exits_with_7(
    wecelebrate: Command, tenant: Tenant, tmp_path: Path
) -> None:
    result = wecelebrate(*drop(tmp_path, tenant))
    job = job_of(tenant)
    assert result.returncode == 7
    lines = result.stderr.splitlines()
    assert lines[0] == f"! {job['id']} needs a decision before its first change"
    assert any(line.startswith("    decimal=,  ") for line in lines)
    assert f"jobs decide {job['id']} --answer decimal=VALUE`" in lines[-2]
    assert lines[-3] == "  the catalog keeps the answers for its later files"
    assert lines[-1].startswith("✗ the job has questions: ")


def test_a_piped_drop_command_with_the_option_json_prints_the_job_with_its_questions(
    wecelebrate: Command, tenant: Tenant, tmp_path: Path
) -> None:
    result = wecelebrate(*drop(tmp_path, tenant, "--json"))
    assert result.returncode == 7
    assert json.loads(result.stdout)["questions"][0]["key"] == "decimal"


def test_a_drop_command_whose_job_is_blocked_prints_the_blocking_job(
    wecelebrate: Command, platform: Platform, tenant: Tenant, tmp_path: Path
) -> None:
    waiting = ask(platform, tenant)
    result = wecelebrate(*drop(tmp_path, tenant))
    assert result.returncode == 7
    message = "✗ the job starts after an earlier job of its catalog, which waits for a person: "
    assert result.stderr.splitlines()[-1].startswith(message)
    assert waiting["id"] in result.stderr
    blocked = job_of(tenant)
    assert blocked["blocked_by"] == waiting["id"]
    shown = wecelebrate("jobs", "show", blocked["id"]).stdout
    assert "blocked" in shown
    assert waiting["id"] in shown


def test_the_decide_command_sends_the_answers(wecelebrate: Command, platform: Platform, tenant: Tenant) -> None:
    job = ask(platform, tenant)
    assert "needs a decision" in wecelebrate("jobs", "list", "--waiting-for", "decision").stdout
    shown = wecelebrate("jobs", "show", job["id"]).stdout
    assert "decimal=.  " in shown
    result = wecelebrate("jobs", "decide", job["id"], "--answer", "decimal=.")
    assert (result.returncode, result.stdout) == (0, f"✓ {job['id']}  decided, the job continues\n")
    kept, how = result.stderr.splitlines()
    assert kept.endswith("stored in the catalog for its later files, too: decimal=.")
    assert (
        f'PATCH /v1/catalogs/{tenant.catalog_id}` with {{"sync_settings": {{"options": {{"decimal": null}}}}}}' in how
    )
    finished(platform, tenant, job)
    reset = json.loads(how[how.index("{") : how.rindex("}") + 1])
    ok(tenant.owner.patch(f"/v1/catalogs/{tenant.catalog_id}", json=reset))
    assert not ok(tenant.owner.get(f"/v1/catalogs/{tenant.catalog_id}"))["sync_settings"]["options"]
    assert prices(platform, tenant)["Q-0"] == "1.25"
    assert "answers    decimal=." in wecelebrate("jobs", "show", job["id"]).stdout
    again = wecelebrate("jobs", "decide", job["id"], "--answer", "decimal=.")
    assert (again.returncode, again.stdout) == (5, "")
    assert "is not waiting for a decision" in again.stderr


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [
        ([], (2, "✗ answers are missing, and no terminal is attached to ask: add --answer decimal=VALUE")),
        (["decimal"], (2, "✗ --answer decimal has no value: give it as KEY=VALUE, e.g. --answer decimal=,")),
        (["decimal=,", "decimal=."], (2, "✗ --answer decimal is given twice: give each answer once")),
        (["foo=x"], (2, "✗ the job has no question foo: its questions are decimal")),
        (["decimal=;"], (5, "✗ the API returned 422: decimal: must be one of `.`, `,`")),
    ],
)
def test_the_decide_command_prints_an_error_for_invalid_answers(
    wecelebrate: Command, platform: Platform, tenant: Tenant, answers: list[str], outcome: tuple[int, str]
) -> None:
    job = ask(platform, tenant)
    result = wecelebrate("jobs", "decide", job["id"], *(f"--answer={answer}" for answer in answers))
    assert (result.returncode, result.stderr.splitlines()[-1]) == outcome
    assert job_of(tenant)["waiting_for"] == "decision"


def on_terminal(home: Path, arguments: list[str], keys: bytes) -> tuple[int, str]:
    """Run the command on a terminal, and type `keys` when the command asks for a choice. Return the exit code and the
    output."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "WECELEBRATE_HOME": str(home), "TERM": "dumb", "COLUMNS": "200"}
    with subprocess.Popen(
        [sys.executable, "-m", "infra.command", *arguments],
        env=environment, stdin=theirs, stdout=theirs, stderr=theirs,
    ) as process:  # fmt: skip
        os.close(theirs)
        output, typed = b"", False
        while True:
            try:
                chunk = os.read(ours, 65_536)
            except OSError:  # Linux reports the end of a terminal as an error
                break
            if not chunk:
                break
            output += chunk
            if not typed and b"Your choice" in output:
                os.write(ours, keys)
                typed = True
        os.close(ours)
    return process.returncode, output.decode().replace("\r\n", "\n")


def test_a_drop_command_on_a_terminal_asks_with_numbered_choices(
    platform: Platform, tenant: Tenant, tmp_path: Path
) -> None:
    exit_code, output = on_terminal(platform.state.parent, drop(tmp_path, tenant), b"7\nx\n2\n")
    assert exit_code == 0, output
    assert output.startswith("on the local cloud\n")
    assert "\n  1  " in output
    assert "there is no choice 7: type a number from 1 to 2" in output
    assert "there is no choice x: type a number from 1 to 2" in output
    assert output.rstrip().endswith("✓ 3 rows: 3 created, 0 updated, 0 unchanged, 0 rejected")
    assert job_of(tenant)["answers"]["decimal"] in (",", ".")
    assert "stored in the catalog for its later files, too: decimal=" in output


def test_the_answer_stop_cancels_the_job(wecelebrate: Command, platform: Platform, tenant: Tenant) -> None:
    platform.sync(tenant.catalog_id, "base.csv", b"sku,name,VK\nB-1,Vase,12.90\nB-2,Bowl,7.50\n")
    job = ask(platform, tenant, "net.csv", b"sku,name,Netto-VK\nB-1,Vase,12.90\nB-2,Bowl,7.50\n")
    (question,) = job["questions"]
    result = wecelebrate("jobs", "decide", job["id"], "--answer", f"{question['key']}=stop")
    assert (result.stdout, result.stderr) == (f"✓ {job['id']}  cancelled\n", "")
