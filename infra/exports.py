"""Writes docs/exports.md from the profiles of known exports and their sample files: `python -m infra.exports`.

The text of a section is the docstring of the vendor's module. A table shows the columns that the reader finds in the
vendor's sample file in tests/data/feeds. Therefore the page always agrees with the reader.
"""

import importlib
import pkgutil
import re
import textwrap
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from infra.functions import ROOT
from wecelebrate.feeds import open_feed, vendors
from wecelebrate.feeds.columns.names import fold
from wecelebrate.feeds.columns.profile import Profile, VariantRule
from wecelebrate.feeds.columns.synonyms import FIELDS
from wecelebrate.feeds.plan.profiles import PROFILES

FILE = ROOT / "docs" / "exports.md"
SAMPLES = ROOT / "tests" / "data" / "feeds"
_INTRODUCTION = """\
# Exports of shops

These exports are recognised from their columns, and read as their vendors define them. Send them as they come.
[Files of ERP systems](erp.md) describes how files are read in general, and which [XML](erp.md#xml) is read. This page
is written by `python -m infra.exports`.

The second column of a table shows the columns of a sample file. The third column shows further names of the same field
in other versions and languages of the export. Names are compared without case, spaces, accents and punctuation:
`regularprice` is `Regular price`. Of several columns, the first one that is not blank is used. The mapping of a catalog
overrides the table. Columns that a table does not name are private.
"""
_LABELS = {"inventory_count": "stock", "is_active": "state"}


@dataclass(frozen=True)
class Reading:
    """How a sample file is read: the columns of each field, the attributes, and all columns."""

    fields: dict[str, list[str]]
    attributes: list[str]
    header: list[str]


def page() -> str:
    """Return the page as Markdown. Raises KeyError if an export has no sample file."""
    readings = _readings()
    sections = [_INTRODUCTION]
    for title, text, profiles in sorted(_vendors(), key=lambda section: section[0].casefold()):
        sections.append(f"## {title}\n\n{text}\n")
        sections += [_table(profile, readings[profile.name]) for profile in profiles]
    return "\n".join(sections)


def _readings() -> dict[str, list[Reading]]:
    """Map the name of each profile to the results of reading its sample files."""
    readings: dict[str, list[Reading]] = defaultdict(list)
    for path in sorted(SAMPLES.iterdir()):
        if path.suffix in (".md", ".xml"):
            continue
        with path.open("rb") as stream, open_feed(stream, path.name, None, "EUR") as feed:
            details = feed.details
        fields = {name: [value] if isinstance(value, str) else value for name, value in details["mapping"].items()}
        readings[details["profile"]].append(Reading(fields, list(details["attributes"]), details["columns"]))
    return readings


def _vendors() -> Iterator[tuple[str, str, list[Profile]]]:
    """Yield the title, the text and the profiles of each vendor."""
    for info in pkgutil.iter_modules(vendors.__path__):
        module = importlib.import_module(f"{vendors.__name__}.{info.name}")
        title, _, text = (module.__doc__ or "").strip().partition(": ")
        profiles = [profile for profile in PROFILES if any(profile is value for value in vars(module).values())]
        yield title, text[:1].upper() + text[1:], profiles


def _table(profile: Profile, readings: list[Reading]) -> str:
    """Return the table of an export, and the notes about its rows."""
    lines = [f"### Export `{profile.name}`", "", "| field | columns | further names |", "|---|---|---|"]
    for field in (*FIELDS, "inventory_policy"):
        columns = _unique(column for reading in readings for column in reading.fields.get(field, ()))
        folded_columns = set(map(fold, columns))
        others = [name for name in _names(profile.fields.get(field, ())) if name not in folded_columns]
        if columns or others:
            label = "stock, beside the number" if field == "inventory_policy" else _LABELS.get(field, field)
            lines.append(f"| {label} | {_code(columns)} | {_code(others)} |")
    attributes = _unique(label for reading in readings for label in reading.attributes)
    labels = _unique((*attributes, *filter(None, profile.attributes.values())))
    if labels:
        lines.append(f"| attributes | {_code(labels)} | – |")
    header = {fold(column): column for reading in readings for column in reading.header}
    notes = list(_notes(profile, header))
    return "\n".join([*lines, *([""] if notes else []), *(_wrapped(note) for note in notes), ""])


def _names(patterns: Iterable[str]) -> list[str]:
    """Return the patterns that are plain names. All other patterns match names that contain a language, a currency or a
    number."""
    plain = (pattern for pattern in patterns if not re.search(r"[^a-z0-9|]", pattern))
    return _unique(name for pattern in plain for name in pattern.split("|"))


def _notes(profile: Profile, header: Mapping[str, str]) -> Iterator[str]:
    """Yield the notes about the rows. `header` maps the folded name of each column to its name in the samples."""
    if profile.minor_units:
        yield "Prices are whole numbers of the smallest unit of the currency, such as cents."
    if profile.variants:
        yield from _variant_notes(profile.variants, header)
    if profile.pair_columns:
        yield f"The pairs in {_columns(profile.pair_columns, header)} are attributes if their names are public."
    for rule in profile.reject_rules:
        yield f"Rejected rows: the value in {_columns((rule.column,), header)} {rule.reason}."


def _variant_notes(rule: VariantRule, header: Mapping[str, str]) -> Iterator[str]:
    if rule.parent:
        yield f"A variant names its product in {_columns(rule.parent, header)}."
    elif not rule.first_row_patterns and rule.key != rule.variant_columns:
        yield f"Rows with the same value in {_columns(rule.key[:1], header)} are one product."
    if rule.is_scattered:
        yield "The rows of a product can be at any place of the file."
    if rule.parent_patterns:
        yield "If a product has variants, only the variants are sold."
    if rule.inherits_price:
        yield "A variant without a price has the price of its product."
    if rule.surcharge:
        yield f"The amount in {_columns(rule.surcharge, header)} is added to this price."
    if rule.completing_patterns:
        yield f"Rows with a value in {_columns(rule.completing_patterns, header)} complete the product above."


def _columns(patterns: Iterable[str], header: Mapping[str, str]) -> str:
    """Return the columns of the samples that match the patterns. If no column matches, return the plain names in the
    patterns."""
    columns = [column for pattern in patterns for name, column in header.items() if re.fullmatch(pattern, name)]
    return _code(_unique(columns) or _names(patterns))


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names).replace("|", r"\|") or "–"


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _wrapped(note: str) -> str:
    return textwrap.fill(f"- {note}", 120, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


if __name__ == "__main__":
    FILE.write_text(page(), "utf-8")
