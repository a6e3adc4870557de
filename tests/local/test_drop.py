"""`wecelebrate drop` and `token`: what they say of files, catalogs and people."""

import re
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from tests.command import Command
from tests.platform import TLS, Platform

HEADER = "sku,name,price\n"


@pytest.fixture
def catalog(platform: Platform) -> str:
    return platform.tenant().catalog_id


def file(folder: Path, text: str, name: str = "products.csv") -> str:
    path = folder / name
    path.write_text(text, "utf-8")
    return str(path)


def test_what_became_of_the_rows_follows_at_once(wecelebrate: Command, catalog: str, tmp_path: Path) -> None:
    said = wecelebrate("drop", file(tmp_path, HEADER + "A,Cup,3.00\n"), "--catalog", catalog, "--wait")
    assert said.stdout == (
        f"✓ dropped {catalog}/incoming/products.csv\n✓ 1 row: 1 created, 0 updated, 0 unchanged, 0 rejected\n"
    )
    assert said.returncode == 0


def test_a_catalog_that_is_not_there_is_found_out_before_the_upload(
    wecelebrate: Command, platform: Platform, tmp_path: Path
) -> None:
    unknown = str(uuid4())
    for wanted in (unknown, f"no {unknown}"):
        said = wecelebrate("drop", file(tmp_path, HEADER), "--catalog", wanted, "--wait")
        assert said.returncode == 1
        assert re.fullmatch(rf"✗ catalog {wanted} does not exist\n", said.stdout)
    assert not platform.exists(unknown)


def test_a_file_without_rows_is_said_to_have_none(wecelebrate: Command, catalog: str, tmp_path: Path) -> None:
    said = wecelebrate("drop", file(tmp_path, HEADER), "--catalog", catalog, "--wait")
    assert said.stdout.endswith("\n! the file contains no rows\n")
    assert said.returncode == 0


def test_an_empty_file_fails(wecelebrate: Command, catalog: str, tmp_path: Path) -> None:
    said = wecelebrate("drop", file(tmp_path, ""), "--catalog", catalog, "--wait")
    assert said.stdout.endswith("\n✗ failed: the file is empty\n")
    assert said.returncode == 1


def test_refused_rows_are_shown_and_lie_at_a_url(wecelebrate: Command, catalog: str, tmp_path: Path) -> None:
    name = "größe [b] 50%+.csv"
    said = wecelebrate("drop", file(tmp_path, HEADER + "A,Cup,[b]\n", name), "--catalog", catalog, "--wait")
    assert said.returncode == 1
    dropped, counts, _, row, where = said.stdout.splitlines()
    assert dropped == f"✓ dropped {catalog}/incoming/{name}"
    assert counts == "✓ 1 row: 0 created, 0 updated, 0 unchanged, 1 rejected"
    assert re.match(r'2 +A +price: "\[b\]" is not a number', row)
    assert "A,Cup,[b],2,not_a_number," in httpx.get(where.removeprefix("all rejected rows: "), verify=TLS).text


@pytest.mark.parametrize("name", ["missing.csv", "."])
def test_what_is_no_file_is_refused(wecelebrate: Command, tmp_path: Path, name: str) -> None:
    said = wecelebrate("drop", str(tmp_path / name), "--catalog", "acme-gifts")
    assert said.returncode == 2
    assert "Invalid value for 'file'" in said.stderr


def test_a_name_that_would_be_lost_is_refused(wecelebrate: Command, tmp_path: Path) -> None:
    said = wecelebrate("drop", file(tmp_path, HEADER, "a\nb.csv"), "--catalog", "acme-gifts")
    assert said.stdout == "✗ file name 'a\\nb.csv' has characters that are not printable: rename the file\n"


@pytest.mark.parametrize("whom", ["admin", "support", "client:acme", "editor:acme", "viewer:globex"])
def test_a_token_is_of_whom_it_says(wecelebrate: Command, platform: Platform, whom: str) -> None:
    token = wecelebrate("token", "--as", whom).stdout.strip()
    me = httpx.get(f"{platform.endpoints.api}/v1/me", headers={"Authorization": f"Bearer {token}"}).json()
    kind, _, slug = whom.partition(":")
    assert me["subject"] == whom
    assert [(one["slug"], one["role"]) for one in me["memberships"]] == (
        [(slug, "owner" if kind == "client" else kind)] if slug else []
    )


@pytest.mark.parametrize("whom", ["", "nobody", "client:", "customer:jo", "admin:acme"])
def test_a_token_of_nobody_is_refused(wecelebrate: Command, cloud: object, whom: str) -> None:
    said = wecelebrate("token", "--as", whom)
    assert said.returncode == 1
    assert said.stdout.startswith(f"✗ --as '{whom}' is not valid: use admin, support, ")
