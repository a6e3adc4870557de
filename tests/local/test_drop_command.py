"""Tests the commands `wecelebrate drop` and `wecelebrate token`."""

import re
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from tests.command import Command
from tests.platform import TLS, Platform, created, ok

HEADER = "sku,name,price\n"


@pytest.fixture
def catalog(platform: Platform) -> str:
    return platform.tenant().catalog_id


def write_file(folder: Path, text: str, name: str = "products.csv") -> str:
    path = folder / name
    path.write_text(text, "utf-8")
    return str(path)


def test_the_drop_command_with_the_wait_option_prints_the_counts_of_the_rows(
    wecelebrate: Command, catalog: str, tmp_path: Path
) -> None:
    result = wecelebrate("drop", write_file(tmp_path, HEADER + "A,Cup,3.00\n"), "--catalog", catalog, "--wait")
    assert result.stdout == (
        f"✓ dropped {catalog}/incoming/products.csv\n✓ 1 row: 1 created, 0 updated, 0 unchanged, 0 rejected\n"
    )
    assert result.returncode == 0


def test_the_drop_command_warns_that_a_draft_catalog_is_not_visible_in_a_storefront(
    wecelebrate: Command, platform: Platform, catalog: str, tmp_path: Path
) -> None:
    draft = platform.catalog(name=f"draft {uuid4().hex[:8]}", status="draft")
    file = write_file(tmp_path, HEADER + "A,Cup,3.00\n")
    warning = f"! the catalog {draft['name']} is a draft: no storefront shows its products\n"
    for id_or_name in (draft["id"], draft["name"]):
        assert wecelebrate("drop", file, "--catalog", id_or_name).stderr == warning
    assert wecelebrate("drop", file, "--catalog", catalog).stderr == ""


def test_the_token_of_an_owner_contains_the_email_address_of_the_member(
    wecelebrate: Command, platform: Platform
) -> None:
    token = wecelebrate("token", "--as", "client:acme").stdout.strip()
    headers = {"Authorization": f"Bearer {token}"}
    me = ok(platform.api().get("/v1/me", headers=headers))
    path = f"/v1/clients/{me['memberships'][0]['client_id']}/members"
    members = ok(platform.api().get(path, headers=headers))["data"]
    assert [member["email"] for member in members if member["subject"] == me["subject"]] == [me["email"]]


def test_the_drop_command_rejects_an_unknown_catalog_before_the_upload(
    wecelebrate: Command, platform: Platform, tmp_path: Path
) -> None:
    unknown = str(uuid4())
    for catalog in (unknown, f"no {unknown}"):
        result = wecelebrate("drop", write_file(tmp_path, HEADER), "--catalog", catalog, "--wait")
        assert (result.returncode, result.stdout) == (4, "")
        assert result.stderr.startswith(f"✗ catalog {catalog} does not exist")
        assert len(result.stderr.splitlines()) == 1
    assert not platform.exists(unknown)


@pytest.mark.parametrize(
    ("name", "hint"),
    [("acme-gift", "did you mean acme-gifts?"), ("Acme Gifts", "did you mean acme-gifts?"), ("ACM", "acme-gifts"),
     ("zzzzzz", "the catalogs are ")],
)  # fmt: skip
def test_the_error_for_an_unknown_catalog_name_suggests_catalog_names(
    wecelebrate: Command, cloud: object, tmp_path: Path, name: str, hint: str
) -> None:
    result = wecelebrate("drop", write_file(tmp_path, HEADER), "--catalog", name)
    assert (result.returncode, result.stdout) == (4, "")
    assert result.stderr.startswith(f"✗ catalog {name} does not exist: ")
    assert hint in result.stderr


def test_the_drop_command_prints_a_warning_for_a_file_without_rows(
    wecelebrate: Command, catalog: str, tmp_path: Path
) -> None:
    result = wecelebrate("drop", write_file(tmp_path, HEADER), "--catalog", catalog, "--wait")
    assert result.stderr == "! the file contains no rows\n"
    assert result.returncode == 0


def test_the_drop_command_reports_an_error_for_an_empty_file(
    wecelebrate: Command, catalog: str, tmp_path: Path
) -> None:
    result = wecelebrate("drop", write_file(tmp_path, ""), "--catalog", catalog, "--wait")
    assert result.stderr == "✗ failed: the file is empty\n"
    assert result.returncode == 1


def test_rejected_rows_are_printed_and_available_at_a_url(wecelebrate: Command, catalog: str, tmp_path: Path) -> None:
    name = "größe [b] 50%+.csv"
    result = wecelebrate("drop", write_file(tmp_path, HEADER + "A,Cup,[b]\n", name), "--catalog", catalog, "--wait")
    assert result.returncode == 1
    dropped, counts, _, row, url_line = result.stdout.splitlines()
    assert dropped == f"✓ dropped {catalog}/incoming/{name}"
    assert counts == "✓ 1 row: 0 created, 0 updated, 0 unchanged, 1 rejected"
    assert re.match(r'2 +A +price: "\[b\]" is not a number', row)
    assert "A,Cup,[b],2,not_a_number," in httpx.get(url_line.removeprefix("all rejected rows: "), verify=TLS).text


def test_the_drop_command_prints_the_offers_and_the_warnings_of_its_job(
    wecelebrate: Command, catalog: str, tmp_path: Path
) -> None:
    text = (
        "sku,name,price,sale price,sale from,sale to\n"
        "O-1,Cup,60.00,50.00,2020-01-01,2090-01-01\nO-2,Vase,60.00,50.00,2080-01-01,2090-01-01\n"
        "O-3,Bowl,60.00,70.00,2020-01-01,2090-01-01\n"
    )
    result = wecelebrate("drop", write_file(tmp_path, text), "--catalog", catalog, "--wait")
    assert result.returncode == 0
    assert result.stdout.splitlines()[-1] == "  offers: 1 running, 1 waiting"
    warning = '! sale price: "70.00" is an offer that is not below the price; it is left out (1 row)'
    assert warning in result.stderr.splitlines()
    again = write_file(tmp_path, '{"sku": "O-1", "name": "Cup", "price": "60.00"}\n', "products.ndjson")
    result = wecelebrate("drop", again, "--catalog", catalog, "--wait")
    assert "! The format of the file is ndjson, and before it was csv." in result.stderr.splitlines()


def test_a_dry_run_prints_the_questions_and_the_row_counts_of_the_real_run(
    wecelebrate: Command, catalog: str, tmp_path: Path
) -> None:
    unclear = write_file(tmp_path, "sku,name,price\nA-1,Lamp,1.250\nA-2,Rug,2.490\nA-3,Cup,x\n", "unclear.csv")
    dry = wecelebrate("drop", unclear, "--catalog", catalog, "--dry-run", "--wait")
    assert "2 would be created, 0 would be updated, 0 unchanged, 1 rejected" in dry.stdout
    assert "! the real run will ask: decimal" in dry.stderr.splitlines()
    clear = write_file(tmp_path, "sku,name,price\nB-1,Lamp,1.25\nB-2,Rug,2.49\n", "clear.csv")
    assert wecelebrate("drop", clear, "--catalog", catalog, "--wait").returncode == 0
    again = wecelebrate("drop", unclear, "--catalog", catalog, "--wait")
    warning = "! 1.250, 2.490: the decimal separator `.` was taken from the catalog's earlier file"
    assert warning in again.stderr.splitlines()
    certain = wecelebrate("drop", clear, "--catalog", catalog, "--wait")
    assert "was taken from the catalog's earlier file" not in certain.stderr


@pytest.mark.parametrize("name", ["missing.csv", "."])
def test_the_drop_command_rejects_a_missing_file_and_a_folder(wecelebrate: Command, tmp_path: Path, name: str) -> None:
    result = wecelebrate("drop", str(tmp_path / name), "--catalog", "acme-gifts")
    assert result.returncode == 2
    assert "Invalid value for 'FILE'" in result.stderr


def test_the_drop_command_ignores_an_inactive_catalog_with_the_same_name(
    wecelebrate: Command, platform: Platform, tmp_path: Path
) -> None:
    tenant = platform.tenant()
    new = {"owner_client_id": tenant.client_id, "name": f"gifts {tenant.slug}", "type": "erp"}
    first, second = (created(tenant.owner.post("/v1/catalogs", json=new))["id"] for _ in range(2))
    file = write_file(tmp_path, HEADER)
    refused = wecelebrate("drop", file, "--catalog", new["name"])
    assert refused.returncode == 2 and first in refused.stderr and "status inactive" in refused.stderr
    ok(tenant.owner.patch(f"/v1/catalogs/{first}", json={"status": "inactive"}))
    dropped = wecelebrate("drop", file, "--catalog", new["name"])
    assert dropped.returncode == 0 and second in dropped.stdout


def test_a_file_name_with_a_line_break_is_rejected(wecelebrate: Command, tmp_path: Path) -> None:
    result = wecelebrate("drop", write_file(tmp_path, HEADER, "a\nb.csv"), "--catalog", "acme-gifts")
    assert result.stderr == "✗ the file name 'a\\nb.csv' contains characters that are not printable: rename the file\n"


@pytest.mark.parametrize("user", ["admin", "support", "client:acme", "editor:acme", "viewer:globex"])
def test_the_token_command_prints_a_token_of_the_requested_user(
    wecelebrate: Command, platform: Platform, user: str
) -> None:
    token = wecelebrate("token", "--as", user).stdout.strip()
    me = httpx.get(f"{platform.endpoints.api}/v1/me", headers={"Authorization": f"Bearer {token}"}).json()
    kind, _, slug = user.partition(":")
    assert me["subject"] == user
    assert [(membership["slug"], membership["role"]) for membership in me["memberships"]] == (
        [(slug, "owner" if kind == "client" else kind)] if slug else []
    )


@pytest.mark.parametrize("user", ["", "nobody", "client:", "customer:jo", "admin:acme"])
def test_requesting_a_token_for_an_unknown_user_is_an_error(wecelebrate: Command, cloud: object, user: str) -> None:
    result = wecelebrate("token", "--as", user)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith(f"✗ --as '{user}' is not valid: use admin, support, ")
