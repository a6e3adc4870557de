"""The environments on AWS, e.g. `dev` and `prod`, with the settings that differ between them.

`cdk deploy -c environment=prod` deploys `prod`. The default is `dev`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

LOG_SETTINGS: Mapping[str, str] = {
    # In milliseconds. A request for a list should take at most 50 ms. PostgreSQL logs statements that take at least ten
    # times as long. Statements contain placeholders, so their text has no values.
    "log_min_duration_statement": "500",
    # The values of parameters can be personal data.
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    # Omits DETAIL, HINT and CONTEXT, because they contain values of rows, e.g. `Key (email)=(…) already exists`.
    "log_error_verbosity": "terse",
    # Logs only the levels LOG, FATAL and PANIC. The messages of ERROR contain values, e.g. `invalid input syntax for
    # type uuid: "…"`. The functions log every error themselves, without values (`core/database/errors.py`).
    "log_min_messages": "log",
    "log_min_error_statement": "log",
    "log_statement": "none",
}
"""The settings that determine what PostgreSQL logs, on AWS and in the local cloud."""


@dataclass(frozen=True)
class Environment:
    """The settings of one environment."""

    name: str
    permanent: bool
    """Whether data survives the deletion of a stack. If data survives, stacks with data are protected from deletion,
    and the resources of these stacks are retained."""
    region: str
    zones: tuple[str, ...]
    """The names of the availability zones. They are fixed here because CDK would need AWS credentials to look them
    up."""
    nat_gateways: int
    """The number of NAT gateways. Each gateway costs about 33 USD a month, plus 0.045 USD per GB. If the number is 1
    and the zone of the gateway fails, no function can call the internet."""
    readers: int
    """The number of Aurora readers. The minimum is 1, because the read-only endpoint of the proxy needs a target."""
    capacity: tuple[float, float]
    """The minimum and maximum Aurora capacity units (ACU) of an instance. A unit has 2 GiB of memory, and costs about
    0.12 USD an hour."""
    backup_days: int
    """The number of days for which backups are kept."""
    log_days: int
    """The number of days for which logs are kept. CloudWatch Logs accepts only certain values, e.g. 7, 30 or 90."""
    reserves_concurrency: bool
    """Whether AWS reserves the declared concurrency of functions. A new AWS account cannot reserve concurrency, because
    it allows only 10 concurrent invocations in total."""

    kv_key_hashes: tuple[str, ...] = ()
    """The SHA-256 hashes of the keys with which the old applications use the key-value store. `wecelebrate kv key`
    creates a key. A key has 256 random bits, so its hash is no secret. Without hashes, nobody can use the store."""

    def __post_init__(self) -> None:
        if len(self.zones) < 2:
            raise ValueError(
                f"{self.name}: `zones` must list at least two availability zones, for Aurora and the proxy"
            )
        if self.readers < 1:
            raise ValueError(f"{self.name}: `readers` must be at least 1, for the read-only endpoint of the proxy")
        if not all(re.fullmatch("[0-9a-f]{64}", text) for text in self.kv_key_hashes):
            raise ValueError(f"{self.name}: `kv_key_hashes` must contain hashes that `wecelebrate kv key` has printed")

    def resource(self, name: str) -> str:
        """Return the name that a resource has on AWS.

        Only resources that people or other systems refer to by name need such a name.
        """
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
    """Return the environment with this name. Raises ValueError if no environment has this name."""
    if name not in ENVIRONMENTS:
        raise ValueError(f"environment {name!r} does not exist; use one of: {', '.join(ENVIRONMENTS)}")
    return ENVIRONMENTS[name]
