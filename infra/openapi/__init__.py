"""Generates the OpenAPI 3.1 document of the whole API from the declarations and the FastAPI apps of the functions.

Each operation lists the success response of its handler and all problems that it can return. API Gateway can return
some errors without a call of the function. The bodies of these errors have the format of API Gateway.
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
"""The default URL of the API in the local cloud."""
MERGE_PATCH = "application/merge-patch+json"

_DESCRIPTION = """\
Gifting and celebration shops of many companies: clients, their sites, catalogs and products, and the storefronts.

Errors are problem documents (RFC 9457). The field `code` identifies the error. Lists return
`{data, next_cursor, has_more}` and a `Link` header with the URL of the next page. An amount of money is a decimal
string. `PATCH` takes a JSON Merge Patch (RFC 7396).
"""

_REFERENCE = "#/components/schemas/"
_GATEWAY = {
    "type": "object",
    "description": "An error of the API gateway, which did not call a function.",
    "properties": {"message": {"type": "string"}},
    "required": ["message"],
}
_REQUEST_ID = {
    "description": "Id of the request in the logs. A problem document contains it as `request_id`.",
    "schema": {"type": "string"},
}
_LINK = {"description": 'The next page: `<…>; rel="next"` (RFC 8288).', "schema": {"type": "string"}}
_CHALLENGE = {"description": "How to authenticate (RFC 6750).", "schema": {"type": "string"}}
_RETRY = {"description": "Seconds to wait before the next request.", "schema": {"type": "string"}}
_ETAG = {
    "description": "Version of the resource, for If-Match and If-None-Match (RFC 9110).",
    "schema": {"type": "string"},
}
_CONSISTENCY = {
    "description": "Token of this write. If a later read sends this token, its response reflects the write.",
    "schema": {"type": "string"},
}
_CACHE = {
    "description": "Whether the response comes from the cache of the platform (RFC 9211).",
    "schema": {"type": "string"},
}
_REPLAYED = {
    "description": "`true` if this is the stored response to an earlier request with the same idempotency key.",
    "schema": {"type": "string", "enum": ["true"]},
}
_LIMIT = {
    "description": "For each limit: remaining requests (r), and seconds until the window ends (t).",
    "schema": {"type": "string"},
}
_POLICY = {
    "description": "For each limit: maximum requests (q), and length of the window in seconds (w).",
    "schema": {"type": "string"},
}
_WEBHOOK_HEADERS = {
    "webhook-id": "Id of the event for this endpoint. All attempts to deliver the event have the same id.",
    "webhook-timestamp": "Time at which this attempt was signed, in seconds since 1970.",
    "webhook-signature": "`v1,<base64>` for each valid secret: the HMAC-SHA256 of `id.timestamp.body`.",
}
_KEY = {
    "name": KEY_HEADER,
    "in": "header",
    "description": "Requests with the same key and content are executed only once within 24 hours. All of them get the"
    " response of the first request, but without secrets, and only while the caller may make the request.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}
_IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "description": "ETags of the versions that the caller has. If one of them is current, the response is 304.",
    "schema": {"type": "string"},
}
_CONSISTENCY_TOKEN = {
    "name": "Consistency-Token",
    "in": "header",
    "description": "Tokens of writes, separated by commas. The response reflects these writes.",
    "schema": {"type": "string"},
}


@lru_cache(maxsize=1)
def document(server: str = LOCAL) -> Json:
    """Return the OpenAPI document of all API functions. server: the base URL of the API, without a trailing slash."""
    return build(tuple(spec for spec in functions() if spec.kind == "api"), server)


def build(specs: Iterable[FunctionSpec], server: str) -> Json:
    """Build the OpenAPI document of the given functions. server: see `document`."""
    specs = tuple(specs)
    routes = {spec: operations(app(spec)) for spec in specs}
    openapi: Json = get_openapi(
        title="wecelebrate",
        version=version("wecelebrate-platform"),
        description=_DESCRIPTION,
        servers=[{"url": server}],
        tags=[{"name": tag} for tag in sorted({_resource(spec) for spec in specs})],
        routes=[route for spec_routes in routes.values() for route in spec_routes.values()],
    )
    for spec, spec_routes in routes.items():
        for name, route in spec_routes.items():
            method, _, path = name.partition(" ")
            operation = openapi["paths"][path][method.lower()]
            declared_responses = {str(status): operation["responses"][str(status)] for status in route.responses}
            _complete(operation, spec, method, route.name)
            operation["responses"] |= declared_responses
    components = openapi["components"]
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
    openapi["webhooks"] = {event: {"post": _webhook(event)} for event in EVENTS}
    components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    renamed: Json = _rename_pages(openapi)
    return renamed


def app(spec: FunctionSpec) -> FastAPI:
    """Import the handler of a function and return its FastAPI app. Raises LookupError if the handler has no app."""
    module_spec = importlib.util.spec_from_file_location(f"functions_{spec.name.replace('-', '_')}", spec.handler)
    if module_spec is None or module_spec.loader is None:
        raise LookupError(f"{spec.handler} is not a Python file that can be imported")
    module = importlib.util.module_from_spec(module_spec)
    sys.modules[module_spec.name] = module  # Pydantic looks in `sys.modules` for the module of a generic model
    module_spec.loader.exec_module(module)
    fastapi_app = getattr(module, "app", None)
    if not isinstance(fastapi_app, FastAPI):
        raise LookupError(f"{spec.handler} has no FastAPI app named `app`")
    return fastapi_app


def operations(app: FastAPI) -> Mapping[str, APIRoute]:
    """Map each operation of an app, e.g. `GET /v1/products/{product_id}`, to its route."""
    return {
        f"{method} {route.path}": route
        for route in app.routes
        if isinstance(route, APIRoute)
        for method in sorted(route.methods or ())
    }


def _complete(operation: Json, spec: FunctionSpec, method: str, name: str) -> None:
    """Add to an operation what FastAPI does not know: its security, headers, parameters and problems."""
    operation["operationId"] = name
    operation["tags"] = [_resource(spec)]
    bearer: Json = {"bearer": []}
    operation["security"] = {"required": [bearer], "optional": [{}, bearer], "none": []}[spec.auth or "none"]
    uses_database = bool(spec.uses)
    for response in operation["responses"].values():
        response["headers"] = {"x-request-id": _header("RequestId")}
        if _has_parameter(operation, "cursor"):
            response["headers"]["link"] = _header("Link")
        if "content" in response and uses_database:
            response["headers"]["etag"] = _header("ETag")
        if uses_database and method == "GET":
            response["headers"]["cache-status"] = _header("Cache-Status")
        if uses_database and method != "GET":
            response["headers"]["consistency-token"] = _header("Consistency-Token")
        if uses_database and method == "POST":
            response["headers"]["idempotent-replayed"] = _header("Idempotent-Replayed")
        if uses_database:
            response["headers"] |= {"ratelimit": _header("RateLimit"), "ratelimit-policy": _header("RateLimit-Policy")}
    if uses_database:
        parameters = {"GET": [_IF_NONE_MATCH, _CONSISTENCY_TOKEN], "POST": [_KEY]}.get(method, [])
        operation["parameters"] = [*operation.get("parameters", []), *parameters]
    if uses_database and method == "GET":
        not_modified = {
            "description": "The version that the caller has is current.",
            "headers": {"etag": _header("ETag")},
        }
        operation["responses"]["304"] = not_modified
    body = operation.get("requestBody")
    if body and method == "PATCH":
        body["content"] = {MERGE_PATCH: body["content"]["application/json"], **body["content"]}
    operation["responses"] |= _problems(operation, spec, writes=method != "GET")


def _webhook(event: EventName) -> Json:
    """Describe the request that an endpoint receives for an event, and the responses that the endpoint may return."""
    return {
        "operationId": f"told_{event.replace('.', '_')}",
        "summary": EVENTS[event].summary,
        "security": [],
        "parameters": [
            {"name": name, "in": "header", "required": True, "description": description, "schema": {"type": "string"}}
            for name, description in _WEBHOOK_HEADERS.items()
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": envelope(event)}}},
        "responses": {
            "2XX": {"description": "The endpoint accepted the event."},
            "410": {"description": "The endpoint wants no more events. The platform disables the endpoint."},
            "default": {"description": "The delivery failed. The platform repeats it for 24 hours."},
        },
    }


def _problems(operation: Json, spec: FunctionSpec, *, writes: bool) -> Json:
    """Return all errors that an operation can return, as a dict: status → error response."""
    body = "requestBody" in operation
    parameters = operation.get("parameters", [])
    uses_database = bool(spec.uses)
    # Status → (description, whether the operation can return this status, whether the gateway can return it, too).
    problems: dict[int, tuple[str, bool, bool]] = {
        400: (
            "The cursor, the JSON body or the idempotency key is not valid.",
            body or _has_parameter(operation, "cursor") or _has_parameter(operation, KEY_HEADER),
            False,
        ),
        401: ("The access token is missing or not valid.", spec.auth != "none", spec.auth == "required"),
        403: ("The caller is not allowed to do this.", spec.auth == "required", False),
        404: (
            "The resource does not exist, or the caller has no access to it.",
            any(parameter["in"] == "path" for parameter in parameters),
            False,
        ),
        409: ("The request conflicts with the current state.", writes, False),
        412: ("The resource has changed after the caller read it.", _has_parameter(operation, "if-match"), False),
        413: ("The request is too large.", body, True),
        415: ("The Content-Type is not JSON.", body, False),
        422: ("A value is not allowed.", body or bool(parameters), False),
        428: ("If-Match is missing.", _has_parameter(operation, "if-match"), False),
        429: ("A limit is exceeded.", uses_database, False),
        500: ("An internal error.", True, True),
        503: ("A part of the platform does not respond.", True, True),
        504: ("The query took too long.", uses_database, False),
    }
    return {
        str(status): _problem(description, by_gateway=by_gateway, status=status)
        for status, (description, possible, by_gateway) in problems.items()
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


def _has_parameter(operation: Json, name: str) -> bool:
    return any(parameter["name"] == name for parameter in operation.get("parameters", []))


def _resource(spec: FunctionSpec) -> str:
    return spec.folder.parent.name


def _rename_pages(node: Any) -> Any:
    """Rename the schemas of pages everywhere in `node`, e.g. from Pydantic's `Page_Client_` to `ClientPage`."""
    if isinstance(node, dict):
        return {_page_name(name): _rename_pages(value) for name, value in node.items()}
    if isinstance(node, list):
        return [_rename_pages(value) for value in node]
    return _page_name(node) if isinstance(node, str) and node.startswith((_REFERENCE, "Page_", "Page[")) else node


def _page_name(name: str) -> str:
    for opening, closing in (("Page_", "_"), ("Page[", "]")):
        prefix, separator, model = name.partition(opening)
        if separator and model.endswith(closing) and prefix in ("", _REFERENCE):
            return f"{prefix}{model.removesuffix(closing)}Page"
    return name
