"""A job has a list of its rejected rows. Callers who are allowed to see source data also get signed URLs of the job's
files."""

import csv
import io
import json
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.imports.importing import import_rows, product_row
from tests.platform import TLS, Json, Platform, Tenant, ok, problem

HOSTILE = [
    '=HYPERLINK("http://evil")',
    'line\nbreak\r\nand "quotes"',
    "emoji 🎁 \u202e",
    "<script>",
    "'; drop table --",
]


@pytest.fixture
def tenant(platform: Platform) -> Tenant:
    return platform.tenant()


def csv_file(rows: list[list[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([["sku", "name", "price", "Cost Price"], *rows])
    return text.getvalue().encode()


def rejected(api: httpx.Client, job_id: str, limit: int = 50) -> list[Json]:
    """Read all pages of the rejected rows of a job."""
    rows: list[Json] = []
    parameters: dict[str, Any] = {"limit": limit}
    while True:
        page = ok(api.get(f"/v1/jobs/{job_id}/rejected-rows", params=parameters))
        rows += page["data"]
        if not page["has_more"]:
            return rows
        assert len(page["data"]) == limit
        parameters["cursor"] = page["next_cursor"]


def test_the_rejected_rows_of_a_sync_contain_the_original_cells_of_the_file(platform: Platform, tenant: Tenant) -> None:
    rows = [[f"A-{number}", text, "twelve", "9.99"] for number, text in enumerate(HOSTILE)]
    job = platform.sync(tenant.catalog_id, "bad.csv", csv_file([["B-1", "Mug", "1.00", "2"], *rows]))
    read = rejected(tenant.owner, job["id"])
    assert [list(row["raw"].values()) for row in read] == rows
    assert [list(row["raw"]) for row in read] == [["sku", "name", "price", "Cost Price"]] * len(rows)
    assert [(row["sku"], row["code"]) for row in read] == [(row[0], "not_a_number") for row in rows]
    first_errors = [{name: row[name] for name in ("line", "sku", "code", "reason")} for row in read]
    assert first_errors == job["first_errors"]


@pytest.mark.parametrize("limit", [1, 2, 7, 1000])
def test_pages_of_any_size_contain_each_rejected_row_once(platform: Platform, tenant: Tenant, limit: int) -> None:
    rows = [[f"P-{number}", f"Pen\n{number}", "x" if number % 3 else "1.00", ""] for number in range(20)]
    rows += [["P-0", "Pen", "2.00", ""]]
    job = platform.sync(tenant.catalog_id, f"pages-{limit}.csv", csv_file(rows))
    read = rejected(tenant.owner, job["id"], limit)
    assert len(read) == job["counts"]["rejected"] == 14
    assert [row["raw"]["sku"] for row in read] == ["P-0", *(f"P-{number}" for number in range(20) if number % 3)]
    assert read[0]["code"] == "superseded"


def test_the_rejected_rows_of_an_import_contain_the_fields_of_the_request(tenant: Tenant) -> None:
    rows = [product_row(1), {"sku": "P-2", "name": "Mug", "price": 1.5, "inventory_count": -1, "images": ["/a.jpg"]}]
    job = import_rows(tenant, rows)
    (row,) = rejected(tenant.owner, job["id"])
    assert (row["line"], row["sku"]) == (2, "P-2")
    assert (row["raw"]["inventory_count"], row["raw"]["price"], row["raw"]["images"]) == ("-1", "1.5", '["/a.jpg"]')


def test_a_job_without_rejected_rows_has_an_empty_list_and_no_error_file(tenant: Tenant) -> None:
    job = import_rows(tenant, [product_row(3)])
    assert rejected(tenant.owner, job["id"]) == []
    answer = problem(tenant.owner.get(f"/v1/jobs/{job['id']}/error-file"), 404, "not_found")
    assert answer["detail"] == "The job has written no error file."
    assert ok(tenant.owner.get(f"/v1/jobs/{job['id']}/result-file"))["name"] == "result.json"


def test_the_signed_urls_of_a_job_return_its_files_without_a_token(platform: Platform, tenant: Tenant) -> None:
    job = platform.sync(tenant.catalog_id, "käse (1).csv", csv_file([["A-1", "Mug", "x", "secret"]]))
    for field, content_type in (("error_file", "text/csv; charset=utf-8"), ("result_file", "application/json")):
        file = ok(tenant.owner.get(f"/v1/jobs/{job['id']}/{field.replace('_', '-')}"))
        response = httpx.get(file["url"], verify=TLS)
        assert response.content == platform.read(job["result"][field])
        assert response.headers["content-type"] == content_type == file["content_type"]
        assert response.headers["content-disposition"].startswith(
            "attachment; filename*=UTF-8''k%C3%A4se%20%281%29.csv"
        )
        assert (file["size"], file["name"]) == (len(response.content), job["result"][field].rpartition("/")[2])
        assert httpx.get(file["url"].partition("?")[0], verify=TLS).status_code in (400, 403, 200)


def test_viewers_and_support_see_only_the_reasons_of_rejected_rows(platform: Platform, tenant: Tenant) -> None:
    job = platform.sync(tenant.catalog_id, "roles.csv", csv_file([["A-1", "Mug", "x", "4711.99"]]))
    client = tenant.client_id
    path = f"/v1/jobs/{job['id']}"
    for subject in (platform.member(client, "viewer"), "support"):
        api = platform.api(subject)
        response = api.get(f"{path}/rejected-rows")
        (row,) = ok(response)["data"]
        assert (row["line"], row["sku"], row["code"], row["raw"]) == (2, "A-1", "not_a_number", None)
        assert "4711.99" not in response.text
        for file in ("error-file", "result-file"):
            problem(api.get(f"{path}/{file}"), 403, "forbidden")
    for subject in (platform.member(client, "editor"), platform.member(client, "owner"), "admin"):
        api = platform.api(subject)
        assert ok(api.get(f"{path}/rejected-rows"))["data"][0]["raw"]["Cost Price"] == "4711.99"
        for file in ("error-file", "result-file"):
            ok(api.get(f"{path}/{file}"))


def test_a_grantee_gets_404_for_a_job_of_the_catalog_owner(platform: Platform, tenant: Tenant) -> None:
    job = platform.sync(tenant.catalog_id, "theirs.csv", csv_file([["A-1", "Mug", "x", "1"]]))
    other = platform.tenant()
    ok(platform.admin.put(f"/v1/catalogs/{tenant.catalog_id}/grants/{other.client_id}"))
    cursor = ok(platform.admin.get(f"/v1/jobs/{job['id']}/rejected-rows", params={"limit": 1}))["next_cursor"]
    assert cursor is None
    for path in ("rejected-rows", "error-file", "result-file"):
        for job_id in (job["id"], str(uuid4())):
            problem(other.owner.get(f"/v1/jobs/{job_id}/{path}"), 404, "not_found")


def test_a_cursor_is_valid_only_for_the_rejected_rows_of_one_job(platform: Platform, tenant: Tenant) -> None:
    file = csv_file([["A-1", "Mug", "x", ""], ["A-2", "Mug", "y", ""]])
    first, second = (platform.sync(tenant.catalog_id, f"cursor-{number}.csv", file) for number in (1, 2))
    page = ok(tenant.owner.get(f"/v1/jobs/{first['id']}/rejected-rows", params={"limit": 1}))
    parameters = {"cursor": page["next_cursor"]}
    (row,) = ok(tenant.owner.get(f"/v1/jobs/{first['id']}/rejected-rows", params=parameters))["data"]
    assert row["sku"] == "A-2"
    problem(tenant.owner.get(f"/v1/jobs/{second['id']}/rejected-rows", params=parameters), 400, "bad_cursor")


def test_a_job_that_waits_for_an_approval_lists_its_rejected_rows(platform: Platform) -> None:
    tenant = platform.tenant()
    rows = [[f"A-{number}", "Mug", "1.00", ""] for number in range(10)]
    platform.sync(tenant.catalog_id, "full/all.csv", csv_file(rows))
    bad = [[f"B-{number}", "Mug", "x", f"{number}"] for number in range(3)]
    version = platform.drop(tenant.catalog_id, "full/less.csv", csv_file([rows[0], *bad]))
    waiting = "select id from jobs where payload ->> 'version_id' = %s and approval = 'needed'"
    platform.eventually(lambda: platform.database.execute(waiting, [version]).fetchone())
    row = platform.database.execute(waiting, [version]).fetchone()
    assert row is not None
    path = f"/v1/jobs/{row['id']}/rejected-rows"
    staged = rejected(tenant.owner, row["id"], 1)
    assert [row["raw"] for row in staged] == [
        {"sku": sku, "name": name, "price": price, "Cost Price": cost} for sku, name, price, cost in bad
    ]
    cursor = ok(tenant.owner.get(path, params={"limit": 1}))["next_cursor"]
    for subject in (platform.member(tenant.client_id, "viewer"), "support"):
        assert [row["raw"] for row in ok(platform.api(subject).get(path))["data"]] == [None] * 3
    problem(platform.tenant().owner.get(path), 404, "not_found")
    ok(tenant.owner.post(f"/v1/jobs/{row['id']}/approve"))
    job = platform.finished_job(tenant.catalog_id, version)
    assert rejected(tenant.owner, job["id"]) == staged
    answer = problem(tenant.owner.get(path, params={"cursor": cursor}), 400, "bad_cursor")
    assert "has ended" in answer["detail"]


def test_a_deleted_or_replaced_error_file_is_not_found(platform: Platform, tenant: Tenant) -> None:
    job = platform.sync(tenant.catalog_id, "gone.csv", csv_file([["A-1", "Mug", "x", ""]]))
    path, key = f"/v1/jobs/{job['id']}/rejected-rows", job["result"]["error_file"]
    platform.s3.put_object(Bucket=platform.drops, Key=key, Body=b"something else")
    assert "replaced" in problem(tenant.owner.get(path), 404, "not_found")["detail"]
    platform.s3.delete_object(Bucket=platform.drops, Key=key)
    assert "deleted" in problem(tenant.owner.get(path), 404, "not_found")["detail"]
    problem(tenant.owner.get(f"/v1/jobs/{job['id']}/error-file"), 404, "not_found")


def test_a_second_error_file_does_not_repeat_the_report_columns(platform: Platform, tenant: Tenant) -> None:
    job = platform.sync(tenant.catalog_id, "round.csv", csv_file([["R-1", "Mug", "x", "1"]]))
    errors = platform.read(job["result"]["error_file"])
    second = platform.sync(tenant.catalog_id, "round.csv", errors.replace(b",x,", b",y,"))
    header = platform.read(second["result"]["error_file"]).decode().splitlines()[0]
    assert header == errors.decode().splitlines()[0]
    (row,) = rejected(tenant.owner, second["id"])
    assert row["raw"] == {"sku": "R-1", "name": "Mug", "price": "y", "Cost Price": "1"}
    assert json.dumps(row).count("wecelebrate_") == 0


def test_a_page_of_large_rejected_rows_ends_early_and_its_cursor_skips_no_row(
    platform: Platform, tenant: Tenant
) -> None:
    job = platform.database.execute(
        "insert into jobs (client_id, catalog_id, type, requested_by, payload, approval, checkpoint)"
        " values (%s, %s, 'catalog_sync', 'a test', '{}', 'needed', '{\"fence\": 3, \"header\": [\"sku\", \"note\"]}')"
        " returning id",
        [tenant.client_id, tenant.catalog_id],
    ).fetchone()
    assert job is not None
    # The rows with the fence 2 were staged by an earlier attempt.
    for fence, lines in ((2, range(1, 3)), (3, range(1, 6))):
        for line in lines:
            raw = ["S", "x" * 1_800_000, "more cells than columns"] if line % 2 else {"note": "x" * 1_800_000}
            platform.database.execute(
                "insert into app.staged_rejections (job_id, fence, line, n, sku, code, reason, raw)"
                " values (%s, %s, %s, 0, null, 'invalid', 'a reason', %s)",
                [job["id"], fence, line, json.dumps(raw)],
            )
    path, parameters = f"/v1/jobs/{job['id']}/rejected-rows", {"limit": "1000"}
    first = tenant.owner.get(path, params=parameters)
    assert [row["line"] for row in ok(first)["data"]] == [1, 2, 3]
    assert len(first.content) < 6_000_000
    second = ok(tenant.owner.get(path, params={**parameters, "cursor": first.json()["next_cursor"]}))
    assert ([row["line"] for row in second["data"]], second["has_more"]) == ([4, 5], False)
    assert [list(row["raw"]) for row in second["data"]] == [["sku", "note"]] * 2
    assert second["data"][0]["raw"]["sku"] == ""
    platform.database.execute("delete from app.staged_rejections where job_id = %s", [job["id"]])
    platform.database.execute("delete from jobs where id = %s", [job["id"]])
