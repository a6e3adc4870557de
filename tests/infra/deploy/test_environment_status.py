"""Tests the status of an environment. moto emulates the stacks and the firewall, and a local server replaces the
API."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import ModuleType
from unittest.mock import Mock

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from infra.deploy import blocklist, consumers, erasure_keys, maintenance
from tests.command import CommandHere
from tests.infra.deploy.test_maintenance import RATE, VISIBILITY


class Api(BaseHTTPRequestHandler):
    """Simulates the API of a healthy environment."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/v1/health" else 404)
        self.end_headers()
        self.wfile.write(json.dumps({"status": "ok"}).encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def api() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Api) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CommandHere]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    with mock_aws():
        yield CommandHere(tmp_path, {"WECELEBRATE_HOME": str(tmp_path)})


def deploy(name: str, **outputs: str) -> None:
    """Create a CloudFormation stack with the given outputs."""
    template = {
        "Resources": {"topic": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {key: {"Value": value} for key, value in outputs.items()},
    }
    client = boto3.client("cloudformation", region_name="us-east-1")
    client.create_stack(StackName=f"wecelebrate-{name}", TemplateBody=json.dumps(template))


def create_firewall() -> None:
    visibility = {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True, "MetricName": "x"}
    boto3.client("wafv2", region_name="us-east-1").create_web_acl(
        Name="wecelebrate-dev-api", Scope="CLOUDFRONT", DefaultAction={"Allow": {}}, VisibilityConfig=visibility
    )


def remove_rules() -> None:
    """Remove the rules of operators from the firewall, as a deploy of the firewall does."""
    client = boto3.client("wafv2", region_name="us-east-1")
    (acl,) = client.list_web_acls(Scope="CLOUDFRONT")["WebACLs"]
    client.update_web_acl(
        Name=acl["Name"], Scope="CLOUDFRONT", Id=acl["Id"], DefaultAction={"Allow": {}}, VisibilityConfig=VISIBILITY,
        Rules=[RATE], LockToken=acl["LockToken"],
    )  # fmt: skip


def test_the_status_shows_the_release_and_the_health_and_the_stacks(command: CommandHere, api: str) -> None:
    create_firewall()
    deploy("dev-edge", url=api)
    deploy("dev-monitoring", release="v0.2.0")
    deploy("prod-edge", url="https://prod.example.com")
    result = command("status", "--env", "dev")
    assert result.returncode == 0, result.stdout + result.stderr
    lines = [line.split() for line in result.stdout.splitlines()]
    assert ["release", "v0.2.0"] in lines
    assert ["API", api] in lines
    assert ["health", "ok"] in lines
    assert ["maintenance", "off"] in lines
    assert [line[:2] for line in lines if line[-1:] and line[0] in ("edge", "monitoring")] == [
        ["edge", "CREATE_COMPLETE"],
        ["monitoring", "CREATE_COMPLETE"],
    ]
    assert "prod.example.com" not in result.stdout
    assert command("--env", "dev", "status").stdout == result.stdout
    assert command("maintenance", "on", "--env", "dev", "--address", "8.8.4.4").returncode == 0
    assert "on: `wecelebrate maintenance off --env dev` ends it" in command("status", "--env", "dev").stdout
    assert "lost rules" not in command("status", "--env", "dev").stdout
    remove_rules()
    printed = command("status", "--env", "dev").stdout
    assert "a deploy has removed maintenance: `wecelebrate deploy --env dev` adds it again" in printed


def test_the_status_shows_which_stacks_a_failed_deploy_has_updated(command: CommandHere, api: str) -> None:
    create_firewall()
    for name, release in (("data", "v0.3.0"), ("edge", "v0.2.0"), ("monitoring", "v0.2.0")):
        deploy(f"dev-{name}", release=release, **({"url": api} if name == "edge" else {}))
    deploy("dev-network")  # an earlier release deployed this stack without the output
    printed = command("status", "--env", "dev").stdout
    assert "v0.2.0, and v0.3.0 in some stacks: a deploy has not ended" in printed
    rows = {line.split()[0]: line.split()[-1] for line in printed.splitlines() if "_COMPLETE" in line}
    assert (rows["data"], rows["edge"], rows["monitoring"]) == ("v0.3.0", "v0.2.0", "v0.2.0")


def test_the_status_command_fails_if_the_api_does_not_respond(command: CommandHere) -> None:
    create_firewall()
    deploy("dev-edge", url="http://127.0.0.1:1")
    result = command("status", "--env", "dev")
    assert result.returncode == 1
    assert "no answer of /v1/health" in result.stdout


def test_a_command_fails_if_its_environment_is_ambiguous_or_not_deployed(
    command: CommandHere,
) -> None:
    missing = command("status", "--env", "dev")
    assert (missing.returncode, missing.stdout) == (1, "")
    assert "dev is not deployed in the account 123456789012" in missing.stderr
    for state in (("on", "--address", "8.8.4.4"), ("off",)):
        unnamed = command("maintenance", *state)
        assert unnamed.returncode == 2 and "--env is required" in unnamed.stderr
    two = command("--env", "prod", "maintenance", "off", "--env", "dev")
    assert (two.returncode, two.stdout) == (2, "")
    assert "name different environments" in two.stderr


@pytest.mark.parametrize("address", [(), ("--address", "10.0.0.1"), ("--address", "me")])
def test_maintenance_needs_the_public_address_of_the_operator(command: CommandHere, address: tuple[str, ...]) -> None:
    result = command("maintenance", "on", "--env", "dev", *address)
    assert (result.returncode, result.stdout) == (2, "")
    assert "--address" in result.stderr


@pytest.mark.parametrize("arguments", [("up",), ("down", "--erase", "--yes"), ("doctor",)])
def test_a_command_for_the_local_cloud_refuses_an_environment(command: CommandHere, arguments: tuple[str, ...]) -> None:
    result = command("--env", "prod", *arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert f"{arguments[0]} acts only on this machine, not on prod" in result.stderr


@pytest.mark.parametrize("arguments", [("deploy",), ("destroy", "--yes"), ("preflight",), ("sign-in",)])
@pytest.mark.parametrize("signed_in", ["prod", "api.example.com"])
def test_a_command_without_an_environment_fails_in_a_shell_with_a_sign_in(
    tmp_path: Path, arguments: tuple[str, ...], signed_in: str
) -> None:
    environment = {"WECELEBRATE_HOME": str(tmp_path), "WECELEBRATE_ENV": signed_in}
    result = CommandHere(tmp_path, environment)(*arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert f"this shell is signed in to {signed_in}, and the default of this command is dev" in result.stderr


def test_the_status_warns_if_the_key_of_an_interrupted_replay_remains(
    command: CommandHere, api: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_firewall()
    deploy("dev-edge", url=api)
    assert "earlier key" not in command("status", "--env", "dev").stdout
    monkeypatch.setattr(erasure_keys, "has_keys", lambda account: True)
    assert "`wecelebrate --env dev erasures replay` removes it" in command("status", "--env", "dev").stdout


@pytest.mark.parametrize(
    ("module", "function", "operation", "line"),
    [
        (erasure_keys, "has_keys", "GetFunctionConfiguration", "earlier key     unknown: your role lacks lambda:"),
        (consumers, "stopped", "ListEventSourceMappings", "stopped queues  unknown: your role lacks lambda:"),
        (maintenance, "is_closed", "ListWebACLs", "maintenance     unknown: your role lacks wafv2:"),
        (blocklist, "blocked", "GetIPSet", "blocked         unknown: your role lacks wafv2:"),
        (blocklist, "is_lost", "ListIPSets", "lost rules      unknown: your role lacks wafv2:"),
    ],
)
def test_the_status_shows_all_permitted_lines_if_one_permission_is_missing(
    command: CommandHere,
    api: str,
    monkeypatch: pytest.MonkeyPatch,
    *,
    module: ModuleType,
    function: str,
    operation: str,
    line: str,
) -> None:
    create_firewall()
    deploy("dev-edge", url=api)
    denied = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "x"}}, operation)
    monkeypatch.setattr(module, function, Mock(side_effect=denied))
    result = command("status", "--env", "dev")
    assert result.returncode == 0, result.stderr
    printed = " ".join(result.stdout.split())
    assert "health ok" in printed
    assert " ".join(f"{line}{operation}".split()) in printed


def test_an_unexpected_error_in_an_optional_line_fails_the_status_command(
    command: CommandHere, api: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_firewall()
    deploy("dev-edge", url=api)
    throttled = ClientError({"Error": {"Code": "ThrottlingException", "Message": "x"}}, "ListEventSourceMappings")
    monkeypatch.setattr(consumers, "stopped", Mock(side_effect=throttled))
    result = command("status", "--env", "dev")
    assert (result.returncode, "ThrottlingException" in result.stderr) == (1, True)
