"""Tests the command `wecelebrate exports`."""

import csv
import hashlib
import json
from pathlib import Path
from uuid import uuid4

import pytest

from tests.command import Command
from tests.platform import Platform, Tenant


@pytest.fixture
def tenant(platform: Platform) -> Tenant:
    return platform.tenant()


def test_the_exports_command_can_create_and_download_and_list_and_delete_an_export(
    wecelebrate: Command, platform: Platform, tenant: Tenant, tmp_path: Path
) -> None:
    platform.product(tenant, sku="=A-1")
    platform.product(tenant, sku="B-1", is_active=False)
    file = tmp_path / "products.csv"
    result = wecelebrate(
        "exports", "create", "products", "--client", tenant.slug, "--filter", "is_active=true", "--wait",
        "-o", str(file), "--json",
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    export = json.loads(result.stdout)
    assert [row["sku"] for row in csv.DictReader(file.read_text("utf-8").splitlines())] == ["'=A-1"]
    assert hashlib.sha256(file.read_bytes()).hexdigest() == export["file"]["sha256"]
    assert [path.name for path in tmp_path.iterdir()] == ["products.csv"]

    head, line = wecelebrate("exports", "list", "--client", tenant.slug).stdout.splitlines()
    assert head.split() == ["export", "client", "kind", "format", "state", "rows", "size", "age"]
    assert line.split()[:6] == [export["id"], tenant.slug, "products", "csv", "completed", "1"]
    shown = wecelebrate("exports", "show", export["id"]).stdout
    assert f"sha256        {export['file']['sha256']}" in shown

    again = wecelebrate("exports", "download", export["id"], "-o", str(tmp_path))
    assert again.returncode == 0, again.stderr
    assert (tmp_path / export["file"]["name"]).read_bytes() == file.read_bytes()

    assert wecelebrate("exports", "delete", export["id"]).stdout == f"✓ {export['id']}  deleted\n"
    missing = wecelebrate("exports", "show", export["id"])
    assert (missing.returncode, missing.stderr) == (4, f"✗ export {export['id']} does not exist\n")


def test_the_exports_command_fails_if_the_api_refuses_a_filter(wecelebrate: Command, tenant: Tenant) -> None:
    for arguments in (["--filter", "brand"], ["--output", "x.csv"]):
        assert wecelebrate("exports", "create", "orders", "--client", tenant.slug, *arguments).returncode == 2
    refused = wecelebrate("exports", "create", "orders", "--client", tenant.slug, "--filter", "brand=x")
    assert refused.returncode not in (0, 2)
    assert "the API returned 422" in refused.stderr
    unknown = str(uuid4())
    assert wecelebrate("exports", "download", unknown).stderr == f"✗ export {unknown} does not exist\n"
