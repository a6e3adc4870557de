"""Writes `wecelebrate/core/cache/shapes.py` from the models of cached values: `python -m infra.cache_shapes`.

A cached value is the JSON of a response, or the JSON of a model that the code reads again. During a deploy, and for up
to a day after it, Redis has values of two releases. Therefore, the key of a value contains a fingerprint of its model.
If a model has changed, each release finds only values in the form of its model. Otherwise, both releases use the same
values. A fingerprint depends on names and types, and not on descriptions.
"""

import hashlib
import inspect
import json
from collections.abc import Mapping
from typing import Any

from fastapi.routing import APIRoute
from pydantic import BaseModel, TypeAdapter

from infra.functions import ROOT, functions
from infra.openapi import app, operations
from wecelebrate.core.cache import keys
from wecelebrate.core.cache.keys import Entity
from wecelebrate.core.http.cached import CachedReads
from wecelebrate.events.acceptance import EventTarget

FILE = ROOT / "layers" / "core" / "python" / "wecelebrate" / "core" / "cache" / "shapes.py"
OPERATIONS: Mapping[Entity, tuple[str, ...]] = {
    keys.CATALOG: ("get_catalog", "list_grants"),
    keys.CATALOGS: ("list_catalogs",),
    keys.PRODUCT: ("get_product",),
    keys.PRODUCTS: ("list_products",),
    keys.SITE: ("get_site", "get_domain_verification", "list_exclusions"),
    keys.SITES: ("list_sites",),
    keys.CLIENT: ("get_client",),
    keys.CLIENTS: ("list_clients",),
    keys.STOREFRONT: ("get_storefront", "get_address_format"),
    keys.STOREFRONT_PAGES: ("list_shown_products", "get_shown_product"),
    keys.EVENT_TARGET: ("record_events",),
    keys.CLOSED_REPORT: ("get_client_report",),
    keys.OPEN_REPORT: ("get_client_report", "get_catalog_report"),
    keys.ORDER: ("get_order",),
    keys.ORDERS: ("list_orders", "list_site_orders"),
}
"""The operations that read the values of each entity from the cache. Sessions are not in the mapping, because they have
no model."""
_MODELS: Mapping[str, type[BaseModel]] = {"record_events": EventTarget}
"""Maps an operation to the model of its cached value, if this value is not the response."""
_HEAD = '''"""The fingerprints of the models of cached values. `python -m infra.cache_shapes` writes this file."""

SHAPES = {'''
_TAIL = (
    '"""Maps each entity to the fingerprint of its models. A release reads only values with its own fingerprints."""'
)
_TEXTS = frozenset({"title", "description", "examples", "example", "default"})


def cached_routes() -> dict[str, APIRoute]:
    """Map each operation that reads a value from the cache to its route."""
    routes = [route for spec in functions() if spec.is_documented for route in operations(app(spec)).values()]
    return {route.name: route for route in routes if _reads_cache(route)}


def _reads_cache(route: APIRoute) -> bool:
    parameters = inspect.signature(route.endpoint, eval_str=True).parameters.values()
    return any(getattr(each.annotation, "__origin__", None) is CachedReads for each in parameters)


def text() -> str:
    """Return the content of the file."""
    routes = cached_routes()
    models = {name: _MODELS.get(name, route.response_model) for name, route in routes.items()}
    shapes = {entity.name: _fingerprint([models[name] for name in names]) for entity, names in OPERATIONS.items()}
    lines = [f'    "{name}": "{shape}",' for name, shape in shapes.items()]
    return "\n".join((_HEAD, *lines, "}", _TAIL, ""))


def _fingerprint(models: list[Any]) -> str:
    schemas = [_without_texts(TypeAdapter(model).json_schema(mode="serialization")) for model in models]
    return hashlib.sha256(json.dumps(schemas, sort_keys=True).encode()).hexdigest()[:8]


def _without_texts(schema: Any) -> Any:
    """Return a JSON schema without texts for people, e.g. `title`. A property called `title` stays."""
    if isinstance(schema, list):
        return [_without_texts(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: {key: _without_texts(each) for key, each in value.items()}
        if name in ("properties", "$defs")
        else _without_texts(value)
        for name, value in schema.items()
        if name not in _TEXTS
    }


def main() -> None:
    """Write the file."""
    FILE.write_text(text(), "utf-8")


if __name__ == "__main__":
    main()
