"""Tests that every field and parameter of every request has one of the types in `core.types`."""

import types as builtin_types
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal, NotRequired, Required, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import pytest
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, JsonValue
from pydantic.fields import FieldInfo
from typing_extensions import TypeAliasType, is_typeddict

from infra.functions import functions
from infra.openapi import app, operations
from wecelebrate.core.types.schema import DocumentedAs

SCALARS = (str, int, float, bool, date, datetime, AwareDatetime, Decimal, UUID)
TYPES = "wecelebrate.core.types."

REASONS = {
    "ListParameters.cursor": "opaque: only the exact text that was issued has a valid signature",
    "NewRevisions.after": "a key of the store, which can contain every character",
    "FileOptions.delimiter": "a single character, which can be a tab",
    "Decision.answers": "only the exact values of the choices are accepted",
    "TransformationStep.multiply": "its pattern describes decimal numbers exactly",
    "TransformationStep.divide": "its pattern describes decimal numbers exactly",
    "NewEvent.type": "its pattern describes types exactly",
    "EventFilters.type": "its pattern describes types exactly",
    "OrderPatch.problem": "its pattern describes codes exactly",
    "PeriodFilters.month": "its pattern describes months exactly",
    "NewUpload.content_type": "its pattern describes media types exactly",
    "NewWebhook.events": "its validator accepts only the names of events",
    "WebhookPatch.events": "its validator accepts only the names of events",
    "GET /problems/{code}.code": "every unknown text gets the status 404, and only known codes are looked up",
    "GET /api/jobs/{job_id}.job_id": "the first API answers every unknown text with status 404",
    "GET /api/jobs/{job_id}/status.job_id": "the first API answers every unknown text with status 404",
}
"""Maps each field without a type of `core.types` to the reason."""

Leaf = tuple[str, type, tuple[Any, ...]]
"""The name of a field, its scalar type, and its metadata."""


def leaves(name: str, annotation: Any, metadata: tuple[Any, ...] = ()) -> Iterator[Leaf]:
    """Yield the scalar types that an annotation contains, each with the name of its field."""
    if isinstance(annotation, TypeAliasType):
        if annotation.__name__ != "JsonValue":  # this field accepts any JSON
            yield from leaves(name, annotation.__value__, metadata)
    elif get_origin(annotation) is Annotated:
        inner, *own = get_args(annotation)
        models = [part.model() for part in own if isinstance(part, DocumentedAs)]  # the handler checks each item
        yield from leaves(name, models[0] if models else inner, (*own, *metadata))
    elif get_origin(annotation) is dict and get_args(annotation)[1] is JsonValue:
        return  # this object accepts any JSON, and `Input` normalizes its texts
    elif get_origin(annotation) in (Union, builtin_types.UnionType, list, dict, Required, NotRequired):
        for part in get_args(annotation):
            yield from leaves(name, part)
    elif get_origin(annotation) is Literal or annotation is type(None):
        return
    elif isinstance(annotation, type) and (issubclass(annotation, BaseModel) or is_typeddict(annotation)):
        owners = {
            field: owner for owner in reversed(annotation.__mro__) for field in vars(owner).get("__annotations__", {})
        }
        for field, hint in get_type_hints(annotation, include_extras=True).items():
            if get_origin(hint) is not ClassVar:
                yield from leaves(f"{owners.get(field, annotation).__name__}.{field}", hint)
    elif annotation in SCALARS:
        yield name, annotation, metadata
    else:
        raise AssertionError(f"{name} has the unknown type {annotation}")


def is_typed(scalar: type, metadata: tuple[Any, ...]) -> bool:
    """Return whether the metadata belongs to a type of `core.types`."""
    for item in metadata:
        if isinstance(item, AfterValidator | BeforeValidator) and item.func.__module__.startswith(TYPES):
            return True
        if type(item).__module__.startswith(TYPES):
            return True
        is_strict = isinstance(item, FieldInfo) and any(getattr(part, "strict", False) for part in item.metadata)
        if scalar in (int, bool, float) and is_strict:
            return True
    return False


def request_leaves() -> Iterator[Leaf]:
    """Yield every scalar of every request body and of every parameter in a query or a path."""
    for spec in (spec for spec in functions() if not spec.is_fallback and spec.protocol == "json"):
        if spec.kind != "api":
            continue
        for name, route in operations(app(spec)).items():
            dependants = [route.dependant]
            while dependants:
                dependant = dependants.pop()
                dependants += dependant.dependencies
                for field in (*dependant.body_params, *dependant.query_params, *dependant.path_params):
                    yield from leaves(
                        f"{name}.{field.name}", field.field_info.annotation, tuple(field.field_info.metadata)
                    )


FOUND = {name: (scalar, metadata) for name, scalar, metadata in request_leaves()}


def test_the_search_finds_fields_of_bodies_and_parameters_of_queries_and_paths() -> None:
    expected = {"NewProduct.price", "SiteOrderFilters.created_from", "ShippingAddress.country", "FileOptions.sheet"}
    assert expected <= FOUND.keys()
    assert any(name.endswith("{product_id}.product_id") for name in FOUND)
    assert len(FOUND) > 150


@pytest.mark.parametrize("name", sorted(FOUND))
def test_each_request_field_has_a_type_of_core_types_or_a_listed_reason(name: str) -> None:
    scalar, metadata = FOUND[name]
    assert is_typed(scalar, metadata) or name in REASONS


def test_every_listed_exception_exists_and_has_no_type_of_core_types() -> None:
    assert {name for name in REASONS if name not in FOUND or is_typed(*FOUND[name])} == set()
