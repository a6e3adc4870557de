"""Measures how well a decoded text fits a language, by the letters that the language does not have.

A wrong encoding creates combinations of letters that no language has. For example, no language has both the `ò` of
`Doplòky` and `š`, and no language has the double letter of `Pèèrynè`. The costs of a text and a language are:

| what                                                                                     | cost |
|------------------------------------------------------------------------------------------|------|
| a letter that is not in the alphabet of the language, nor usual in words of its neighbours | 1.5  |
| a letter of neighbours, such as `é` in German, and for languages in other scripts         | 0.5  |
| a sign inside a word, a capital letter after a small one, an unusual doubled letter       | 1    |
| a control character, a character for drawing boxes, or bytes that are invalid             | 3    |

Each different word counts once.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

# ruff: noqa: RUF001

ALPHABETS: Mapping[str, frozenset[str]] = {
    language: frozenset(letters)
    for language, letters in {
        "de": "äöüß", "fr": "àâæçéèêëîïôœùûüÿ", "es": "áéíóúüñ", "it": "àèéìòùíîó", "pt": "ãõáâàçéêíóôúü",
        "nl": "éëïóöüèêç", "ca": "àçèéíïóòúü", "sv": "åäöé", "da": "æøåéó", "nb": "æøåéòôó", "fi": "äöåšž",
        "is": "áðéíóúýþæö", "et": "äõöüšž", "lv": "āčēģīķļņšūž", "lt": "ąčęėįšųūž", "pl": "ąćęłńóśźż",
        "cs": "áčďéěíňóřšťúůýž", "sk": "áäčďéíĺľňóôŕšťúýž", "hu": "áéíóöőúüű", "hr": "čćđšž", "sl": "čšž",
        "ro": "ăâîșşțţ", "sq": "ëç", "tr": "çğıöşüâîûi̇", "vi": "",
        "ru": "абвгдежзийклмнопрстуфхцчшщъыьэюяё", "uk": "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя",
        "bg": "абвгдежзийклмнопрстуфхцчшщъьюя", "sr": "абвгдђежзијклљмнњопрстћуфхцчџш",
        "be": "абвгдеёжзійклмнопрстуўфхцчшыьэюя",
        "el": "αβγδεζηθικλμνξοπρστυφχψωςάέήίόύώϊϋΐΰ",
        "he": "אבגדהוזחטיךכלםמןנסעףפץצקרשת", "ar": "ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىي",
        "fa": "آءأئابتثجحخدذرزسشصضطظعغفقکكلمنهویيپچژگ",
        "th": "".join(chr(code) for code in (*range(0xE01, 0xE3B), *range(0xE40, 0xE4F))),
    }.items()
}  # fmt: skip
_LATIN = ("de", "fr", "es", "it", "pt", "nl", "ca", "sv", "da", "nb", "fi", "is", "et")
_CENTRAL = ("cs", "sk", "pl", "hu", "hr", "sl", "ro", "sq", "de")
_CYRILLIC = ("ru", "uk", "bg", "sr", "be")
LANGUAGES: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("cp1252", "iso8859_15", "cp850", "cp437", "mac_roman"), _LATIN),
    "cp860": ("pt",), "cp861": ("is",), "cp865": ("da", "nb"),
    **dict.fromkeys(("cp1250", "iso8859_2", "cp852", "mac_latin2"), _CENTRAL),
    **dict.fromkeys(("cp1251", "iso8859_5", "mac_cyrillic"), _CYRILLIC), "koi8_r": ("ru", "bg"), "koi8_u": ("uk",),
    "cp866": ("ru", "bg", "be", "uk"),
    **dict.fromkeys(("cp1253", "iso8859_7", "cp737"), ("el",)), **dict.fromkeys(("cp1254", "cp857"), ("tr",)),
    **dict.fromkeys(("cp1255", "iso8859_8", "cp862"), ("he",)), "cp1256": ("ar", "fa"), "iso8859_6": ("ar",),
    "cp1257": ("lt", "lv", "et"), "cp874": ("th",),
    "cp932": ("ja",), "euc_jp": ("ja",), "gb18030": ("zh",), "big5": ("zh",), "cp949": ("ko",),
}  # fmt: skip
"""The languages that are written in each encoding."""
WIDE = frozenset(("cp932", "euc_jp", "gb18030", "big5", "cp949"))
"""Encodings with several bytes for a character."""
_NEIGHBOURS = frozenset("éèêëàáâäãåçíîïñóôöõúùûüøæœß")
_SIGNS = frozenset(" \u00a0€£¥§°²³½¼¾×·•–—…„“”‚‘’«»‹›®©™µ±ªº¡¿¢´№¹￥\ufeff\u200e\u200f")
_APOSTROPHES = frozenset("’‘·–—´×\u200e\u200f")
"""Signs that can be between two letters."""
_LOW_QUOTES = frozenset("„‚")
_MARKS_AFTER_NAMES = frozenset("©®")
_THAI_MARKS = frozenset(chr(code) for code in (0xE31, *range(0xE34, 0xE3B), *range(0xE47, 0xE4F)))
"""Thai vowels and tones that are written above or below a consonant."""
_NEVER_FIRST = frozenset("ΐΰъьЪЬ")
_FINALS = frozenset("ךםןףץ")
"""Letters that Hebrew has only at the end of a word."""
_DOUBLED = frozenset("äöõüåéóаеиоуснлмрткпзждвбгфцчюяіїαελνσρκπμ")
_CURRENCIES: Mapping[str, tuple[str, ...]] = {
    "CZK": ("cs",), "PLN": ("pl",), "HUF": ("hu",), "RON": ("ro",), "HRK": ("hr",), "RSD": ("sr", "hr"),
    "BAM": ("hr", "sr"), "ALL": (), "TRY": ("tr",), "RUB": ("ru",), "BYN": ("be", "ru"), "UAH": ("uk", "ru"),
    "BGN": ("bg",), "ILS": ("he",), "AED": ("ar",), "SAR": ("ar",), "EGP": ("ar",), "KWD": ("ar",), "MAD": ("ar", "fr"),
    "IRR": ("fa",), "THB": ("th",), "JPY": ("ja",), "CNY": ("zh",), "TWD": ("zh",), "HKD": ("zh",), "KRW": ("ko",),
    "ISK": ("is",), "SEK": ("sv",), "NOK": ("nb",), "DKK": ("da",), "BRL": ("pt",), "MXN": ("es",), "ARS": ("es",),
    "CLP": ("es",), "COP": ("es",), "PEN": ("es",), "KZT": ("ru",),
}  # fmt: skip
_CODE = re.compile(r"(?<![A-Za-z])(?:" + "|".join(_CURRENCIES) + r")(?![A-Za-z])")
_WORD = re.compile(r"[^ \t\r\n;,|\"\u00a0\u202f]+")
_FOREIGN, _NEIGHBOUR, _STRANGE, _IMPOSSIBLE = 1.5, 0.5, 1.0, 3.0
_ASIAN_PAIR = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3\uff66-\uff9f]{2}")
MAX_WORDS = 600
MAX_WORD = 60
COMMON_HAN = {"big5": (0xA4, 0xC6), "gb18030": (0xB0, 0xD7), "cp949": (0xB0, 0xC8)}
"""For each encoding, the range of the first bytes of the characters that are used most."""


def languages_of_currencies(text: str) -> frozenset[str]:
    """Return the languages of the currencies whose codes are in a text."""
    return frozenset(language for code in set(_CODE.findall(text)) for language in _CURRENCIES[code])


@dataclass(frozen=True, slots=True)
class Fit:
    """How well a decoded text fits a language."""

    cost: float
    language: str


def best_fit(text: str, encoding: str, likely: Iterable[str]) -> Fit:
    """Return the language of the encoding with the lowest cost.

    If several languages have the same cost, one of the `likely` languages is preferred.
    """
    words = list(dict.fromkeys(word for word in _WORD.findall(text) if not word.isascii()))[:MAX_WORDS]
    letters: Counter[str] = Counter()
    shape = sum(_shape(word[:MAX_WORD], letters, encoding) for word in words)
    if (
        encoding not in WIDE
        and any("а" <= char <= "я" for char in text)
        and not any("А" <= char <= "Я" for char in text)
    ):
        shape += _STRANGE  # names of products in Cyrillic begin with capital letters
    if encoding in WIDE:
        if words and not any(_ASIAN_PAIR.search(word) for word in words):
            shape += _FOREIGN  # no word has two letters in a row
        return Fit(shape, LANGUAGES[encoding][0])
    languages = LANGUAGES[encoding]
    likely = frozenset(likely)
    fits = []
    for language in languages:
        alphabet = ALPHABETS[language]
        cost = sum(count * _cost(letter, alphabet) for letter, count in letters.items())
        fits.append((shape + cost, language not in likely, languages.index(language), language))
    cost, _, _, language = min(fits)
    return Fit(round(cost, 2), language)


def _cost(letter: str, alphabet: frozenset[str]) -> float:
    if letter in alphabet:
        return 0.0
    return _NEIGHBOUR if letter in _NEIGHBOURS else _FOREIGN


def _shape(word: str, letters: Counter[str], encoding: str) -> float:
    """Return the part of a word's cost that is equal for all languages, and count its non-ASCII letters."""
    cost, before = 0.0, " "
    is_wide = encoding in WIDE
    for at, char in enumerate(word):
        after = word[at + 1] if at + 1 < len(word) else " "
        if char.isascii():
            if char.isupper() and before.islower() and not before.isascii():
                cost += _STRANGE
        elif char in _SIGNS:
            cost += _STRANGE * _is_strange_sign(char, before, after)
        elif char in "Øø" and not before.isalpha() and not after.isalpha():
            pass  # a sign for "diameter"
        elif char.isalpha() or (not is_wide and char in ALPHABETS["th"]):
            if is_wide:
                cost += _cost_of_han(char, before, after, encoding)
            else:
                letters[char.lower()[:1]] += 1
                cost += _cost_of_letter(char, before, after)
        elif (
            char == "\ufffd" or "\x80" <= char <= "\x9f" or "\u2500" <= char <= "\u259f" or "\ue000" <= char <= "\uf8ff"
        ):
            cost += _IMPOSSIBLE
        elif not is_wide or (before.isascii() and before.isalpha()):
            cost += _STRANGE
        before = char
    return cost


def _is_strange_sign(char: str, before: str, after: str) -> bool:
    """Return whether no language has the sign at this place, for example in `Gro§e`, `©alica` and `P„„ryn„`."""
    if char in _LOW_QUOTES:
        return before.isalpha() or before in _LOW_QUOTES
    if char in _MARKS_AFTER_NAMES:
        return after.islower()
    return before.isalpha() and after.isalpha() and (char not in _APOSTROPHES or (char in "–—" and after.islower()))


def _cost_of_letter(char: str, before: str, after: str) -> float:
    cost = 0.0
    if char.isupper() and before.islower():
        cost += _STRANGE
    if char.isupper() and after.islower() and before.isupper():
        cost += _STRANGE / 2
    if char == before and char.lower() not in _DOUBLED and char.isalpha() and not "\u0590" <= char <= "\u0e7f":
        cost += _STRANGE
    if (char in _FINALS and after.isalpha()) or (char in _NEVER_FIRST and not before.isalpha()):
        cost += _STRANGE
    if char in _THAI_MARKS and not ("\u0e01" <= before <= "\u0e2e" or before in _THAI_MARKS):
        cost += _STRANGE
    if char >= "\u0370" and ((before.isascii() and before.isalpha()) or (after.isascii() and after.isalpha())):
        cost += _FOREIGN
    return cost


def _cost_of_han(char: str, before: str, after: str, encoding: str) -> float:
    """Return the cost of a Chinese, Japanese or Korean character, or of another letter in such a text."""
    code = ord(char)
    if code < 0x2E80:  # Latin letters with accents, Greek and Cyrillic are rare in such files
        return _FOREIGN
    if 0xFF61 <= code <= 0xFF9F and encoding == "cp932":
        return _STRANGE / 2
    beside_latin = before.isascii() and before.islower() and after.isascii() and after.islower()
    cost = _FOREIGN if beside_latin else 0.0
    bounds = COMMON_HAN.get(encoding)
    if bounds and 0x3400 <= code <= 0xD7A3:
        first = char.encode(encoding, "replace")[0]
        cost += 0.0 if bounds[0] <= first <= bounds[1] else _NEIGHBOUR
    elif encoding in ("cp932", "euc_jp") and 0x3400 <= code <= 0x9FFF:
        first = char.encode("euc_jp", "replace")[0]
        cost += 0.0 if 0xB0 <= first <= 0xCF else _NEIGHBOUR
    return cost
