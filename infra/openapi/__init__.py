"""Generates the OpenAPI 3.1 document of the whole API from the declarations and the FastAPI apps of the functions.

Each operation lists the success response of its handler and all problems that it can return. All texts come from the
docstrings of handlers and models, and from the descriptions of fields.
"""

import importlib.util
import sys
from collections.abc import Iterable, Mapping
from copy import deepcopy
from functools import lru_cache
from importlib.metadata import version
from threading import Lock
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from infra.functions import FunctionSpec, functions
from infra.openapi import errors
from infra.openapi.errors import ERROR, GATEWAY_MESSAGE
from infra.openapi.examples import add_examples
from infra.openapi.operations import HEADERS, complete
from infra.openapi.schemas import (
    clean,
    dereferenced,
    optional_parameters_are_not_null,
    problem_schemas,
    rename_pages,
    require_fields_of_responses,
    share_parameters,
)
from infra.openapi.texts import describe, tags
from infra.openapi.webhook_events import data_schemas, webhook
from wecelebrate.webhooks.events import EVENTS

__all__ = ["LOCAL", "app", "build", "dereferenced", "document", "operations"]

Json = dict[str, Any]

LOCAL = "http://127.0.0.1:8787"
"""The default URL of the API in the local cloud."""

_DESCRIPTION = """\
Gifting and celebration shops of many companies: clients, their sites, catalogs and products, and the storefronts.

Errors are problem documents (RFC 9457). The field `code` identifies the error. Lists return
`{data, next_cursor, has_more}` and a `Link` header with the URL of the next page. An amount of money is a decimal
string. `PATCH` takes a JSON Merge Patch (RFC 7396).
"""
_CONTACT = {"name": "The wecelebrate platform team"}
_LICENSE = {"name": "Proprietary", "identifier": "LicenseRef-Proprietary"}
_BEARER = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "An access token. In the local cloud, `wecelebrate token` prints one.",
}


_BUILD = Lock()
"""Two threads must not build the document at the same time. FastAPI hides warnings of pydantic with
`warnings.catch_warnings`. The end of such a block in one thread would show the warnings in the other thread again."""


def document(server: str = LOCAL) -> Json:
    """Return the OpenAPI document of all API functions. server: the base URL of the API, without a trailing slash.

    Do not change the document, because its parts are the same objects for all callers.
    """
    with _BUILD:
        local = _local_document()
    return local | _addresses(server)


@lru_cache(maxsize=1)
def _local_document() -> Json:
    """Build the document of all API functions once, because building it takes seconds."""
    return build(tuple(spec for spec in functions() if spec.is_documented), LOCAL)


def _addresses(server: str) -> Json:
    """Return the fields of the document that contain the URL of the API."""
    explorer = {"description": "The explorer: read and try the operations.", "url": f"{server}/docs"}
    return {"servers": [{"url": server}], "externalDocs": explorer}


def build(specs: Iterable[FunctionSpec], server: str) -> Json:
    """Build the OpenAPI document of the given functions. server: see `document`."""
    specs = tuple(specs)
    routes = {spec: operations(app(spec)) for spec in specs}
    openapi: Json = get_openapi(
        title="wecelebrate",
        version=version("wecelebrate-platform"),
        description=_DESCRIPTION,
        servers=[{"url": server}],
        tags=tags(specs),
        routes=[route for spec_routes in routes.values() for route in spec_routes.values()],
    )
    for spec, spec_routes in routes.items():
        for name, route in spec_routes.items():
            method, _, path = name.partition(" ")
            operation = openapi["paths"][path][method.lower()]
            declared_responses = {str(status): operation["responses"][str(status)] for status in route.responses}
            complete(operation, spec, method, route.name)
            operation["responses"] |= declared_responses
    components = openapi["components"]
    schemas = {name: schema for name, schema in components["schemas"].items() if "ValidationError" not in name}
    schemas |= problem_schemas() | data_schemas() | {"Error": ERROR, "GatewayMessage": GATEWAY_MESSAGE}
    components["schemas"] = dict(sorted(schemas.items()))
    components["headers"] = HEADERS
    components["responses"] = errors.components()
    components["securitySchemes"] = {"bearer": _BEARER}
    openapi["info"] |= {"contact": _CONTACT, "license": _LICENSE}
    openapi |= _addresses(server)
    openapi["webhooks"] = {event: {"post": webhook(event)} for event in EVENTS}
    renamed: Json = rename_pages(deepcopy(openapi))
    clean(renamed)
    optional_parameters_are_not_null(renamed)
    require_fields_of_responses(renamed)
    describe(renamed)
    add_examples(renamed)
    share_parameters(renamed)
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
