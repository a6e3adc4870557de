"""Rates the columns whose names can mean an identifier by how well their values fit their names."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from wecelebrate.feeds.columns.facts import Columns, Facts
from wecelebrate.feeds.columns.names import field_candidates, fold
from wecelebrate.feeds.columns.repeats import Repeats, names_of, repeats_of
from wecelebrate.feeds.columns.visibility import is_property, private_part
from wecelebrate.feeds.identity import codes
from wecelebrate.feeds.identity.names import (
    FOREIGN,
    GTIN,
    KEY,
    NOUNS,
    OWN,
    RANK_TEXTS,
    ROW,
    ROW_NOUNS,
    SECOND,
    TABLE_NOUNS,
    WEAK_NAMES,
    name_rank,
    names_gtin,
    sku_name,
)
from wecelebrate.feeds.identity.numbered import numbered_column
from wecelebrate.feeds.items import quoted
from wecelebrate.feeds.stock.places import is_stock, places_of
from wecelebrate.feeds.vocabulary import vocabulary

WORDS_ONLY = 0.3
"""A column contains words if the share of values that look like identifiers is smaller than this."""
REPEATED = 0.5
"""A column does not identify products if the share of different values is smaller than this."""
MOSTLY_TEXT = 0.8
"""The minimum share of texts in a column that contains the names of products."""
MIN_VALUES = 3
"""Repeated values in a column with fewer values than this are ignored."""
COMPOSED = 10_000
"""The position of names that are not in SYNONYMS. It comes after the positions of all names in SYNONYMS."""
MAX_OWN_CODE = 16
MAX_NOUN = 60
MIN_REFERENCES = 0.7
"""The minimum share of rows with a reference, such as a value in `Ref.`. If fewer rows have a reference, the database
key identifies the products.
"""
MOSTLY = 0.9
MIN_VARIANTS = 4
"""If fewer rows than this have a repeated SKU, the rows are compared only in columns of properties."""


@dataclass(frozen=True, slots=True)
class SkuCandidate:
    column: int
    order: tuple[int, ...]
    """The best candidate has the smallest value."""
    rank: int
    score: float
    reasons: tuple[str, ...]
    is_refused: bool
    """Whether the values contradict the name so much that the column is not used even if it is the only candidate."""
    has_barcodes: bool = False
    is_key: bool = False
    """Whether the name of the column means a database key. With values like article numbers, `rank` is SECOND."""


def sku_candidate(columns: Columns, column: int, folded: str, position: int) -> SkuCandidate:
    """Rate a candidate. `folded` is the form of its name that matched, and `position` is its rank among all names."""
    is_weak = folded in vocabulary().words(WEAK_NAMES)
    is_noun = folded in TABLE_NOUNS or (position >= COMPOSED and folded in NOUNS) or is_weak
    is_row_noun = folded in ROW_NOUNS or is_weak
    return _rated(columns, column, name_rank(folded), position, is_noun=is_noun, is_row_noun=is_row_noun)


def _are_own_codes(facts: Facts) -> bool:
    """Return whether the values of a column such as `ID` are short codes, and not generated keys."""
    return codes.kind_of(facts) == "codes" and all(len(cell) <= MAX_OWN_CODE for cell in facts.cells)


def keys_last(rated: Sequence[SkuCandidate]) -> list[SkuCandidate]:
    """Sort the candidates: database keys come after article numbers, if the file has article numbers.

    The codes in a column `id` identify products only if no column such as `number` or `Item code` identifies them.
    """
    has_numbers = any(not one.is_key and one.rank <= SECOND and not any(one.order[:3]) for one in rated)
    if not has_numbers:
        return list(rated)
    return [
        replace(one, rank=KEY, order=(*one.order[:3], KEY, *one.order[4:])) if one.is_key and one.rank < KEY else one
        for one in rated
    ]


def references_before_keys(columns: Columns, rated: Sequence[SkuCandidate]) -> list[SkuCandidate]:
    """Sort the candidates: a reference comes before the database key, even if some rows have no reference.

    The shop shows the reference, but the key exists only in the shop's database. Rows without a reference are rejected,
    because the SKUs must not be a mixture of references and keys.
    """
    if any(one.rank <= FOREIGN and not any(one.order[:3]) for one in rated):
        return list(rated)
    return [
        replace(one, order=(*one.order[:2], False, *one.order[3:]))
        if one.rank == SECOND and not any(one.order[:2]) and _are_references(columns[one.column])
        else one
        for one in rated
    ]


def _are_references(facts: Facts) -> bool:
    return (
        facts.filled >= MIN_REFERENCES and facts.distinct >= codes.MIN_SHARE and facts.share("is_identifier") > MOSTLY
    )


def composed_candidates(columns: Columns, known: set[int]) -> list[SkuCandidate]:
    """Return the candidates whose names are not in SYNONYMS, such as `Our Code`."""
    candidates = []
    for number, column in enumerate(columns.header):
        name = None if number in known else sku_name(column)
        if name is not None:
            candidates.append(
                _rated(columns, number, name.rank, COMPOSED, is_noun=name.is_noun, is_row_noun=name.is_noun)
            )
    return candidates


def candidates_beside_names(columns: Columns, known: set[int]) -> list[SkuCandidate]:
    """Return the name column if it contains codes and another column contains the names, as in NetSuite."""
    named = {
        number: {field for field, _, _ in field_candidates(name)} & {"name", "description"}
        for number, name in enumerate(columns.header)
        if number not in known
    }
    texts = [number for number, fields in named.items() if fields and columns[number].share("is_text") >= MOSTLY_TEXT]
    named_candidates = []
    for number, fields in named.items():
        if "name" in fields and texts and codes.are_item_names(columns[number]):
            candidate = _rated(columns, number, SECOND, COMPOSED, is_noun=True, is_row_noun=False)
            reasons = (
                f"its values are codes, and {quoted(columns.header[texts[0]], 40)} contains the names",
                *candidate.reasons[1:],
            )
            order = (
                False,
                False,
                False,
                *candidate.order[3:],
            )  # a path such as `HOODIE : HOODIE-M` only looks like a text
            named_candidates.append(replace(candidate, reasons=reasons, order=order, is_refused=False))
    return named_candidates


_NUMBER_OF = re.compile(
    r"(.{3,40}?)[\s._-]*(?:nr|no|num|nummer|number|numero|número|id|code|kod|kód|n°|\u2116)\.?", re.IGNORECASE
)


def numbers_of_names(columns: Columns, known: set[int]) -> list[SkuCandidate]:
    """Return the column whose name adds a word for "number" to the name of another column, as `Wine no` to `Wine`."""
    folded = {fold(name): number for number, name in enumerate(columns.header) if len(name) <= MAX_NOUN}
    numbers = []
    for number, name in enumerate(columns.header):
        match = _NUMBER_OF.fullmatch(name) if number not in known and len(name) <= MAX_NOUN else None
        named = folded.get(fold(match[1])) if match else None
        if match is None or named is None or sku_name(name) is not None or private_part(name) is not None:
            continue
        facts = columns[number]
        is_key = facts.distinct == 1 and len(facts.cells) == facts.rows
        if is_key and columns[named].share("is_text") >= MOSTLY_TEXT and columns[named].distinct > MOSTLY_TEXT:
            numbers.append(_rated(columns, number, SECOND, COMPOSED, is_noun=False, is_row_noun=False))
    return numbers if len(numbers) == 1 else []


def candidate_by_number(columns: Columns) -> list[SkuCandidate]:
    """Return the only column whose name means the number of a thing, such as `Номер детали`. See `numbered`."""
    number = numbered_column(columns)
    return [] if number is None else [_rated(columns, number, SECOND, COMPOSED, is_noun=False, is_row_noun=True)]


def _rated(  # noqa: PLR0917
    columns: Columns, column: int, rank: int, position: int, is_noun: bool, is_row_noun: bool
) -> SkuCandidate:
    facts = columns[column]
    has_barcodes = codes.is_barcodes(facts)
    reasons = [f"{quoted(columns.header[column], 40)} is a usual name for {RANK_TEXTS[rank]}"]
    if rank in (OWN, SECOND) and has_barcodes and names_gtin(columns.header[column]):
        rank = GTIN
        reasons.append("its name and its values are those of barcodes")
    if rank == SECOND and has_barcodes:
        rank = GTIN
        reasons.append("its values are barcodes")
    is_key = rank == KEY
    if is_key and _are_own_codes(facts):
        rank = SECOND
        reasons.append("its values are codes")
    if is_row_noun and rank != KEY and codes.is_row_numbers(facts.cells):
        rank = ROW
        reasons.append("its values are the numbers of the rows")
    repeats = repeats_of(columns, column) if facts.distinct < 1 else None
    contradicts = _contradiction(columns, facts, rank, is_noun, repeats)
    if contradicts:
        reasons.append(contradicts)
    elif facts.cells:
        reasons.append(f"{len(set(facts.cells))} of {len(facts.cells)} values are different")
    incomplete = rank >= SECOND and facts.filled < 0.9
    if facts.cells and facts.filled < 1:
        reasons.append(f"{round(facts.filled * 100)} % of the rows have a value")
    is_empty = facts.is_empty and facts.rows > 0
    score = max(0.05, 0.95 - 0.07 * rank - 0.6 * bool(contradicts) - 0.5 * is_empty - 0.2 * incomplete)
    order = (bool(contradicts), is_empty, incomplete, rank, position, column)
    is_refused = bool(contradicts) and is_noun and not (repeats and variant_columns(columns, repeats, rank))
    return SkuCandidate(column, order, rank, round(score, 2), tuple(reasons), is_refused, has_barcodes, is_key)


def _contradiction(columns: Columns, facts: Facts, rank: int, is_noun: bool, repeats: Repeats | None) -> str:
    if facts.is_empty:
        return ""
    shown = " and ".join(quoted(example, 20) for example in facts.examples[:2])
    if is_noun and facts.share("is_identifier") < WORDS_ONLY:
        return f"values like {shown} are words"
    if repeats is not None and not places_of(columns, repeats):
        if variants := variant_columns(columns, repeats, rank):
            names = " and ".join(quoted(name, 40) for name in names_of(columns, variants))
            return f"{repeats.rows} rows have the value {quoted(repeats.example, 20)}, and differ in {names}"
        if len(facts.cells) >= MIN_VALUES and facts.distinct < REPEATED:
            return f"values like {shown} are repeated"
    if rank and facts.share("is_text") > 0.8 and facts.share("is_identifier") < WORDS_ONLY:
        return f"values like {shown} are words"
    return ""


def variant_columns(columns: Columns, repeats: Repeats, rank: int) -> list[int]:
    """Return the columns that distinguish the rows with the same identifier, if these rows are different products.

    Rows that differ in a property such as the size are different products. If rows have the same identifier in a column
    `SKU`, and no property differs, the rows are repetitions of one product, and the last row is used.
    """
    if not repeats.is_frequent or places_of(columns, repeats):
        return []
    properties = [number for number in repeats.different if is_property(columns.header[number])]
    if properties and (rank or repeats.rows > 2 or repeats.count >= MIN_VARIANTS):
        return properties
    others = [number for number in repeats.different if not is_stock(columns.header[number])]
    return others if rank and repeats.count >= MIN_VARIANTS else []
