"""Reads the declaration of each function from its file `function.toml` into a `FunctionSpec`.

Each folder below `functions/` that contains a `function.toml` and a `handler.py` is a function. The path of the folder
determines what triggers the function::

    functions/api/<resource>/<intent>/   routes of the HTTP API
    functions/queues/<queue>/            messages of the SQS queue <queue>, written with `-` instead of `_`
    functions/schedules/<name>/          a schedule of EventBridge Scheduler
    functions/deploy/<name>/             a step of the deploy

The CDK app and the local cloud create all resources from these specs. Only the benchmarks also contain names of
functions.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from infra.bindings import Bindings
from infra.http_api import HttpApi, api_of, path_of, route_problem
from wecelebrate.core import route_table

ROOT = Path(__file__).parent.parent
FUNCTIONS = ROOT / "functions"

Route = Annotated[str, StringConstraints(pattern=r"^((GET|POST|PUT|PATCH|DELETE) /[A-Za-z0-9_{}/.-]*|\$default)$")]
DEFAULT_ROUTE = "$default"
"""The route of all requests that match no other route."""
OptionalLayer = Literal[
    "addresses", "cache", "domains", "files", "images", "mail", "parquet", "spreadsheets", "webhooks"
]
OPTIONAL_LAYERS: tuple[OptionalLayer, ...] = get_args(OptionalLayer)
Login = Literal["wc_public", "wc_api", "wc_worker", "wc_kv", "wc_migrate"]
Use = Annotated[
    str,
    StringConstraints(
        pattern=r"^(database:(read|write)|cache|email|images|internet|kv|(queue|worker):[a-z][a-z0-9-]*"
        r"|bucket:[a-z][a-z0-9-]*:(list|read|write|delete))$"
    ),
]


class BadDeclaration(Exception):
    """A `function.toml` is not valid."""


class _StrictModel(BaseModel):
    """The base class for tables in a `function.toml`. An unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class QueueTrigger(_StrictModel):
    """The [queue] table: how SQS delivers messages to the function."""

    batch_size: int = Field(default=10, ge=1, le=10_000)
    window: int = Field(default=0, ge=0, le=300)
    """The maximum time to wait until a batch is full, in seconds."""
    maximum_concurrency: int = Field(default=3, ge=2, le=1000)
    """The maximum number of workers that run at the same time. AWS requires at least 2."""
    rate: float = Field(default=50.0, ge=0.2, le=10_000)
    """The maximum number of jobs that all workers together start in a second. If `uses` contains `email`, the rate of
    the SES account (`Bindings.mail_rate`) replaces this value."""
    visibility: int = Field(default=0, ge=0, le=43_200)
    """The visibility timeout of the queue, in seconds. 0 means six times the timeout of the function, as AWS
    recommends."""
    max_receives: int = Field(default=3, ge=1, le=1000)
    """The number of deliveries after which SQS moves a message to the dead-letter queue."""
    retention_days: int = Field(default=4, ge=1, le=12)
    """The number of days for which SQS keeps a message. A message of a job can be lost, because the job is a row in the
    database. Queues whose messages are the only copy of their content keep messages longer, because their consumer can
    be stopped for days. The dead-letter queue keeps a message until 14 days after it was sent."""
    bucket: str | None = None
    """The bucket that sends its ObjectCreated notifications to this queue."""
    mail_events: bool = False
    """Whether the events about the delivery of mails are sent to this queue."""
    dead_letters: bool = False
    """Whether the function consumes the dead-letter queues of all other functions. If true, the function has no queue
    of its own."""

    @model_validator(mode="after")
    def _require_window_for_large_batches(self) -> Self:
        if self.batch_size > 10 and self.window < 1:
            raise ValueError("`batch_size` above 10 requires a `window` of at least 1 second")
        return self


class ScheduleTrigger(_StrictModel):
    """The [schedule] table: the times at which EventBridge Scheduler calls the function."""

    expression: Annotated[str, StringConstraints(pattern=r"^(rate|cron)\(.+\)$")]
    timezone: str = "UTC"


class Declaration(_StrictModel):
    """The keys of a `function.toml`."""

    routes: tuple[Route, ...] = ()
    auth: Literal["required", "optional", "none"] | None = None
    protocol: Literal["json", "postgrest"] = "json"
    """The protocol of an API function. `json` is the protocol of the platform's API: JSON and problem documents.
    `postgrest` is the protocol of PostgREST. Only `json` functions are in the OpenAPI document."""
    login: Login | None = None
    uses: frozenset[Use] = frozenset()
    layers: frozenset[OptionalLayer] = frozenset()
    """Additional third-party layers. The trigger and `uses` already determine the other layers."""
    memory: int = Field(default=512, ge=128, le=10_240)
    """The memory limit in MB."""
    disk: int = Field(default=512, ge=512, le=10_240)
    """The size of the temporary folder in MB. The local cloud does not limit it."""
    timeout: int = Field(default=15, ge=1, le=900)
    """The maximum duration of an invocation, in seconds."""
    concurrency: int = Field(default=16, ge=1, le=1000)
    """The maximum number of concurrent invocations. AWS reserves this concurrency only if the declaration contains this
    key and the account allows enough concurrency. The local cloud starts at most this number of processes."""
    queue: QueueTrigger | None = None
    schedule: ScheduleTrigger | None = None


Kind = Literal["api", "queue", "schedule", "deploy"]
_KINDS: Mapping[str, Kind] = {"api": "api", "queues": "queue", "schedules": "schedule", "deploy": "deploy"}


class FunctionSpec(Declaration):
    """One function: its declaration, its folder, and the values that follow from them."""

    name: str
    """The name of the function on AWS and in the local cloud, e.g. `api-products-read` or `queues-drops`."""
    kind: Kind
    folder: Path

    @cached_property
    def served_routes(self) -> tuple[str, ...]:
        """The declared routes, and the route HEAD for each route GET."""
        heads = tuple(f"HEAD {route.removeprefix('GET ')}" for route in self.routes if route.startswith("GET "))
        return self.routes + heads

    def routes_in(self, api: HttpApi) -> tuple[str, ...]:
        """Return the served routes that belong to one HTTP API on AWS. `$default` belongs to every API."""
        return tuple(route for route in self.served_routes if route == DEFAULT_ROUTE or api_of(path_of(route)) == api)

    @cached_property
    def is_fallback(self) -> bool:
        """Whether the function answers the requests that match no route."""
        return DEFAULT_ROUTE in self.routes

    @cached_property
    def is_documented(self) -> bool:
        """Whether the OpenAPI document contains the routes of the function."""
        return self.kind == "api" and not self.is_fallback and self.protocol == "json"

    @cached_property
    def handler(self) -> Path:
        """The file that defines `handler`, the function that AWS Lambda calls."""
        return self.folder / "handler.py"

    @cached_property
    def has_queue(self) -> bool:
        """Whether the function has its own queue."""
        return self.queue is not None and not self.queue.dead_letters

    @cached_property
    def queue_name(self) -> str:
        """The name of the function's own queue. Raises LookupError if the function has no queue."""
        if not self.has_queue:
            raise LookupError(f"{self.name} has no queue of its own")
        return self.folder.name.replace("_", "-")

    def consumes(self, specs: Iterable["FunctionSpec"]) -> tuple[str, ...]:
        """Return the names of the queues that trigger the function. specs: all functions."""
        if self.queue is not None and self.queue.dead_letters:
            return tuple(dead_letter_queue(spec.queue_name) for spec in specs if spec.has_queue)
        return (self.queue_name,) if self.has_queue else ()

    @cached_property
    def vendor_layers(self) -> tuple[str, ...]:
        """The third-party layers of the function. `base` and `http` are first. The optional layers have the order of
        OPTIONAL_LAYERS."""
        layers = {"base", *self.layers}
        if self.kind == "api":
            layers.add("http")
        if "cache" in self.uses:
            layers.add("cache")
        return tuple(layer for layer in ("base", "http", *OPTIONAL_LAYERS) if layer in layers)

    def sends_to(self) -> tuple[str, ...]:
        """Return the names of the queues to which the function sends messages."""
        return tuple(sorted(use.split(":")[1] for use in self.uses if use.startswith("queue:")))

    def starts(self) -> tuple[str, ...]:
        """Return the names of the queues whose workers the function starts directly while SQS is switched off."""
        return tuple(sorted(use.split(":")[1] for use in self.uses if use.startswith("worker:")))

    def bucket_access(self) -> Mapping[str, frozenset[str]]:
        """Return a mapping from bucket to the operations that the function declares for it: `list`, `read`, `write` or
        `delete`."""
        access: dict[str, set[str]] = {}
        for use in self.uses:
            if use.startswith("bucket:"):
                _, bucket, verb = use.split(":")
                access.setdefault(bucket, set()).add(verb)
        return {bucket: frozenset(verbs) for bucket, verbs in sorted(access.items())}

    def environment(self, cloud: Bindings) -> dict[str, str]:
        """Return the environment variables of the function, which `wecelebrate.core.settings.Settings` reads.

        The result contains only the values that the function needs according to its declaration.
        """
        env = {
            "WC_ENVIRONMENT": cloud.environment,
            "POWERTOOLS_SERVICE_NAME": self.name,
            "POWERTOOLS_METRICS_NAMESPACE": "wecelebrate",
            **cloud.extra,
        }
        if self.kind == "api":
            optional = {"WC_DOCS_URL": cloud.docs_url, "WC_ORIGIN_SECRETS": cloud.origin_secrets}
            env |= {name: value for name, value in optional.items() if value}
        if self.is_fallback:
            env["WC_ROUTES"] = cloud.routes
        if (self.kind == "api" and self.uses) or (self.kind == "queue" and "database:write" in self.uses):
            # API functions sign cursors and consistency tokens. Workers sign the consistency tokens in job results.
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
            # A function that only reads also gets the address of the writer. If the replica is down or its lag is too
            # large, the function reads from the writer.
            env["WC_DATABASE_WRITER"] = cloud.database_writer
            env["WC_DATABASE_READER"] = cloud.database_reader
            if self.kind != "deploy":
                env["WC_PLATFORM_DOMAIN"] = cloud.platform_domain
            if cloud.passwords:
                env["WC_DATABASE_PASSWORD"] = cloud.passwords[self.login]
        if "cache" in self.uses:
            env |= {"WC_CACHE_URL": cloud.cache_url, "WC_CACHE_TOKEN": cloud.cache_token}
        env |= {
            variable: value
            for use, variable, value in (
                ("kv", "WC_KV_KEY_HASHES", cloud.kv_key_hashes),
                ("images", "WC_IMAGES_URL", cloud.images_url),
            )
            if use in self.uses
        }
        if "email" in self.uses:
            env |= {"WC_MAIL_CONFIGURATION_SET": cloud.mail_configuration_set, "WC_RATE": cloud.mail_rate}
        if "email" in self.uses or "mail" in self.layers:
            env |= {"WC_MAIL_FROM": cloud.mail_from, "WC_API_URL": cloud.api_url}
        env |= {f"WC_QUEUE_{_variable(name)}": cloud.queues[name] for name in self.sends_to()}
        env |= {f"WC_WORKER_{_variable(name)}": cloud.function_prefix + worker(name) for name in self.starts()}
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
            (
                not api and (self.routes or self.auth or self.protocol != "json"),
                "only an API function may have `routes`, `auth` and `protocol`",
            ),
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

    @model_validator(mode="after")
    def _check_apis(self) -> Self:
        for route in self.routes:
            if problem := route_problem(path_of(route), requires_token=self.auth == "required"):
                raise ValueError(f"{route}: {problem}")
        return self

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the function in `folder`.

        Raises BadDeclaration with a message that names the file and the invalid key.
        """
        file = folder / "function.toml"
        path = folder.relative_to(_functions_root(folder))
        try:
            declaration: dict[str, Any] = tomllib.loads(file.read_text("utf-8"))
            if not (folder / "handler.py").is_file():
                raise BadDeclaration(f"{file}: its folder has no handler.py: add one")
            if path.parts[0] not in _KINDS:
                raise BadDeclaration(
                    f"{file}: its folder is in the wrong place: move it below functions/{{{','.join(_KINDS)}}}"
                )
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
        for kind, names in (("queue", spec.sends_to()), ("worker", spec.starts())):
            for name in names:
                if name not in queues:
                    raise BadDeclaration(
                        f"{spec.folder / 'function.toml'}: `uses` contains `{kind}:{name}`,"
                        " but no function consumes this queue"
                    )
    return specs


def worker(queue: str) -> str:
    """Return the name of the function that consumes `queue`."""
    return f"queues-{queue}"


def encoded_routes(specs: Iterable[FunctionSpec]) -> str:
    """Return the routes of all functions in the form of `Bindings.routes`."""
    return route_table.encode(route for spec in specs for route in spec.served_routes if route != DEFAULT_ROUTE)


LOCKED_BUCKETS: Mapping[str, int] = {"erasures": 400}
"""Maps a bucket to the number of days for which nobody can change or delete its objects (Object Lock). The list of
erasures must exist longer than every backup of the database, because the erasures are repeated after a restore."""


def bucket_names(specs: tuple[FunctionSpec, ...]) -> tuple[str, ...]:
    """Return the names of all buckets that functions use, or that send notifications to the queues of functions."""
    used = {bucket for spec in specs for bucket in spec.bucket_access()}
    notifying = {spec.queue.bucket for spec in specs if spec.queue and spec.queue.bucket}
    return tuple(sorted(used | notifying))


DEAD_LETTERS_VISIBILITY = 180
"""The visibility timeout of all dead-letter queues, in seconds. It is six times the timeout of the function that
consumes these queues."""


def dead_letter_queue(queue: str) -> str:
    """Return the name of the dead-letter queue that belongs to `queue`."""
    return f"{queue}-dead-letters"


def _functions_root(folder: Path) -> Path:
    for parent in folder.parents:
        if parent.name == "functions":
            return parent
    raise BadDeclaration(f"{folder} must be below a folder named `functions`")


def _variable(name: str) -> str:
    return name.upper().replace("-", "_")
