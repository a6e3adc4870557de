"""The base class of every stack of the platform."""

import aws_cdk as cdk
from constructs import Construct

from infra.environments import Environment


class PlatformStack(cdk.Stack):
    """A stack of one environment. With `holds_data`, a permanent environment protects it from deletion.

    The region is fixed and the account is not. Zones and endpoints can therefore be written out, and synthesis never
    looks anything up.
    """

    def __init__(self, scope: Construct, id: str, environment: Environment, *, holds_data: bool = False) -> None:
        super().__init__(
            scope,
            id,
            stack_name=environment.resource(id),
            env=cdk.Environment(region=environment.region),
            termination_protection=holds_data and environment.permanent,
        )
