"""What holds for every template: it can be synthesised anywhere, it is sound, and CloudFormation takes it."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from infra.aws import checks
from infra.aws.layers import Layer
from infra.environments import ENVIRONMENTS, environment
from infra.functions import ROOT, FunctionSpec
from tests.infra.aws.templates import Cloud, synthesise

RESOURCES = 350
"""CloudFormation takes 500; beyond this a stack is to be divided while there is time."""

LINT_IGNORED = {
    "W3005": "CDK writes dependencies out that references imply as well",
    "W3010": "zones are named, so that synthesis looks nothing up",
}


@pytest.fixture(params=sorted(ENVIRONMENTS))
def cloud(request: pytest.FixtureRequest) -> Cloud:
    """Each environment."""
    found: Cloud = request.getfixturevalue(request.param)
    return found


def test_stacks_stay_well_below_cloudformations_limit(cloud: Cloud) -> None:
    counts = {stack: len(template["Resources"]) for stack, template in cloud.templates.items()}
    assert set(counts) == {"network", "data", "identity", "storage", "functions", "api"}
    assert {stack: count for stack, count in counts.items() if count >= RESOURCES} == {}


def test_cfn_lint_finds_nothing(dev: Cloud, prod: Cloud) -> None:
    ignored = [argument for rule in LINT_IGNORED for argument in ("-i", rule)]
    lint = Path(sys.executable).with_name("cfn-lint")
    # All in one run: it takes seconds to begin.
    templates = sorted(str(file) for cloud in (dev, prod) for file in cloud.folder.glob("*.template.json"))
    found = subprocess.run(
        [lint, "--format", "parseable", *ignored, "--", *templates], capture_output=True, text=True, check=False
    )
    assert (found.stdout, found.returncode) == ("", 0)


def test_nothing_is_looked_up(cloud: Cloud) -> None:
    manifest = json.loads((cloud.folder / "manifest.json").read_text("utf-8"))
    assert "missing" not in manifest
    stacks = [each for each in manifest["artifacts"].values() if each["type"] == "aws:cloudformation:stack"]
    assert {stack["environment"] for stack in stacks} == {"aws://unknown-account/us-east-1"}


def test_stacks_do_not_hold_on_to_each_others_outputs(cloud: Cloud) -> None:
    for template in cloud.templates.values():
        assert not any("Export" in output for output in template.get("Outputs", {}).values())
    assert '"Fn::ImportValue"' not in json.dumps(cloud.templates)


def test_everything_that_takes_tags_says_its_environment(dev: Cloud) -> None:
    for kind in ("AWS::Lambda::Function", "AWS::Logs::LogGroup"):
        for each in dev.of_type("functions", kind).values():
            if "FunctionName" in each or "LogGroupName" in each:
                assert {"Key": "environment", "Value": "dev"} in each["Tags"]


def test_an_environment_that_nobody_declared_is_refused() -> None:
    with pytest.raises(ValueError, match="no environment 'staging'; there are dev, prod"):
        environment("staging")


def test_an_issuer_without_an_audience_is_refused(
    tmp_path: Path, specs: tuple[FunctionSpec, ...], stub_layers: Mapping[str, Layer]
) -> None:
    with pytest.raises(ValueError, match="an issuer needs an audience"):
        synthesise(tmp_path, specs, stub_layers, issuer="https://id.example")


def test_a_finding_that_is_not_acknowledged_fails_the_synthesis(
    tmp_path: Path,
) -> None:
    import aws_cdk as cdk
    from aws_cdk import aws_sqs as sqs

    app = cdk.App(outdir=str(tmp_path), analytics_reporting=False)
    checks.add_to(app)
    sqs.Queue(cdk.Stack(app, "bare"), "queue")
    with pytest.raises(RuntimeError, match="AwsSolutions-SQS3"):
        app.synth()


@pytest.mark.timeout(300)  # it may have to fetch every wheel of every layer
def test_the_command_synthesises_with_an_empty_home_and_no_credentials(tmp_path: Path) -> None:
    home, out = tmp_path / "home", tmp_path / "out"
    home.mkdir()
    bin = Path(sys.executable).parent
    keep = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "CDK_", "JSII_"))}
    # uv's cache is a matter of speed, not of what is tested; without it every wheel would be fetched again.
    cache = subprocess.run([bin / "uv", "cache", "dir"], capture_output=True, text=True, check=True).stdout.strip()
    finished = subprocess.run(
        [bin / "cdk", "synth", "--quiet", "--output", str(out)],
        cwd=ROOT,
        env={**keep, "HOME": str(home), "PATH": f"{bin}{os.pathsep}{os.defpath}", "UV_CACHE_DIR": cache},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    assert (out / "functions.template.json").is_file()
