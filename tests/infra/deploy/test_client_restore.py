"""Tests how a client is restored on AWS. botocore's Stubber checks the calls. The tests in tests/database run the
function."""

import io
import json
from typing import Any

import boto3
import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber
from typer.testing import CliRunner

from infra.command import app
from infra.deploy import client_restore
from infra.deploy.account import Account, AwsError
from infra.deploy.client_restore import restore_client
from infra.environments import get_environment
from wecelebrate.clients.restoration import VERSION

KEYS = {"region_name": "us-east-1", "aws_access_key_id": "x", "aws_secret_access_key": "x"}
REQUEST = {"client": "acme", "copy": True, "with_access": ["webhooks"]}


def account(answer: dict[str, Any], **failure: str) -> Account:
    """An AWS account with a restored cluster. Its migration function returns `answer`."""
    rds, functions = boto3.client("rds", **KEYS), boto3.client("lambda", **KEYS)  # type: ignore[call-overload]
    stub = Stubber(rds)
    clusters = {"DBClusters": [{"Endpoint": "restored.example.com"}]}
    stub.add_response("describe_db_clusters", clusters, {"DBClusterIdentifier": "wecelebrate-prod-restored"})
    stub.activate()
    stub = Stubber(functions)
    body = json.dumps(answer).encode()
    expected = {
        "FunctionName": "wecelebrate-prod-deploy-migrate",
        "Payload": json.dumps({"restore_client": REQUEST | {"restored": "restored.example.com:5432"}}),
    }
    payload = StreamingBody(io.BytesIO(body), len(body))
    stub.add_response("invoke", {"StatusCode": 200, "Payload": payload, **failure}, expected)
    stub.activate()
    prod = Account(get_environment("prod", {"settings_folder": "/nonexistent"}.get))
    prod._clients = {"rds": rds, "lambda once": functions}
    return prod


def restore(prod: Account) -> dict[str, Any]:
    return restore_client(prod, "wecelebrate-prod-restored", REQUEST)


def test_the_migration_function_gets_the_address_of_the_restored_cluster() -> None:
    assert restore(account({"tables": [], "copied": {"sites": 1}})) == {"tables": [], "copied": {"sites": 1}}


def test_a_restore_error_and_a_function_crash_have_different_messages() -> None:
    with pytest.raises(AwsError, match="no client 'acme'; nothing was copied"):
        restore(account({"error": "the restored database has no client 'acme'"}))
    with pytest.raises(AwsError, match=r"Task timed out .*log group /aws/lambda/wecelebrate-prod-deploy-migrate"):
        restore(account({"errorMessage": "Task timed out after 900 seconds"}, FunctionError="Unhandled"))


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The requests to the function of the first release. This function ignores unknown options."""
    sent: list[dict[str, Any]] = []

    def answer(account: Account, restored: str, request: dict[str, Any]) -> dict[str, Any]:
        sent.append(dict(request))
        table = {"table": "orders", "missing": 3, "equal": 0, "different": 0, "only_live": 0, "different_keys": []}
        return {"tables": [table], "copied": {"orders": 3} if request["copy"] else {}}

    monkeypatch.setattr(client_restore, "restore_client", answer)
    return sent


def run(*options: str) -> Any:
    command = ["tenant", "restore", "--env", "dev", "--client", "acme", "--restored", "x", "--yes", *options]
    return CliRunner().invoke(app, command)


def test_a_restore_without_options_works_with_the_function_of_an_earlier_release(
    requests: list[dict[str, Any]],
) -> None:
    result = run()
    assert result.exit_code == 0, result.output
    assert "3 rows of acme were copied" in result.output
    fields = {"client": "acme", "with_access": []}
    assert requests == [{**fields, "copy": False}, {**fields, "copy": True}]


@pytest.mark.parametrize(
    "options", [["--skip-conflicts"], ["--only", "orders"], ["--without", "orders"], ["--overwrite", "products"]]
)
def test_an_option_that_the_function_does_not_support_is_refused_before_the_copy(
    requests: list[dict[str, Any]], options: list[str]
) -> None:
    result = run(*options)
    assert result.exit_code == 1
    assert "does not know these options" in result.output
    assert [each["copy"] for each in requests] == [False]


def test_the_function_of_a_later_release_is_accepted(
    requests: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = client_restore.restore_client
    later = {"version": VERSION + 1}
    monkeypatch.setattr(client_restore, "restore_client", lambda *parts: first(*parts) | later)
    assert run("--skip-conflicts").exit_code == 0
    assert [each["skip_conflicts"] for each in requests] == [True, True]
