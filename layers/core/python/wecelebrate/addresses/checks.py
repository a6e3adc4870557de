"""Checks an address against the rules of its country."""

from collections.abc import Mapping
from typing import Any

from wecelebrate.addresses.rules import AddressRules, rules_of
from wecelebrate.core.problem_document import FieldError


def normalized_address(address: Mapping[str, Any], place: str) -> tuple[dict[str, Any], list[FieldError]]:
    """Check an address. Return the address with a normalized postal code, and the list of errors.

    `address` has a `country`, and the fields of `AddressField`. Each value is a text or None. `place` is the JSON
    Pointer of the address. Only the postal code can change. If the list of errors is not empty, the caller must refuse
    the address.
    """
    rules = rules_of(address["country"])
    errors = [
        FieldError(pointer=f"{place}/{field}", detail=_required_detail(rules, field))
        for field in ("line1", "city", "region", "postal_code")
        if field in rules.required and not address.get(field)
    ]
    if rules.required_one_of and not any(address.get(field) for field in rules.required_one_of):
        labels = " or ".join(f"`{field}` (the {rules.label(field)})" for field in rules.required_one_of)
        errors.append(FieldError(pointer=f"{place}/{rules.required_one_of[0]}", detail=f"is required: send {labels}"))
    region, postal_code = address.get("region"), address.get("postal_code")
    if region and rules.region_must_be_listed and rules.region(region) is None:
        detail = f"must be a {rules.label('region')} of {rules.country}, e.g. {_region_example(rules)}"
        errors.append(FieldError(pointer=f"{place}/region", detail=detail))
    if not postal_code:
        return dict(address), errors
    spelled = rules.postal_code_of(postal_code)
    if spelled is None:
        detail = f"must be a {rules.label('postal_code')} of {rules.country}{_example(rules)}"
        errors.append(FieldError(pointer=f"{place}/postal_code", detail=detail))
    return {**address, "postal_code": spelled}, errors


def _required_detail(rules: AddressRules, field: Any) -> str:
    """Return the error detail for a missing field: it contains the country's name for the field, and an example."""
    text = f"is required in {rules.country}"
    if field == "region":
        example = f", e.g. {_region_example(rules)}" if rules.regions else ""
        return f"{text}: the {rules.label('region')}{example}"
    return text + (_example(rules) if field == "postal_code" else "")


def _example(rules: AddressRules) -> str:
    return f", e.g. {rules.postal_code_examples[0]}" if rules.postal_code_examples else ""


def _region_example(rules: AddressRules) -> str:
    region = rules.regions[0]
    name = region.latin_name or region.name
    return region.code if name == region.code else f"{region.code} ({name})"
