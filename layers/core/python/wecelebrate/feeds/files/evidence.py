"""Decides the encoding of a text by its known column names, its currencies, and its letters.

The detector of `files.encoding` sees only how disordered a text looks. A product file has few words, so several
encodings often look equally good. This module chooses another encoding if that encoding fits the text clearly better.
If two encodings fit equally well, and both have a cost, the sender of the file is asked.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from wecelebrate.feeds.files.alphabets import LANGUAGES, WIDE, Fit, best_fit, languages_of_currencies
from wecelebrate.feeds.files.header_languages import languages_of_names
from wecelebrate.feeds.items import quoted
from wecelebrate.feeds.questions import Choice, Question
from wecelebrate.feeds.vocabulary.folding import squeezed

CANDIDATES = (
    "cp1252", "cp1250", "cp1251", "cp1254", "cp1253", "cp1257", "cp1255", "cp1256", "cp874", "cp932", "gb18030", "big5",
    "cp949", "euc_jp", "iso8859_2", "koi8_r", "koi8_u", "cp866", "cp850", "cp852", "mac_roman", "cp437", "cp857",
    "cp737", "cp862", "iso8859_5", "iso8859_6", "mac_cyrillic", "mac_latin2", "cp860", "cp861", "cp865",
)  # fmt: skip
"""If several encodings are equally good, the first encoding in this list is used."""
_PRIORS = (
    {"iso8859_2": 0.1, "iso8859_5": 0.3, "iso8859_6": 0.2}
    | dict.fromkeys(
        ("koi8_r", "koi8_u", "cp866", "cp850", "cp852", "cp857", "cp437", "cp860", "cp861", "cp865", "cp737", "cp862"),
        0.2,
    )
    | dict.fromkeys(("mac_roman", "mac_cyrillic", "mac_latin2"), 0.3)
)
"""The extra costs of encodings that are rare in today's files."""
_SEPARATORS = re.compile(r'[;,\t|"\r\n]+|  +')
NAME = 2.0
"""The bonus for a known column name with a letter that is not ASCII."""
UNLIKELY = 0.6
"""The extra cost if the header or a currency suggests languages, but not the language that fits the text best."""
CLEAR = 0.85
"""An encoding replaces the detected encoding only if its cost is lower by at least this number."""
SAMPLE_BYTES = 4_096
MAX_HEADER = 2_048
SMALL = 0.3
OLD = frozenset(("cp850", "cp852", "mac_roman"))
MAX_NAMES = 8
MIN_NAMES = 2
MAX_DOUBTS = 3
_LANGUAGES = {"zh": ("zh", "zh_tw", "zh-tw", "zht"), "nb": ("nb", "no")}


@dataclass(frozen=True, slots=True)
class Scored:
    encoding: str
    cost: float
    text: str
    fit: Fit
    is_likely: bool


def decide(head: bytes, sample: bytes, detected: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Return the encoding of a text, and all equally good encodings, each with a word, if it is not certain.

    `head` is the start of the file, `sample` contains lines with bytes that are not ASCII, and `detected` is the
    encoding that the detector has chosen.
    """
    sample = sample[:SAMPLE_BYTES]
    if detected == "cp1252" and (own_only := _ranked(head, sample, (detected,))) and own_only[0].cost <= 0:
        return detected, ()  # this is the result for most files
    ranked = _ranked(head, sample, (detected, *CANDIDATES))
    if not ranked:
        return detected, ()
    best = ranked[0]
    own = next((each for each in ranked if each.encoding == detected), None)
    western = next((each for each in ranked if each.encoding == "cp1252"), None)
    if own is not None and western is not None and _is_western(own, western):
        return western.encoding, ()
    if own is not None and (best.cost > own.cost - CLEAR and not (best.is_likely and best.cost < own.cost - SMALL)):
        rivals = [each for each in ranked if each.cost <= own.cost and each.text != own.text]
        is_open = own.cost > SMALL or detected in OLD or any(each.encoding == "cp1252" for each in rivals)
        return detected, doubts_of([own, *rivals]) if is_open else ()
    rivals = [each for each in ranked if each.cost < best.cost + SMALL and each.text != best.text]
    return best.encoding, doubts_of([best, *rivals]) if best.cost > SMALL else ()


_APOSTROPHE = re.compile(
    r"(?<!\w)(?:[ldjsnmc]|qu|(?:d|n|s)[eu]ll|all|un)\u2019(?=[aeiouhyàâèéêîïôûœæ])\w{3,}|[^\W\d_]{3,}\u2019s(?!\w)",
    re.IGNORECASE,
)
"""An apostrophe that only English, French and Italian have, for example in `L'eau` and `Men's`."""


def _is_western(own: Scored, western: Scored) -> bool:
    """Return whether a text fits cp1252 perfectly, and fits the detected encoding less well.

    If the detected encoding is one of an old system, an apostrophe is needed as evidence. For example, a `…` at the end
    of a word can be a letter of the old system.
    """
    if western.cost > 0 or own.is_likely or own.encoding in WIDE:
        return False
    if own.encoding in OLD:
        return western.cost < own.cost and _APOSTROPHE.search(western.text) is not None
    return own.cost > SMALL


def doubts_of(scored: Sequence[Scored]) -> tuple[tuple[str, str], ...]:
    """Return the encodings with different texts, each with a word that they decode differently.

    The first word that all encodings decode differently is returned. If no such word exists, each encoding is returned
    with the first word that it decodes differently from the first encoding.
    """
    different: dict[str, Scored] = {}
    for each in scored:
        different.setdefault(each.text, each)
    chosen = list(different.values())[:MAX_DOUBTS]
    if len(chosen) < MIN_NAMES:
        return ()
    texts = [re.findall(r"[^ ;,|\t\r\n\"]+", each.text) for each in chosen]
    rows = list(zip(*texts, strict=False))
    shown = next((row for row in rows if len({*row}) == len(row)), None)
    words = shown or [
        next((row[number] for row in rows if row[number] != row[0 if number else 1]), "")
        for number in range(len(chosen))
    ]
    return tuple((each.encoding, word[:40]) for each, word in zip(chosen, words, strict=True))


def _ranked(head: bytes, sample: bytes, encodings: Sequence[str]) -> list[Scored]:
    """Return the encodings in which the sample is valid, the best encoding first. The sort is stable."""
    top = head[:MAX_HEADER]
    currencies = languages_of_currencies(sample.decode("ascii", "ignore"))
    scored = []
    for order, encoding in enumerate(dict.fromkeys(encodings)):
        if encoding not in LANGUAGES or (text := _decoded(sample, encoding)) is None:
            continue
        names, others = _names(top.decode(encoding, "replace"))
        header = {language for language, count in (names + others).items() if count >= MIN_NAMES}
        likely = {*currencies, *(header - {"en"})}
        fit = best_fit(text, encoding, likely)
        is_likely = fit.language in likely
        matches = sum(names[language] for language in _LANGUAGES.get(fit.language, (fit.language,)))
        cost = fit.cost - NAME * min(matches, MAX_NAMES) + _PRIORS.get(encoding, 0.0)
        cost += 0.0 if is_likely or not likely else UNLIKELY
        scored.append((round(cost, 2), order, Scored(encoding, round(cost, 2), text, fit, is_likely)))
    return [each for *_, each in sorted(scored, key=lambda one: one[:2])]


def _decoded(sample: bytes, encoding: str) -> str | None:
    """Return the decoded sample, or None if it is invalid. At its end, the sample can be cut inside a character."""
    text = sample.decode(encoding, "replace")
    if "\ufffd" in text[:-2]:
        return None
    return text if encoding not in WIDE or not text.isascii() else None


def _names(head: str) -> tuple[Counter[str], Counter[str]]:
    """Count the known names in the header by language: the names with non-ASCII letters, and the names in ASCII."""
    named_languages = languages_of_names()
    names, others = Counter[str](), Counter[str]()
    for cell in dict.fromkeys(_SEPARATORS.split(head)):
        text = cell.strip()
        if 1 < len(text) <= 40 and (languages := named_languages.get(squeezed(text))):
            (others if text.isascii() else names).update(languages)
    return names, others


def encoding_question(doubts: Sequence[tuple[str, str]]) -> list[Question]:
    """Return the question that asks for the encoding of the file, or an empty list if the encoding is certain."""
    if not doubts:
        return []
    shown = " or ".join(quoted(word, 40) for _, word in doubts)
    text = f"The letters of the file do not show its encoding. A word can be {shown}. Which one is right?"
    choices = [Choice(encoding, f"The file is in {encoding}.", (word,)) for encoding, word in doubts]
    return [Question("encoding", "other", text, tuple(choices), tuple(word for _, word in doubts))]
