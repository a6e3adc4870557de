"""Tests that supabase-js, the client library of the old applications, works with the facade without changes."""

import json
from pathlib import Path
from typing import Any

import pytest

from infra.clients import npm
from infra.functions import ROOT
from tests.platform import Platform

TOOLS = ROOT / "tools" / "kv"
SCRIPT = Path(__file__).with_name("old_application.mjs")

Results = dict[str, dict[str, Any]]


@pytest.fixture
def results(platform: Platform, api_key: str, prefix: str, tmp_path: Path) -> Results:
    """Maps the names of the script's calls to their results."""
    npm.install(TOOLS)
    (tmp_path / "node_modules").symlink_to(TOOLS / "node_modules")
    script = tmp_path / SCRIPT.name
    script.write_text(SCRIPT.read_text("utf-8"), "utf-8")
    output = npm.run("node", str(script), platform.endpoints.api, api_key, prefix, cwd=tmp_path)
    values: Results = json.loads(output)
    return values


def test_every_call_of_the_old_applications_gets_the_same_response_as_from_postgrest(
    results: Results, prefix: str
) -> None:
    def outcome(name: str) -> tuple[Any, ...]:
        result = results[name]
        return result["status"], result["data"], result["error"] and result["error"]["code"]

    assert {outcome(name) for name in ("set", "setAgain", "mset", "msetNothing")} == {(201, None, None)}
    assert outcome("get") == (200, {"value": {"name": "Cup"}}, None)
    assert outcome("getMissing") == (200, None, None)
    assert outcome("getSingleMissing") == (406, None, "PGRST116")
    assert outcome("msetTwice") == (500, None, "21000")
    assert outcome("setUndefined") == outcome("setNull") == (400, None, "23502")
    assert results["setNull"]["error"]["message"] == (
        'null value in column "value" of relation "kv_store_6fcaeea3" violates not-null constraint'
    )
    assert sorted(str(row["value"]) for row in results["mget"]["data"]) == ["0", "2", "three", "{'name': 'Cup'}"]
    keys = sorted(row["key"] for row in results["byPrefix"]["data"])
    assert keys == sorted(f"{prefix}{name}" for name in ("a", "b", "c,d", '"e"'))
    assert (results["count"]["count"], results["count"]["data"]) == (4, None)
    assert {outcome(name) for name in ("del", "mdel", "delPrefix", "update")} == {(204, None, None)}
    assert outcome("left") == (200, [], None)
    assert results["wrongKey"]["status"] == 401 and results["wrongKey"]["error"]["message"] == "Invalid API key"
