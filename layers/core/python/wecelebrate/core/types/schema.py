"""Adds JSON schemas to types whose rules are checked by code of the platform."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema


@dataclass(frozen=True)
class Documented:
    """Adds keywords to the JSON schema of a type, e.g. `pattern`. The code of the type must check the same rules."""

    keywords: dict[str, Any] = field(hash=False)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return handler(schema) | self.keywords


@dataclass(frozen=True)
class DocumentedAs:
    """Documents a value with the schema of a model.

    The model checks the value later, e.g. separately for each row of an import.

    `model` is called when a document is generated. Therefore the model can be defined after the field.
    """

    model: Callable[[], type[BaseModel]]

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return handler(self.model().__pydantic_core_schema__)


@dataclass(frozen=True)
class OneOf:
    """Accepts only the values that `values` returns. `values` is called when the first value is checked.

    Therefore only functions that need the library with the values load it.
    """

    values: Callable[[], Iterable[str]]
    problem: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return handler(schema) | {"enum": sorted(self.values())}

    def _check(self, value: str) -> str:
        if value not in self.values():
            raise ValueError(self.problem)
        return value
