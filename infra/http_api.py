"""Settings of the HTTP API that are the same on AWS and in the local cloud, and the HTTP APIs of AWS.

Callers see one API with one host, one set of paths and one OpenAPI document, and the local cloud has one gateway. API
Gateway limits the number of routes of an HTTP API. On AWS, the paths are therefore divided among the APIs in `APIS`,
and CloudFront sends each request to the API of its path (docs/decisions, 0106).
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Cors:
    """The CORS settings of the gateway.

    Every origin is allowed. This is safe, because a browser can add cookies to a request by itself, but never a
    token.
    """

    allow_origins: tuple[str, ...] = ("*",)
    allow_methods: tuple[str, ...] = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
    allow_headers: tuple[str, ...] = (
        "authorization",
        "content-type",
        "consistency-token",
        "idempotency-key",
        "if-match",
        "if-none-match",
    )
    expose_headers: tuple[str, ...] = (
        "allow",
        "cache-status",
        "consistency-token",
        "etag",
        "idempotent-replayed",
        "job-dispatch",
        "link",
        "location",
        "ratelimit",
        "ratelimit-policy",
        "retry-after",
        "x-request-id",
    )
    max_age: int = 3600
    """The number of seconds for which a browser is allowed to cache the response to a preflight request."""


CORS = Cors()

IDENTITY_SOURCE = "$request.header.Authorization"
"""The header from which the JWT authorizer reads the token."""

INTEGRATION_TIMEOUT = 30.0
"""The time within which a function must respond, in seconds. AWS does not allow a longer time."""

REQUEST_LIMIT = 10 * 1024 * 1024
"""The maximum size of a request body, in bytes. This is the limit of API Gateway."""

MAX_ROUTES = 300
"""The maximum number of routes of an HTTP API. AWS can raise this quota (L-65B5C802).

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
"""
USABLE_ROUTES = MAX_ROUTES * 8 // 10
"""The maximum number of routes of an API of the platform. Above this number, a test fails. A developer must then move
paths to another API, before the quota is used up."""


@dataclass(frozen=True)
class HttpApi:
    """One HTTP API of API Gateway. The stack and the API have the same name."""

    name: str
    callers: str
    """The callers of the API, as a label in the picture of the architecture."""
    prefixes: tuple[str, ...]
    """The prefixes of the paths of the API. Each prefix ends with `/`. The main API has no prefixes, because it has all
    other paths."""
    rate: int
    """The maximum number of requests per second. AWS allows 10,000 requests per second for all APIs of an account
    together. The functions themselves limit the requests of each client."""
    burst: int
    only_staff: bool = False
    """Whether every route requires a token of the staff console. The API refuses the tokens of machines."""
    max_errors: int = 10
    """The number of responses with a status 5xx in 5 minutes that raises an alarm."""
    max_latency: int | None = 3_000
    """The duration in milliseconds for an alarm: the alarm is raised if 1 % of the requests take longer. None means no
    alarm."""


MAIN_API = HttpApi("api", "clients", (), rate=2_000, burst=1_000)
"""The API of members and machines of clients. It has all paths that belong to no other API."""
STOREFRONT_API = HttpApi("storefront-api", "storefronts", ("/v1/storefront/",), rate=2_000, burst=1_000)
"""The API of the visitors of shops. It is separate, so that a flood of visitors does not use up the requests of the
other APIs."""
STAFF_API = HttpApi(
    "staff-api",
    "staff",
    ("/v1/admin/",),
    rate=100,
    burst=100,
    only_staff=True,
    # The API has few requests. Therefore a fault causes few errors, and a single long request of a migration can be 1 %
    # of the requests. If a request comes near its timeout, the alarm `slow` of its function is raised.
    max_errors=3,
    max_latency=None,
)
"""The API of the platform's own staff."""
APIS = (MAIN_API, STOREFRONT_API, STAFF_API)
PATTERNS: Mapping[str, HttpApi] = {f"{prefix}*": api for api in APIS for prefix in api.prefixes}
"""Maps each path pattern of CloudFront to its API. The main API has all paths that match no pattern."""
PATHS_OUTPUT = "paths"
"""The name of the output of the stack `edge` that contains `sent_paths`. A deploy compares the output with the paths of
its release."""


def sent_paths() -> tuple[str, ...]:
    """Return the path patterns of requests that CloudFront does not send to the main API, each with its API, e.g.
    `/v1/admin/* staff-api`."""
    return tuple(f"{pattern} {api.name}" for pattern, api in PATTERNS.items())


def path_of(route: str) -> str:
    """Return the path of a route such as `GET /v1/clients`. The route `$default` has an empty path."""
    return route.partition(" ")[2]


def api_of(path: str) -> HttpApi:
    """Return the API to which a path belongs. path: the path of a request or of a route, or a path pattern of
    CloudFront."""
    return next((api for api in APIS if path.startswith(api.prefixes)), MAIN_API)


def route_problem(path: str, *, requires_token: bool) -> str | None:
    """Return the reason why a route cannot have this path, or None if the path is possible.

    If a route has a parameter in the place of a prefix, CloudFront can send its requests to the wrong API. For example,
    a request to `/v1/admin/products` reaches the staff API, even if the main API has a route `/v1/{area}/products`.
    """
    own = api_of(path)
    if own.only_staff and not requires_token:
        return f'{own.name} has only routes for staff: set `auth = "required"`, or use another path'
    segments = path.split("/")
    for api in APIS:
        for prefix in api.prefixes if api != own else ():
            beginning = prefix.split("/")[:-1]
            if len(segments) > len(beginning) and all(
                segment == expected or segment.startswith("{")
                for segment, expected in zip(segments, beginning, strict=False)
            ):
                return f"requests below {prefix} belong to {api.name}: use no parameter in the place of this prefix"
    return None
