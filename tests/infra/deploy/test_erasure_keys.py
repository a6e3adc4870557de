"""Tests that the worker of erasures has earlier signing keys only during a replay. botocore's Stubber checks the
calls."""

from collections.abc import Mapping
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, WaiterError
from botocore.stub import Stubber

from infra.deploy.account import Account, AwsError
from infra.deploy.erasure_keys import VARIABLE, earlier_keys, forget_keys, has_keys
from infra.environments import get_environment
from wecelebrate.core.settings import Settings

KEYS = {"region_name": "us-east-1", "aws_access_key_id": "x", "aws_secret_access_key": "x"}
NAME = "wecelebrate-prod-queues-erasures"
DECLARED = {"WC_SIGNING_KEY": "current", "WC_WORKERS": "2"}


def account(*changes: tuple[Mapping[str, str], Mapping[str, str] | None]) -> tuple[Account, Stubber]:
    """An account with a Lambda function. Each element of `changes` has two parts: the variables of the function, and
    the new variables, or None if the command does not change them."""
    functions = boto3.client("lambda", **KEYS)  # type: ignore[call-overload]
    stub = Stubber(functions)
    for variables, wanted in changes:
        answer = {"FunctionName": NAME, "Environment": {"Variables": dict(variables)}}
        stub.add_response("get_function_configuration", answer, {"FunctionName": NAME})
        if wanted is not None:
            expected: dict[str, Any] = {"FunctionName": NAME, "Environment": {"Variables": dict(wanted)}}
            stub.add_response("update_function_configuration", {}, expected)
            stub.add_response("get_function", {"Configuration": {"LastUpdateStatus": "Successful"}})
    stub.activate()
    prod = Account(get_environment("prod", {"settings_folder": "/nonexistent"}.get))
    prod._clients = {"lambda": functions}
    return prod, stub


def test_the_worker_has_the_keys_during_the_block_and_keeps_its_other_variables() -> None:
    with_keys = DECLARED | {VARIABLE: "march,june"}
    prod, stub = account((DECLARED, with_keys), (with_keys, DECLARED))
    with earlier_keys(prod, ["march", "june"]):
        pass
    stub.assert_no_pending_responses()


def test_the_keys_are_removed_after_an_error() -> None:
    with_keys = DECLARED | {VARIABLE: "march"}
    prod, stub = account((DECLARED, with_keys), (with_keys, DECLARED))
    with pytest.raises(KeyboardInterrupt), earlier_keys(prod, ["march"]):
        raise KeyboardInterrupt
    stub.assert_no_pending_responses()


def test_an_unreadable_function_causes_an_error_before_a_key_is_set() -> None:
    prod, stub = account()
    stub.add_client_error("get_function_configuration", "AccessDeniedException")
    with pytest.raises(ClientError, match="AccessDeniedException"), earlier_keys(prod, ["march"]):
        pytest.fail("the block runs without the keys")
    stub.assert_no_pending_responses()


def test_the_keys_are_removed_if_the_update_cannot_be_confirmed() -> None:
    with_keys = DECLARED | {VARIABLE: "march"}
    prod, stub = account()
    stub.add_response("get_function_configuration", {"Environment": {"Variables": DECLARED}})
    stub.add_response("update_function_configuration", {})
    stub.add_client_error("get_function", "ThrottlingException")
    stub.add_response("get_function_configuration", {"Environment": {"Variables": with_keys}})
    expected = {"FunctionName": NAME, "Environment": {"Variables": DECLARED}}
    stub.add_response("update_function_configuration", {}, expected)
    stub.add_response("get_function", {"Configuration": {"LastUpdateStatus": "Successful"}})
    with pytest.raises(WaiterError), earlier_keys(prod, ["march"]):
        pytest.fail("the block runs without a confirmation")
    stub.assert_no_pending_responses()


def test_the_keys_of_an_interrupted_command_are_removed() -> None:
    left = DECLARED | {VARIABLE: "march"}
    prod, stub = account((left, None), (left, DECLARED), (DECLARED, None), (DECLARED, None))
    assert has_keys(prod)
    forget_keys(prod)
    forget_keys(prod)
    assert not has_keys(prod)
    stub.assert_no_pending_responses()


def test_an_environment_without_the_function_has_no_keys() -> None:
    prod, stub = account()
    stub.add_client_error("get_function_configuration", "ResourceNotFoundException")
    assert not has_keys(prod)


def test_the_error_for_a_remaining_key_contains_the_command_that_removes_the_key() -> None:
    with_keys = DECLARED | {VARIABLE: "march"}
    prod, stub = account((DECLARED, with_keys))
    stub.add_client_error("get_function_configuration", "ExpiredTokenException")
    with (
        pytest.raises(AwsError, match=r"still has the earlier key: .*`wecelebrate --env prod erasures replay`"),
        earlier_keys(prod, ["march"]),
    ):
        pass


def test_the_variable_is_a_setting_of_the_worker() -> None:
    assert VARIABLE.removeprefix("WC_").lower() in Settings.model_fields
