"""Recognises prices that are not for all customers, by the words of their names: `Medlemspris`, `會員價`, `Prix club`.

If the file has a price for all customers, these prices are never used.
"""

# ruff: noqa: RUF001

import re
from collections.abc import Sequence
from functools import lru_cache

from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.prices.candidates import PriceCandidate
from wecelebrate.feeds.prices.names import TIERS
from wecelebrate.feeds.vocabulary.folding import split_words
from wecelebrate.feeds.vocabulary.words import words

MAX_NAME = 60
_MEMBERS = re.compile(
    r"members?(?:hip)?|vip|club|klub|clubs|loyalty|mitglied(?:er|s)?|medlem(?:s|mer|mar)?|jasen|kanta(?:asiakas)?|adherents?|"
    r"membres?|abonnes?|socios?|soci[oa]?|tesserat[io]|associados?|leden|lid|clubleden|czlonk(?:a|ow)?|stalych|clen(?:ska|u)?|"
    r"klubova|torzsvasarloi|tag(?:i|oknak)?|membru|membri|clan(?:ska|ovi)?|nariai|nariams|biedriem|liikme|uye(?:ye|lere)?|"
    r"anggota|ahli|kasapi|anetar(?:et)?|мембер|член(?:ов|ам|ска)?|клуб(?:ная|ный|у)?|учасник(?:ів|ам)?|участник(?:ов|ам)?|"
    r"μελη|μελων|μελουσ|חברים|חבר|מועדון|الاعضاء|للاعضاء|اعضاء|عضو|सदस्य|সদস্য|สมาชิก"
)
_COMPOUND = re.compile(r"^(?:mitglieder|medlems|klubb?|club|leden|member|kanta|jasen|vip)(?=p|h|t|c|ar)")
"""The first part of a compound word such as `Clubpreis` or `jäsenhinta`."""
_CJK = re.compile(r"会员|會員|会員|회원|vip|สมาชิก|thành viên|מועדון|للأعضاء", re.IGNORECASE)


_LIMITS = words(
    "min minimum minimal minimale minimo minima mindest mindestens mindestpreis max maximum maximal massimo maximo "
    "lowest"
)


def is_limit(column: str) -> bool:
    """Return whether a name means the lowest or the highest allowed price, as `Min. Sale Price` does."""
    return len(column) <= MAX_NAME and not _LIMITS.isdisjoint(split_words(column))


@lru_cache(maxsize=4096)
def is_for_members(column: str) -> bool:
    """Return whether the name of a column means a price for the members of a club."""
    if len(column) > MAX_NAME:
        return False
    parts = split_words(column)
    return bool(_CJK.search(column)) or any(_MEMBERS.fullmatch(part) or _COMPOUND.match(part) for part in parts)


def for_all(columns: Columns, rated: Sequence[PriceCandidate]) -> list[PriceCandidate]:
    """Leave out prices for members, and lowest and highest allowed prices, if another column has a selling price."""
    others = [
        one for one in rated
        if not is_for_members(columns.header[one.column]) and not is_limit(columns.header[one.column])
    ]  # fmt: skip
    has_price = any(one.kind in TIERS and not one.is_bad for one in others)
    return others if has_price else list(rated)
