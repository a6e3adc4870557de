"""Completes the operations of the document: security, headers, parameters and errors."""

from copy import deepcopy
from typing import Any

from infra.functions import FunctionSpec
from infra.openapi.errors import header, reference
from wecelebrate.core.http.routes import KEY_HEADER

Json = dict[str, Any]

MERGE_PATCH = "application/merge-patch+json"

HEADERS: Json = {
    "RequestId": {
        "description": "Id of the request in the logs. A problem document contains it as `request_id`.",
        "schema": {"type": "string"},
    },
    "Link": {"description": 'The next page: `<…>; rel="next"` (RFC 8288).', "schema": {"type": "string"}},
    "WWW-Authenticate": {"description": "How to authenticate (RFC 6750).", "schema": {"type": "string"}},
    "Retry-After": {"description": "Seconds to wait before the next request.", "schema": {"type": "string"}},
    "ETag": {
        "description": "Version of the resource, for If-Match and If-None-Match (RFC 9110).",
        "schema": {"type": "string"},
    },
    "Location": {
        "description": "The path of the created object, or of the object or job to follow (RFC 9110).",
        "schema": {"type": "string", "format": "uri-reference"},
    },
    "Cache-Status": {
        "description": "Whether the response comes from the cache of the platform (RFC 9211).",
        "schema": {"type": "string"},
    },
    "Consistency-Token": {
        "description": "Token of this write. If a later read sends this token, its response reflects the write.",
        "schema": {"type": "string"},
    },
    "Idempotent-Replayed": {
        "description": "`true` if this is the stored response to an earlier request with the same idempotency key.",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "RateLimit": {
        "description": "For each limit: remaining requests (r), and seconds until the window ends (t).",
        "schema": {"type": "string"},
    },
    "RateLimit-Policy": {
        "description": "For each limit: maximum requests (q), and length of the window in seconds (w).",
        "schema": {"type": "string"},
    },
}
"""The headers of responses, for `components/headers`."""
_HEADER_NAMES = {"RequestId": "x-request-id"}
"""Maps a name in `HEADERS` to the name of the header in responses. By default, the name of the header is the name in
`HEADERS` in lower case."""
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


def complete(operation: Json, spec: FunctionSpec, method: str, name: str) -> None:
    """Complete an operation with the parts that FastAPI does not know: security, headers, parameters and problems."""
    operation["operationId"] = name
    operation["tags"] = [resource(spec)]
    bearer: Json = {"bearer": []}
    operation["security"] = {"required": [bearer], "optional": [{}, bearer], "none": []}[spec.auth or "none"]
    uses_database = bool(spec.uses)
    for status, response in operation["responses"].items():
        names = _response_headers(status, method, spec, has_content="content" in response)
        if _has_parameter(operation, "cursor"):
            names.append("Link")
        response["headers"] = {_HEADER_NAMES.get(name, name.lower()): header(name) for name in names}
    if uses_database:
        parameters: list[Json] = {"GET": [_IF_NONE_MATCH, _CONSISTENCY_TOKEN]}.get(method, [])
        if method == "POST" and _writes(spec):
            parameters = [_KEY]
        operation["parameters"] = [*operation.get("parameters", []), *deepcopy(parameters)]
    if uses_database and method == "GET":
        not_modified = {
            "description": "The version that the caller has is current.",
            "headers": {"etag": header("ETag")},
        }
        operation["responses"]["304"] = not_modified
    for parameter in operation.get("parameters", []):
        if parameter["name"] == "if-match":
            parameter["required"] = True  # a request without If-Match gets 428
    body = operation.get("requestBody")
    if body and method == "PATCH":
        body["content"] = {MERGE_PATCH: body["content"]["application/json"], **body["content"]}
    operation["responses"] |= _problems(operation, spec, writes=method != "GET") | {"default": reference(None)}


def _writes(spec: FunctionSpec) -> bool:
    """Whether the function writes to the database. Requests to such a function can have an idempotency key."""
    return "database:write" in spec.uses


def _response_headers(status: str, method: str, spec: FunctionSpec, *, has_content: bool) -> list[str]:
    """Return the names of the headers of a success response, as in `HEADERS`."""
    names = ["RequestId"]
    if status in ("201", "202") and _writes(spec):
        names.append("Location")
    if not spec.uses:
        return names
    if has_content:
        names.append("ETag")
    if method == "GET":
        names.append("Cache-Status")
    elif _writes(spec):
        names.append("Consistency-Token")
    if method == "POST" and _writes(spec):
        names.append("Idempotent-Replayed")
    return [*names, "RateLimit", "RateLimit-Policy"]


def _problems(operation: Json, spec: FunctionSpec, *, writes: bool) -> Json:
    """Return all errors that an operation can return, as references to `components/responses`."""
    body = "requestBody" in operation
    parameters = operation.get("parameters", [])
    uses_database = bool(spec.uses)
    possible = {
        400: body or _has_parameter(operation, "cursor") or _has_parameter(operation, KEY_HEADER),
        401: spec.auth != "none",
        403: spec.auth == "required",
        404: any(parameter["in"] == "path" for parameter in parameters),
        409: writes,
        412: _has_parameter(operation, "if-match"),
        413: body,
        415: body,
        422: True,
        428: _has_parameter(operation, "if-match"),
        429: True,
        500: True,
        503: True,
        504: uses_database,
    }
    token_by_gateway = spec.auth == "required"
    return {
        str(status): reference(status, by_gateway=status != 401 or token_by_gateway)
        for status, is_possible in possible.items()
        if is_possible
    }


def _has_parameter(operation: Json, name: str) -> bool:
    return any(parameter["name"] == name for parameter in operation.get("parameters", []))


def resource(spec: FunctionSpec) -> str:
    """Return the tag of the operations of a function: the folder of its resource, e.g. `products`."""
    return spec.folder.parent.name
