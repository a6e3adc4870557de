"""The declarations of functions: each `function.toml`, read into a `FunctionSpec`.

A folder below `functions/` with a `function.toml` and a `handler.py` is a function. Its path determines its trigger::

    functions/api/<resource>/<intent>/   routes of the HTTP API
    functions/queues/<queue>/            messages of one SQS queue (the name of the folder, with `-` for `_`)
    functions/schedules/<name>/          EventBridge Scheduler
    functions/deploy/<name>/             a step of the deploy

CDK and the local cloud are derived from these specs. No other code in `infra` refers to a function by its name.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

ROOT = Path(__file__).parent.parent
FUNCTIONS = ROOT / "functions"

Route = Annotated[str, StringConstraints(pattern=r"^(GET|POST|PUT|PATCH|DELETE) /[A-Za-z0-9_{}/.-]*$")]
OptionalLayer = Literal["cache", "files", "images", "mail", "webhooks"]
OPTIONAL_LAYERS: tuple[OptionalLayer, ...] = get_args(OptionalLayer)
Login = Literal["wc_public", "wc_api", "wc_worker", "wc_migrate"]
Use = Annotated[
    str,
    StringConstraints(
        pattern=r"^(database:(read|write)|cache|email|images|internet|queue:[a-z][a-z0-9-]*"
        r"|bucket:[a-z][a-z0-9-]*:(list|read|write))$"
    ),
]


class BadDeclaration(Exception):
    """A function.toml is not valid."""


class _StrictModel(BaseModel):
    """A table of a `function.toml`. An unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class QueueTrigger(_StrictModel):
    """The [queue] table: how SQS delivers messages to the function."""

    batch_size: int = Field(default=10, ge=1, le=10_000)
    window: int = Field(default=0, ge=0, le=300)
    """Maximum time to wait for a batch to fill, in seconds."""
    maximum_concurrency: int = Field(default=3, ge=2, le=1000)
    """Maximum number of concurrent workers. AWS requires at least 2."""
    rate: float = Field(default=50.0, ge=0.2, le=10_000)
    """Jobs per second that all workers together may start. The mail function uses the rate of the SES account instead
    (`Bindings.mail_rate`)."""
    visibility: int = Field(default=0, ge=0, le=43_200)
    """Visibility timeout of the queue, in seconds. 0 means six times the timeout of the function, as AWS recommends."""
    max_receives: int = Field(default=3, ge=1, le=1000)
    """Number of deliveries after which SQS moves a message to the dead-letter queue."""
    bucket: str | None = None
    """Bucket whose ObjectCreated notifications go to this queue."""
    mail_events: bool = False
    """Whether the SES events of mails go to this queue."""
    dead_letters: bool = False
    """Whether the function consumes the dead-letter queues of all other functions, and has no queue of its own."""

    @model_validator(mode="after")
    def _require_window_for_large_batches(self) -> Self:
        if self.batch_size > 10 and self.window < 1:
            raise ValueError("`batch_size` above 10 requires a `window` of at least 1 second")
        return self


class ScheduleTrigger(_StrictModel):
    """The [schedule] table: when EventBridge Scheduler calls the function."""

    expression: Annotated[str, StringConstraints(pattern=r"^(rate|cron)\(.+\)$")]
    timezone: str = "UTC"


class Declaration(_StrictModel):
    """The keys of a `function.toml`."""

    routes: tuple[Route, ...] = ()
    auth: Literal["required", "optional", "none"] | None = None
    login: Login | None = None
    uses: frozenset[Use] = frozenset()
    layers: frozenset[OptionalLayer] = frozenset()
    """Third-party layers in addition to those that follow from the trigger and `uses`."""
    memory: int = Field(default=512, ge=128, le=10_240)
    """MB."""
    timeout: int = Field(default=15, ge=1, le=900)
    """Seconds."""
    concurrency: int = Field(default=16, ge=1, le=1000)
    """Maximum number of concurrent invocations. On AWS it is reserved only if a declaration sets it and the environment
    reserves concurrency. The local cloud starts at most this many processes."""
    queue: QueueTrigger | None = None
    schedule: ScheduleTrigger | None = None


Kind = Literal["api", "queue", "schedule", "deploy"]
_KINDS: Mapping[str, Kind] = {"api": "api", "queues": "queue", "schedules": "schedule", "deploy": "deploy"}


@dataclass(frozen=True)
class Bindings:
    """The addresses and settings of one cloud. Environment variables of functions are made from them.

    Values may be CDK tokens.
    """

    environment: str
    database_writer: str
    """`host:port` for writes."""
    database_reader: str
    """`host:port` for reads."""
    database_name: str
    cache_url: str
    cache_token: str
    issuer: str
    audience: str
    jwks_url: str
    signing_key: str
    """Key that signs cursors and consistency tokens."""
    images_url: str
    """Base URL of the bucket `images`."""
    queues: Mapping[str, str]
    """Queue name → URL."""
    buckets: Mapping[str, str]
    """Bucket name in declarations → bucket name in this cloud."""
    mail_from: str
    """Sender of all mails: `name <address>`."""
    mail_configuration_set: str
    """Name of the SES configuration set."""
    mail_rate: str
    """Mails per second that SES allows the account."""
    passwords: Mapping[str, str]
    """Database login → password. Empty on AWS, where logins authenticate with IAM."""
    extra: Mapping[str, str]
    """Environment variables that only this cloud needs."""


class FunctionSpec(Declaration):
    """One function: its declaration, its folder, and everything that follows from them."""

    name: str
    """Its name in both clouds, e.g. `api-products-read` or `queues-drops`."""
    kind: Kind
    folder: Path

    @cached_property
    def handler(self) -> Path:
        """The file that defines `handler`, the function that AWS Lambda calls."""
        return self.folder / "handler.py"

    @cached_property
    def has_queue(self) -> bool:
        """Whether the function has a queue of its own."""
        return self.queue is not None and not self.queue.dead_letters

    @cached_property
    def queue_name(self) -> str:
        """Name of the function's own queue. Raises LookupError if it has none."""
        if not self.has_queue:
            raise LookupError(f"{self.name} has no queue of its own")
        return self.folder.name.replace("_", "-")

    def consumes(self, specs: Iterable["FunctionSpec"]) -> tuple[str, ...]:
        """Names of the queues that trigger the function. specs: all functions."""
        if self.queue is not None and self.queue.dead_letters:
            return tuple(dead_letter_queue(spec.queue_name) for spec in specs if spec.has_queue)
        return (self.queue_name,) if self.has_queue else ()

    @cached_property
    def vendor_layers(self) -> tuple[str, ...]:
        """Third-party layers of the function, the most general first."""
        layers = {"base", *self.layers}
        if self.kind == "api":
            layers.add("http")
        if "cache" in self.uses:
            layers.add("cache")
        return tuple(layer for layer in ("base", "http", *OPTIONAL_LAYERS) if layer in layers)

    def sends_to(self) -> tuple[str, ...]:
        """Names of the queues to which the function sends messages."""
        return tuple(sorted(use.split(":")[1] for use in self.uses if use.startswith("queue:")))

    def bucket_access(self) -> Mapping[str, frozenset[str]]:
        """Map each bucket that the function uses to its verbs there: list, read, write."""
        access: dict[str, set[str]] = {}
        for use in self.uses:
            if use.startswith("bucket:"):
                _, bucket, verb = use.split(":")
                access.setdefault(bucket, set()).add(verb)
        return {bucket: frozenset(verbs) for bucket, verbs in sorted(access.items())}

    def environment(self, cloud: Bindings) -> dict[str, str]:
        """The environment variables of the function. They contain only what the declaration uses.

        `wecelebrate.core.settings.Settings` reads them.
        """
        env = {
            "WC_ENVIRONMENT": cloud.environment,
            "POWERTOOLS_SERVICE_NAME": self.name,
            "POWERTOOLS_METRICS_NAMESPACE": "wecelebrate",
            **cloud.extra,
        }
        if self.kind == "api" or (self.kind == "queue" and "database:write" in self.uses):
            # It signs cursors, and the consistency tokens of requests and of job results.
            env["WC_SIGNING_KEY"] = cloud.signing_key
        if self.queue:
            env |= {
                "WC_WORKERS": str(self.queue.maximum_concurrency),
                "WC_RATE": str(self.queue.rate),
                "WC_MAX_RECEIVES": str(self.queue.max_receives),
            }
        if self.auth == "optional":
            env |= {"WC_ISSUER": cloud.issuer, "WC_AUDIENCE": cloud.audience, "WC_JWKS_URL": cloud.jwks_url}
        if self.login and self.uses & {"database:read", "database:write"}:
            env |= {"WC_DATABASE_LOGIN": self.login, "WC_DATABASE_NAME": cloud.database_name}
            # Functions that only read get the writer's address too: they use it if the replica is down or lags.
            env["WC_DATABASE_WRITER"] = cloud.database_writer
            env["WC_DATABASE_READER"] = cloud.database_reader
            if cloud.passwords:
                env["WC_DATABASE_PASSWORD"] = cloud.passwords[self.login]
        if "cache" in self.uses:
            env |= {"WC_CACHE_URL": cloud.cache_url, "WC_CACHE_TOKEN": cloud.cache_token}
        if "images" in self.uses:
            env["WC_IMAGES_URL"] = cloud.images_url
        if "email" in self.uses:
            env |= {"WC_MAIL_CONFIGURATION_SET": cloud.mail_configuration_set, "WC_RATE": cloud.mail_rate}
        if "email" in self.uses or "mail" in self.layers:
            env["WC_MAIL_FROM"] = cloud.mail_from
        env |= {f"WC_QUEUE_{_variable(name)}": cloud.queues[name] for name in self.sends_to()}
        env |= {f"WC_BUCKET_{_variable(name)}": cloud.buckets[name] for name in self.bucket_access()}
        return env

    @model_validator(mode="after")
    def _check_trigger(self) -> Self:
        api, uses_database = self.kind == "api", bool(self.uses & {"database:read", "database:write"})
        problems = [
            (api and not self.routes, "an API function needs `routes`"),
            (api and self.auth is None, 'an API function needs `auth`: "required", "optional" or "none"'),
            (
                api and self.timeout > 29,
                "`timeout` must be at most 29, because the HTTP API times out after 30 seconds",
            ),
            (not api and (self.routes or self.auth), "only an API function may have `routes` and `auth`"),
            (self.kind == "queue" and self.queue is None, "a queue function needs a [queue] table"),
            (self.kind != "queue" and self.queue is not None, "only a queue function may have a [queue] table"),
            (self.kind == "schedule" and self.schedule is None, "a scheduled function needs a [schedule] table"),
            (
                self.kind != "schedule" and self.schedule is not None,
                "only a scheduled function may have a [schedule] table",
            ),
            (uses_database and not self.login, "a function that uses the database needs `login`"),
            (
                bool(self.queue and 0 < self.queue.visibility < self.timeout),
                "`visibility` must not be shorter than `timeout`",
            ),
        ]
        for applies, message in problems:
            if applies:
                raise ValueError(message)
        return self

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the function in `folder`. Raises BadDeclaration with the file and the key that is wrong."""
        file = folder / "function.toml"
        path = folder.relative_to(_functions_root(folder))
        try:
            declaration: dict[str, Any] = tomllib.loads(file.read_text("utf-8"))
            if not (folder / "handler.py").is_file():
                raise BadDeclaration(f"{file}: add a handler.py to its folder")
            if path.parts[0] not in _KINDS:
                raise BadDeclaration(f"{file}: move its folder below functions/{{{','.join(_KINDS)}}}")
            name = "-".join(path.parts).replace("_", "-")
            return cls(**declaration, name=name, kind=_KINDS[path.parts[0]], folder=folder)
        except tomllib.TOMLDecodeError as error:
            raise BadDeclaration(f"{file}: {error}") from error
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(str(part) for part in first["loc"]) or "declaration"
            raise BadDeclaration(f"{file}: {key}: {first['msg']}") from error


def functions(root: Path = FUNCTIONS) -> tuple[FunctionSpec, ...]:
    """Read all functions below `root`, sorted by name.

    Raises BadDeclaration if a declaration is not valid, if two functions serve the same route, or if a function sends
    to a queue that no function consumes.
    """
    specs = tuple(
        sorted((FunctionSpec.read(file.parent) for file in root.rglob("function.toml")), key=lambda spec: spec.name)
    )
    function_by_route: dict[str, str] = {}
    for spec in specs:
        for route in spec.routes:
            shape = re.sub(r"\{[^}]*\}", "{}", route)
            if shape in function_by_route:
                raise BadDeclaration(
                    f"{spec.folder / 'function.toml'}: {route} is already served by {function_by_route[shape]}"
                )
            function_by_route[shape] = spec.name
    queues = {spec.queue_name for spec in specs if spec.has_queue}
    for spec in specs:
        for name in spec.sends_to():
            if name not in queues:
                raise BadDeclaration(f"{spec.folder / 'function.toml'}: uses queue:{name}, which no function consumes")
    return specs


def bucket_names(specs: tuple[FunctionSpec, ...]) -> tuple[str, ...]:
    """Names of all buckets that functions use or whose notifications trigger them."""
    used = {bucket for spec in specs for bucket in spec.bucket_access()}
    notifying = {spec.queue.bucket for spec in specs if spec.queue and spec.queue.bucket}
    return tuple(sorted(used | notifying))


DEAD_LETTERS_VISIBILITY = 180
"""Visibility timeout of dead-letter queues, in seconds: six times the timeout of the function that consumes them."""


def dead_letter_queue(queue: str) -> str:
    """Name of the dead-letter queue of `queue`."""
    return f"{queue}-dead-letters"


def _functions_root(folder: Path) -> Path:
    for parent in folder.parents:
        if parent.name == "functions":
            return parent
    raise BadDeclaration(f"{folder} must be below a folder named `functions`")


def _variable(name: str) -> str:
    return name.upper().replace("-", "_")
