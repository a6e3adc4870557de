"""Tests that `wecelebrate kv inspect` counts the documents and the damage of a store, and prints no secret.

`make test` inspects a store of 10 clients, 20 sites, 200 gifts and 300 orders. `make faults` inspects 50 sites, 10,000
gifts and 100,000 orders, and limits the memory of the command.
"""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from infra.functions import ROOT
from tests.faults.environment import FULL
from tests.kv.store import SECRET, Sizes, Truth, count_damage, generate
from tests.kv.store.writing import copy_to
from tests.kv.test_inspection_rules import entities_of
from tests.platform import Platform, ok, problem
from wecelebrate.kv.inspection.pages import MAX_ENTRIES

SIZES = Sizes(clients=10, sites=50, gifts=10_000, orders=100_000) if FULL else Sizes()
MAX_MEMORY = 200_000_000
"""The maximum memory of the command, in bytes. With an empty store, the command needs about 90 MB."""
MAX_COPY_SECONDS = 60
DOCUMENTS = "/v1/admin/kv/documents"

pytestmark = pytest.mark.timeout(600)


class Run(NamedTuple):
    """The result of a run of the command."""

    output: str
    errors: str
    memory: int
    """The peak memory, in bytes."""

    @property
    def result(self) -> Any:
        return json.loads(self.output)


PROGRAM = """
import re, sys
from pathlib import Path
from infra.command import app
try:
    app(sys.argv[2:])
finally:
    status = Path("/proc/self/status").read_text()
    Path(sys.argv[1]).write_text(re.search(r"VmHWM:\\s+(\\d+) kB", status)[1])
"""
"""A program that runs the command, and writes its peak memory to a file.

The test does not measure the child process, because this process starts as a copy of the test process, with its memory.
"""


def inspect(platform: Platform, folder: Path, *options: str) -> Run:
    """Run the command in a separate process."""
    environment = {**os.environ, "WECELEBRATE_HOME": str(platform.state.parent), "COLUMNS": "200"}
    with (folder / "output").open("w") as output, (folder / "errors").open("w") as errors:
        command = [sys.executable, "-c", PROGRAM, str(folder / "memory"), "kv", "inspect", *options]
        process = subprocess.run(command, env=environment, stdout=output, stderr=errors, check=False, cwd=ROOT)
    memory = int((folder / "memory").read_text()) * 1024
    run = Run((folder / "output").read_text(), (folder / "errors").read_text(), memory)
    assert process.returncode == 0, run.errors
    return run


@pytest.fixture
def truths(own_platform: Platform) -> Iterator[list[Truth]]:
    """Write a damaged store to the database, and return its expected results."""
    own_platform.database.execute("truncate kv_store_6fcaeea3")
    started = time.monotonic()
    with own_platform.database.transaction():
        truths = copy_to(own_platform.database, generate(SIZES))
    assert time.monotonic() - started < MAX_COPY_SECONDS
    own_platform.database.execute("analyze kv_store_6fcaeea3")
    own_platform.wait_for_replica()
    yield truths
    own_platform.database.execute("truncate kv_store_6fcaeea3")


def test_the_inspect_command_reports_the_expected_entities_and_damage(
    own_platform: Platform, truths: list[Truth], tmp_path: Path
) -> None:
    run = inspect(own_platform, tmp_path, "--json")
    families = {row["family"]: row["documents"] for row in run.result["families"]}
    assert families == Counter(truth.family for truth in truths if not truth.in_list)
    assert {row["damage"]: row["count"] for row in run.result["damage"]} == count_damage(truths)
    assert {row.pop("entity"): row for row in run.result["entities"]} == entities_of(truths)
    assert run.memory < MAX_MEMORY


def test_every_key_has_its_expected_family(own_platform: Platform, truths: list[Truth]) -> None:
    families = own_platform.database.execute(
        "select d.key, coalesce(f.family, 'other') as family from kv_store_6fcaeea3 d left join lateral ("
        " select k.family from app.kv_key_families() k"
        " where case when d.key like 'hris\\_%' then 'hris' else split_part(d.key, ':', 1) end = any (k.heads)"
        " and d.key ~ k.pattern limit 1) f on true"
    ).fetchall()
    assert {row["key"]: row["family"] for row in families} == {
        truth.key: truth.family for truth in truths if not truth.in_list
    }


def test_no_secret_is_printed_or_logged(own_platform: Platform, truths: list[Truth], tmp_path: Path) -> None:
    for options in ([], ["--json"]):
        run = inspect(own_platform, tmp_path, *options)
        assert "gift_price_text" in run.output
        assert SECRET not in run.output + run.errors
    logs = [path for path in own_platform.state.rglob("*.log") if path.is_file()]
    assert logs
    for path in logs:
        assert SECRET.encode() not in path.read_bytes(), path


@pytest.mark.skipif(FULL, reason="small pages of a large store take too long")
@pytest.mark.parametrize("limit", [25, 999])
def test_pages_of_any_size_contain_all_documents(own_platform: Platform, truths: list[Truth], limit: int) -> None:
    documents: list[Any] = []
    cursor = None
    while True:
        query = {"limit": limit} | ({"cursor": cursor} if cursor else {})
        response = own_platform.admin.get(DOCUMENTS, params=query)
        assert SECRET not in response.text
        page = ok(response)
        documents += page["data"]
        assert len(page["data"]) <= limit
        cursor = page["next_cursor"]
        if cursor is None:
            break
    inspected = [truth.key for truth in truths if truth.entity or truth.resolution == "list"]
    assert sorted(document["key"] for document in documents) == sorted(inspected)


def test_a_forged_cursor_is_refused(own_platform: Platform) -> None:
    problem(own_platform.admin.get(DOCUMENTS, params={"cursor": "gift.1"}), 400, "bad_cursor")


def test_the_inspection_counts_hostile_documents(own_platform: Platform, tmp_path: Path) -> None:
    assert MAX_ENTRIES < 150_000, "gifts:all must need two pages"
    own_platform.database.execute("truncate kv_store_6fcaeea3")
    gift = {"name": "Mug", "sku": "A", "price": 1, "catalogId": "c", "createdAt": "2026-01-01T00:00:00Z"}
    documents: dict[str, str] = {
        "catalogs:c": '{"id": "c", "name": "C", "type": "manual"}',
        "gift:%": json.dumps(gift),
        "gift:_": json.dumps(gift | {"sku": "B"}),
        "gift:\x1b[31mred": json.dumps(gift | {"sku": "C"}),
        "gift:" + "\x01" * 1019: json.dumps(gift | {"sku": "D"}),
        "gift:" + "\U0001f381" * 1019: json.dumps(gift | {"sku": "E"}),
        "gift:deep": "[" * 3000 + "]" * 3000,
        "gift:digits": json.dumps(gift | {"sku": "F"})[:-1] + ', "price": ' + "9" * 5000 + "}",
        "gift:surrogate": json.dumps(json.dumps(gift | {"sku": "\ud800"})),
        "gift:big": json.dumps(gift | {"sku": "G", "image": "data:," + "A" * 5_000_000}),
        "gifts:[object Object]": "{}",
        "gifts:": "{}",
        "catalog_gifts:c": json.dumps([*range(MAX_ENTRIES)]),  # the page ends exactly at the end of the list
        "gifts:all": json.dumps([*range(150_000), {}, None, [1], "%"]),
        "order:": "null",
        "order:x": "{}",
        "client:": "[]",
        f"session:{SECRET}": '"x"',
    }
    with own_platform.database.cursor().copy("copy kv_store_6fcaeea3 (key, value) from stdin") as copy:
        for row in documents.items():
            copy.write_row(row)
    own_platform.wait_for_replica()
    for options in ([], ["--json"]):
        run = inspect(own_platform, tmp_path, *options)
        assert SECRET not in run.output + run.errors
        assert "\x1b" not in run.output
    damage = {row["damage"]: row["count"] for row in run.result["damage"]}
    assert sum(row["documents"] for row in run.result["families"]) == len(documents)
    assert damage["gift_id_wildcard"] == 2
    assert damage["gift_not_an_object"] == 1
    assert damage["gift_price_too_big"] == 1
    assert damage["gift_value_huge"] == 1
    assert damage["gift_double_encoded"] == 1
    for kind in ("gift_object_key", "gift_id_empty", "order_id_empty", "client_id_empty"):
        assert damage[kind] == 1
    assert damage["gift_dangling"] == 150_002
    assert damage["gift_unlisted"] == 8
