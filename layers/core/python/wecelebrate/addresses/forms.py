"""Describes forms for an address.

Only storefronts need these forms, so the checks of an order do not load their models.
"""

import re
from typing import get_args

from wecelebrate.addresses.models import AddressFormat, Region
from wecelebrate.addresses.rules import FIELDS, AddressField, AddressRules, rules_of


def address_format(country: str) -> AddressFormat:
    """Return the address format of a country, for a form. `country` is an assigned ISO 3166-1 alpha-2 code."""
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
        if FIELDS["A"] in fields:  # The street has two separate lines.
            fields.remove(FIELDS["A"])
            lines += [["line1"], ["line2"]]
        if fields:
            lines.append([names[0] for names in fields])
    for field in rules.required_one_of:  # The format of the United Arab Emirates has no city.
        if not any(field in line for line in lines):
            lines.insert(lines.index(["region"]), [field])
    return lines
