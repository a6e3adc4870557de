"""Simulates an AWS account. It answers calls with recorded responses, and stores the resources that commands create.

botocore checks each request and each response against its model of the service. Therefore a misspelt operation,
parameter or field is an error. `aws` runs a command of the AWS CLI with this account.
"""

import json
import shlex
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore import xform_name
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.session import get_session
from botocore.validate import validate_parameters

from infra.deploy.engine import ENGINE_VERSION

ACCOUNT = "123456789012"
REGION = "us-east-1"
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:master"
_CLI_OPTIONS = ("region", "query", "output", "cli-binary-format", "profile", "since")
"""Options of the AWS CLI itself. They are not parameters of an operation."""
_RENAMED = {("sns", "subscribe", "notification-endpoint"): "endpoint"}
"""Parameters with a different name in the AWS CLI. For example, `--endpoint` would be an abbreviation of the AWS CLI's
option `--endpoint-url`."""
_CUSTOM_COMMANDS = (
    ["configure", "sso"],
    ["sso", "login"],
    ["s3", "cp"],
    ["s3", "ls"],
    ["s3", "sync"],
    ["logs", "tail"],
    ["cloudfront", "create-invalidation"],
)
"""Commands of the AWS CLI that are not operations of a service, or that have additional options."""


class Refused(Exception):
    """Raised if the account refuses a call with an error code."""


@dataclass
class RecordedAccount:
    """An AWS account that is empty before an operator deploys `dev`."""

    templates: Mapping[str, dict[str, Any]]
    """The templates of `dev`. They determine the outputs of the deployed stacks."""
    outputs: dict[str, str] = field(default_factory=dict)
    """Maps the names of stack outputs to the values that a test needs. All other outputs have the value in the
    template, or `x` if this value is not a text."""
    others: tuple[str, ...] = ()
    """The names of stacks that exist in the account before the deploy."""
    states: dict[str, str] = field(default_factory=dict)
    """Maps the names in `templates` to the states of the deployed stacks. The default is CREATE_COMPLETE."""
    rules: list[dict[str, Any]] = field(default_factory=list)
    """The rules of the firewall."""
    bootstrapped: bool = False
    deployed: bool = False
    secrets: dict[str, str] = field(default_factory=dict)
    users: list[str] = field(default_factory=list)
    statements: list[str] = field(default_factory=list)
    """The SQL statements that ran through the Data API."""
    calls: list[str] = field(default_factory=list)

    def answer(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the response of an operation. Raise Refused if the account refuses the call, and LookupError if no
        response is recorded."""
        self.calls.append(operation)
        recording: Callable[[Mapping[str, Any]], dict[str, Any]] | None = getattr(
            self, f"_{xform_name(operation)}", None
        )
        if recording is None:
            raise LookupError(f"no response of {operation} is recorded")
        return recording(request)

    def stack_outputs(self, stack: str) -> dict[str, str]:
        """Map the names of the outputs in a stack's template to their values in the deployed stack."""
        values = {name: each["Value"] for name, each in self.templates[stack].get("Outputs", {}).items()}
        return {
            name: self.outputs.get(name, value if isinstance(value, str) else "x") for name, value in values.items()
        }

    def _get_caller_identity(self, _: Mapping[str, Any]) -> dict[str, Any]:
        return {"Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:user/ada", "UserId": "ada"}

    def _get_parameter(self, _: Mapping[str, Any]) -> dict[str, Any]:
        if not self.bootstrapped:
            raise Refused("ParameterNotFound")
        return {"Parameter": {"Name": "x", "Value": "28"}}

    def _describe_availability_zones(self, _: Mapping[str, Any]) -> dict[str, Any]:
        zones = zip("abcdef", (4, 6, 1, 2, 3, 5), strict=True)
        return {
            "AvailabilityZones": [
                {"ZoneName": f"us-east-1{letter}", "ZoneId": f"use1-az{number}", "State": "available"}
                for letter, number in zones
            ]
        }

    def _get_account_settings(self, _: Mapping[str, Any]) -> dict[str, Any]:
        return {"AccountLimit": {"ConcurrentExecutions": 10}}

    def _list_cost_allocation_tags(self, request: Mapping[str, Any]) -> dict[str, Any]:
        assert request == {"TagKeys": ["environment"], "Status": "Active"}
        return {"CostAllocationTags": []}  # the tag becomes available in AWS one day after the first deploy

    def _get_secret_value(self, request: Mapping[str, Any]) -> dict[str, Any]:
        if request["SecretId"] not in self.secrets:
            raise Refused("ResourceNotFoundException")
        return {"Name": request["SecretId"], "SecretString": self.secrets[request["SecretId"]]}

    def _create_secret(self, request: Mapping[str, Any]) -> dict[str, Any]:
        self.secrets[request["Name"]] = request["SecretString"]
        return {"Name": request["Name"]}

    def _describe_stacks(self, request: Mapping[str, Any]) -> dict[str, Any]:
        common = {"StackStatus": "CREATE_COMPLETE", "CreationTime": "2026-11-28T00:00:00Z"}
        states = {stack: {"StackStatus": state} for stack, state in self.states.items()}
        if "StackName" not in request:
            own = self.templates if self.deployed else ()
            listed = [common | states.get(stack, {}) | {"StackName": f"wecelebrate-dev-{stack}"} for stack in own]
            return {"Stacks": [*listed, *(common | {"StackName": name} for name in self.others)]}
        stack = request["StackName"].removeprefix("wecelebrate-dev-")
        if not self.deployed:
            raise Refused("ValidationError")
        common |= states.get(stack, {})
        outputs = [{"OutputKey": key, "OutputValue": value} for key, value in self.stack_outputs(stack).items()]
        return {"Stacks": [common | {"StackName": request["StackName"], "Outputs": outputs}]}

    def _list_web_acls(self, _: Mapping[str, Any]) -> dict[str, Any]:
        return {"WebACLs": [{"Name": "wecelebrate-dev-api", "Id": "x"}]}

    def _get_web_acl(self, _: Mapping[str, Any]) -> dict[str, Any]:
        return {"WebACL": {"Name": "wecelebrate-dev-api", "Id": "x", "ARN": "a" * 20, "DefaultAction": {"Allow": {}},
                           "VisibilityConfig": {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True,
                                                "MetricName": "x"}, "Rules": self.rules}}  # fmt: skip

    def _list_ip_sets(self, _: Mapping[str, Any]) -> dict[str, Any]:
        return {"IPSets": []}

    def _admin_create_user(self, request: Mapping[str, Any]) -> dict[str, Any]:
        self.users.append(request["Username"])
        return {
            "User": {"Username": "u", "Attributes": [{"Name": "sub", "Value": "5f7d0b0e-1111-4222-8333-444455556666"}]}
        }

    def _describe_db_proxy_targets(self, _: Mapping[str, Any]) -> dict[str, Any]:
        return {"Targets": [{"Type": "TRACKED_CLUSTER", "RdsResourceId": "wecelebrate-dev-database"}]}

    def _describe_db_clusters(self, request: Mapping[str, Any]) -> dict[str, Any]:
        assert request["DBClusterIdentifier"] == "wecelebrate-dev-database"
        if self.templates and not self.deployed:
            raise Refused("DBClusterNotFoundFault")
        arn = f"arn:aws:rds:{REGION}:{ACCOUNT}:cluster:wecelebrate-dev-database"
        cluster = {"DBClusterArn": arn, "MasterUserSecret": {"SecretArn": SECRET}, "DatabaseName": "w"}
        return {"DBClusters": [cluster | {"EngineVersion": ENGINE_VERSION}]}

    def _execute_statement(self, request: Mapping[str, Any]) -> dict[str, Any]:
        self.statements.append(request["sql"])
        return {"numberOfRecordsUpdated": 0}


@contextmanager
def recorded(account: RecordedAccount, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make all new clients of boto3 call the recorded account until the end of the block."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    session = boto3.Session(region_name=REGION)
    events = session.events

    def answer(model: Any, params: Mapping[str, Any], context: Mapping[str, Any], **_: Any) -> Any:
        request = context.get("recorded_request", {})
        try:
            parsed = account.answer(model.name, request)
        except Refused as error:
            body = {"Error": {"Code": str(error), "Message": f"{error}: the resource does not exist"}}
            return AWSResponse("", 400, HTTPHeaders(), None), {**body, "ResponseMetadata": {"HTTPStatusCode": 400}}
        if model.output_shape:
            validate_parameters(parsed, model.output_shape)
        return AWSResponse("", 200, HTTPHeaders(), None), {**parsed, "ResponseMetadata": {"HTTPStatusCode": 200}}

    def keep(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        context["recorded_request"] = dict(params)

    events.register("before-parameter-build.*.*", keep)
    events.register("before-call.*.*", answer)
    with monkeypatch.context() as patch:
        patch.setattr(boto3, "client", session.client)
        yield


def aws(command: str, folder: Path) -> dict[str, Any] | None:
    """Run a command of the AWS CLI with boto3. Return the response, or None for a command without an operation."""
    service, operation, request = parse(shlex.split(command)[1:], folder)
    if operation is None:
        return None
    response: dict[str, Any] = getattr(boto3.client(service), operation)(**request)  # type: ignore[call-overload]
    return response


def parse(words: list[str], folder: Path) -> tuple[str, str | None, dict[str, Any]]:
    """Return the service, the method of boto3 and its arguments for a command of the AWS CLI.

    Fail if the service, the operation or an option does not exist, or if a required option is missing. Read `file://`
    values from `folder`.
    """
    service, name, *rest = words
    service = {"s3api": "s3"}.get(service, service)
    if [words[0], name] in _CUSTOM_COMMANDS:
        return service, None, {}
    if name == "wait":
        waiters = get_session().get_waiter_model(service).waiter_names
        assert rest[0].replace("-", "_") in {xform_name(each) for each in waiters}, words
        return service, None, {}
    model = get_session().get_service_model(service)
    methods = {xform_name(each): each for each in model.operation_names}
    method = name.replace("-", "_")
    assert method in methods, f"{service} has no operation {name}"
    shape = model.operation_model(methods[method]).input_shape
    members = {xform_name(member, "-"): member for member in shape.members} if shape else {}
    request: dict[str, Any] = {}
    position = 0
    while position < len(rest):
        word = rest[position]
        position += 1
        if not word.startswith("--"):
            assert word.endswith(".json"), words  # the file into which `lambda invoke` writes its result
            continue
        option = word.removeprefix("--")
        option = _RENAMED.get((service, name, option), option)
        values: list[str] = []
        while (
            position < len(rest) and not rest[position].startswith("--") and not rest[position].endswith("result.json")
        ):
            values.append(rest[position])
            position += 1
        if option in _CLI_OPTIONS:
            continue
        if option == "cli-input-json":
            request |= json.loads(_value(" ".join(values), folder))
            continue
        positive = option if option in members else option.removeprefix("no-")
        assert positive in members, f"{service} {name} has no option --{option}"
        value = " ".join(values)
        request[members[positive]] = _value(value, folder) if values else option == positive
    missing = {member for member in shape.required_members if member not in request} if shape else set()
    assert not missing, f"{service} {name} needs {missing}"
    return service, method, request


def _value(text: str, folder: Path) -> str:
    if text.startswith("file://"):
        return (folder / text.removeprefix("file://")).read_text("utf-8")
    return text


def cache_secret() -> str:
    """Return the content of `cache.json`, as the guide describes this file."""
    return json.dumps({"url": "https://name.upstash.example", "token": "token"})
