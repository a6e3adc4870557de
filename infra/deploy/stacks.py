"""The stacks of an environment: their outputs, and the CDK commands that deploy and destroy them."""

import os
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from infra.deploy.account import Account, AwsError
from infra.environments import ENVIRONMENTS, Environment
from infra.functions import ROOT
from infra.http_api import MAIN_API, PATHS_OUTPUT, PATTERNS

PROXY_OUTPUT = "ProxySetting"
"""The name of the output of the stack `functions` that contains the setting `proxy`. CloudFormation changes this output
only after it has updated all functions."""
RELEASE_OUTPUT = "release"
"""The name of the output with which each stack shows its release. A CDK context value with the same name sets these
outputs.

The stack `monitoring` is deployed last, so its output shows the release of the last complete deploy.
"""
SCHEMA_OUTPUT = "SchemaRelease"
"""The name of an output of the stack `network`, and of the CDK context value that sets this output. It contains the
newest release whose deploy has begun, because the stack is deployed first. Even after a rollback or a failed deploy,
the database can have the migrations of this release."""
ISSUER_OUTPUT = "IssuerSetting"
"""The output of the stack `functions` with this name contains the setting `issuer`, or COGNITO."""
COGNITO = "Cognito"
ZONES_OUTPUT = "ZonesSetting"
"""The output of the stack `network` with this name contains the zones of its subnets, in the order of their
addresses.
"""
SETTINGS_OUTPUT = "settings"
"""The output of the stack `monitoring` with this name contains the names of the settings that the operator has set, or
`none`.
"""
_DENIED = frozenset({"AccessDenied", "AccessDeniedException"})
"""The error codes of AWS for a missing permission."""
_INCOMPLETE = ("REVIEW_IN_PROGRESS", "CREATE_IN_PROGRESS", "CREATE_FAILED", "DELETE_FAILED")
"""The states of a stack that was never created completely or is no longer complete. States that start with `ROLLBACK_`
have the same meaning."""


PAUSED = ("CREATE_FAILED", "UPDATE_FAILED")
"""The states of a stack after a deploy with `--no-rollback` has failed. CDK continues only with this option. Without
the option, CDK asks whether to roll the stack back first, and fails if no terminal is attached."""


@dataclass(frozen=True)
class StackState:
    """A stack of the environment."""

    state: str
    changed: datetime
    """The time of the last change."""
    release: str | None
    """The release of the last deploy that has changed the stack, or None if that release did not have this output
    yet."""


def stack_outputs(account: Account, stack: str) -> Mapping[str, str] | None:
    """Return the outputs of a stack, or None if the stack does not exist."""
    description = _describe(account, stack)
    if description is None:
        return None
    return {output["OutputKey"]: output["OutputValue"] for output in description.get("Outputs", [])}


def stack_states(account: Account) -> dict[str, StackState]:
    """Map the name of each stack of the environment to its state."""
    prefix = account.environment.resource("")
    stacks = (stack for stack in all_stacks(account) if stack["StackName"].startswith(prefix))
    return {
        stack["StackName"].removeprefix(prefix): StackState(
            stack["StackStatus"],
            stack.get("LastUpdatedTime", stack["CreationTime"]),
            next(
                (each["OutputValue"] for each in stack.get("Outputs", ()) if each["OutputKey"] == RELEASE_OUTPUT), None
            ),
        )
        for stack in sorted(stacks, key=lambda stack: stack["StackName"])
    }


def all_stacks(account: Account) -> Iterator[dict[str, Any]]:
    """Yield the descriptions of all stacks of the account in the region, including stacks of other systems."""
    for page in account.client("cloudformation").get_paginator("describe_stacks").paginate():
        yield from page["Stacks"]


def stack_ids(account: Account) -> list[str]:
    """Return the ARNs of all stacks of the environment that exist."""
    prefix = account.environment.resource("")
    return [stack["StackId"] for stack in all_stacks(account) if stack["StackName"].startswith(prefix)]


def environments_of(account: Account) -> frozenset[str]:
    """Return the names of the environments that have a stack in the account. A stack counts in any state, because a
    failed first deploy or a failed removal can leave any stack of the platform in any state.

    Raises AwsError if the credentials may not list the stacks.
    """
    from botocore.exceptions import ClientError

    try:
        return frozenset(name for name in map(_environment_of, all_stacks(account)) if name)
    except ClientError as error:
        if error.response["Error"]["Code"] not in _DENIED:
            raise
        raise AwsError(
            f"the credentials may not list the stacks of the account {account.id}, so it is not known whether the"
            " account belongs to another environment: allow `cloudformation:DescribeStacks` for all stacks"
        ) from error


def foreign_account(account: Account, deployed: frozenset[str]) -> str | None:
    """Return an error message if the account has stacks of other environments, but no stack of this environment.
    Otherwise return None.

    deployed: the result of `environments_of`.
    """
    name = account.environment.name
    if not deployed or name in deployed:
        return None
    return f"the account {account.id} has the stacks of {', '.join(sorted(deployed))}, and no stack of {name}"


def _environment_of(stack: Mapping[str, Any]) -> str | None:
    """Return the environment of a stack, or None if the stack does not belong to the platform.

    The environment comes from the tags, which can name an environment that this checkout does not know. A stack whose
    creation has not begun (REVIEW_IN_PROGRESS) has no tags. Its environment comes from its name.
    """
    tags = {tag["Key"]: tag["Value"] for tag in stack.get("Tags", [])}
    if tags.get("platform") == "wecelebrate" and "environment" in tags:
        return str(tags["environment"])
    names = (name for name, each in ENVIRONMENTS.items() if stack["StackName"].startswith(each.resource("")))
    return next(names, None)


def _describe(account: Account, stack: str) -> dict[str, Any] | None:
    from botocore.exceptions import ClientError

    try:
        answer: dict[str, list[dict[str, Any]]] = account.client("cloudformation").describe_stacks(
            StackName=account.environment.resource(stack)
        )
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
    return answer["Stacks"][0]


def is_complete(account: Account) -> bool:
    """Return whether all stacks were created completely. Only the state of the stack of the alarms is read, because
    this stack is created last."""
    last = _describe(account, "monitoring")
    return last is not None and not str(last["StackStatus"]).startswith((*_INCOMPLETE, "ROLLBACK_"))


def is_finished(account: Account, stack: str) -> bool:
    """Return whether a stack exists and its last operation has succeeded: a creation, an update, or the rollback of an
    update."""
    description = _describe(account, stack)
    state = "" if description is None else str(description["StackStatus"])
    return state.endswith("_COMPLETE") and state not in ("ROLLBACK_COMPLETE", "DELETE_COMPLETE")


def proxy_of_functions(account: Account) -> str | None:
    """Return the setting `proxy` with which all functions were deployed, or None if their stack does not exist.

    The result is also `on` if some functions could use the proxy: the stack is older than the setting, its last update
    has not ended, or it contains functions of two deploys.
    """
    stack = _describe(account, "functions")
    if stack is None:
        return None
    if not str(stack["StackStatus"]).endswith("_COMPLETE"):
        return "on"
    outputs = {output["OutputKey"]: str(output["OutputValue"]) for output in stack.get("Outputs", [])}
    return outputs.get(PROXY_OUTPUT, "on")


def apis_that_lose_paths(account: Account) -> frozenset[str]:
    """Return the HTTP APIs that lose paths with this release: CloudFront now sends a path to the API, but in this
    release the path belongs to another API."""
    outputs = stack_outputs(account, "edge")
    if outputs is None:
        return frozenset()
    deployed = dict(sent.split(" ", 1) for sent in outputs.get(PATHS_OUTPUT, "").split(", ") if sent)
    current = {pattern: api.name for pattern, api in PATTERNS.items()}
    moves = {
        pattern: deployed.get(pattern, MAIN_API.name)
        for pattern in deployed.keys() | current.keys()
        if deployed.get(pattern, MAIN_API.name) != current.get(pattern, MAIN_API.name)
    }
    return frozenset(moves.values())


def deploy_commands(
    environment: Environment, losing: Collection[str], *options: str, closed: bool = False
) -> list[list[str]]:
    """Return the CDK commands that deploy all stacks. losing: the result of `apis_that_lose_paths`.

    CDK deploys `edge` after the APIs. If an API lost routes before `edge` changes, CloudFront would, for some minutes,
    send requests for these routes to an API that cannot answer them. Therefore, the first command deploys everything
    except the APIs that lose routes: the new APIs get these routes, and then CloudFront uses the new APIs. The second
    command deploys the APIs that lose routes.

    closed: whether the maintenance mode is on. An update of `edge` would remove the rule of this mode and open the
    environment. Therefore `edge` and the stacks after it are not deployed.
    """
    if closed:
        return [cdk_command(environment, "deploy", *options, stacks=_all_except(*losing, "edge", "monitoring"))]
    commands = [cdk_command(environment, "deploy", *options)]
    if losing:
        first = _all_except(*losing, "monitoring")
        commands.insert(0, cdk_command(environment, "deploy", *options, stacks=first))
    return commands


def _all_except(*stacks: str) -> tuple[str, str]:
    """Return the CDK arguments for all stacks except the given stacks. The pattern matches all other stacks."""
    return "--exclusively", f"!({'|'.join(sorted(stacks))})"


def cdk_command(
    environment: Environment, action: str, *options: str, stacks: tuple[str, ...] = ("--all",)
) -> list[str]:
    """Return the CDK command for stacks of an environment. By default, the command is for all stacks."""
    return ["cdk", action, *stacks, "-c", f"environment={environment.name}", *options]


def run_cdk(command: list[str]) -> int:
    """Run a CDK command in the checkout, and return its exit code. The command prints the progress of the stacks."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    return subprocess.run(command, cwd=ROOT, env=os.environ | {"PATH": path}, check=False).returncode  # noqa: S603
