"""Tests that every template can be synthesised on any machine, and that cfn-lint and cdk-nag accept every template."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from infra.aws import checks
from infra.aws.layers import Layer
from infra.deploy.stacks import deploy_commands
from infra.environments import ENVIRONMENTS, get_environment
from infra.functions import ROOT, FunctionSpec
from infra.http_api import APIS, MAIN_API, STAFF_API, STOREFRONT_API
from tests.faults.environment import FULL
from tests.infra.aws.templates import Templates, synthesise

MAX_RESOURCES = 450
"""The maximum number of resources in a stack.

CloudFormation allows 500 resources. A stack should be split when it has 450 resources, before a deploy fails.
"""

LARGE_STACKS = {"functions", "api"}
"""The stacks for which cfn-lint needs 15 s of CPU time per environment. `make test` checks these stacks only in `prod`,
because their resources have the same types and properties in each environment. `make faults` also checks these stacks
in `dev`."""

LINT_IGNORED = {
    "W3005": "CDK writes out dependencies that references already imply",
    "W3010": "zones are listed by name, so that synthesis needs no lookup in an AWS account",
}


@pytest.fixture(params=sorted(ENVIRONMENTS))
def cloud(request: pytest.FixtureRequest) -> Templates:
    """The templates of each environment."""
    templates: Templates = request.getfixturevalue(request.param)
    return templates


def test_every_stack_has_far_fewer_resources_than_cloudformation_allows(cloud: Templates) -> None:
    counts = {stack: len(template["Resources"]) for stack, template in cloud.templates.items()}
    apis = {api.name for api in APIS}
    assert set(counts) == {"network", "data", "identity", "storage", "functions", *apis, "edge", "monitoring"}
    assert {stack: count for stack, count in counts.items() if count >= MAX_RESOURCES} == {}


@pytest.mark.slow
def test_cfn_lint_reports_no_problem(dev: Templates, prod: Templates, named: Templates) -> None:
    ignored = [argument for rule in LINT_IGNORED for argument in ("-i", rule)]
    lint = Path(sys.executable).with_name("cfn-lint")
    # Check all templates in one run, because cfn-lint takes several seconds to start.
    linted = {dev.folder / f"{stack}.template.json" for stack in dev.templates if FULL or stack not in LARGE_STACKS}
    linted |= set(prod.folder.glob("*.template.json"))
    linted |= {named.folder / f"{stack}.template.json" for stack in ("edge", "identity", "storage", "monitoring")}
    templates = sorted(map(str, linted))
    result = subprocess.run(
        [lint, "--format", "parseable", *ignored, "--", *templates], capture_output=True, text=True, check=False
    )
    assert (result.stdout, result.returncode) == ("", 0)


def test_a_deploy_that_moves_paths_updates_the_old_api_last(
    dev: Templates,
) -> None:
    first, _ = deploy_commands(get_environment("dev"), {MAIN_API.name})
    selection = first[first.index("deploy") + 1 : first.index("-c")]
    bin = Path(sys.executable).parent
    result = subprocess.run(
        [bin / "cdk", "synth", "--app", str(dev.folder), *selection],
        env={**os.environ, "PATH": f"{bin}{os.pathsep}{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,  # With CI=true, cdk writes its messages to stdout.
        text=True,
        check=True,
    )
    (selected,) = re.findall(r"Supply a stack id \((.*)\)", result.stdout)
    stacks = selected.split(", ")
    assert set(stacks) == dev.templates.keys() - {MAIN_API.name, "monitoring"}
    # CDK deploys the stacks in this order.
    assert max(map(stacks.index, ("functions", STOREFRONT_API.name, STAFF_API.name))) < stacks.index("edge")
    assert stacks.index("functions") < min(map(stacks.index, (STOREFRONT_API.name, STAFF_API.name)))


def test_synthesis_needs_no_lookup_in_an_aws_account(cloud: Templates) -> None:
    manifest = json.loads((cloud.folder / "manifest.json").read_text("utf-8"))
    assert "missing" not in manifest
    artifacts = manifest["artifacts"].values()
    stacks = [artifact for artifact in artifacts if artifact["type"] == "aws:cloudformation:stack"]
    assert {stack["environment"] for stack in stacks} == {"aws://unknown-account/us-east-1"}


def test_the_stacks_export_and_import_no_values(cloud: Templates) -> None:
    for template in cloud.templates.values():
        assert not any("Export" in output for output in template.get("Outputs", {}).values())
    assert '"Fn::ImportValue"' not in json.dumps(cloud.templates)


def test_functions_and_log_groups_are_tagged_with_their_environment(dev: Templates) -> None:
    for kind in ("AWS::Lambda::Function", "AWS::Logs::LogGroup"):
        for resource in dev.of_type("functions", kind).values():
            if "FunctionName" in resource or "LogGroupName" in resource:
                assert {"Key": "environment", "Value": "dev"} in resource["Tags"]


def test_an_unknown_environment_is_rejected() -> None:
    with pytest.raises(ValueError, match="environment 'test' does not exist; use one of: dev, staging, prod"):
        get_environment("test")


def test_an_issuer_without_an_audience_is_rejected(
    tmp_path: Path, specs: tuple[FunctionSpec, ...], stub_layers: Mapping[str, Layer]
) -> None:
    with pytest.raises(ValueError, match="only one of the settings `issuer` and `audience` is set"):
        synthesise(tmp_path, specs, stub_layers, issuer="https://id.example")


def test_the_synthesis_fails_if_a_finding_of_cdk_nag_is_not_acknowledged(
    tmp_path: Path,
) -> None:
    import aws_cdk as cdk
    from aws_cdk import aws_sqs as sqs

    app = cdk.App(outdir=str(tmp_path), analytics_reporting=False)
    checks.enable(app)
    sqs.Queue(cdk.Stack(app, "bare"), "queue")
    with pytest.raises(RuntimeError, match="AwsSolutions-SQS3"):
        app.synth()


@pytest.mark.parametrize(("has_certificate", "finding"), [(False, None), (True, "AwsSolutions-CFR4")])
def test_only_a_distribution_without_a_certificate_can_accept_old_tls_versions(
    tmp_path: Path, has_certificate: bool, finding: str | None
) -> None:
    import aws_cdk as cdk
    from aws_cdk import aws_cloudfront as cloudfront
    from aws_cdk import aws_cloudfront_origins as origins

    app = cdk.App(outdir=str(tmp_path), analytics_reporting=False)
    checks.enable(app)
    behavior = cloudfront.BehaviorOptions(origin=origins.HttpOrigin("api.example.com"))
    distribution = cloudfront.Distribution(cdk.Stack(app, "bare"), "cdn", default_behavior=behavior)
    checks.acknowledge_distribution(
        distribution, {f"CFR{number}": "a test" for number in (1, 2, 3, 5)}, has_certificate=has_certificate
    )
    if finding is None:
        app.synth()
    else:
        with pytest.raises(RuntimeError, match=finding):
            app.synth()


@pytest.mark.slow
@pytest.mark.timeout(300)  # The test can be slow, because it sometimes downloads every wheel of every layer.
def test_cdk_synth_succeeds_with_an_empty_home_and_no_credentials(tmp_path: Path) -> None:
    home, out = tmp_path / "home", tmp_path / "out"
    home.mkdir()
    bin = Path(sys.executable).parent
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "CDK_", "JSII_"))}
    # Share the cache of uv to save time. Without the cache, uv would download every wheel again.
    cache = subprocess.run([bin / "uv", "cache", "dir"], capture_output=True, text=True, check=True).stdout.strip()
    result = subprocess.run(
        [bin / "cdk", "synth", "--quiet", "--output", str(out)],
        cwd=ROOT,
        env={**environment, "HOME": str(home), "PATH": f"{bin}{os.pathsep}{os.defpath}", "UV_CACHE_DIR": cache},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert (out / "functions.template.json").is_file()
