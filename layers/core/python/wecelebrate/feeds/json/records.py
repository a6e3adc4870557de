"""Flattens a JSON object to records: one for the product, or one for each of its variants."""

import json
from typing import Any

from wecelebrate.feeds.files.csv_rows import MAX_COLUMNS
from wecelebrate.feeds.items import Record, quoted
from wecelebrate.feeds.json.commercetools import product_of
from wecelebrate.feeds.json.extended import plain_value
from wecelebrate.feeds.json.shapes import address, connection, named_values, node_of, option_lines, unwrapped
from wecelebrate.feeds.prices.types import parts_by_type
from wecelebrate.feeds.vendors.odoo_json import without_odoo_pairs

MAX_DEPTH = 10
MAX_LIST_COLUMNS = 20
MAX_REPEATED_VALUES = 1_000_000
"""The maximum number of values that the variants of a product get from the product. They need about 100 MB."""
VARIANT_KEYS = ("variants", "variations", "skus")
CUSTOM_KEYS = ("custom_attributes", "customAttributes")
"""Keys of lists that contain attributes with their codes. The columns of these attributes have the prefix
`attributes.`, as in other exports."""
STOCK_KEYS = (
    "availability", "backorders", "inventory_level", "inventory_quantity", "manage_stock", "stock", "stock_quantity",
    "stock_status",
)  # fmt: skip
WORD_LIST_KEYS = ("tags", "keywords")


class InvalidJson(Exception):
    """The text is not valid JSON. The message describes the problem."""


class AmbiguousObject(dict[str, Any]):
    """An object in which a key occurs twice, with different values. JSON does not define which value is used."""

    repeated_key = ""


def records_of(value: Any) -> list[Record]:
    """Return one record for the object, or one record for each of its variants. Raises InvalidJson."""
    if not isinstance(value, dict):
        raise InvalidJson(f"{quoted(value if isinstance(value, str) else json.dumps(value))} is not an object")
    value = node_of(value)
    _check_keys(value)
    value = unwrapped(value)
    _check_keys(value)
    value = without_odoo_pairs(value)
    if "masterData" in value or "masterVariant" in value:
        value = product_of(value) or value
    for key in VARIANT_KEYS:
        variants = connection(value.get(key))
        if variants and all(isinstance(variant, dict) for variant in variants):
            product = _flatten({name: part for name, part in value.items() if name != key}, "", {}, 0)
            if len(product) * len(variants) > MAX_REPEATED_VALUES:
                raise InvalidJson(
                    f"its {len(variants):,} variants would repeat {len(product):,} values of the product, and the "
                    f"maximum is {MAX_REPEATED_VALUES:,}"
                )
            return [_variant_record(unwrapped(variant), product) for variant in variants]
    return [_flatten(value, "", {}, 0)]


def _variant_record(variant: dict[str, Any], product: Record) -> Record:
    """Return the record of a variant. The stock of the variant replaces the stock of its product."""
    record = _flatten(variant, "variants.", dict(product), 1)
    for key in STOCK_KEYS:
        if record.get(f"variants.{key}"):
            record.pop(key, None)
    return record


def _check_keys(value: dict[str, Any]) -> None:
    if isinstance(value, AmbiguousObject):
        raise InvalidJson(f"the key {quoted(value.repeated_key)} occurs twice, with different values")


def _flatten(value: dict[str, Any], prefix: str, record: Record, depth: int) -> Record:
    """Add the values of an object to the record.

    Nested keys become columns such as `price.amount`. A list of texts or images becomes one cell with several lines.
    """
    if depth > MAX_DEPTH:
        raise InvalidJson("it is nested too deeply")
    _check_keys(value)
    for key, stated in value.items():
        name, part = prefix + key, plain_value(stated)
        if part is None:
            record[name] = ""
        elif isinstance(part, str):
            record[name] = part
        elif isinstance(part, bool):
            record[name] = "true" if part else "false"
        elif isinstance(part, dict):
            if ("edges" in part or "nodes" in part) and (nodes := connection(part)) is not None:
                _flatten({key: nodes}, prefix, record, depth)
            else:
                _flatten(part, name + ".", record, depth + 1)
        elif part and isinstance(part[0], dict) and (prices := parts_by_type(key, part)) is not None:
            for path, price in prices[:MAX_LIST_COLUMNS]:
                _flatten(price, f"{name}.{path}.", record, depth + 1)
        elif not (part and _is_named(part[0]) and _flatten_names(part, key, prefix, record, depth)):
            _flatten_list(part, name, record, depth)
        if len(record) > MAX_COLUMNS:
            raise InvalidJson(f"it has more than {MAX_COLUMNS:,} values")
    return record


def _is_named(part: Any) -> bool:
    """Return whether the first object of a list can be an option or a named value, and not an image."""
    return isinstance(part, dict) and "src" not in part and "url" not in part


def _flatten_names(parts: list[Any], key: str, prefix: str, record: Record, depth: int) -> bool:
    """Add the options or the named values of a list to the record. Returns False if the list contains other objects."""
    if lines := option_lines(key, parts):
        record[prefix + key] = lines
    elif values := named_values(parts):
        _flatten(values, f"{prefix}{'attributes' if key in CUSTOM_KEYS else key}.", record, depth + 1)
    else:
        return False
    return True


def _flatten_list(parts: list[Any], name: str, record: Record, depth: int) -> None:
    texts: list[str] = []
    for number, part in enumerate(parts):
        if isinstance(part, dict):
            url = address(part)
            if url is not None:
                texts.append(url)
            elif number < MAX_LIST_COLUMNS:
                _flatten(part, f"{name}.{number}.", record, depth + 1)
        elif isinstance(part, list):
            if number < MAX_LIST_COLUMNS:
                _flatten({str(number): part}, name + ".", record, depth + 1)
        elif part is not None:
            texts.append(part if isinstance(part, str) else str(part).lower())
    if texts or not parts:
        record[name] = (", " if name.endswith(WORD_LIST_KEYS) else "\n").join(texts)
