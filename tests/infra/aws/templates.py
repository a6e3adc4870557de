"""The platform as CloudFormation gets it: one synthesis, and ways to read it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.app import assemble  # first: it puts the node of this environment on PATH
from infra.aws.layers import Layer
from infra.functions import ROOT, FunctionSpec

Resource = dict[str, Any]


@dataclass(frozen=True)
class Cloud:
    """The templates of one environment."""

    folder: Path
    templates: Mapping[str, dict[str, Any]]
    """Stack → its template."""

    def of_type(self, stack: str, kind: str) -> dict[str, Resource]:
        """Logical id → properties of the resources of one type."""
        resources = self.templates[stack]["Resources"]
        return {id: each.get("Properties", {}) for id, each in resources.items() if each["Type"] == kind}

    def only(self, stack: str, kind: str) -> Resource:
        """The properties of the one resource of its type."""
        (found,) = self.of_type(stack, kind).values()
        return found

    def follow(self, stack: str, value: Any) -> tuple[str, str]:
        """Stack and logical id of the resource that a reference is about, in this stack or another."""
        if "Fn::GetStackOutput" in value:
            source = value["Fn::GetStackOutput"]
            producer = source["StackName"].split("-", 2)[2]
            return self.follow(producer, self.templates[producer]["Outputs"][source["OutputName"]]["Value"])
        if "Ref" in value:
            return stack, value["Ref"]
        return stack, value["Fn::GetAtt"][0]

    def function(self, name: str) -> Resource:
        """The Lambda function that a spec of this name became."""
        found = [
            each
            for each in self.of_type("functions", "AWS::Lambda::Function").values()
            if each.get("FunctionName", "").split("-", 2)[-1] == name
        ]
        (one,) = found
        return one

    def statements(self, name: str) -> list[dict[str, Any]]:
        """Every statement of every policy of a function's role."""
        _, role_id = self.follow("functions", self.function(name)["Role"])
        role = self.templates["functions"]["Resources"][role_id]["Properties"]
        policies = []
        for reference in role["ManagedPolicyArns"]:
            stack, policy_id = self.follow("functions", reference)
            policies.append(self.templates[stack]["Resources"][policy_id]["Properties"])
        policies += [
            policy
            for policy in self.of_type("functions", "AWS::IAM::Policy").values()
            if {"Ref": role_id} in policy["Roles"]
        ]
        return [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]


def synthesise(folder: Path, specs: tuple[FunctionSpec, ...], layers: Mapping[str, Layer], **context: str) -> Cloud:
    """Synthesise `specs` into `folder`, with the context of cdk.json and what is given."""
    import aws_cdk as cdk

    committed = json.loads((ROOT / "cdk.json").read_text("utf-8"))["context"]
    app = cdk.App(outdir=str(folder), context={**committed, **context}, analytics_reporting=False)
    assemble(app, specs, layers)
    app.synth()
    return read(folder)


def read(folder: Path) -> Cloud:
    """What was synthesised into `folder`."""
    suffix = ".template.json"
    templates = {
        file.name.removesuffix(suffix): json.loads(file.read_text("utf-8")) for file in folder.glob(f"*{suffix}")
    }
    return Cloud(folder, templates)
