"""Tests `wecelebrate files`, which writes existing files of ERP systems again. moto emulates S3."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws
from typer.testing import CliRunner, Result

from infra.command import app

BUCKET = "wecelebrate-dev-drops-123456789012"
CATALOG = "ca100000-0000-7000-8000-000000000001"
PRODUCTS, DRY_RUN = f"{CATALOG}/incoming/products.csv", f"{CATALOG}/incoming/dry-run/full/products.csv"
NEWS = f"orders/{CATALOG}/incoming/news.csv"
WRITTEN = (f"{CATALOG}/results/products.csv.json", f"orders/{CATALOG}/out/orders-000001.csv", "incoming/x.csv")
"""The keys of two files that the platform has written, and of a file that is not in a folder of a catalog or
destination."""


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        yield client


def put(s3: Any, key: str, body: str) -> str:
    answer = s3.put_object(
        Bucket=BUCKET, Key=key, Body=body.encode(), Metadata={"sent-by": "sap"}, ContentType="text/csv"
    )
    return str(answer["VersionId"])


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(app, ["--env", "dev", "files", *arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def versions(s3: Any, key: str) -> list[str]:
    """Return the contents of all versions of a file, the newest first."""
    listed = [each for each in s3.list_object_versions(Bucket=BUCKET, Prefix=key)["Versions"] if each["Key"] == key]
    listed.sort(key=lambda each: (each["IsLatest"], each["LastModified"]), reverse=True)
    return [
        s3.get_object(Bucket=BUCKET, Key=key, VersionId=each["VersionId"])["Body"].read().decode() for each in listed
    ]


def test_only_files_of_erp_systems_are_listed_starting_with_the_oldest(s3: Any) -> None:
    for key in (PRODUCTS, NEWS, DRY_RUN, *WRITTEN):
        put(s3, key, key)
    rows = json.loads(run("list", "--json").stdout)["data"]
    assert rows == sorted(rows, key=lambda row: (row["written_at"], row["key"]))
    assert {row["key"] for row in rows} == {PRODUCTS, NEWS, DRY_RUN}
    only = json.loads(run("list", "--json", "--folder", f"orders/{CATALOG}").stdout)["data"]
    assert [row["key"] for row in only] == [NEWS]
    assert "no files match" in run("list", "--since", "2099-01-01T00:00:00Z").output
    assert PRODUCTS in run("list").stdout


def test_a_file_is_written_again_with_its_options_and_its_metadata(s3: Any) -> None:
    for key in (PRODUCTS, DRY_RUN, *WRITTEN):
        put(s3, key, key)
    # The command cannot ask for a confirmation, because there is no terminal.
    assert run("put-back", PRODUCTS).exit_code == 2
    for key in (PRODUCTS, DRY_RUN):
        result = run("put-back", key, "--yes")
        assert result.exit_code == 0, result.output
        assert versions(s3, key) == [key, key]
        head = s3.head_object(Bucket=BUCKET, Key=key)
        assert (head["Metadata"], head["ContentType"]) == ({"sent-by": "sap"}, "text/csv")
    assert [len(versions(s3, key)) for key in WRITTEN] == [1, 1, 1]


def test_a_previous_version_of_a_file_can_be_written_again(s3: Any) -> None:
    good = put(s3, PRODUCTS, "good")
    put(s3, PRODUCTS, "wrong")
    rows = json.loads(run("list", "--versions", "--json").stdout)["data"]
    assert {row["version"] for row in rows} > {good}
    assert run("put-back", PRODUCTS, "--version", good, "--yes").exit_code == 0
    assert versions(s3, PRODUCTS)[0] == "good"
    assert len(versions(s3, PRODUCTS)) == 3


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        ((), 2, "name the keys of files, or give --since"),
        (("--since", "yesterday"), 2, "is not a time"),
        (("--since", "2026-11-27T08:30:00"), 2, "has no time zone"),
        ((PRODUCTS, NEWS, "--version", "1"), 2, "--version needs exactly one KEY"),
        ((PRODUCTS, "--yes"), 1, "does not exist"),
        ((WRITTEN[0], "--yes"), 1, "is not an incoming file"),
    ],
)
def test_no_file_is_written_if_the_arguments_are_ambiguous_or_invalid(
    s3: Any, arguments: tuple[str, ...], code: int, text: str
) -> None:
    put(s3, WRITTEN[0], "result")
    result = run("put-back", *arguments)
    assert (result.exit_code, text in " ".join(result.output.split())) == (code, True), result.output
    assert len(versions(s3, WRITTEN[0])) == 1
