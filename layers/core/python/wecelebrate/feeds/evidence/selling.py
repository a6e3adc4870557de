"""Chooses the price that products are sold at, from all price columns of a file.

The rule is in `prices.TIERS`: the gross price, otherwise a plain selling price, otherwise the net price, otherwise an
offer, otherwise a recommended price. A purchase price is never used. If the file has no other price, or if two columns
are equally good and have different values, a question is asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from wecelebrate.feeds.columns import fold, name_forms
from wecelebrate.feeds.evidence.facts import Columns
from wecelebrate.feeds.evidence.prices import KIND_TEXTS, TIERS, Kind, PriceName, may_be_price, price_name
from wecelebrate.feeds.items import quoted
from wecelebrate.feeds.questions import Choice, Question
from wecelebrate.feeds.visibility import internal_part

LEFT_OUT = ""
"""The answer that no column is the price. In the catalog's mapping it is null."""


@dataclass(frozen=True, slots=True)
class PricePick:
    column: int
    currency: str | None
    """The currency that the column's name contains."""
    kind: Kind
    score: float
    reasons: tuple[str, ...]


@dataclass(slots=True)
class PriceChoice:
    columns: list[PricePick] = field(default_factory=list)
    """The column of the price. A further column is used where the first one is blank."""
    questions: list[Question] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Candidate:
    column: int
    name: PriceName
    kind: Kind
    currency: str | None
    is_bad: bool
    """Whether the values are no prices, or all are blank or zero."""
    rank: int
    reasons: tuple[str, ...]


def name_of_price(column: str) -> PriceName | None:
    """Return what the name of a column says about a price."""
    name = next((name for form in name_forms(column) if (name := price_name(form))), None)
    if name and name.kind in TIERS and internal_part(column):
        return replace(name, kind="purchase")  # `Preis (intern)` is no price of customers
    return name


def choose_price(
    columns: Columns, candidates: Sequence[tuple[int, int, str | None]], currency: str, earlier: Sequence[str]
) -> PriceChoice:
    """Choose among the candidates: the rank of the name, the column, and the currency in the name.

    `earlier` are the price columns of the catalog's earlier file. A remembered column is kept if it is a candidate.
    """
    rated = [_rated(columns, *candidate) for candidate in candidates]
    sold = [one for one in _as_selling(rated) if one.kind in TIERS]
    sold = [one for one in sold if not one.name.is_weak] or sold
    remembered = [one for one in sold if columns.header[one.column] in earlier[:1] and not one.is_bad]
    if remembered:
        return PriceChoice([_pick(remembered[0]), *_blank_offer(columns, remembered[0], sold)])
    possible = _possible_prices(columns)
    if not sold:
        purchase = [one for one in rated if one.kind == "purchase" and not one.is_bad]
        return PriceChoice([], _open_questions(columns, [*possible, *purchase]))
    sold.sort(key=lambda one: (one.is_bad, TIERS.index(one.kind), one.rank, one.column))
    best = sold[0]
    tier = [one for one in sold if (one.is_bad, one.kind) == (best.is_bad, best.kind)]
    tier = _in_one_currency(tier, currency)
    best = tier[0]
    others = [one for one in tier[1:] if not best.is_bad and columns.differ(best.column, one.column)]
    if best.kind in ("plain", "gross"):
        others += [
            one for one in sold
            if one.kind == "offer" and one.name.is_offer_or_selling and not one.is_bad
            and one.currency in (None, best.currency) and columns.differ(best.column, one.column)
        ]  # fmt: skip
    if best.kind in ("list", "offer") or best.is_bad:
        others += possible
    questions = [_question(columns, [best, *others])] if others else []
    return PriceChoice([_pick(best), *([] if questions else _blank_offer(columns, best, sold))], questions)


def _rated(columns: Columns, rank: int, column: int, currency: str | None) -> _Candidate:
    name = name_of_price(columns.header[column]) or PriceName("plain")
    facts = columns[column]
    shown = " and ".join(quoted(example, 20) for example in facts.examples[:2])
    reasons = [f"the name {quoted(columns.header[column], 40)} means {KIND_TEXTS[name.kind]}"]
    is_bad = False
    if facts.rows and facts.is_empty:
        is_bad = True
        reasons.append("all its values are blank")
    elif facts.cells and facts.share("is_number") < 0.5 and len(facts.cells) > 1:
        is_bad = True
        reasons.append(f"values like {shown} are no prices")
    elif facts.cells and facts.share("is_zero") == 1:
        is_bad = True
        reasons.append("all its values are 0")
    elif facts.cells:
        count = sum(value.is_number for value in facts.values)
        reasons.append(f"{count} of {len(facts.values)} values are numbers like {shown}")
    return _Candidate(column, name, name.kind, currency or name.currency, is_bad, rank, tuple(reasons))


def _as_selling(rated: list[_Candidate]) -> list[_Candidate]:
    """Read `sale price` as a plain selling price if the file has no other selling price.

    Beside a regular price or a crossed-out price it is an offer.
    """
    has_regular = any(one.kind in ("plain", "gross", "net") and not one.is_bad for one in rated)
    if has_regular:
        return rated
    return [
        _Candidate(one.column, one.name, "plain", one.currency, one.is_bad, one.rank, one.reasons)
        if one.name.is_offer_or_selling else one
        for one in rated
    ]  # fmt: skip


def _in_one_currency(tier: list[_Candidate], currency: str) -> list[_Candidate]:
    """If the columns have different currencies, prefer the catalog's currency, then a column without a currency."""
    if not any(one.currency for one in tier):
        return tier
    preferred = [one for one in tier if one.currency == currency]
    return preferred or [one for one in tier if not one.currency] or tier[:1]


def _blank_offer(columns: Columns, best: _Candidate, sold: Sequence[_Candidate]) -> list[PricePick]:
    """Return the regular price, which is used where an offer is blank."""
    if not best.name.is_offer_or_selling and best.kind != "offer":
        return []
    regular = [one for one in sold if one.column != best.column and one.kind in ("gross", "plain", "net", "list")]
    return [_pick(one) for one in regular if not one.is_bad and columns.fills(best.column, one.column)][:1]


def _pick(one: _Candidate) -> PricePick:
    score = round(max(0.05, 0.95 - 0.05 * TIERS.index(one.kind) - 0.5 * one.is_bad - 0.2 * one.name.is_weak), 2)
    return PricePick(one.column, one.currency, one.kind, score, one.reasons)


def _question(columns: Columns, offered: Sequence[_Candidate]) -> Question:
    names = [columns.header[one.column] for one in offered[:5]]
    choices = tuple(
        Choice(name, f"Products are sold at {quoted(name, 40)} ({KIND_TEXTS[one.kind]}).", columns[one.column].examples)
        for name, one in zip(names, offered[:5], strict=True)
    )
    shown = " and ".join(quoted(name, 40) for name in names)
    text = f"The columns {shown} have different prices. At which one are products sold?"
    return Question("price", "money", text, choices, columns[offered[0].column].examples)


def _possible_prices(columns: Columns) -> list[_Candidate]:
    """Return the columns whose names contain a word for a price, but are not understood."""
    candidates = []
    for number, name in enumerate(columns.header):
        facts = columns[number] if may_be_price(fold(name)) else None
        if facts is not None and facts.cells and facts.share("is_number") > 0.9 and facts.share("is_zero") < 1:
            candidates.append(_Candidate(number, PriceName("plain"), "plain", None, False, 0, ()))
    return candidates


def _open_questions(columns: Columns, possible: Sequence[_Candidate]) -> list[Question]:
    """Ask whether one of the columns is the price, if no column is a known selling price."""
    if not possible:
        return []
    names = [columns.header[one.column] for one in possible[:5]]
    shown = " and ".join(quoted(name, 40) for name in names)
    choices = [Choice(LEFT_OUT, "The file has no selling price. The prices of products are not changed.")]
    choices += [
        Choice(name, f"Products are sold at {quoted(name, 40)}.", columns[one.column].examples)
        for name, one in zip(names, possible[:5], strict=True)
    ]
    kind = "purchase prices" if all(one.kind == "purchase" for one in possible) else "prices of an unknown kind"
    text = f"The file has no selling price, only {kind}: {shown}. Are products sold at one of them?"
    return [Question("price", "money", text, tuple(choices), columns[possible[0].column].examples)]
