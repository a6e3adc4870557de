"""Tests that a release ignores cached values that a release with different models has stored."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from pydantic import BaseModel, Field, create_model

from infra import cache_shapes
from infra.cache_shapes import FILE, OPERATIONS, cached_routes, text
from wecelebrate.core.cache import keys
from wecelebrate.core.cache.keys import Entity, entry
from wecelebrate.core.cache.shapes import SHAPES

WITHOUT_MODEL = {keys.SESSION}
"""The cache entities without a model. `requests.sessions` defines the structure of their values."""


def test_the_fingerprints_of_cached_values_match_the_current_models() -> None:
    assert FILE.read_text("utf-8") == text(), "run `python -m infra.cache_shapes`"


def test_each_operation_that_reads_the_cache_and_each_entity_has_a_fingerprint() -> None:
    assert {name for names in OPERATIONS.values() for name in names} == cached_routes().keys()
    entities = {value for value in vars(keys).values() if isinstance(value, Entity)}
    assert entities - OPERATIONS.keys() == WITHOUT_MODEL
    assert {entity.name for entity in OPERATIONS} == SHAPES.keys()


@pytest.mark.parametrize("entity", OPERATIONS, ids=lambda entity: entity.name)
def test_the_key_of_a_value_contains_the_fingerprint_of_its_model(
    entity: Entity, monkeypatch: pytest.MonkeyPatch
) -> None:
    current = entry(entity, "1", tags=[]).suffix
    assert current == f"{entity.name}.{SHAPES[entity.name]}:1"
    monkeypatch.setitem(SHAPES, entity.name, "other")
    assert entry(Entity(entity.name, entity.life), "1", tags=[]).suffix != current


class Mug(BaseModel):
    """A mug."""

    title: str = Field(description="What it is called.")
    price: Decimal


CHANGED: Mapping[str, Any] = {
    "a new member": {"title": (str, ...), "price": (Decimal, ...), "size": (int | None, None)},
    "a missing member": {"title": (str, ...)},
    "another type": {"title": (str, ...), "price": (int, ...)},
    "another name": {"description": (str, ...), "price": (Decimal, ...)},
    "a type that can be null": {"title": (str | None, ...), "price": (Decimal, ...)},
}


@pytest.mark.parametrize("change", CHANGED)
def test_a_change_of_a_model_changes_the_fingerprint(change: str) -> None:
    changed = create_model("Mug", **CHANGED[change])
    assert cache_shapes._fingerprint([changed]) != cache_shapes._fingerprint([Mug])
    assert cache_shapes._fingerprint([list[changed]]) != cache_shapes._fingerprint([list[Mug]])


def test_a_change_of_a_description_does_not_change_the_fingerprint() -> None:
    described = create_model("Mug", __doc__="Another text.", title=(str, Field(description="?")), price=(Decimal, ...))
    assert cache_shapes._fingerprint([described]) == cache_shapes._fingerprint([Mug])
