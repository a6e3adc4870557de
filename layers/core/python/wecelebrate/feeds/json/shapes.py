"""Recognises the shapes of lists in the JSON of shop APIs: GraphQL connections, options, and named values."""

import re
from collections.abc import Sequence
from typing import Any

URL_KEYS = ("src", "url", "href", "image_url", "originalSrc", "url_standard", "file")
OPTION_KEYS = frozenset(("selectedoptions", "selected_options", "options", "option_values", "optionvalues"))
"""The keys of a variant's options. Each option has a name and a value."""
_NAME_KEYS = ("name", "attribute_code", "key", "code", "option_display_name", "title")
_VALUE_KEYS = ("value", "option", "label", "options")
_EDGE_KEYS = frozenset(("node", "cursor", "__typename"))
_ENVELOPES = (
    "attributes", "fields", "item", "product", "_source", "data", "content", "record", "properties", "article",
    "resource", "entity", "document", "payload", "node",
    "item_data", "item_variation_data",
)  # fmt: skip
"""If an object is only the envelope of a product, the product is under one of these keys."""
_PRODUCT_KEY = re.compile(r"(?:^|[_\W])(?:name|title|sku)|(?:Name|Title|Sku|SKU)$", re.ASCII)
MAX_VALUE_LENGTH = 5_000


def node_of(value: dict[str, Any]) -> dict[str, Any]:
    """Return the node of an edge, such as `{"node": …, "cursor": …}`. Any other object is returned unchanged."""
    node = value.get("node")
    return node if isinstance(node, dict) and value.keys() <= _EDGE_KEYS else value


def unwrapped(value: dict[str, Any]) -> dict[str, Any]:
    """If the object is only the envelope of a product, return the product with the other values of the envelope.

    Shapes: `{"type": …, "id": …, "attributes": {…}}` (JSON:API), `{"id": …, "fields": {…}}` (Airtable),
    `{"_id": …, "_source": {…}}` (Elasticsearch), `{"id": …, "item_data": {…}}` (Square), `{"@type": "ListItem", "item":
    {…}}` (schema.org).

    Any other object is returned unchanged. For example, the `attributes` of an object with a name are properties.
    """
    inner = [key for key in _ENVELOPES if isinstance(value.get(key), dict)]
    if len(inner) != 1 or any(map(_names_a_product, value)):
        return value
    product = value[inner[0]]
    if not any(map(_names_a_product, product)):
        return value
    return {**{key: part for key, part in value.items() if key != inner[0]}, **product}


def _names_a_product(key: str) -> bool:
    return _PRODUCT_KEY.search(key) is not None


def connection(value: Any) -> list[Any] | None:
    """Return the objects of a list or of a GraphQL connection, or None for any other value."""
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        for key in ("nodes", "edges"):
            if isinstance(parts := value.get(key), list) and all(isinstance(part, dict) for part in parts):
                return [node_of(part) for part in parts]
    return None


def address(part: dict[str, Any]) -> str | None:
    """Return the address of an image: `{"src": …}`, `{"image": {"url": …}}` or `{"preview": {"image": …}}`."""
    for key in URL_KEYS:
        if isinstance(text := part.get(key), str):
            return text
    for key in ("image", "preview"):
        if isinstance(inner := part.get(key), dict):
            return address(inner)
    return None


def option_lines(key: str, parts: Sequence[Any]) -> str | None:
    """Return the options of a variant as lines such as `Colour: Red`, or None if the list has no options.

    Shapes: `{"name": "Colour", "value": "Red"}` (Shopify), `{"name": "Colour", "option": "Red"}` (WooCommerce),
    `{"value": "Red", "option": {"title": "Colour"}}` (Medusa 2), `{"option_display_name": "Colour", "label": "Red"}`
    (BigCommerce).
    """
    lines = []
    for part in parts:
        if not isinstance(part, dict):
            return None
        option = part.get("option")
        if isinstance(option, dict):
            name, value = option.get("title") or option.get("name"), part.get("value")
        elif isinstance(option, str):
            name, value = part.get("name"), option
        elif key.casefold() in OPTION_KEYS:
            name = part.get("name") or part.get("option_display_name")
            value = part.get("value") or part.get("label")
        else:
            return None
        if not isinstance(name, str) or not isinstance(value, str):
            return None
        lines.append(f"{' '.join(name.split())}: {' '.join(value.split())}")
    return "\n".join(lines) if lines else None


def named_values(parts: Sequence[Any]) -> dict[str, Any] | None:
    """Return the values of a list such as `[{"attribute_code": "color", "value": "Red"}]` by their names.

    Returns None if the list has other objects, or if a name occurs twice.
    """
    values: dict[str, Any] = {}
    for part in parts:
        if not isinstance(part, dict):
            return None
        name = next((part[key] for key in _NAME_KEYS if isinstance(part.get(key), str)), None)
        value_keys = [key for key in _VALUE_KEYS if key in part]
        if not name or not value_keys or name in values:
            return None
        value = part[value_keys[0]]
        if isinstance(value, dict) and isinstance(value.get("label"), str):
            value = value["label"]
        elif isinstance(value, list) and all(not isinstance(item, dict | list) for item in value):
            value = ", ".join(str(item) for item in value if item is not None)
        values[name] = value
    return values or None
