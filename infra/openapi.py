"""The whole API as one OpenAPI 3.1 document, made of what the functions declare and what their apps serve.

Each operation has a success as its handler says it, and every problem that it can answer with; those that API Gateway
answers itself have the gateway's own body.
"""

import importlib.util
import sys
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from infra.functions import FunctionSpec, functions
from wecelebrate.core.errors import ProblemDocument
from wecelebrate.core.http.problems import PROBLEM
from wecelebrate.core.http.routes import KEY_HEADER
from wecelebrate.webhooks.events import EVENTS, envelope
from wecelebrate.webhooks.models import EventName

Json = dict[str, Any]

LOCAL = "http://127.0.0.1:8787"
"""Where `wecelebrate up` serves the API unless told otherwise."""
MERGE_PATCH = "application/merge-patch+json"

_DESCRIPTION = """\
Gifting and celebration shops of many companies: clients, their sites, catalogs and products, and the storefronts.

Errors are problem documents (RFC 9457): branch on `code`. Lists answer `{data, next_cursor, has_more}` with a `Link`
to the next page. Money is a decimal string. `PATCH` is a JSON Merge Patch (RFC 7396).
"""

_REFERENCE = "#/components/schemas/"
_GATEWAY = {
    "type": "object",
    "description": "What the gateway answers before a function is asked.",
    "properties": {"message": {"type": "string"}},
    "required": ["message"],
}
_REQUEST_ID = {
    "description": "Names the request in logs; a problem repeats it as `request_id`.",
    "schema": {"type": "string"},
}
_LINK = {"description": 'The next page: `<…>; rel="next"` (RFC 8288).', "schema": {"type": "string"}}
_CHALLENGE = {"description": "How to authenticate (RFC 6750).", "schema": {"type": "string"}}
_RETRY = {"description": "Seconds to wait.", "schema": {"type": "string"}}
_ETAG = {"description": "This state, for If-Match and If-None-Match (RFC 9110).", "schema": {"type": "string"}}
_CONSISTENCY = {
    "description": "Names this write: a read that sends it back sees it, whichever server answers.",
    "schema": {"type": "string"},
}
_CACHE = {"description": "Whether our cache had it (RFC 9211).", "schema": {"type": "string"}}
_REPLAYED = {
    "description": "`true` on what was answered to this idempotency key before.",
    "schema": {"type": "string", "enum": ["true"]},
}
_LIMIT = {"description": "What is left of each limit, and for how many seconds.", "schema": {"type": "string"}}
_POLICY = {"description": "The limits: requests (q) in a window of seconds (w).", "schema": {"type": "string"}}
_SIGNED = {
    "webhook-id": "Of the event at this endpoint: the same in every attempt.",
    "webhook-timestamp": "When this attempt was signed, in seconds since 1970.",
    "webhook-signature": "`v1,<base64>`, one for each secret that is good: HMAC-SHA256 of `id.timestamp.body`.",
}
_KEY = {
    "name": KEY_HEADER,
    "in": "header",
    "description": "The same key with the same request, within 24 hours, is carried out once and answered the same.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}
_SEEN = {
    "name": "If-None-Match",
    "in": "header",
    "description": "ETags that the caller has: it is answered 304 when one of them is still right.",
    "schema": {"type": "string"},
}
_WRITTEN = {
    "name": "Consistency-Token",
    "in": "header",
    "description": "Tokens of writes, separated by commas, that the answer has to show.",
    "schema": {"type": "string"},
}


@lru_cache(maxsize=1)
def document(server: str = LOCAL) -> Json:
    """The OpenAPI document of all functions of the API. server: its address, without a slash at the end."""
    return build(tuple(spec for spec in functions() if spec.kind == "api"), server)


def build(specs: Iterable[FunctionSpec], server: str) -> Json:
    """The OpenAPI document of some functions."""
    specs = tuple(specs)
    routes = {spec: operations(app(spec)) for spec in specs}
    made: Json = get_openapi(
        title="wecelebrate",
        version=version("wecelebrate-platform"),
        description=_DESCRIPTION,
        servers=[{"url": server}],
        tags=[{"name": tag} for tag in sorted({_resource(spec) for spec in specs})],
        routes=[route for served in routes.values() for route in served.values()],
    )
    for spec, served in routes.items():
        for name, route in served.items():
            method, _, path = name.partition(" ")
            operation = made["paths"][path][method.lower()]
            declared = {str(status): operation["responses"][str(status)] for status in route.responses}
            _complete(operation, spec, method, route.name)
            operation["responses"] |= declared
    components = made["components"]
    schemas = {name: schema for name, schema in components["schemas"].items() if "ValidationError" not in name}
    problem = ProblemDocument.model_json_schema(ref_template=_REFERENCE + "{model}")
    schemas |= problem.pop("$defs") | {"Problem": problem, "GatewayMessage": _GATEWAY}
    components["schemas"] = dict(sorted(schemas.items()))
    components["headers"] = {
        "RequestId": _REQUEST_ID,
        "Link": _LINK,
        "WWW-Authenticate": _CHALLENGE,
        "Retry-After": _RETRY,
        "ETag": _ETAG,
        "Cache-Status": _CACHE,
        "Consistency-Token": _CONSISTENCY,
        "Idempotent-Replayed": _REPLAYED,
        "RateLimit": _LIMIT,
        "RateLimit-Policy": _POLICY,
    }
    made["webhooks"] = {event: {"post": _told(event)} for event in EVENTS}
    components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    finished: Json = _renamed(made)
    return finished


def app(spec: FunctionSpec) -> FastAPI:
    """The app of a function. Raises LookupError when its handler has none."""
    module_spec = importlib.util.spec_from_file_location(f"functions_{spec.name.replace('-', '_')}", spec.handler)
    if module_spec is None or module_spec.loader is None:
        raise LookupError(f"{spec.handler} is no Python module")
    module = importlib.util.module_from_spec(module_spec)
    sys.modules[module_spec.name] = module  # generic models look for the module that they are made in
    module_spec.loader.exec_module(module)
    found = getattr(module, "app", None)
    if not isinstance(found, FastAPI):
        raise LookupError(f"{spec.handler} has no app")
    return found


def operations(served: FastAPI) -> Mapping[str, APIRoute]:
    """What an app serves: `GET /v1/products/{product_id}` → its route."""
    return {
        f"{method} {route.path}": route
        for route in served.routes
        if isinstance(route, APIRoute)
        for method in sorted(route.methods or ())
    }


def _complete(operation: Json, spec: FunctionSpec, method: str, name: str) -> None:
    operation["operationId"] = name
    operation["tags"] = [_resource(spec)]
    bearer: Json = {"bearer": []}
    operation["security"] = {"required": [bearer], "optional": [{}, bearer], "none": []}[spec.auth or "none"]
    asks_database = bool(spec.uses)
    for answer in operation["responses"].values():
        answer["headers"] = {"x-request-id": _header("RequestId")}
        if _has(operation, "cursor"):
            answer["headers"]["link"] = _header("Link")
        if "content" in answer and asks_database:
            answer["headers"]["etag"] = _header("ETag")
        if asks_database and method == "GET":
            answer["headers"]["cache-status"] = _header("Cache-Status")
        if asks_database and method != "GET":
            answer["headers"]["consistency-token"] = _header("Consistency-Token")
        if asks_database and method == "POST":
            answer["headers"]["idempotent-replayed"] = _header("Idempotent-Replayed")
        if asks_database:
            answer["headers"] |= {"ratelimit": _header("RateLimit"), "ratelimit-policy": _header("RateLimit-Policy")}
    if asks_database:
        more = {"GET": [_SEEN, _WRITTEN], "POST": [_KEY]}.get(method, [])
        operation["parameters"] = [*operation.get("parameters", []), *more]
    if asks_database and method == "GET":
        seen = {"description": "It is as the caller has it.", "headers": {"etag": _header("ETag")}}
        operation["responses"]["304"] = seen
    body = operation.get("requestBody")
    if body and method == "PATCH":
        body["content"] = {MERGE_PATCH: body["content"]["application/json"], **body["content"]}
    operation["responses"] |= _problems(operation, spec, writes=method != "GET")


def _told(event: EventName) -> Json:
    """What an endpoint of a client is sent, and is to answer."""
    return {
        "operationId": f"told_{event.replace('.', '_')}",
        "summary": EVENTS[event].summary,
        "security": [],
        "parameters": [
            {"name": name, "in": "header", "required": True, "description": description, "schema": {"type": "string"}}
            for name, description in _SIGNED.items()
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": envelope(event)}}},
        "responses": {
            "2XX": {"description": "It has the event."},
            "410": {"description": "It wants no more: it is disabled."},
            "default": {"description": "It is tried again, for 24 hours."},
        },
    }


def _problems(operation: Json, spec: FunctionSpec, *, writes: bool) -> Json:
    """Status → response, for each thing that can go wrong with an operation."""
    body = "requestBody" in operation
    parameters = operation.get("parameters", [])
    asks_database = bool(spec.uses)
    said: dict[int, tuple[str, bool, bool]] = {
        400: ("The cursor, or the JSON, is not valid.", body or _has(operation, "cursor"), False),
        401: ("The access token is missing or not valid.", spec.auth != "none", spec.auth == "required"),
        403: ("The caller may not do this.", spec.auth == "required", False),
        404: (
            "There is no such thing, or it is not the caller's.",
            any(one["in"] == "path" for one in parameters),
            False,
        ),
        409: ("It does not fit what is there.", writes, False),
        412: ("It changed since the caller read it.", _has(operation, "if-match"), False),
        413: ("The request is too large.", body, True),
        415: ("The body is not declared as JSON.", body, False),
        422: ("A value is not allowed.", body or bool(parameters), False),
        428: ("If-Match is missing.", _has(operation, "if-match"), False),
        429: ("A limit is used up.", asks_database, False),
        500: ("A bug of ours.", True, True),
        503: ("A part of the platform does not answer.", True, True),
        504: ("The query took too long.", asks_database, False),
    }
    return {
        str(status): _problem(description, by_gateway=by_gateway, status=status)
        for status, (description, possible, by_gateway) in said.items()
        if possible
    }


def _problem(description: str, *, by_gateway: bool, status: int) -> Json:
    content: Json = {PROBLEM: {"schema": {"$ref": f"{_REFERENCE}Problem"}}}
    if by_gateway:
        content["application/json"] = {"schema": {"$ref": f"{_REFERENCE}GatewayMessage"}}
    headers = {"x-request-id": _header("RequestId")}
    if status == 401:
        headers["www-authenticate"] = _header("WWW-Authenticate")
    if status in (429, 503):
        headers["retry-after"] = _header("Retry-After")
    return {"description": description, "headers": headers, "content": content}


def _header(name: str) -> Json:
    return {"$ref": f"#/components/headers/{name}"}


def _has(operation: Json, parameter: str) -> bool:
    return any(one["name"] == parameter for one in operation.get("parameters", []))


def _resource(spec: FunctionSpec) -> str:
    return spec.folder.parent.name


def _renamed(made: Any) -> Any:
    """`Page_Client_` is what a page of clients is called by Pydantic; here it is `ClientPage`."""
    if isinstance(made, dict):
        return {_plain(name): _renamed(value) for name, value in made.items()}
    if isinstance(made, list):
        return [_renamed(value) for value in made]
    return _plain(made) if isinstance(made, str) and made.startswith((_REFERENCE, "Page_", "Page[")) else made


def _plain(name: str) -> str:
    for opening, closing in (("Page_", "_"), ("Page[", "]")):
        before, found, model = name.partition(opening)
        if found and model.endswith(closing) and before in ("", _REFERENCE):
            return f"{before}{model.removesuffix(closing)}Page"
    return name
