"""The platform on AWS, top-down. `cdk synth -c environment=dev|prod`; everything is derived from `function.toml`s."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

# jsii starts `node` from PATH: the one of this environment stands beside its Python.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])

import aws_cdk as cdk

from infra.aws import checks, layers
from infra.aws.api import Api
from infra.aws.compute import Compute
from infra.aws.data import Data
from infra.aws.identity import issuer
from infra.aws.lambda_function import Surroundings
from infra.aws.layers import Layer
from infra.aws.mail import Mail
from infra.aws.network import Network
from infra.aws.queues import Queues
from infra.aws.stack import PlatformStack
from infra.aws.storage import Buckets
from infra.environments import environment as environment_called
from infra.functions import FunctionSpec, functions


def assemble(app: cdk.App, specs: tuple[FunctionSpec, ...], built: Mapping[str, Layer]) -> None:
    """Every stack, in `app`; its context says which environment."""
    environment = environment_called(app.node.try_get_context("environment") or "dev")

    network = Network(app, environment)
    data = Data(app, environment, network.vpc)
    tokens = issuer(app, environment)

    storage = PlatformStack(app, "storage", environment, holds_data=True)
    queues = Queues(storage, environment, specs)
    buckets = Buckets(storage, environment, specs, queues)
    mail = Mail(storage, environment, specs, queues)

    among = Surroundings(environment, network.vpc, data, queues, buckets, mail)
    compute = Compute(app, among, tokens, specs, built)
    Api(app, environment, tokens, compute.of_kind("api"))

    # CDK believes that a proxy's target group takes tags; CloudFormation refuses them.
    untagged = ["AWS::RDS::DBProxyTargetGroup"]
    cdk.Tags.of(app).add("platform", "wecelebrate", exclude_resource_types=untagged)
    cdk.Tags.of(app).add("environment", environment.name, exclude_resource_types=untagged)
    checks.add_to(app)


def main() -> None:
    """Synthesise, as `cdk.json` asks."""
    specs, built = functions(), layers.build()
    layers.check_sizes(specs, built)
    app = cdk.App()
    assemble(app, specs, built)
    app.synth()


if __name__ == "__main__":
    main()
