"""Holds answers of the API to its OpenAPI document: every request that a test makes is a test of the contract too.

An answer may hold nothing that its model does not name, so what is internal cannot leak unseen.
"""

import re
from functools import lru_cache
from typing import Any

import httpx
import jsonschema_rs

from infra.local.routes import Routes
from infra.openapi import document

Json = dict[str, Any]

PYDANTICS = re.compile("(Input|String|Value|List|Dictionary|Decimal|Datetime|Field|Extra|Object|Number|UUID|URL)[ s]")
"""How its messages begin; ours are clauses that go with the name of the field (core/validation_messages.py)."""


@lru_cache(maxsize=1)
def routes() -> Routes[Json]:
    """The operations of the document, to be found by method and path."""
    found: Routes[Json] = Routes()
    for path, verbs in document()["paths"].items():
        for verb, operation in verbs.items():
            found.add(f"{verb.upper()} {path}", operation)
    return found


@lru_cache(maxsize=1)
def components() -> Json:
    """The document's components, each object closed."""
    closed: Json = _closed(document()["components"])
    return closed


def hold(answer: httpx.Response) -> None:
    """Raises AssertionError for an answer that the document does not announce."""
    found = routes().find(answer.request.method, answer.request.url.raw_path.decode().partition("?")[0])
    if found is None:
        return
    operation = found[0]
    name, status = operation["operationId"], str(answer.status_code)
    answer.read()
    assert status in operation["responses"], f"{name} does not announce {status}: {answer.text}"
    content: Json = operation["responses"][status].get("content", {})
    if not content:
        assert not answer.content, f"{name} announces no body with {status}: {answer.text}"
        return
    kind = answer.headers["content-type"]
    assert kind in content, f"{name} does not announce {kind} with {status}: {answer.text}"
    body = answer.json()
    if kind == "application/problem+json":
        for error in body.get("errors", []):
            assert not PYDANTICS.match(error["detail"]), f"{name} {status} speaks as pydantic does: {error}"
    for error in _validator(name, status, kind).iter_errors(body):
        raise AssertionError(f"{name} {status} at /{'/'.join(map(str, error.instance_path))}: {error.message}")


@lru_cache(maxsize=1024)
def _validator(name: str, status: str, kind: str) -> jsonschema_rs.Draft202012Validator:
    for verbs in document()["paths"].values():
        for operation in verbs.values():
            if operation["operationId"] == name:
                schema = operation["responses"][status]["content"][kind]["schema"]
                return jsonschema_rs.Draft202012Validator({**schema, "components": components()}, validate_formats=True)
    raise LookupError(name)


def _closed(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: _closed(value) for key, value in schema.items()}
    if isinstance(closed.get("properties"), dict) and "type" in closed:
        closed.setdefault("additionalProperties", False)
    return closed
