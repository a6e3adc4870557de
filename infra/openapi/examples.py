"""Adds an example to each schema of a request or response. The values depend on the name and the format of a field."""

from typing import Any

from infra.openapi.schemas import SCHEMAS

Json = dict[str, Any]

_ID = "0192f0c1-5b7e-7c3a-9d4e-2f6a8b1c3d5e"
_BY_NAME: Json = {
    "sku": "MUG-350-WHITE",
    "name": "Ceramic mug, 350 ml",
    "slug": "acme-gifts",
    "domain": "gifts.example.com",
    "currency": "EUR",
    "price": "12.90",
    "price_min": "5.00",
    "price_max": "50.00",
    "unit_price": "12.90",
    "total_amount": "25.80",
    "country": "DE",
    "city": "Berlin",
    "line1": "Lindenstraße 12",
    "postal_code": "10969",
    "customer_name": "Ada Example",
    "brand": "Example & Sons",
    "category": "Drinkware",
    "description": "A white mug for the coffee break.",
    "order_number": "7K3M-Q9TX-2B",
    "url": "https://example.com/hooks",
    "cron": "0 3 * * *",
    "timezone": "Europe/Berlin",
    "prefix": "exports/daily/",
    "request_id": "JKJaXmPLvHcESHA=",
    "title": "The request is not valid.",
    "type": "https://api.example.com/problems/invalid",
    "code": "invalid",
    "status": 422,
    "inventory_count": 120,
    "quantity": 2,
    "content_type": "text/csv",
    "filename": "products.csv",
}
_BY_FORMAT: Json = {
    "uuid": _ID,
    "date-time": "2026-03-14T09:26:53Z",
    "email": "ada@example.com",
    "uri": "https://example.com/logo.png",
}
_MAX_DEPTH = 6
_DOCUMENT = "urn:wecelebrate:openapi"
"""The URI of the document in a registry of schemas."""


def add_examples(openapi: Json) -> None:
    """Add a valid example to each object schema of `components`. The example has no value for a field if no value is
    certain to be valid."""
    import jsonschema_rs

    schemas = openapi["components"]["schemas"]
    # Each of about 300 validators would take 17 ms to compile if it contained all schemas itself.
    registry = jsonschema_rs.Registry([(_DOCUMENT, {"components": {"schemas": schemas}})])
    for name, schema in schemas.items():
        if schema.get("type") != "object" or "examples" in schema:
            continue
        example = _example(name, schema, schemas, 0)
        validator = jsonschema_rs.Draft202012Validator(
            {"$ref": f"{_DOCUMENT}{SCHEMAS}{name}"}, registry=registry, validate_formats=True
        )
        if example and validator.is_valid(example):
            schema["examples"] = [example]


def _example(name: str, schema: Json, schemas: Json, depth: int) -> Any:
    schema = _target(schema, schemas)
    if depth > _MAX_DEPTH:
        return None
    if "examples" in schema:
        return schema["examples"][0]
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        wanted = _BY_NAME.get(name)
        return wanted if wanted in schema["enum"] else schema["enum"][0]
    variants = schema.get("anyOf") or schema.get("oneOf")
    if variants:
        return _example(name, next((v for v in variants if v != {"type": "null"}), variants[0]), schemas, depth + 1)
    kind = schema.get("type")
    if kind == "object":
        required = schema.get("required", [])
        return {
            field: _example(field, value, schemas, depth + 1)
            for field, value in schema.get("properties", {}).items()
            if field in required or field in _BY_NAME
        }
    if kind == "array":
        item = _example(name, schema.get("items", {}), schemas, depth + 1)
        return [item] if item is not None else []
    return _scalar(name, schema)


def _scalar(name: str, schema: Json) -> Any:
    kind = schema.get("type")
    by_name = _BY_NAME.get(name)
    if kind == "string":
        by_format = _BY_FORMAT.get(schema.get("format", ""))
        return (by_name if isinstance(by_name, str) else None) or by_format or schema.get("default", "example")
    if kind in ("integer", "number"):
        smallest = schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
        return by_name if isinstance(by_name, int) else schema.get("default", max(1, smallest))
    if kind == "boolean":
        return bool(schema.get("default", True))
    return {} if kind == "object" else None


def _target(schema: Json, schemas: Json) -> Json:
    reference = schema.get("$ref", "")
    return schemas[reference.removeprefix(SCHEMAS)] if reference.startswith(SCHEMAS) else schema
