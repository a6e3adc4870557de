"""Runs the deploy guide line by line, from an empty AWS account to the first product. The responses of the account are
recorded.

The local cloud replaces the API of the deployed platform. The operator signs in as the admin of the local cloud.
"""

import json
import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from typer.testing import CliRunner

from infra.command import app
from infra.deploy import stacks
from infra.deploy.sign_in import SignIn
from infra.functions import ROOT
from infra.operator_settings import FOLDER
from tests.infra.aws.conftest import dev, specs, stub_layers
from tests.infra.aws.templates import Templates
from tests.infra.deploy.recorded_aws import RecordedAccount, aws, cache_secret, parse, recorded
from tests.infra.deploy.test_deploy_guide import FIRST_SECTION
from tests.platform import TLS, Platform

__all__ = ["dev", "specs", "stub_layers"]

LINES = [
    line.strip()
    for block in re.findall(r"^ *```sh\n(.*?)^ *```", FIRST_SECTION, flags=re.MULTILINE | re.DOTALL)
    for line in block.splitlines()
]
AWS_COMMANDS = sorted(
    {
        line.strip()
        for page in (ROOT / "docs").glob("*.md")
        for line in page.read_text("utf-8").splitlines()
        if re.match(r"^ *aws [a-z0-9-]+ [a-z]", line)
    }
)


SCHEDULE = json.dumps({
    "Name": "x", "GroupName": "default", "ScheduleExpression": "rate(1 minute)", "FlexibleTimeWindow": {"Mode": "OFF"},
    "Target": {"Arn": "a", "RoleArn": "r"}, "State": "ENABLED",
})  # fmt: skip
"""The JSON document from which the runbook enables a schedule. It has the fields of a `get-schedule` response."""


class Operator:
    """Runs the commands of the guide like an operator who types them into one shell."""

    def __init__(self, account: RecordedAccount, folder: Path, slug: str) -> None:
        self.account = account
        self._folder = folder
        self._slug = slug
        self.variables: dict[str, str] = {}
        self.cdk: list[list[str]] = []
        """The CDK commands that ran."""

    def type(self, line: str) -> tuple[int, str]:
        """Run a line of the guide. Return its exit code and its output."""
        if line.startswith(("source ", "cdk bootstrap ")):
            # The virtual environment is already active in this test. `cdk bootstrap` needs a real account.
            self.account.bootstrapped |= line == "cdk bootstrap aws://123456789012/us-east-1"
            return 0, ""
        if line.startswith("aws "):
            return 0, json.dumps(aws(line, self._folder), default=str)
        if match := re.fullmatch(r'curl -s "\$\((.*)\)"', line):
            code, output = self._wecelebrate(match[1].replace(" acme ", f" {self._slug} "))
            assert code == 0, output
            response = httpx.get(output.strip(), verify=TLS)
            return 0 if response.is_success else 1, response.text
        if match := re.fullmatch(r'eval "\$\((.*)\)"', line):
            code, output = self._wecelebrate(match[1])
            self.variables |= dict(re.findall(r"^export (\w+)=(.*)$", output, flags=re.MULTILINE))
            return code, output
        if match := re.fullmatch(r"make (\w+) ENV=(\w+)", line):
            recipe = re.search(rf"^{match[1]}:.*\n\t@\$\(BIN\)/(.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
            assert recipe
            return self._wecelebrate(recipe[1].replace("$(ENV)", match[2]))
        return self._wecelebrate(line)

    def _wecelebrate(self, command: str) -> tuple[int, str]:
        name, *arguments = shlex.split(command)
        assert name == "wecelebrate", command
        variables = {name: shlex.split(value)[0] for name, value in self.variables.items() if value}
        result = CliRunner().invoke(app, arguments, prog_name=name, env={**os.environ, **variables})
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.stdout


@pytest.fixture
def operator(platform: Platform, dev: Templates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Operator]:
    for name in [name for name in os.environ if name.startswith(("AWS_", "WECELEBRATE_"))]:
        monkeypatch.delenv(name)
    account = RecordedAccount(dev.templates, {"url": platform.endpoints.api, "StaffSignIn": "https://sign-in.example"})
    (tmp_path / "cache.json").write_text(cache_secret())
    assert not (FOLDER / "dev.toml").exists(), "the guide begins without settings"

    operator = Operator(account, tmp_path, f"guide-{uuid4().hex[:8]}")

    def run_cdk(command: list[str]) -> int:
        operator.cdk.append(command)
        assert command[:5] == ["cdk", "deploy", "--all", "-c", "environment=dev"]
        # A failed first deploy keeps the resources that it has created.
        assert "--no-rollback" in command or account.deployed
        values = {f"wecelebrate-dev-{stack}": account.stack_outputs(stack) for stack in dev.templates}
        Path(command[command.index("--outputs-file") + 1]).write_text(json.dumps(values))
        account.deployed = True
        return 0

    monkeypatch.setattr(stacks, "run_cdk", run_cdk)
    token = platform.admin.headers["Authorization"].removeprefix("Bearer ")
    monkeypatch.setattr(SignIn, "wait", lambda *_: token)
    with recorded(account, monkeypatch):
        yield operator


def test_the_guide_leads_from_an_empty_account_to_the_first_product(operator: Operator) -> None:
    outputs = dict.fromkeys(LINES, "")
    for line in LINES:
        code, outputs[line] = operator.type(line)
        assert code == (1 if line.startswith("make preflight") else 0), (line, outputs[line])
    checked = outputs["make preflight ENV=dev"]
    problems = re.findall(r"✗ (\w+)", checked)
    assert problems == ["bootstrap", "cache"]
    printed = re.findall(r"→ (.*)", checked)
    for command in ("cdk bootstrap aws://123456789012/us-east-1", *(line for line in LINES if line.startswith("aws "))):
        assert command in printed  # the check prints the same commands as the guide
    code, again = operator.type("make preflight ENV=dev")
    assert (code, re.findall(r"✗ (\w+)", again)) == (0, [])
    for text in ("dev is deployed", operator.account.outputs["url"], "https://sign-in.example"):
        assert text in outputs["make deploy ENV=dev"]
    assert operator.account.users == ["ada@example.com"]
    assert "'ada@example.com', 'super_admin'" in operator.account.statements[0]
    assert operator.variables["WECELEBRATE_ENV"] == "dev"
    (product,) = json.loads(outputs[LINES[-1]])["data"]
    assert product["name"] == "Mug"


def test_a_deploy_does_not_change_an_unprepared_account(operator: Operator) -> None:
    code, _ = operator.type("make deploy ENV=dev")
    assert code == 1
    assert not operator.account.deployed


@pytest.mark.parametrize("stack_state", ["UPDATE_FAILED", "UPDATE_COMPLETE"])
def test_a_deploy_continues_a_stack_whose_last_update_has_failed(operator: Operator, stack_state: str) -> None:
    """CDK needs `--no-rollback`. Otherwise, CDK asks whether to roll back the stack, and fails because there is no
    terminal."""
    operator.account.bootstrapped = operator.account.deployed = True
    operator.account.secrets["wecelebrate/dev/cache"] = cache_secret()
    operator.account.states["functions"] = stack_state
    code, output = operator.type("make deploy ENV=dev")
    assert code == 0, output
    assert ("--no-rollback" in operator.cdk[-1]) == (stack_state == "UPDATE_FAILED")


def test_nothing_is_deployed_while_cloudformation_is_changing_a_stack(operator: Operator) -> None:
    operator.account.bootstrapped = operator.account.deployed = True
    operator.account.secrets["wecelebrate/dev/cache"] = cache_secret()
    operator.account.states["functions"] = "UPDATE_IN_PROGRESS"
    code, output = operator.type("make deploy ENV=dev")
    assert (code, re.findall(r"✗ (\w+)", output)) == (1, ["stacks"])
    assert operator.cdk == []


def test_nothing_is_deployed_into_the_account_of_another_environment(operator: Operator) -> None:
    operator.account.bootstrapped = True
    operator.account.secrets["wecelebrate/dev/cache"] = cache_secret()
    operator.account.others = ("wecelebrate-prod-network",)
    code, output = operator.type("make deploy ENV=dev")
    assert code == 1
    assert re.findall(r"✗ (\w+)", output) == ["account"]
    assert "has the stacks of prod, and no stack of dev" in output
    assert not operator.account.deployed
    operator.account.others = ()
    assert operator.type("make deploy ENV=dev")[0] == 0


@pytest.mark.parametrize("command", AWS_COMMANDS)
def test_each_aws_command_in_the_documents_uses_an_existing_operation_and_options(command: str, tmp_path: Path) -> None:
    (tmp_path / "cache.json").write_text(cache_secret())
    (tmp_path / "policy.json").write_text("{}")
    (tmp_path / "schedule.json").write_text(SCHEDULE)
    (tmp_path / "signing-key.txt").write_text("key")
    words = shlex.split(command, comments=True)
    _, _, request = parse(words[1:], tmp_path)
    assert_values(request)


def assert_values(request: dict[str, Any]) -> None:
    for name, value in request.items():
        assert value != "", name
