"""The stacks of an environment: their outputs, and the CDK command that deploys and destroys them."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from infra.deploy.account import Account
from infra.environments import Environment
from infra.functions import ROOT


def stack_outputs(account: Account, stack: str) -> Mapping[str, str] | None:
    """Return the outputs of a stack, or None if the stack does not exist."""
    from botocore.exceptions import ClientError

    try:
        answer = account.client("cloudformation").describe_stacks(StackName=account.environment.resource(stack))
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
    return {output["OutputKey"]: output["OutputValue"] for output in answer["Stacks"][0].get("Outputs", [])}


def is_complete(account: Account) -> bool:
    """Return whether all stacks have been created once. The stack of the alarms is the last one."""
    return stack_outputs(account, "monitoring") is not None


def cdk_command(environment: Environment, action: str, *options: str) -> list[str]:
    """Return the CDK command for all stacks of an environment."""
    return ["cdk", action, "--all", "-c", f"environment={environment.name}", *options]


def run_cdk(command: list[str]) -> int:
    """Run a CDK command in the checkout, and return its exit code. Its output is the progress of the stacks."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    return subprocess.run(command, cwd=ROOT, env=os.environ | {"PATH": path}, check=False).returncode  # noqa: S603
