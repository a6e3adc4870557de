"""Tests the deploy guide line by line: the commands, settings and names in the guide exist."""

import re
import shlex
from pathlib import Path

import pytest
from typer.main import get_command

from infra import cost_model
from infra.command import app
from infra.environments import ENVIRONMENTS
from infra.functions import ROOT, functions
from infra.operator_settings import OperatorSettings
from tests.infra.aws.conftest import dev, named, specs, stub_layers
from tests.infra.aws.templates import Templates

__all__ = ["dev", "named", "specs", "stub_layers"]

GUIDE = (ROOT / "docs" / "deploy.md").read_text("utf-8")
BLOCKS = re.findall(r"^ *```sh\n(.*?)^ *```", GUIDE, flags=re.MULTILINE | re.DOTALL)
COMMANDS = [line.strip() for block in BLOCKS for line in block.splitlines()]
FIRST_SECTION = GUIDE[GUIDE.index("## From an empty account") : GUIDE.index("## Settings")]
PROGRAMS = {"aws", "curl", "git", "make", "source", "wecelebrate", "cdk", "eval", "printf"}


def words(command: str) -> list[str]:
    """Return the words of a command, without leading variables or a surrounding `eval "$(…)"` or `NAME=$(…)`."""
    inner = re.fullmatch(r'(?:eval "|[A-Z]+=)\$\((.*)\)"?', command)
    parts = shlex.split(inner[1] if inner else command)
    while "=" in parts[0]:
        parts = parts[1:]
    return parts


def test_the_first_product_needs_at_most_eight_commands() -> None:
    blocks = re.findall(r"^```sh\n(.*?)^```", FIRST_SECTION, flags=re.MULTILINE | re.DOTALL)
    assert sum(len(block.splitlines()) for block in blocks) <= 8


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_of_the_guide_exists(command: str) -> None:
    program, *arguments = words(command)
    assert program in PROGRAMS
    if program == "make":
        targets = re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
        assert arguments[0] in targets
        assert re.fullmatch(r"ENV=(dev|staging|prod)", arguments[1])
    if program == "wecelebrate":
        context = get_command(app).make_context("wecelebrate", arguments, resilient_parsing=True)
        group, rest = get_command(app), arguments
        while rest and hasattr(group, "resolve_command"):
            _, group, rest = group.resolve_command(context, rest)
            assert group is not None
        options = {option for parameter in group.params for option in parameter.opts}
        assert {word for word in rest if word.startswith("--")} <= options


def test_the_guide_lists_exactly_the_existing_settings() -> None:
    section = GUIDE[GUIDE.index("## Settings") : GUIDE.index("## Sign-in")]
    rows = re.findall(r"^\| (`[^|]*`) \|", section, flags=re.MULTILINE)
    listed = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert listed == OperatorSettings.model_fields.keys() - {"erp"}


def test_the_deploy_guide_states_the_computed_costs() -> None:
    listed = dict(re.findall(r"^\| `(\w+)` \| .* \| about (\d+) \|$", GUIDE, flags=re.MULTILINE))
    expected = {name: cost_model.total(cost_model.Choice(each), functions()) for name, each in ENVIRONMENTS.items()}
    assert listed == {name: f"{round(value, -1):.0f}" for name, value in expected.items()}


@pytest.mark.parametrize(
    ("page", "incident"),
    [
        ("deploy", "Upgrade"), ("upgrade", "Rollback"), ("upgrade", "If a migration fails"), ("deploy", "Secrets"),
        ("runbook", "Jobs and dead letters"), ("runbook", "Stop a queue"), ("runbook", "Restore the database"),
        ("runbook", "Restore one client alone"), ("runbook", "On- and off-boarding of a client"),
        ("runbook", "Erase a person"), ("runbook", "Failover"), ("runbook", "Redis is down"),
        ("runbook", "Cost runaway"), ("runbook", "Quotas"), ("runbook", "Kill switches"),
        ("runbook", "A session as the master user"), ("runbook", "A person has lost the second factor"),
    ],
)  # fmt: skip
def test_the_runbook_has_a_chapter_for_each_incident(page: str, incident: str) -> None:
    assert f"\n## {incident}\n" in (ROOT / "docs" / f"{page}.md").read_text("utf-8")


def test_the_runbook_lists_the_queues() -> None:
    runbook = (ROOT / "docs" / "runbook.md").read_text("utf-8")
    sentence = runbook[runbook.index("QUEUE is one of") : runbook.index("Its function has the prefix")]
    assert re.findall(r"`([a-z-]+)`", sentence) == sorted(spec.queue_name for spec in functions() if spec.has_queue)


def test_the_templates_contain_all_resources_and_stacks_and_outputs_of_the_guide(
    dev: Templates, named: Templates
) -> None:
    texts = str(dev.templates) + str(named.templates)
    for name in re.findall(r"`wecelebrate-<env>-([a-z-]+)`", GUIDE):
        assert name in dev.templates or f"wecelebrate-dev-{name}" in texts, name
    for output, stack in re.findall(r"output `(\w+)` of the stack `([a-z]+)`", GUIDE):
        assert output in dev.templates[stack]["Outputs"] | named.templates[stack]["Outputs"]


def test_the_outputs_that_the_commands_read_are_in_the_templates(dev: Templates) -> None:
    code = "".join(
        (ROOT / "infra" / file).read_text() for file in ("command/aws.py", "deploy/first_admin.py", "deploy/sign_in.py")
    )
    outputs = {name for template in dev.templates.values() for name in template.get("Outputs", {})}
    read = set(re.findall(r'"(url|target|Staff\w+|Customers\w+|StaffPool|StaffClient)"', code))
    assert read >= {"url", "target", "StaffPool", "StaffClient", "StaffSignIn", "CustomersSignIn"}
    assert read <= outputs


def test_the_readme_links_the_guide() -> None:
    assert "docs/deploy.md" in (ROOT / "README.md").read_text()
    assert Path(ROOT / "docs" / "deploy.md").is_file()
