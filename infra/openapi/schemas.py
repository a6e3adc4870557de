"""Cleans the schemas of the document, and moves the parts that several operations use to `components`."""

import json
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from wecelebrate.core.errors import Problem
from wecelebrate.core.problem_document import ProblemDocument

Json = dict[str, Any]

SCHEMAS = "#/components/schemas/"
_KEYWORDS_OF_NUMBERS = ("maximum", "minimum", "exclusiveMaximum", "exclusiveMinimum", "multipleOf")


def components_of(model_schema: Json) -> tuple[Json, Json]:
    """Split the schema of a model into the schema of the model itself and the schemas to which it refers. References
    begin with `SCHEMAS`."""
    return model_schema, model_schema.pop("$defs", {})


def problem_schemas() -> Json:
    """Return the schemas of problem documents. `ProblemCode` lists the codes of all imported subclasses of Problem."""
    problem, others = components_of(ProblemDocument.model_json_schema(ref_template=SCHEMAS + "{model}"))
    for definition in (each for schema in (problem, *others.values()) for each in schema["properties"].values()):
        _remove_null(definition)  # a problem document contains no null: a field without a value is absent
    code = problem["properties"]["code"]
    # The schema also allows other texts, because a client that is generated today must accept the codes of a later
    # release.
    code.pop("type")
    code["anyOf"] = [{"$ref": SCHEMAS + "ProblemCode"}, {"type": "string"}]
    errors: list[type[Problem]] = [Problem, *_subclasses(Problem)]
    codes = sorted({error.code for error in errors})
    others["ProblemCode"] = {
        "title": "ProblemCode",
        "type": "string",
        "description": "The codes of this release. A later release can add codes, so handle an unknown code by its "
        "HTTP status.",
        "enum": codes,
    }
    return others | {"Problem": problem}


def clean(openapi: Json) -> None:
    """Remove generated titles inside schemas, and write the limits of integers as integers.

    Pydantic gives each property a title made from its name. If such a title equals the name of a schema, e.g. `Image`,
    generators of clients merge the property and the schema.
    """
    named = openapi["components"]["schemas"]
    for schema in _schemas(openapi):
        for keyword in _KEYWORDS_OF_NUMBERS:
            limit = schema.get(keyword)
            if isinstance(limit, float) and limit.is_integer():
                schema[keyword] = int(limit)
        if isinstance(schema.get("title"), str) and all(schema is not top for top in named.values()):
            del schema["title"]
    for name, schema in named.items():
        schema["title"] = name


def require_fields_of_responses(openapi: Json) -> None:
    """Mark all properties of objects in successful responses as required, because the API always sends them.

    Pydantic does not mark properties with a default. A schema that requests, errors or webhooks also use stays
    unchanged.
    """
    schemas = openapi["components"]["schemas"]
    sent: list[Any] = []
    others: list[Any] = [openapi["webhooks"], openapi["components"]["responses"]]
    for operation in operations_of(openapi):
        others += [operation.get("requestBody"), operation.get("parameters")]
        sent += [response for status, response in operation["responses"].items() if status < "300"]
    for name in _used_schemas(sent, schemas) - _used_schemas(others, schemas):
        properties = schemas[name].get("properties")
        if properties:
            schemas[name]["required"] = list(properties)


def _used_schemas(node: Any, schemas: Json) -> set[str]:
    """Return the names of the schemas to which a part of the document refers, directly or through other schemas."""
    used: set[str] = set()
    nodes = [node]
    while nodes:
        item = nodes.pop()
        if isinstance(item, list):
            nodes += item
        elif isinstance(item, dict):
            name = str(item.get("$ref", "")).removeprefix(SCHEMAS)
            if name in schemas and name not in used:
                used.add(name)
                nodes.append(schemas[name])
            nodes += item.values()
    return used


def share_parameters(openapi: Json) -> None:
    """Move each parameter that several operations have to `components/parameters`."""
    uses: dict[str, list[tuple[list[Any], int]]] = defaultdict(list)
    for operation in operations_of(openapi):
        for index, parameter in enumerate(operation.get("parameters", [])):
            uses[json.dumps(parameter, sort_keys=True)].append((operation["parameters"], index))
    shared: Json = {}
    for text, places in sorted(uses.items(), key=lambda use: -len(use[1])):
        parameter = json.loads(text)
        name = _parameter_name(parameter)
        if len(places) < 2 or name in shared:
            continue
        shared[name] = parameter
        for parameters, index in places:
            parameters[index] = {"$ref": f"#/components/parameters/{name}"}
    openapi["components"]["parameters"] = dict(sorted(shared.items()))


def optional_parameters_are_not_null(openapi: Json) -> None:
    """Remove the type `null` from parameters. A parameter cannot be null: it is absent, or its value is a text."""
    for operation in operations_of(openapi):
        for parameter in operation.get("parameters", []):
            _remove_null(parameter["schema"])


def _remove_null(schema: Json) -> None:
    """Remove the type `null` and the default `null` from the schema of a parameter or a property."""
    variants = [variant for variant in schema.get("anyOf", []) if variant != {"type": "null"}]
    if len(variants) == 1:
        del schema["anyOf"]
        schema |= variants[0]
    elif variants:
        schema["anyOf"] = variants
    if schema.get("default", ...) is None:
        del schema["default"]


def operations_of(openapi: Json) -> Iterator[Json]:
    """Yield all operations below `paths`."""
    for path_item in openapi["paths"].values():
        yield from path_item.values()


def dereferenced(openapi: Json, node: Any) -> Any:
    """Return a parameter or response. If it is a reference, return the component to which the reference points."""
    if not isinstance(node, dict) or "$ref" not in node:
        return node
    target: Any = openapi
    for step in node["$ref"].removeprefix("#/").split("/"):
        target = target[step]
    return target


def rename_pages(node: Any) -> Any:
    """Rename the schemas of pages everywhere in `node`, e.g. from Pydantic's `Page_Client_` to `ClientPage`."""
    if isinstance(node, dict):
        return {_page_name(name): rename_pages(value) for name, value in node.items()}
    if isinstance(node, list):
        return [rename_pages(value) for value in node]
    return _page_name(node) if isinstance(node, str) and node.startswith((SCHEMAS, "Page_", "Page[")) else node


def _page_name(name: str) -> str:
    for opening, closing in (("Page_", "_"), ("Page[", "]")):
        prefix, separator, model = name.partition(opening)
        if separator and model.endswith(closing) and prefix in ("", SCHEMAS):
            return f"{prefix}{model.removesuffix(closing)}Page"
    return name


def _parameter_name(parameter: Json) -> str:
    words = parameter["name"].replace("-", "_").split("_")
    name = "".join(word[:1].upper() + word[1:] for word in words)
    return f"{name}InPath" if parameter["in"] == "path" else name


def _schemas(openapi: Json) -> Iterator[Json]:
    """Yield every schema of the document, at any depth."""
    yield from _nested(openapi["components"]["schemas"], is_map=True)
    yield from _in_schema_keys(openapi)


def _in_schema_keys(node: Any) -> Iterator[Json]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "schema":
                yield from _nested(value)
            elif key != "schemas":
                yield from _in_schema_keys(value)
    elif isinstance(node, list):
        for value in node:
            yield from _in_schema_keys(value)


def _nested(node: Any, *, is_map: bool = False) -> Iterator[Json]:
    if isinstance(node, list):
        for item in node:
            yield from _nested(item)
    elif isinstance(node, dict):
        if not is_map:
            yield node
        for key, value in node.items():
            if is_map or key not in ("examples", "enum", "default", "const"):
                yield from _nested(value, is_map=not is_map and key in ("properties", "patternProperties", "$defs"))


def _subclasses(parent: type[Problem]) -> Iterator[type[Problem]]:
    for child in parent.__subclasses__():
        if child.__module__.startswith("wecelebrate."):
            yield child
            yield from _subclasses(child)
