"""Describes the address form of each country.

Only storefronts need address forms. The models of the forms are in a separate module, so that checking an order does
not load them.
"""

import re
from typing import get_args

from wecelebrate.addresses.models import AddressFormat, Region
from wecelebrate.addresses.rules import FIELDS, AddressField, AddressRules, rules_of


def address_format(country: str) -> AddressFormat:
    """Return the description of a country's address form. `country` is an assigned ISO 3166-1 alpha-2 code."""
    rules = rules_of(country)
    lines = _lines(rules)
    return AddressFormat(
        country=rules.country,
        lines=lines,
        required=[field for field in get_args(AddressField) if field in rules.required],
        required_one_of=list(rules.required_one_of),
        labels={field: rules.label(field) for line in lines for field in line},
        regions=[Region(**region._asdict()) for region in rules.regions],
        region_must_be_listed=rules.region_must_be_listed,
        postal_code_pattern=f"^{rules.postal_code.pattern}$" if rules.postal_code else None,
        postal_code_examples=rules.postal_code_examples,
    )


def _lines(rules: AddressRules) -> list[list[AddressField]]:
    """Return the fields of each line, in the order in which people of the country write them."""
    lines: list[list[AddressField]] = []
    for line in str(rules.data["fmt"]).split("%n"):
        fields = [FIELDS[letter] for letter in re.findall("%([NOACSZ])", line)]
        if FIELDS["A"] in fields:  # `line1` and `line2` are on separate lines.
            fields.remove(FIELDS["A"])
            lines += [["line1"], ["line2"]]
        if fields:
            lines.append([names[0] for names in fields])
    for field in rules.required_one_of:  # Google's format of the United Arab Emirates has no city.
        if not any(field in line for line in lines):
            lines.insert(lines.index(["region"]), [field])
    return lines
