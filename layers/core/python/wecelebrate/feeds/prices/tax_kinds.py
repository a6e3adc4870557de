"""Reads a note that offers a choice between prices with and without tax, as in a printed form.

| above or below the table                  | means                   |
|-------------------------------------------|-------------------------|
| `Prices: with VAT / without VAT`          | a question              |
| `Preise ☐ inkl. MwSt. ☐ exkl. MwSt.`      | a question              |
| `Prix : [x] TTC [ ] HT`                   | prices with tax         |
"""

import re
from functools import cache

from wecelebrate.core.types.normal_forms import without_marks
from wecelebrate.feeds.prices.names import TAX_WORDS, WITH, WITHOUT, Kind
from wecelebrate.feeds.vocabulary import vocabulary
from wecelebrate.feeds.vocabulary.words import words

_TICKED = "☒☑✓✔🗹"
_BOX = re.compile(rf"[{_TICKED}☐□▢]|\[\s?[xX✓✔]?\s?\]|\((?:\s?|[xX✓✔])\)|(?<!\S)_{{1,3}}(?!\S)")
_OR = re.compile(
    r"[/|]|\b(?:or|oder|ou|o|of|eller|lub|albo|nebo|alebo|vagy|tai|sau|ili|ali|arba|vai|veya|или|або|hay|atau)\b",  # noqa: RUF001
    re.IGNORECASE,
)
_WORDS = re.compile(r"[^\W\d_]+")
_GROSS = words("ttc tvac tvai brutto bruttopreise bruttopreis gross ivato")
_NET = words("ht htva hors netto nettopreise nettopreis net")
MAX_TITLE = 300


def kinds_of_choice(title: str) -> tuple[frozenset[Kind], Kind | None]:
    """Return the kinds of prices that a note offers, and the ticked kind. A note with only one kind is not a choice."""
    title = title[:MAX_TITLE]
    boxes = list(_BOX.finditer(title))
    parts: list[tuple[str, bool]] = []
    if len(boxes) > 1:
        ends = [*(box.start() for box in boxes[1:]), len(title)]
        for box, end in zip(boxes, ends, strict=True):
            is_ticked = any(char in f"{_TICKED}xX" for char in box[0])
            parts.append((title[box.end() : end], is_ticked))
    else:
        parts = [(part, False) for part in _OR.split(title)]
    kinds = [(kind, is_ticked) for part, is_ticked in parts if (kind := _kind_of(part))]
    ticked = {kind for kind, is_ticked in kinds if is_ticked}
    return frozenset(kind for kind, _ in kinds), ticked.pop() if len(ticked) == 1 else None


_SOME = words(
    "some several partly partially teils teilweise einige manche certains certaines quelques partiellement algunos "
    "algunas parte alguns algumas alcuni alcune sommige deels enkele nogle noen nokre nagra delvis osa jotkut osin "
    "niektore czesc czesciowo nektere castecne ciastocne nehany egyes reszben unele unii partial neki neke "
    "nekatere dalis dazas dazi moned osaliselt nekoi некоторые часть частично деякі частина някои част неки бази "
    "bazi kismen μερικα μερικεσ καποιεσ 一部 部分 일부 بعض חלק บางรายการ sebagian beberapa"
)
"""Words that restrict a note about the tax to some prices, without saying to which prices."""


def says_for_some(title: str) -> bool:
    """Return whether a note says that only some prices include the tax, or that only some prices exclude the tax."""
    tokens = _plain_words(title[:MAX_TITLE])
    taxes, included, excluded = tax_words()
    is_about_tax = bool(tokens & (_GROSS | _NET)) or bool(tokens & taxes and tokens & (included | excluded))
    return is_about_tax and bool(tokens & _SOME)


def _plain_words(text: str) -> set[str]:
    plain = without_marks(text.casefold())
    return set(_WORDS.findall(plain))


@cache
def tax_words() -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """Return the words for taxes, for "with" and for "without"."""
    of = vocabulary().words
    return (
        TAX_WORDS.union(of("prices.tax")), WITH.union(of("prices.with")), WITHOUT.union(of("prices.without")),
    )  # fmt: skip


def _kind_of(part: str) -> Kind | None:
    tokens = _plain_words(part)
    taxes, included, excluded = tax_words()
    is_net = bool(tokens & _NET) or bool(tokens & taxes and tokens & excluded)
    is_gross = bool(tokens & _GROSS) or bool(tokens & taxes and tokens & included)
    return None if is_net == is_gross else "net" if is_net else "gross"
