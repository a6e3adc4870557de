"""The settings of an operator for one environment, e.g. its domains and the quotas of its AWS account.

The settings are in `environments/<name>.toml`, and the access of ERP systems is in `environments/<name>-erp.toml`. Both
files are in the repository. For a single deploy, an option such as `cdk deploy -c mail_domain=…` replaces a setting.
"""

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

FOLDER = Path(__file__).parent.parent / "environments"

Domain = Annotated[str, StringConstraints(pattern=r"^([a-z0-9-]{1,63}\.)+[a-z]{2,63}$", max_length=253)]
Url = Annotated[str, StringConstraints(pattern=r"^https?://\S+$", max_length=2_000)]
Zone = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[a-z]+)+-\d[a-z]$")]
Acu = Annotated[float, Field(ge=0.5, le=256, multiple_of=0.5)]
_ARN = r"^arn:aws:iam::\d{12}:(root|role/[\w+=,.@/-]+|user/[\w+=,.@/-]+)$"
_UUID = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
Uuid = Annotated[str, StringConstraints(pattern=_UUID)]


class _StrictModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _joined(name: str) -> str:
    """Convert a name to the form of output names, e.g. `acme-sap` to `AcmeSap`."""
    return "".join(part.title() for part in name.split("-"))


class ErpGrant(_StrictModel):
    """The access of one ERP system to its folders in the drops bucket."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,30}$")]
    """The name of the role, e.g. `acme-sap`."""
    principal: Annotated[str, StringConstraints(pattern=_ARN, max_length=600)]
    """The account, role or user of AWS that may assume the role."""
    external_id: Annotated[str, StringConstraints(pattern=r"^[\w+=,.@:/-]{8,128}$")]
    """A text that the ERP system must send when it assumes the role, so that another system cannot use the role by
    mistake."""
    catalogs: tuple[Uuid, ...] = ()
    """The ids of the catalogs for which the system writes files."""
    destinations: tuple[Uuid, ...] = ()
    """The ids of the destinations whose order files the system reads."""
    ended: bool = False
    """Whether the access has ended. If true, the next deploy deletes the role. The grant must stay in the file. If a
    grant is missing, the check before a deploy reports a problem, because the checkout may contain the file of an old
    release."""

    @property
    def output(self) -> str:
        """The name of the output of the stack `storage` that contains the ARN of the role."""
        return f"ErpRole{_joined(self.name)}"

    @model_validator(mode="after")
    def _require_folder(self) -> Self:
        if not self.catalogs and not self.destinations:
            raise ValueError(f"the grant {self.name} needs `catalogs` or `destinations`")
        return self


class OperatorSettings(_StrictModel):
    """The settings of one environment. The environment can be deployed with the defaults of all settings."""

    account: Annotated[str, StringConstraints(pattern=r"^\d{12}$")] | None = None
    """The number of the AWS account of the environment. Commands refuse credentials of another account."""
    zones: tuple[Zone, ...] = ()
    """The names of the availability zones in this account."""
    concurrency: int = Field(default=0, ge=0, le=1_000_000)
    """The number of concurrent invocations that AWS allows in the account. 0 means the value of the environment."""
    capacity: tuple[Acu, Acu] | None = None
    """The minimum and maximum capacity of a database instance. They replace the capacity of the environment."""
    workers: dict[str, Annotated[int, Field(ge=2, le=1_000)]] = Field(default_factory=dict)
    """Maps the name of a function, e.g. `queues-emails`, to the maximum number of its workers. This number replaces
    `maximum_concurrency` in its `function.toml`. AWS requires at least 2."""
    requests_per_address: int = Field(default=3_000, ge=100, le=2_000_000)
    """The number of requests in 5 minutes that the firewall allows for one address. The firewall stops a flood of
    requests before they invoke functions. The functions allow 600 requests a minute from the visitors of one
    address."""
    firewall: Literal["block", "count"] = "block"
    """Whether the firewall blocks requests. With `count`, the rules of the firewall only count the requests that they
    would block."""
    domain: Domain | None = None
    """The domain of the API, e.g. `api.example.com`. Without it, the API has a name of CloudFront."""
    certificate: Annotated[str, StringConstraints(pattern=r"^arn:aws:acm:us-east-1:\d{12}:certificate/\S+$")] | None = (
        None
    )
    """The ARN of the certificate of `domain`, in us-east-1."""
    platform_domain: Domain | None = None
    """The domain below which each site has a host."""
    mail_domain: Domain | None = None
    """The domain from which mails are sent. Without it, the environment cannot send mails."""
    mail_verified: bool = False
    """Whether SES has verified `mail_domain`. Cognito then sends its mails from this domain."""
    mail_rate: float = Field(default=1.0, gt=0, le=10_000)
    """The number of mails per second that SES allows the account to send. In the sandbox of SES it is 1."""
    alarm_email: Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=254)] | None = None
    """The address that gets a mail for each alarm."""
    budget: int = Field(default=0, ge=0, le=1_000_000)
    """The budget of a month in USD. AWS sends an alarm when 80 % of the budget is spent, and when the forecast is
    higher than the budget. 0 means the budget of the environment."""
    traces: bool = True
    """Whether functions send traces to X-Ray: one invocation in each second, and 5 % of all other invocations."""
    proxy: Literal["on", "bypass", "off"] = "on"
    """How functions connect to the database: through RDS Proxy with `on`, otherwise directly. With `bypass`, the proxy
    exists, but is not used. With `off`, the proxy does not exist."""
    console: bool = False
    """Whether the environment has a bucket and a CloudFront distribution for the files of a staff console."""
    console_domain: Domain | None = None
    """The domain of the staff console, e.g. `console.example.com`. Without it, the console has a name of CloudFront."""
    console_certificate: (
        Annotated[str, StringConstraints(pattern=r"^arn:aws:acm:us-east-1:\d{12}:certificate/\S+$")] | None
    ) = None
    """The ARN of the certificate of `console_domain`, in us-east-1."""
    console_urls: tuple[Url, ...] = ()
    """The URLs of the staff console to which the sign-in page may return."""
    shop_urls: tuple[Url, ...] = ()
    """The URLs of storefronts to which the sign-in page may return."""
    issuer: Url | None = None
    """An existing OIDC issuer, which replaces the user pool of Cognito."""
    audience: str | None = None
    """The audience of the tokens of `issuer`."""
    jwks_url: Url | None = None
    """The URL of the public keys of `issuer`, if it is not `<issuer>/.well-known/jwks.json`."""
    machines: tuple[Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=40)], ...] = (
        Field(default=(), max_length=40)
    )
    """The names of the programs that call the API, e.g. `acme-shop`. Each program belongs to one client of the
    platform, and gets its own app client with a secret. The gateway accepts at most 50 app clients."""
    docs_url: Url | None = None
    """The base URL of the pages about problems, if the API does not serve them itself."""
    origin_secret: int = Field(default=1, ge=1, le=10_000)
    """The number of the secret that CloudFront sends to the API. If the number is increased, the secret is rotated."""
    secrets_version: int = Field(default=1, ge=1, le=10_000)
    """A number. If it is increased, the next deploy updates all functions. CloudFormation then reads the secrets and
    the addresses of the proxy again."""
    kv_key_hashes: tuple[Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")], ...] = Field(
        default=(), max_length=2
    )
    """The SHA-256 hashes of the keys with which the old applications use the key-value store. `wecelebrate kv key
    --new` prints a key and its hash. A hash is not secret, because a key has 256 random bits. Without hashes, nobody
    can use the store."""
    erp: tuple[ErpGrant, ...] = ()
    """The access of ERP systems, from the file `environments/<name>-erp.toml`."""

    def machine_output(self, name: str) -> str:
        """Return the name of the output of the stack `identity` that contains the id of a machine's app client."""
        return f"Client{_joined(name)}"

    @model_validator(mode="after")
    def _check_pairs(self) -> Self:
        for first, second in (
            ("issuer", "audience"),
            ("domain", "certificate"),
            ("console_domain", "console_certificate"),
        ):
            if bool(getattr(self, first)) != bool(getattr(self, second)):
                raise ValueError(f"only one of the settings `{first}` and `{second}` is set: set both or neither")
        if self.console_domain and not self.console:
            raise ValueError("`console_domain` needs `console = true`")
        if self.capacity and self.capacity[0] > self.capacity[1]:
            raise ValueError("the minimum of `capacity` is above its maximum")
        names = [grant.name for grant in self.erp]
        if len(names) != len(set(names)):
            raise ValueError("two ERP grants have the same name: give each grant its own name")
        if len(self.machines) != len({_joined(name).lower() for name in self.machines}):
            raise ValueError("two `machines` have the same name, apart from hyphens: give each machine its own name")
        return self

    @classmethod
    def read(cls, environment: str, override: Callable[[str], object] = lambda _: None) -> Self:
        """Read the files of an environment. If a file does not exist, its settings have their defaults.

        Raises ValueError if a setting is not valid. The message names the file and the setting.
        """
        folder = Path(str(override("settings_folder") or FOLDER))
        file, erp_file = folder / f"{environment}.toml", folder / f"{environment}-erp.toml"
        values = _load(file)
        if grants := _load(erp_file).get("grant"):
            values["erp"] = grants
        for name in cls.model_fields:
            if (value := override(name)) is not None:
                values[name] = re.split(r"[,\s]+", value) if name in _LISTS and isinstance(value, str) else value
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"]))
            raise ValueError(f"{file}: {place + ': ' if place else ''}{first['msg']}") from error


_LISTS = ("zones", "capacity", "console_urls", "shop_urls", "machines", "kv_key_hashes")
"""The settings that are lists. In the context of CDK, a list is a text with commas."""


def _load(file: Path) -> dict[str, Any]:
    if not file.is_file():
        return {}
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{file}: {error}") from error
