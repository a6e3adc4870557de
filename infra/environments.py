"""How the environments differ. Everything else about them is the same code.

`cdk deploy -c environment=prod` chooses one; `dev` is the default.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Environment:
    """The settings of one environment."""

    name: str
    lasting: bool
    """Whether its data outlives its stacks: deletion protection, retained buckets, tables and keys."""
    region: str
    zones: tuple[str, ...]
    """Availability zones by name. Written down, since looking them up would need credentials to synthesise."""
    nat_gateways: int
    """About 33 USD a month each, plus 0.045 USD a GB. One is a single point of failure for what calls the internet."""
    readers: int
    """Aurora instances that serve reads, at least one: the read-only endpoint of the proxy needs a target."""
    capacity: tuple[float, float]
    """Least and most Aurora capacity units of an instance (2 GiB of memory each, about 0.12 USD an hour)."""
    backup_days: int
    log_days: int
    """Retention of logs; one of the numbers that CloudWatch Logs knows."""
    reserves_concurrency: bool
    """Whether declared concurrency is reserved. A young account has 10 invocations in all: nothing to reserve from."""

    def __post_init__(self) -> None:
        if len(self.zones) < 2:
            raise ValueError(f"{self.name}: Aurora and the proxy need at least two availability zones")
        if self.readers < 1:
            raise ValueError(f"{self.name}: the read-only endpoint needs at least one reader")

    def resource(self, name: str) -> str:
        """The physical name of a thing that people and other systems call by name."""
        return f"wecelebrate-{self.name}-{name}"


ENVIRONMENTS: Mapping[str, Environment] = {
    environment.name: environment
    for environment in (
        Environment(
            name="dev",
            lasting=False,
            region="us-east-1",
            zones=("us-east-1a", "us-east-1b"),
            nat_gateways=1,
            readers=1,
            capacity=(0.5, 4),
            backup_days=1,
            log_days=7,
            reserves_concurrency=False,
        ),
        Environment(
            name="prod",
            lasting=True,
            region="us-east-1",
            zones=("us-east-1a", "us-east-1b", "us-east-1c"),
            nat_gateways=2,
            readers=2,
            capacity=(1, 32),
            backup_days=35,
            log_days=90,
            reserves_concurrency=True,
        ),
    )
}


def environment(name: str) -> Environment:
    """The environment called `name`. Raises ValueError for one that nobody declared."""
    if name not in ENVIRONMENTS:
        raise ValueError(f"there is no environment {name!r}; there are {', '.join(ENVIRONMENTS)}")
    return ENVIRONMENTS[name]
