"""What a function is: every `function.toml`, read into one `FunctionSpec`.

A folder of `functions/` that holds a `function.toml` and a `handler.py` is a function; where it lies says what
triggers it::

    functions/api/<resource>/<intent>/   routes of the HTTP API
    functions/queues/<queue>/            messages of one SQS queue (the folder names it, `_` for `-`)
    functions/schedules/<name>/          EventBridge Scheduler
    functions/deploy/<name>/             a step of the deploy

CDK and the local cloud build on these specs alone: nothing else in `infra` knows a function by its name.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
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
    """A function.toml says something that no function can be made of."""


class _Declared(BaseModel):
    """A part of a declaration: an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class QueueTrigger(_Declared):
    """How SQS hands messages to the function of a queue."""

    batch_size: int = Field(default=10, ge=1, le=10_000)
    window: int = Field(default=0, ge=0, le=300)
    """Longest wait for a batch to fill, in seconds."""
    maximum_concurrency: int = Field(default=3, ge=2, le=1000)
    """Workers that SQS runs at once; AWS takes no less than 2."""
    rate: float = Field(default=50.0, ge=0.2, le=10_000)
    """Jobs a second that all workers together begin; of mails the cloud says how many, as SES allows the account."""
    visibility: int = Field(default=0, ge=0, le=43_200)
    """Seconds a message is hidden while it is worked on; 0 means six times the timeout, as AWS advises."""
    max_receives: int = Field(default=3, ge=1, le=1000)
    """Deliveries before a message goes to the dead-letter queue."""
    bucket: str | None = None
    """A bucket whose ObjectCreated notifications feed this queue."""
    mail_events: bool = False
    """Whether SES tells this queue what becomes of mails."""
    dead_letters: bool = False
    """Whether it has the dead-letter queues of all others in place of a queue of its own."""

    @model_validator(mode="after")
    def _wants_a_window(self) -> Self:
        if self.batch_size > 10 and self.window < 1:
            raise ValueError("SQS gives batches of more than 10 only with a window of at least 1 second")
        return self


class ScheduleTrigger(_Declared):
    """When EventBridge Scheduler calls the function."""

    expression: Annotated[str, StringConstraints(pattern=r"^(rate|cron)\(.+\)$")]
    timezone: str = "UTC"


class Declaration(_Declared):
    """The keys of a `function.toml`."""

    routes: tuple[Route, ...] = ()
    auth: Literal["required", "optional", "none"] | None = None
    login: Login | None = None
    uses: frozenset[Use] = frozenset()
    layers: frozenset[OptionalLayer] = frozenset()
    """Third-party layers beyond those that the trigger and `uses` bring."""
    memory: int = Field(default=512, ge=128, le=10_240)
    """MB."""
    timeout: int = Field(default=15, ge=1, le=900)
    """Seconds."""
    concurrency: int = Field(default=16, ge=1, le=1000)
    """Invocations at once: reserved on AWS where that is asked of it, the number of processes here."""
    queue: QueueTrigger | None = None
    schedule: ScheduleTrigger | None = None


Kind = Literal["api", "queue", "schedule", "deploy"]
_KINDS: Mapping[str, Kind] = {"api": "api", "queues": "queue", "schedules": "schedule", "deploy": "deploy"}


@dataclass(frozen=True)
class Bindings:
    """Where one cloud keeps what functions use. Values may be CDK tokens."""

    environment: str
    database_writer: str
    """`host:port` that writes go to."""
    database_reader: str
    """`host:port` that reads go to."""
    database_name: str
    cache_url: str
    cache_token: str
    issuer: str
    audience: str
    jwks_url: str
    signing_key: str
    """Key that cursors and consistency tokens are signed with."""
    images_url: str
    """Where the bucket of images is shown."""
    queues: Mapping[str, str]
    """Queue name → URL."""
    buckets: Mapping[str, str]
    """Our name of a bucket → its name in this cloud."""
    mail_from: str
    """The address that mails come from."""
    mail_configuration_set: str
    """What SES sends them by."""
    mail_rate: str
    """Mails a second that SES takes of us."""
    passwords: Mapping[str, str]
    """Database login → password; empty on AWS, where logins authenticate by IAM."""
    extra: Mapping[str, str]
    """What only this cloud needs."""


class FunctionSpec(Declaration):
    """One function: its declaration, its place, and all that follows from them."""

    name: str
    """`api-products-read`, `queues-drops`: its name in both clouds."""
    kind: Kind
    folder: Path

    @cached_property
    def handler(self) -> Path:
        """The file whose `handler` AWS Lambda calls."""
        return self.folder / "handler.py"

    @cached_property
    def has_queue(self) -> bool:
        """Whether a queue of its own triggers it."""
        return self.queue is not None and not self.queue.dead_letters

    @cached_property
    def queue_name(self) -> str:
        """The queue of its own that triggers it."""
        if not self.has_queue:
            raise LookupError(f"{self.name} has no queue of its own")
        return self.folder.name.replace("_", "-")

    def consumes(self, specs: Iterable["FunctionSpec"]) -> tuple[str, ...]:
        """Names of the queues that trigger it; `specs` are all functions."""
        if self.queue is not None and self.queue.dead_letters:
            return tuple(dead_letter_queue(spec.queue_name) for spec in specs if spec.has_queue)
        return (self.queue_name,) if self.has_queue else ()

    @cached_property
    def vendor_layers(self) -> tuple[str, ...]:
        """Third-party layers it mounts, most general first."""
        wanted = {"base", *self.layers}
        if self.kind == "api":
            wanted.add("http")
        if "cache" in self.uses:
            wanted.add("cache")
        return tuple(layer for layer in ("base", "http", *OPTIONAL_LAYERS) if layer in wanted)

    def sends_to(self) -> tuple[str, ...]:
        """Names of the queues it sends to."""
        return tuple(sorted(use.split(":")[1] for use in self.uses if use.startswith("queue:")))

    def bucket_access(self) -> Mapping[str, frozenset[str]]:
        """Bucket → what it does there: list, read, write."""
        access: dict[str, set[str]] = {}
        for use in self.uses:
            if use.startswith("bucket:"):
                _, bucket, verb = use.split(":")
                access.setdefault(bucket, set()).add(verb)
        return {bucket: frozenset(verbs) for bucket, verbs in sorted(access.items())}

    def environment(self, cloud: Bindings) -> dict[str, str]:
        """The environment variables it runs with: what it declares to use, and no more.

        `wecelebrate.core.settings.Settings` is their reader.
        """
        env = {
            "WC_ENVIRONMENT": cloud.environment,
            "POWERTOOLS_SERVICE_NAME": self.name,
            "POWERTOOLS_METRICS_NAMESPACE": "wecelebrate",
            **cloud.extra,
        }
        if self.kind == "api" or (self.kind == "queue" and "database:write" in self.uses):
            # Cursors, and the consistency tokens of requests and of jobs' results.
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
            # A reader needs the writer's address too: a replica that is gone or behind hands its reads over.
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
    def _fits_its_trigger(self) -> Self:
        api = self.kind == "api"
        problems = [
            (api and not self.routes, "a function of the API needs routes"),
            (api and self.auth is None, 'a function of the API says auth = "required", "optional" or "none"'),
            (api and self.timeout > 29, "the HTTP API gives up after 30 seconds: timeout is at most 29"),
            (not api and (self.routes or self.auth), "only a function of the API has routes and auth"),
            (self.kind == "queue" and self.queue is None, "a function of a queue needs a [queue] table"),
            (self.kind != "queue" and self.queue is not None, "only a function of a queue has a [queue] table"),
            (self.kind == "schedule" and self.schedule is None, "a function of a schedule needs a [schedule] table"),
            (self.kind != "schedule" and self.schedule is not None, "only a function of a schedule has a [schedule]"),
            (bool(self.uses & {"database:read", "database:write"}) and not self.login, "the database needs a login"),
            (bool(self.queue and 0 < self.queue.visibility < self.timeout), "visibility is shorter than the timeout"),
        ]
        for wrong, why in problems:
            if wrong:
                raise ValueError(why)
        return self

    @classmethod
    def read(cls, folder: Path) -> Self:
        """The function in `folder`. Raises BadDeclaration, naming file and key."""
        file = folder / "function.toml"
        place = folder.relative_to(_functions_root(folder))
        try:
            declared: dict[str, Any] = tomllib.loads(file.read_text("utf-8"))
            if not (folder / "handler.py").is_file():
                raise BadDeclaration(f"{file}: there is no handler.py beside it")
            if place.parts[0] not in _KINDS:
                raise BadDeclaration(f"{file}: functions live under {', '.join(_KINDS)}")
            name = "-".join(place.parts).replace("_", "-")
            return cls(**declared, name=name, kind=_KINDS[place.parts[0]], folder=folder)
        except tomllib.TOMLDecodeError as error:
            raise BadDeclaration(f"{file}: {error}") from error
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "declaration"
            raise BadDeclaration(f"{file}: {where}: {first['msg']}") from error


def functions(root: Path = FUNCTIONS) -> tuple[FunctionSpec, ...]:
    """Every function under `root`, by name. Raises BadDeclaration for one that is wrong, or two that clash."""
    specs = tuple(sorted((FunctionSpec.read(file.parent) for file in _declarations(root)), key=lambda spec: spec.name))
    taken: dict[str, str] = {}
    for spec in specs:
        for route in spec.routes:
            shape = re.sub(r"\{[^}]*\}", "{}", route)
            if shape in taken:
                raise BadDeclaration(f"{spec.folder / 'function.toml'}: {route} is served by {taken[shape]} already")
            taken[shape] = spec.name
    queues = {spec.queue_name for spec in specs if spec.has_queue}
    for spec in specs:
        for name in spec.sends_to():
            if name not in queues:
                raise BadDeclaration(f"{spec.folder / 'function.toml'}: uses queue:{name}, which no function consumes")
    return specs


def bucket_names(specs: tuple[FunctionSpec, ...]) -> tuple[str, ...]:
    """Every bucket that a function uses or is fed by."""
    used = {bucket for spec in specs for bucket in spec.bucket_access()}
    fed = {spec.queue.bucket for spec in specs if spec.queue and spec.queue.bucket}
    return tuple(sorted(used | fed))


DEAD_LETTERS_VISIBILITY = 180
"""Seconds that a dead letter is hidden while it is taken in: six times the timeout of what does that."""


def dead_letter_queue(queue: str) -> str:
    """Name of the queue that takes what `queue` could not get done."""
    return f"{queue}-dead-letters"


def _declarations(root: Path) -> Iterator[Path]:
    return root.rglob("function.toml")


def _functions_root(folder: Path) -> Path:
    for parent in folder.parents:
        if parent.name == "functions":
            return parent
    raise BadDeclaration(f"{folder} is not below a folder called functions")


def _variable(name: str) -> str:
    return name.upper().replace("-", "_")
