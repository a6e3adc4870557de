"""Tests how a deploy decides whether it is the first deploy, and how it runs CDK."""

from collections.abc import Mapping

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from infra.deploy.account import Account, AwsError, aws_errors
from infra.deploy.stacks import apis_that_lose_paths, cdk_command, deploy_commands, is_complete, stack_outputs
from infra.environments import get_environment

KEYS = {"region_name": "us-east-1", "aws_access_key_id": "x", "aws_secret_access_key": "x"}


SENT = "/v1/storefront/* storefront-api, /v1/admin/* staff-api"
"""The output `paths` of the stack `edge` in this release."""


def account(
    code: str = "",
    message: str = "",
    state: str = "CREATE_COMPLETE",
    stack: str = "monitoring",
    outputs: Mapping[str, str] = {"topic": "arn:topic"},
) -> Account:
    """An account in which CloudFormation returns a stack or an error."""
    dev = Account(get_environment("dev", {"settings_folder": "/nonexistent"}.get))
    client = boto3.client("cloudformation", **KEYS)  # type: ignore[call-overload]
    stub = Stubber(client)
    if code:
        stub.add_client_error("describe_stacks", code, message)
    else:
        name = f"wecelebrate-dev-{stack}"
        values = [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()]
        description = {"StackName": name, "StackStatus": state, "Outputs": values}
        answer = {"Stacks": [description | {"CreationTime": "2026-11-27T00:00:00Z"}]}
        stub.add_response("describe_stacks", answer, {"StackName": name})
    stub.activate()
    dev._clients["cloudformation"] = client
    return dev


def test_a_deploy_counts_as_the_first_deploy_until_the_last_stack_exists() -> None:
    assert is_complete(account())
    assert not is_complete(account("ValidationError", "Stack with id wecelebrate-dev-monitoring does not exist"))


@pytest.mark.parametrize(
    "state",
    ["REVIEW_IN_PROGRESS", "CREATE_IN_PROGRESS", "CREATE_FAILED", "ROLLBACK_IN_PROGRESS", "ROLLBACK_COMPLETE",
     "ROLLBACK_FAILED", "DELETE_FAILED"],
)  # fmt: skip
def test_the_environment_is_not_complete_if_the_creation_of_the_last_stack_failed(state: str) -> None:
    assert not is_complete(account(state=state))


@pytest.mark.parametrize("state", ["UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_FAILED"])
def test_the_environment_is_complete_if_only_an_update_of_the_last_stack_failed(state: str) -> None:
    assert is_complete(account(state=state))


def test_the_outputs_of_a_stack_are_read_by_name() -> None:
    assert stack_outputs(account(), "monitoring") == {"topic": "arn:topic"}


def test_a_missing_permission_is_an_error_and_not_a_missing_stack() -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        stack_outputs(account("AccessDenied", "not allowed"), "monitoring")
    with pytest.raises(AwsError, match="not allowed"), aws_errors():
        stack_outputs(account("AccessDenied", "not allowed"), "monitoring")


def test_all_stacks_of_the_environment_are_deployed_together() -> None:
    command = cdk_command(get_environment("staging"), "deploy", "--progress", "events")
    assert command == ["cdk", "deploy", "--all", "-c", "environment=staging", "--progress", "events"]


def edge(paths: str | None) -> Account:
    return account(stack="edge", outputs={"url": "https://x.example"} | ({} if paths is None else {"paths": paths}))


@pytest.mark.parametrize(
    ("deployed", "losing"),
    [
        (None, {"api"}),  # the deployed release has one API with all paths
        ("", {"api"}),
        ("/v1/storefront/* storefront-api", {"api"}),
        (SENT, set()),
        # the deployed release is newer and has moved paths to a new API, so this deploy moves these paths back to the
        # main API
        (f"{SENT}, /v1/orders/* orders-api", {"orders-api"}),
        ("/v1/admin/* operators-api, /v1/storefront/* storefront-api", {"operators-api"}),
    ],
)
def test_an_api_loses_the_paths_that_a_deploy_moves_to_another_api(deployed: str | None, losing: set[str]) -> None:
    assert apis_that_lose_paths(edge(deployed)) == losing


def test_apis_lose_no_paths_before_cloudfront_exists() -> None:
    missing = account("ValidationError", "Stack with id wecelebrate-dev-edge does not exist", stack="edge")
    assert apis_that_lose_paths(missing) == set()


def test_a_deploy_that_moves_no_paths_needs_only_one_command() -> None:
    commands = deploy_commands(get_environment("dev"), frozenset(), "--progress", "events")
    assert commands == [cdk_command(get_environment("dev"), "deploy", "--progress", "events")]


def test_a_deploy_that_moves_paths_updates_cloudfront_before_the_api_loses_its_routes() -> None:
    first, second = deploy_commands(get_environment("dev"), {"api"}, "--no-rollback")
    assert first == [
        "cdk", "deploy", "--exclusively", "!(api|monitoring)", "-c", "environment=dev", "--no-rollback"
    ]  # fmt: skip
    assert second == cdk_command(get_environment("dev"), "deploy", "--no-rollback")


def test_a_deploy_during_the_maintenance_mode_does_not_update_cloudfront() -> None:
    (command,) = deploy_commands(get_environment("prod"), [], closed=True)
    assert command[:4] == ["cdk", "deploy", "--exclusively", "!(edge|monitoring)"]
    (command,) = deploy_commands(get_environment("prod"), ["api"], closed=True)
    assert command[:4] == ["cdk", "deploy", "--exclusively", "!(api|edge|monitoring)"]
