"""The CDK app. `cdk synth -c environment=dev|staging|prod` creates the templates of all stacks."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

# CDK uses jsii, and jsii starts the program `node` that it finds on PATH. In the virtual environment, a `node` is in
# the same folder as the Python interpreter.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])

import aws_cdk as cdk

from infra.aws import checks, layers
from infra.aws.api import Api
from infra.aws.compute import Compute
from infra.aws.data import Data
from infra.aws.edge import Edge
from infra.aws.identity import token_issuers
from infra.aws.lambda_function import StackEnvironment
from infra.aws.layers import Layer
from infra.aws.mail import MailService
from infra.aws.monitoring import Monitoring
from infra.aws.network import Network
from infra.aws.queues import Queues
from infra.aws.stack import PlatformStack
from infra.aws.storage import Buckets
from infra.concurrency import bounded, reserved_concurrency, with_workers
from infra.deploy.stacks import SETTINGS_OUTPUT
from infra.environments import get_environment
from infra.functions import FunctionSpec, functions
from infra.http_api import APIS


def assemble(app: cdk.App, specs: tuple[FunctionSpec, ...], layers: Mapping[str, Layer]) -> None:
    """Add every stack to `app`. The CDK context key `environment` selects the environment."""
    context = app.node.try_get_context
    environment = get_environment(context("environment") or "dev", context)
    specs = bounded(with_workers(specs, environment.settings.workers), environment.concurrency)

    network = Network(app, environment)
    data = Data(app, environment, network.vpc)

    storage = PlatformStack(app, "storage", environment, holds_data=True)
    queues = Queues(storage, environment, specs)
    buckets = Buckets(storage, environment, specs, queues)
    mail = MailService(storage, environment, specs, queues)
    issuers = token_issuers(app, environment)

    reserved = reserved_concurrency(specs, environment.concurrency)
    stack_environment = StackEnvironment(environment, network.vpc, data, queues, buckets, mail, reserved)
    compute = Compute(app, stack_environment, issuers, specs, layers)
    apis = [Api(app, environment, settings, issuers, compute.of_kind("api")) for settings in APIS]
    edge = Edge(app, environment, apis, compute.origin_secret)
    monitoring = Monitoring(app, environment, apis, edge, specs)
    names = ", ".join(sorted(environment.settings.model_fields_set)) or "none"
    cdk.CfnOutput(monitoring, SETTINGS_OUTPUT, value=names)

    # Without this exclusion, CDK would tag the target group of the RDS proxy, too. CloudFormation rejects tags on this
    # resource type.
    untagged = ["AWS::RDS::DBProxyTargetGroup"]
    cdk.Tags.of(app).add("platform", "wecelebrate", exclude_resource_types=untagged)
    cdk.Tags.of(app).add("environment", environment.name, exclude_resource_types=untagged)
    checks.enable(app)


def main() -> None:
    """Build the layers, and write the templates of all stacks.

    CDK runs this module, because `cdk.json` names it as the app.
    """
    specs, built_layers = functions(), layers.build()
    layers.check_sizes(specs, built_layers)
    app = cdk.App()
    assemble(app, specs, built_layers)
    app.synth()


if __name__ == "__main__":
    main()
