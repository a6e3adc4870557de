"""Tests how a client is restored on AWS. botocore's Stubber checks the calls; tests/database runs the function."""

import io
import json
from typing import Any

import boto3
import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber

from infra.deploy.account import Account, AwsError
from infra.deploy.client_restore import restore_client
from infra.environments import get_environment

KEYS = {"region_name": "us-east-1", "aws_access_key_id": "x", "aws_secret_access_key": "x"}
REQUEST = {"client": "acme", "copy": True, "with_access": ["webhooks"]}


def account(answer: dict[str, Any], **failure: str) -> Account:
    """An account with a restored cluster, in which the function returns `answer`."""
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
    prod._clients = {"rds": rds, "lambda": functions}
    return prod


def restore(prod: Account) -> dict[str, Any]:
    return restore_client(prod, "wecelebrate-prod-restored", REQUEST)


def test_the_migration_function_gets_the_address_of_the_restored_cluster() -> None:
    assert restore(account({"tables": [], "copied": {"sites": 1}})) == {"tables": [], "copied": {"sites": 1}}


def test_an_error_of_the_restore_is_reported_differently_from_a_crash_of_the_function() -> None:
    with pytest.raises(AwsError, match="no client 'acme'; nothing was copied"):
        restore(account({"error": "the restored database has no client 'acme'"}))
    with pytest.raises(AwsError, match=r"Task timed out .*log group /aws/lambda/wecelebrate-prod-deploy-migrate"):
        restore(account({"errorMessage": "Task timed out after 900 seconds"}, FunctionError="Unhandled"))
