"""What every stack of the platform has in common."""

import aws_cdk as cdk
from constructs import Construct

from infra.environments import Environment


class PlatformStack(cdk.Stack):
    """A stack of one environment. One that `holds_data` is not deleted by mistake where data is to last.

    The region is known and the account is not: zones and endpoints can be written out, and nothing is ever looked up.
    """

    def __init__(self, scope: Construct, id: str, environment: Environment, *, holds_data: bool = False) -> None:
        super().__init__(
            scope,
            id,
            stack_name=environment.resource(id),
            env=cdk.Environment(region=environment.region),
            termination_protection=holds_data and environment.lasting,
        )
