"""Adds the texts of tags and fields to the document. The texts come from the code.

- The text of a tag consists of the docstrings of the handlers of its resource.
- The text of a field is its `Field(description=…)`, or the docstring below the field. Otherwise it is the text of the
  field with the same name in a model of the same module and concept. For example, `CatalogPatch.name` has the text of
  `CatalogContent.name`.
- `_COMMON` describes the fields that have the same meaning in every model, e.g. `created_at`.
"""

import ast
import inspect
import re
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from types import ModuleType
from typing import Any

from pydantic import BaseModel

from infra.functions import FunctionSpec
from infra.openapi.operations import resource
from wecelebrate.core.problem_document import ProblemDocument

Json = dict[str, Any]

_COMMON = {
    "id": "The UUID of the object. It never changes.",
    "client_id": "The client that owns the object.",
    "catalog_id": "The catalog to which the object belongs.",
    "site_id": "The site to which the object belongs.",
    "product_id": "The product, by its UUID.",
    "created_at": "When the object was created, in UTC.",
    "updated_at": "When the object last changed, in UTC.",
    "data": "The rows of the page, in the order of the list.",
    "has_more": "Whether a next page exists.",
}


def tags(specs: Iterable[FunctionSpec]) -> list[Json]:
    """Return the tags of all functions. The description of a tag consists of the docstrings of its handlers."""
    texts: dict[str, list[str]] = {}
    for spec in specs:
        docstring = ast.get_docstring(ast.parse(spec.handler.read_text("utf-8"))) or ""
        first, _, _rest = docstring.partition("\n\n")
        texts.setdefault(resource(spec), []).append(" ".join(first.split()))
    return [{"name": name, "description": "\n\n".join(lines)} for name, lines in sorted(texts.items())]


def describe(openapi: Json) -> None:
    """Add the missing descriptions of fields and parameters."""
    models = {model.__name__: model for model in _models(BaseModel)} | {"Problem": ProblemDocument}
    for name, schema in openapi["components"]["schemas"].items():
        model = models.get(name) or (models["Page"] if name.endswith("Page") else None)
        for field, definition in schema.get("properties", {}).items():
            _describe_field(definition, field, model)
    for item in openapi["paths"].values():
        for operation in item.values():
            for parameter in operation.get("parameters", []):
                if parameter.get("description") is None:
                    parameter["description"] = _parameter_text(parameter)


def _describe_field(definition: Json, field: str, model: type | None) -> None:
    if definition.get("description"):
        return
    text = _field_text(model, field) if model else None
    text = text or _COMMON.get(field)
    if text:
        definition["description"] = text


def _parameter_text(parameter: Json) -> str:
    name = parameter["name"]
    if parameter["in"] == "path":
        return (
            f"The UUID of the {name.removesuffix('_id').replace('_', ' ')}."
            if name.endswith("_id")
            else (f"The {name} of the object.")
        )
    # Every parameter except a filter for one value has a description, so this parameter is such a filter.
    return f"Only objects whose `{name}` has this value."


def _field_text(model: type, field: str) -> str | None:
    """Return the text of a field from its class, from a base class, or from its module."""
    owners = [owner for owner in model.__mro__ if owner.__module__.startswith("wecelebrate.")]
    for owner in owners:
        if text := _docstrings(owner.__module__).get((owner.__name__, field)):
            return text
    for owner in owners:
        concept = _words(owner.__name__)
        for (other, name), text in _docstrings(owner.__module__).items():
            if name == field and concept & _words(other):
                return text
    return None


def _words(name: str) -> set[str]:
    """Return the words of a class name that state its concept, e.g. {"Product"} for `ProductPatch`."""
    return set(re.findall("[A-Z][a-z]+", name)) - {"New", "Patch", "Content", "Filters", "Page"}


@cache
def _docstrings(module_name: str) -> dict[tuple[str, str], str]:
    """Return the description or the docstring of each field of the classes in a module. The keys are pairs: (class,
    field).
    """
    module: ModuleType = sys.modules[module_name]
    texts: dict[tuple[str, str], str] = {}
    for node in ast.parse(inspect.getsource(module)).body:
        if not isinstance(node, ast.ClassDef):
            continue
        model = getattr(module, node.name)
        for statement, following in zip(node.body, [*node.body[1:], None], strict=True):
            if not isinstance(statement, ast.AnnAssign) or not isinstance(statement.target, ast.Name):
                continue
            name = statement.target.id
            info = getattr(model, "model_fields", {}).get(name)
            text = info.description if info else None
            if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
                text = inspect.cleandoc(str(following.value.value))
            if text:
                texts[node.name, (info.serialization_alias or name) if info else name] = " ".join(text.split())
    return texts


def _models(parent: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for child in parent.__subclasses__():
        if child.__module__.startswith("wecelebrate.") and "[" not in child.__name__:
            yield child
        yield from _models(child)
