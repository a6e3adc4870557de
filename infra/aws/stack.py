"""The base class of every stack of the platform."""

import aws_cdk as cdk
from constructs import Construct

from infra.deploy.stacks import RELEASE_OUTPUT
from infra.environments import Environment


class PlatformStack(cdk.Stack):
    """A stack of one environment.

    If `holds_data` is true and the environment is permanent, the stack is protected from deletion. Each stack has a
    fixed region, so that CDK knows the zones and endpoints without a call to AWS. The account is not fixed.

    Each stack has its release as an output. If a deploy is interrupted, the outputs show which stacks have the new
    release.
    """

    def __init__(self, scope: Construct, id: str, environment: Environment, *, holds_data: bool = False) -> None:
        super().__init__(
            scope,
            id,
            stack_name=environment.resource(id),
            env=cdk.Environment(region=environment.region),
            termination_protection=holds_data and environment.permanent,
        )
        cdk.CfnOutput(self, RELEASE_OUTPUT, value=self.node.try_get_context(RELEASE_OUTPUT) or "unknown")
