"""Settings of the HTTP API that are the same on AWS and in the local cloud, and the APIs into which AWS divides it.

Callers see one API: one host, one set of paths and one OpenAPI document. The local cloud also has one gateway. API
Gateway limits the routes of an HTTP API, so on AWS the paths are divided among the APIs in `APIS`, and CloudFront sends
each request to the API of its path (docs/decisions, 0106).
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Cors:
    """The CORS settings of the gateway.

    Every origin is allowed. This is safe because a browser adds cookies to a request by itself, but never a token.
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
"""The number of routes that an HTTP API can have. AWS can raise this quota (L-65B5C802).

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
"""
USABLE_ROUTES = MAX_ROUTES * 8 // 10
"""The number of routes that an API of the platform can have. A test fails above this number, so that paths are moved to
another API before the quota is used up."""


@dataclass(frozen=True)
class HttpApi:
    """One HTTP API of API Gateway. The stack and the API have the same name."""

    name: str
    callers: str
    """Who calls the API, for the picture of the architecture."""
    prefixes: tuple[str, ...]
    """The beginnings of the paths of the API. Each beginning ends with `/`. For the main API, this is empty: the main
    API has all other paths."""
    rate: int
    """The maximum number of requests per second. AWS allows 10,000 requests per second for all APIs of an account
    together. The functions themselves limit the requests of each client."""
    burst: int
    only_staff: bool = False
    """Whether every route requires a token of the staff console. The API refuses the tokens of machines."""
    max_errors: int = 10
    """An alarm is raised if this number of responses has a status 5xx within 5 minutes."""
    max_latency: int | None = 3_000
    """An alarm is raised if 1 % of the requests take longer than this number of milliseconds. None means no alarm."""


MAIN_API = HttpApi("api", "clients", (), rate=2_000, burst=1_000)
"""The API of members and machines of clients, with all paths that no other API has."""
STOREFRONT_API = HttpApi("storefront-api", "storefronts", ("/v1/storefront/",), rate=2_000, burst=1_000)
"""The API of the visitors of shops. A flood of visitors does not use up the requests of the other APIs."""
STAFF_API = HttpApi(
    "staff-api",
    "staff",
    ("/v1/admin/",),
    rate=100,
    burst=100,
    only_staff=True,
    # The API has few requests, so a fault causes few errors, and one long step of a migration is 1 % of the requests.
    # The alarm `slow` of each function reports a step that comes near its timeout.
    max_errors=3,
    max_latency=None,
)
"""The API of the platform's own staff."""
APIS = (MAIN_API, STOREFRONT_API, STAFF_API)
PATTERNS: Mapping[str, HttpApi] = {f"{prefix}*": api for api in APIS for prefix in api.prefixes}
"""Maps each path pattern of CloudFront to its API. The main API has all paths that match no pattern."""
PATHS_OUTPUT = "paths"
"""The output of the stack `edge` with `sent_paths`. A deploy compares the output with the paths of its own release."""


def sent_paths() -> tuple[str, ...]:
    """Return the path patterns that CloudFront sends to an API other than the main API, e.g. `/v1/admin/*
    staff-api`."""
    return tuple(f"{pattern} {api.name}" for pattern, api in PATTERNS.items())


def path_of(route: str) -> str:
    """Return the path of a route such as `GET /v1/clients`. The route `$default` has an empty path."""
    return route.partition(" ")[2]


def api_of(path: str) -> HttpApi:
    """Return the API that has a path. path: the path of a request or of a route, or a path pattern of CloudFront."""
    return next((api for api in APIS if path.startswith(api.prefixes)), MAIN_API)


def route_problem(path: str, *, requires_token: bool) -> str | None:
    """Return the reason why no API can have a route with this path, or None if an API can have it.

    A request to a route can have the prefix of another API if the route has a parameter in the place of this prefix.
    For example, CloudFront would send a request to `/v1/admin/products` to the staff API, also if the main API had a
    route `/v1/{area}/products`.
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
