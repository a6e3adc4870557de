"""The environments on AWS, e.g. `dev` and `prod`, with the settings that differ between them.

`make deploy ENV=prod` deploys `prod`. The default is `dev`. An operator writes the settings that depend on the AWS
account, e.g. its domains and quotas, to the file `environments/<name>.toml` (`infra/operator_settings.py`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from infra.operator_settings import OperatorSettings

LOG_SETTINGS: Mapping[str, str] = {
    # In milliseconds. PostgreSQL logs statements that take at least ten times as long as a request for a list, i.e. 50
    # ms. The text of a statement contains placeholders instead of values.
    "log_min_duration_statement": "500",
    # The values of parameters can be personal data.
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    # Omit DETAIL, HINT and CONTEXT, because they contain values of rows, e.g. `Key (email)=(…) already exists`.
    "log_error_verbosity": "terse",
    # Log only the levels LOG, FATAL and PANIC, because messages of ERROR contain values, e.g. `invalid input syntax for
    # type uuid: "…"`. The functions themselves log every error without values (`core/database/errors.py`).
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
    """Whether data survives the deletion of a stack. If true, stacks with data are protected from deletion, and their
    resources are retained."""
    region: str
    zones: tuple[str, ...]
    """The names of the availability zones. The names are fixed here, because CDK would need AWS credentials to look
    them up. In each account, a name can mean a different zone, and RDS Proxy is not available in every zone. `make
    preflight` checks the zones, and `zones` in the file of the operator replaces these names."""
    nat_gateways: int
    """The number of NAT gateways. Each gateway costs about 33 USD a month, plus 0.045 USD per GB. If the zone of the
    only gateway fails, no function can call the internet."""
    readers: int
    """The number of Aurora readers. The minimum is 1, because the read-only endpoint of the proxy needs a target."""
    capacity: tuple[float, float]
    """The minimum and maximum Aurora capacity units (ACU) of an instance. A unit has 2 GiB of memory, and costs about
    0.12 USD an hour. `capacity` in the file of the operator replaces this setting."""
    backup_days: int
    """The number of days for which backups are kept."""
    log_days: int
    """The number of days for which logs are kept. CloudWatch Logs accepts only certain values, e.g. 7, 30 or 90."""
    concurrency: int
    """The number of concurrent invocations that AWS allows in the account. A new account has 10. AWS raises the number
    to 1,000 on request. Only then can the account reserve the declared concurrency of functions."""
    budget: int
    """The budget of a month in USD. 80 % of the budget cause an alarm. This amount is higher than the cost in
    `docs/cost.md`, in `prod` with 10 million requests a month."""
    settings: OperatorSettings = field(default_factory=OperatorSettings)
    """The settings of the operator for this environment."""

    def __post_init__(self) -> None:
        if len(self.zones) < 2:
            raise ValueError(
                f"{self.name}: `zones` must list at least two availability zones, for Aurora and the proxy"
            )
        if self.readers < 1:
            raise ValueError(f"{self.name}: `readers` must be at least 1, for the read-only endpoint of the proxy")

    @property
    def mail_domain(self) -> str:
        """The domain from which mails are sent. Without a setting of the operator, this is a domain that cannot
        exist."""
        return self.settings.mail_domain or f"{self.name}.wecelebrate.invalid"

    @property
    def platform_domain(self) -> str:
        """The domain below which each site has a host."""
        return self.settings.platform_domain or f"{self.name}.wecelebrate.invalid"

    def resource(self, name: str) -> str:
        """Return the name that a resource has on AWS.

        A resource needs such a name only if people or other systems refer to it by name.
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
            # With less than one unit, the memory is too small: requests time out during the first migration or with a
            # cold cache.
            capacity=(1, 4),
            backup_days=1,
            log_days=7,
            concurrency=10,
            budget=600,
        ),
        # Staging has the same resources as prod, in smaller numbers. Staging is permanent, too, because a release runs
        # in staging before prod.
        Environment(
            name="staging",
            permanent=True,
            region="us-east-1",
            zones=("us-east-1a", "us-east-1b"),
            nat_gateways=1,
            readers=1,
            capacity=(1, 8),
            backup_days=7,
            log_days=30,
            concurrency=1000,
            budget=600,
        ),
        Environment(
            name="prod",
            permanent=True,
            region="us-east-1",
            zones=("us-east-1a", "us-east-1b", "us-east-1c"),
            nat_gateways=2,
            readers=2,
            capacity=(2, 32),
            backup_days=35,
            log_days=90,
            concurrency=1000,
            budget=1600,
        ),
    )
}


def get_environment(name: str, override: Callable[[str], object] = lambda _: None) -> Environment:
    """Return the environment with this name, with the settings of its operator.

    override: a function that returns the value that replaces a setting of the file, or None. Raises ValueError if no
    environment has this name, or if a setting is not valid.
    """
    if name not in ENVIRONMENTS:
        raise ValueError(f"environment {name!r} does not exist; use one of: {', '.join(ENVIRONMENTS)}")
    environment, settings = ENVIRONMENTS[name], OperatorSettings.read(name, override)
    return replace(
        environment,
        settings=settings,
        zones=settings.zones or environment.zones,
        concurrency=settings.concurrency or environment.concurrency,
        capacity=settings.capacity or environment.capacity,
        budget=settings.budget or environment.budget,
    )
