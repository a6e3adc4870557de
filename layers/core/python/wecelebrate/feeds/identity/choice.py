"""Chooses the column of the SKU by the names and the values of the columns.

The module `names` has the ranks of the names. A column such as `Material` or `Nummer` contains the sender's article
numbers if its values look like identifiers. It is not a candidate if its values are words.

If no name is certain, the values are compared (`codes`). The only column with codes is the SKU. If several columns have
codes, a question is asked.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.columns.names import field_candidates, fold, is_weak
from wecelebrate.feeds.columns.repeats import Repeats, names_of, repeats_of
from wecelebrate.feeds.columns.visibility import is_property, private_part, words
from wecelebrate.feeds.identity import codes
from wecelebrate.feeds.identity.candidates import (
    COMPOSED,
    MIN_VALUES,
    SkuCandidate,
    candidate_by_number,
    candidates_beside_names,
    composed_candidates,
    keys_last,
    numbers_of_names,
    references_before_keys,
    sku_candidate,
    variant_columns,
)
from wecelebrate.feeds.identity.damaged import damage_question
from wecelebrate.feeds.identity.names import (
    FOREIGN,
    GTIN,
    KEY,
    NOUNS,
    OWN,
    ROW,
    SECOND,
    names_seller,
    sku_name,
)
from wecelebrate.feeds.identity.questions import label, reasons_first, sku_choices
from wecelebrate.feeds.items import quoted
from wecelebrate.feeds.questions import Question
from wecelebrate.feeds.stock.places import is_place

MAX_CHOICES = 5
MAX_NAME = 60
MIN_MARKETPLACE = 8
"""The minimum length of the numbers that a marketplace gives to products."""
_KIND_TEXTS: dict[codes.Kind, str] = {
    "codes": "codes", "barcodes": "barcodes", "numbers": "numbers of articles", "rows": "the numbers of the rows",
    "texts": "different texts",
}  # fmt: skip


@dataclass(slots=True)
class SkuChoice:
    columns: list[SkuCandidate] = field(default_factory=list)
    """The columns of the SKU. In each row, the first column that is not blank is used."""
    questions: list[Question] = field(default_factory=list)
    repeats: Repeats | None = None
    """How the rows with the same SKU differ. None if all SKUs are different."""


def choose_sku(columns: Columns, named: Sequence[tuple[int, int, str]], earlier: Sequence[str]) -> SkuChoice:
    """Choose the column of the SKU.

    `named` are the columns with a name in SYNONYMS, each as the rank of the name, the column, and the form of the name
    that matched. `earlier` are the SKU columns of the catalog's previous file.
    """
    rated = [*(sku_candidate(columns, number, form, position) for position, number, form in named)]
    rated += composed_candidates(columns, {candidate.column for candidate in rated})
    rated += candidates_beside_names(columns, {candidate.column for candidate in rated})
    rated += [] if rated else numbers_of_names(columns, set()) or candidate_by_number(columns)
    rated = references_before_keys(columns, keys_last(rated))
    best = sorted((one for one in rated if not one.is_refused), key=lambda one: one.order)
    remembered = [one for one in best if columns.header[one.column] in earlier[:1] and not any(one.order[:2])]
    if remembered:
        return _with_fallbacks(columns, remembered[:1], rated)
    best = _sku_in_latin_first(columns, _sellers_first(columns, best))
    if question := _sku_question(columns, best):
        return SkuChoice(best[:1], [question])
    if not best or any(best[0].order[:2]) or best[0].rank >= GTIN:
        by_values = _kept(columns, earlier) or _by_values(columns, best)
        if by_values is not None:
            return by_values
    return _with_fallbacks(columns, best[:1], rated)


def _with_fallbacks(columns: Columns, taken: Sequence[SkuCandidate], rated: Sequence[SkuCandidate]) -> SkuChoice:
    """Return the choice of the first column. Where it is blank, the next column with article numbers is used."""
    if not taken:
        return SkuChoice()
    best = taken[0]
    others = sorted((one for one in rated if one.rank <= SECOND and not one.order[0]), key=lambda one: one.order)
    fallbacks = [
        one
        for one in others
        if best.rank <= SECOND and one.column != best.column and columns.fills(best.column, one.column)
    ]
    choice = SkuChoice([best, *fallbacks[:1]])
    if question := damage_question(columns, best.column):
        choice.questions.append(question)
        return choice
    choice.repeats = repeats_of(columns, best.column) if columns[best.column].distinct < 1 else None
    if choice.repeats and (question := _repeats_question(columns, best, choice.repeats)):
        choice.questions.append(question)
    return choice


def _sku_question(columns: Columns, candidates: Sequence[SkuCandidate]) -> Question | None:
    """Return a question if the two best candidates are equally good, and their values differ.

    A question is also asked if `Article number` contains barcodes, and another column contains article numbers.
    """
    if len(candidates) < 2 or candidates[0].rank not in (0, OWN, SECOND) or any(candidates[0].order[:2]):
        return None
    best = candidates[0]
    if best.rank == 0 and (own := _beside_marketplace_number(columns, best, candidates)):
        return _which_is_the_sku(columns, [best.column, own.column])
    equal = [
        candidate
        for candidate in candidates[1:]
        if (
            candidate.order[:4] == best.order[:4]
            or (best.has_barcodes and candidate.rank <= SECOND and not any(candidate.order[:3]))
        )
        and columns.differ(best.column, candidate.column)
    ]
    if best.rank == 0 and equal and _are_keys_and_codes(columns, best, equal[0]):
        return _which_is_the_sku(columns, [equal[0].column, best.column])
    if not equal or best.rank == 0 or _is_only_seller(columns, best, equal):
        return None
    return _which_is_the_sku(columns, [candidate.column for candidate in (best, *equal)][:MAX_CHOICES])


def _sellers_first(columns: Columns, best: list[SkuCandidate]) -> list[SkuCandidate]:
    """Sort the candidates: the seller's number comes before equally good numbers of the marketplace."""
    if not best or best[0].rank != OWN:
        return best
    equal = [one for one in best if one.order[:4] == best[0].order[:4]]
    sellers = [one for one in equal if names_seller(columns.header[one.column])]
    return [*sellers, *(one for one in best if one not in sellers)] if len(sellers) == 1 else best


def _are_keys_and_codes(columns: Columns, first: SkuCandidate, second: SkuCandidate) -> bool:
    """Return whether exactly one of two composed names with `SKU` means the key of a database.

    For example, `_IDSKU` means a key, and `_CodigoReferenciaSKU` does not.
    """
    is_composed = first.order[4] == second.order[4] == COMPOSED
    is_key = [words(columns.header[one.column])[:1] in (("id",), ("idsku",)) for one in (first, second)]
    return is_composed and is_key[0] != is_key[1]


def _sku_in_latin_first(columns: Columns, best: list[SkuCandidate]) -> list[SkuCandidate]:
    """Sort the candidates.

    A name in another script that contains `SKU`, such as `商品货号 SKU`, comes before equally good names.
    """
    named = [one for one in best if one.order[:4] == best[0].order[:4] and _adds_sku(columns.header[one.column])]
    if len(named) != 1 or best[0].rank != OWN:
        return best
    first = replace(named[0], rank=0, order=(*named[0].order[:3], 0, *named[0].order[4:]))
    return [first, *(one for one in best if one is not named[0])]


def _adds_sku(column: str) -> bool:
    return not column.isascii() and re.findall(r"[a-z]+", column[:MAX_NAME].casefold()) == ["sku"]


def _is_only_seller(columns: Columns, best: SkuCandidate, others: Sequence[SkuCandidate]) -> bool:
    """Return whether the best candidate is the seller's number and all others are marketplace numbers."""
    if not names_seller(columns.header[best.column]):
        return False
    return all(
        not names_seller(columns.header[one.column]) and _are_marketplace_numbers(columns[one.column].cells)
        for one in others
    )


def _are_marketplace_numbers(cells: Sequence[str]) -> bool:
    return bool(cells) and all(cell.isdecimal() and len(cell) >= MIN_MARKETPLACE for cell in cells)


def _beside_marketplace_number(
    columns: Columns, best: SkuCandidate, candidates: Sequence[SkuCandidate]
) -> SkuCandidate | None:
    """Return the column with the sender's codes if the column `SKU` contains the long numbers of a marketplace."""
    cells = columns[best.column].cells
    if best.has_barcodes or not _are_marketplace_numbers(cells):
        return None
    return next(
        (
            one
            for one in candidates[1:]
            if one.rank == OWN and not any(one.order[:3]) and codes.kind_of(columns[one.column]) == "codes"
        ),
        None,
    )


def _which_is_the_sku(columns: Columns, numbers: Sequence[int]) -> Question:
    best = numbers[0]
    shown = " and ".join(quoted(columns.header[number], 40) for number in numbers)
    text = f"The columns {shown} can identify the products. Which one is the SKU?"
    return Question("sku", "identity", text, sku_choices(columns, numbers), columns[best].examples)


def _repeats_question(columns: Columns, best: SkuCandidate, repeats: Repeats) -> Question | None:
    """Return a question if several products have the same value in the best column, and no other column is better."""
    different = variant_columns(columns, repeats, best.rank)
    if not different or all(map(codes.is_rounded, columns[best.column].cells)):
        return None  # rows with rounded numbers are rejected in any case
    names = " and ".join(quoted(name, 40) for name in names_of(columns, reasons_first(columns, different)))
    column = quoted(columns.header[best.column], 40)
    text = (
        f"Several rows have the same value in the column {column}, e.g. {repeats.rows} rows with "
        f"{quoted(repeats.example, 40)}, and differ in {names}. Which column identifies each product?"
    )
    others = [number for number, kind in _identifying(columns) if kind in ("codes", "barcodes", "numbers")]
    numbers = [*[number for number in others if number != best.column][: MAX_CHOICES - 1], best.column]
    last = f"The SKU is in the column {column}. Of several rows with the same SKU, the last one is used."
    if any(is_place(columns.header[number]) for number in repeats.different):
        last = (
            f"The SKU is in the column {column}. The stocks of rows that differ only in the place are added up. Of "
            "other rows with the same SKU, the last one is used."
        )
    choices = sku_choices(columns, numbers, [*[label(columns, number) for number in numbers[:-1]], last])
    return Question("sku", "identity", text, choices, (repeats.example,))


def _identifying(columns: Columns) -> list[tuple[int, codes.Kind]]:
    """Return the columns whose values identify the rows, except names with another meaning. Codes come first."""
    kinds: dict[codes.Kind, list[int]] = {"codes": [], "barcodes": [], "numbers": [], "rows": [], "texts": []}
    for number, name in enumerate(columns.header):
        kind = codes.kind_of(columns[number])
        if kind is not None and not _has_other_meaning(name, kind):
            kinds[kind].append(number)
    return [(number, kind) for kind, numbers in kinds.items() for number in numbers]


def _has_other_meaning(name: str, kind: codes.Kind) -> bool:
    """Return whether the name of a column says that it contains something other than an identifier."""
    if kind == "texts":
        return not any(field == "name" for field, _, _ in field_candidates(name))
    if any(field != "sku" and not is_weak(rank) for field, rank, _ in field_candidates(name)):
        return True
    named = sku_name(name)
    return private_part(name) is not None or (named is None and is_property(name) and kind != "codes")


def _kept(columns: Columns, earlier: Sequence[str]) -> SkuChoice | None:
    """Return the SKU column of the previous file, if its name has no known meaning and its values are different."""
    for number, name in enumerate(columns.header):
        facts = columns[number] if name in earlier[:1] and _is_unknown(columns, number) else None
        if facts is not None and (not facts.rows or (not facts.is_empty and facts.distinct >= codes.MIN_SHARE)):
            reason = f"the catalog's earlier file had the SKU in the column {quoted(name, 40)}"
            kept = SkuCandidate(number, (0, 0, 0, OWN, COMPOSED, number), OWN, 0.8, (reason,), is_refused=False)
            return SkuChoice([kept])
    return None


def _by_values(columns: Columns, best: Sequence[SkuCandidate]) -> SkuChoice | None:
    """Choose a column by its values, because no column name means a SKU or the sender's article number.

    Returns None if no column has better values than the column with the best name.
    """
    named = best[0] if best and not any(best[0].order[:2]) else None
    identifying = _identifying(columns)
    strong = [number for number, kind in identifying if kind == "codes" and _is_unknown(columns, number)]
    weak = [number for number, kind in identifying if kind in ("barcodes", "numbers") and _is_unknown(columns, number)]
    if named is not None and named.rank < ROW:
        # Identifiers are in the left columns. A code in a right column, such as a colour, is a property.
        left = [number for number in strong if number < named.column and len(columns[number].cells) >= MIN_VALUES]
        left += [one.column for one in best if named.rank == GTIN and _is_first_code(columns, one)]
        return _asked(columns, [*left, named.column]) if left else _key_question(columns, best)
    rows = [number for number, kind in identifying if kind == "rows"] if named is None else [named.column]
    texts = [number for number, kind in identifying if kind == "texts"]
    if _has_no_header(columns) and (strong or weak):
        return _asked(columns, [*strong, *weak, *texts], "The file has no header: its first row is a row of data. ")
    if len(only := [*strong, *weak]) == 1 and _is_certain(columns, only[0]):
        return SkuChoice([_candidate(columns, only[0])])
    if strong or weak or (rows and (named is not None or texts)):
        return _asked(columns, [*strong, *weak, *rows, *texts])
    return _first_column_question(columns) if named is None else None


def _is_first_code(columns: Columns, one: SkuCandidate) -> bool:
    """Return whether the first column has manufacturer codes (`Herst.-Nr.`) that can also be the sender's codes."""
    facts = columns[one.column]
    is_number = one.rank == FOREIGN and fold(columns.header[one.column]) not in NOUNS  # `Model` can be a name
    is_first = one.column == 0 and is_number and not any(one.order[:3])
    is_code = codes.kind_of(facts) == "codes" or (facts.distinct == 1 and codes.are_short_codes(facts))
    return is_first and len(facts.cells) >= MIN_VALUES and is_code


def _first_column_question(columns: Columns) -> SkuChoice | None:
    """Ask whether the first column identifies the products, if its name is a property such as `Style`.

    Its values must look like codes. If several rows share a style, their products differ in colour or size.
    """
    number = next((number for number in range(len(columns.header)) if not columns[number].is_empty), None)
    if number is None or not is_property(columns.header[number]):
        return None
    facts = columns[number]
    if codes.kind_of(facts) not in ("codes", "barcodes", "numbers") and not codes.are_short_codes(facts):
        return None
    return _asked(columns, [number])


def _key_question(columns: Columns, best: Sequence[SkuCandidate]) -> SkuChoice | None:
    """Ask which column is the SKU if the file has barcodes and a column `ID` with values like article numbers."""
    keys = [
        one.column
        for one in best
        if one.rank == KEY and not any(one.order[:3]) and codes.kind_of(columns[one.column]) == "numbers"
    ]
    bare = [number for number in keys if columns.header[number].strip().casefold() == "id"]
    return _asked(columns, [best[0].column, *bare]) if bare and best[0].rank == GTIN else None


def _is_certain(columns: Columns, number: int) -> bool:
    """Return whether the only candidate is used without a question: its values are codes or barcodes.

    Whole numbers can also be prices or quantities, and a property such as the style can belong to several products.
    """
    return codes.kind_of(columns[number]) in ("codes", "barcodes") and not is_property(columns.header[number])


def _is_unknown(columns: Columns, number: int) -> bool:
    """Return whether the name of the column does not say what the column identifies."""
    name = columns.header[number]
    return sku_name(name) is None and not any(field == "sku" for field, _, _ in field_candidates(name))


def _has_no_header(columns: Columns) -> bool:
    return bool(columns.header) and all(name == f"column {n}" for n, name in enumerate(columns.header, 1))


def _candidate(columns: Columns, number: int) -> SkuCandidate:
    facts = columns[number]
    kind = codes.kind_of(facts) or "texts"
    reasons = (
        f"the values of {quoted(columns.header[number], 40)} look like {_KIND_TEXTS[kind]}, and those of no other "
        "column do",
        f"{len(set(facts.cells))} of {len(facts.cells)} values are different",
    )
    return SkuCandidate(number, (0, 0, 0, OWN, COMPOSED, number), OWN, 0.6, reasons, is_refused=False)


def _asked(columns: Columns, numbers: Sequence[int], reason: str = "") -> SkuChoice:
    """Ask which of the columns is the SKU. The first column is the most probable answer."""
    numbers = list(dict.fromkeys(numbers))[:MAX_CHOICES]
    reason = reason or "The name of no column says for sure that it contains the SKU. "
    choices = sku_choices(columns, numbers)
    text = f"{reason}Which column identifies the products?"
    question = Question("sku", "identity", text, choices, columns[numbers[0]].examples)
    candidate = _candidate(columns, numbers[0])
    return SkuChoice([candidate], [question])
