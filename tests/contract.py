"""Checks API responses against the OpenAPI document. The HTTP clients of the tests check every response.

The check fails if a response contains a field that the schema of the response does not declare. The check therefore
finds internal fields that appear in a response by mistake.
"""

import json
import re
from functools import lru_cache
from typing import Any

import httpx
import jsonschema_rs

from infra.local.routes import Routes
from infra.openapi import dereferenced, document
from infra.openapi.schemas import SCHEMAS
from wecelebrate.core.problems import PROBLEM

Json = dict[str, Any]

PYDANTIC_MESSAGE = re.compile(
    "(Input|String|Value|List|Dictionary|Decimal|Datetime|Field|Extra|Object|Number|UUID|URL)[ s]"
)
"""Matches the start of an error message of pydantic. The API must replace such messages with its own messages
(core/validation_messages.py)."""


@lru_cache(maxsize=1)
def routes() -> Routes[Json]:
    """Return a routing table that maps each request to its operation in the OpenAPI document."""
    table: Routes[Json] = Routes()
    for path, operations in document()["paths"].items():
        for method, operation in operations.items():
            table.add(f"{method.upper()} {path}", operation)
    return table


@lru_cache(maxsize=1)
def components() -> Json:
    """Return a copy of the components of the OpenAPI document. In the copy, objects forbid additional properties."""
    closed: Json = _closed(document()["components"])
    return closed


def check_response(response: httpx.Response) -> None:
    """Raise AssertionError if a response does not match the OpenAPI document."""
    request = response.request
    match = routes().find(request.method, request.url.raw_path.decode().partition("?")[0])
    if match is None:
        return
    operation = match[0]
    name, status = operation["operationId"], str(response.status_code)
    response.read()
    assert status in operation["responses"], f"{name} does not declare status {status}: {response.text}"
    content: Json = dereferenced(document(), operation["responses"][status]).get("content", {})
    if not content:
        assert not response.content, f"{name} declares no body for status {status}: {response.text}"
        return
    media_type = response.headers["content-type"].removesuffix("; charset=utf-8")
    assert media_type in content, f"{name} does not declare {media_type} for status {status}: {response.text}"
    if not media_type.endswith("json"):
        return
    body = response.json()
    if media_type == PROBLEM:
        for error in body.get("errors", []):
            assert not PYDANTIC_MESSAGE.match(error["detail"]), (
                f"{name} {status} returns a message of pydantic: {error}"
            )
    for error in _validator(name, status, media_type).iter_errors(body):
        raise AssertionError(f"{name} {status} at /{'/'.join(map(str, error.instance_path))}: {error.message}")


@lru_cache(maxsize=1024)
def _validator(name: str, status: str, media_type: str) -> jsonschema_rs.Draft202012Validator:
    for operations in document()["paths"].values():
        for operation in operations.values():
            if operation["operationId"] == name:
                response = dereferenced(document(), operation["responses"][status])
                if media_type == PROBLEM:
                    # The OpenAPI schema also allows a message of the gateway, which has another media type.
                    return _compiled(json.dumps({"$ref": f"{SCHEMAS}Problem"}))
                return _compiled(json.dumps(response["content"][media_type]["schema"]))
    raise LookupError(name)


@lru_cache(maxsize=1024)
def _compiled(schema: str) -> jsonschema_rs.Draft202012Validator:
    """Compile a schema only once: most responses in the document share the schema of a problem."""
    return jsonschema_rs.Draft202012Validator({**json.loads(schema), "components": components()}, validate_formats=True)


def _closed(schema: Any) -> Any:
    """Return a copy of a schema.

    In the copy, objects allow additional properties only if the schema allows these properties explicitly.
    """
    if isinstance(schema, list):
        return [_closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: _closed(value) for key, value in schema.items()}
    if isinstance(closed.get("properties"), dict) and "type" in closed:
        closed.setdefault("additionalProperties", False)
    return closed
