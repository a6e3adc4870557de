"""The environments on AWS and the settings in which they differ.

`cdk deploy -c environment=prod` selects one. The default is `dev`.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Environment:
    """The settings of one environment."""

    name: str
    permanent: bool
    """Whether data survives the deletion of its stack: deletion protection, retained buckets, tables and keys."""
    region: str
    zones: tuple[str, ...]
    """Names of the availability zones. They are listed here because a lookup would make synthesis need credentials."""
    nat_gateways: int
    """Each costs about 33 USD a month plus 0.045 USD per GB. With only one, calls to the internet have a single point
    of failure."""
    readers: int
    """Number of Aurora readers. At least 1, because the read-only endpoint of the proxy needs a target."""
    capacity: tuple[float, float]
    """Minimum and maximum Aurora capacity units of an instance. A unit is 2 GiB of memory, about 0.12 USD an hour."""
    backup_days: int
    """Days for which backups are kept."""
    log_days: int
    """Days for which logs are kept. It must be a value that CloudWatch Logs accepts."""
    reserves_concurrency: bool
    """Whether to reserve the declared concurrency. A new AWS account allows only 10 concurrent invocations in total,
    so none can be reserved there."""

    def __post_init__(self) -> None:
        if len(self.zones) < 2:
            raise ValueError(
                f"{self.name}: `zones` must list at least two availability zones, for Aurora and the proxy"
            )
        if self.readers < 1:
            raise ValueError(f"{self.name}: `readers` must be at least 1, for the read-only endpoint of the proxy")

    def resource(self, name: str) -> str:
        """The physical name of a resource that people or other systems refer to by name."""
        return f"wecelebrate-{self.name}-{name}"


ENVIRONMENTS: Mapping[str, Environment] = {
    environment.name: environment
    for environment in (
        Environment(
            name="dev",
            permanent=False,
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
            permanent=True,
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


def get_environment(name: str) -> Environment:
    """Return the environment with this name. Raises ValueError if it does not exist."""
    if name not in ENVIRONMENTS:
        raise ValueError(f"environment {name!r} does not exist; use one of: {', '.join(ENVIRONMENTS)}")
    return ENVIRONMENTS[name]
