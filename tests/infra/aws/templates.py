"""Synthesises the CloudFormation templates, and reads them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.app import assemble  # Import `infra.app` first, because it puts `node` on PATH.
from infra.aws.layers import Layer
from infra.functions import ROOT, FunctionSpec

Resource = dict[str, Any]


@dataclass(frozen=True)
class Templates:
    """The synthesised templates of one environment."""

    folder: Path
    templates: Mapping[str, dict[str, Any]]
    """Maps the name of each stack to its template."""

    def of_type(self, stack: str, kind: str) -> dict[str, Resource]:
        """Map the logical id of each resource of this type to the properties of the resource."""
        resources = self.templates[stack]["Resources"]
        return {id: resource.get("Properties", {}) for id, resource in resources.items() if resource["Type"] == kind}

    def only(self, stack: str, kind: str) -> Resource:
        """Return the properties of the only resource of this type. Fail if the stack does not have exactly one resource
        of this type."""
        (resource,) = self.of_type(stack, kind).values()
        return resource

    def follow(self, stack: str, value: Any) -> tuple[str, str]:
        """Return the stack and the logical id of the resource that `value` refers to.

        The resource can be in the given stack or in a different stack.
        """
        if "Fn::GetStackOutput" in value:
            source = value["Fn::GetStackOutput"]
            producer = source["StackName"].split("-", 2)[2]
            return self.follow(producer, self.templates[producer]["Outputs"][source["OutputName"]]["Value"])
        if "Ref" in value:
            return stack, value["Ref"]
        return stack, value["Fn::GetAtt"][0]

    def function(self, name: str) -> Resource:
        """Return the properties of the Lambda function whose spec has this name."""
        (function,) = [
            resource
            for resource in self.of_type("functions", "AWS::Lambda::Function").values()
            if resource.get("FunctionName", "").split("-", 2)[-1] == name
        ]
        return function

    def statements(self, name: str) -> list[dict[str, Any]]:
        """Return the statements of all policies that are attached to the role of a function."""
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


def synthesise(folder: Path, specs: tuple[FunctionSpec, ...], layers: Mapping[str, Layer], **context: str) -> Templates:
    """Synthesise the templates for `specs` into `folder`.

    The entries of `context` extend or override the context in cdk.json.
    """
    import aws_cdk as cdk

    cdk_json = json.loads((ROOT / "cdk.json").read_text("utf-8"))["context"]
    # The tests check the default settings, so they ignore the settings files of this checkout.
    settings = {"settings_folder": str(folder / "no-settings")}
    app = cdk.App(outdir=str(folder), context={**cdk_json, **settings, **context}, analytics_reporting=False)
    assemble(app, specs, layers)
    app.synth()
    return read(folder)


def read(folder: Path) -> Templates:
    """Read the templates in `folder`."""
    suffix = ".template.json"
    templates = {
        file.name.removesuffix(suffix): json.loads(file.read_text("utf-8")) for file in folder.glob(f"*{suffix}")
    }
    return Templates(folder, templates)
