# ruff: noqa: RUF001 - the tests need letters that look alike
"""Tests that app.fold removes case and accents, and has the same result in every locale of the server.

The reference is Python: `str.casefold` of the NFKD form, without combining marks. The tests contain each difference
from this reference.
"""

import unicodedata
from collections.abc import Callable, Iterator
from functools import lru_cache

import psycopg
import pytest
from psycopg import sql

from tests.database.conftest import Database
from tests.faults.environment import FULL

LOCALES = {
    "C": (0, "lc_collate 'C' lc_ctype 'C'"),
    "C.UTF-8 of the operating system": (0, "lc_collate 'C.UTF-8' lc_ctype 'C.UTF-8'"),
    "builtin C.UTF-8": (170000, "locale_provider builtin builtin_locale 'C.UTF-8'"),
    "builtin PG_UNICODE_FAST": (180000, "locale_provider builtin builtin_locale 'PG_UNICODE_FAST'"),
}
"""Maps each locale to the first PostgreSQL version that has it, and to the options of `create database`."""

LETTER_CLASSES = {9, 84, 91, 103, 118, 129, 130, 132}
"""The combining classes of viramas and vowel signs. app.fold does not remove these marks, because they are letters of a
word.
"""
IGNORABLE = [
    *(0x00AD, 0x034F, 0x061C, 0x115F, 0x1160, 0x17B4, 0x17B5, *range(0x180B, 0x1810), *range(0x200B, 0x2010)),
    *(*range(0x202A, 0x202F), *range(0x2060, 0x2070), 0x3164, *range(0xFE00, 0xFE10), 0xFEFF, 0xFFA0),
    *(*range(0x1BCA0, 0x1BCA4), *range(0x1D173, 0x1D17B), *range(0xE0000, 0xE1000)),
]
"""The code points that have the Unicode property Default_Ignorable_Code_Point. They are not displayed."""
IGNORED = frozenset(map(chr, IGNORABLE))
BASE_LETTERS = {
    **{"æ": "ae", "ð": "d", "ø": "o", "þ": "th", "đ": "d", "ħ": "h", "ı": "i", "ĸ": "k", "ł": "l", "ŋ": "n"},
    **{"œ": "oe", "ŧ": "t", "ə": "e"},
    **dict.fromkeys("ʻʼ‘’‚‛′", "'"),
    **dict.fromkeys("“”„‟", '"'),
    **dict.fromkeys("‐‒–—―−", "-"),
    "⁄": "/",
}
"""Maps characters that NFKD does not decompose to the similar ASCII characters that people type."""


def without_marks(text: str) -> str:
    return "".join(
        character
        for character in unicodedata.normalize("NFKD", text)
        if unicodedata.combining(character) in {0, *LETTER_CLASSES} and character not in IGNORED
    )


def reference(text: str) -> str:
    """Return the folded form of a text, computed in Python."""
    folded = without_marks(without_marks(text).casefold())
    return "".join(BASE_LETTERS.get(character, character) for character in folded)


STEP = 1 if FULL else 64
"""UNIFORM contains five sixths of all assigned code points. `make test` tries one in 64 of these code points."""
UNIFORM = (
    range(0x3400, 0x4DC0),  # ideographs
    range(0x4E00, 0xA000),
    range(0x20000, 0x32400),
    range(0xAC00, 0xD7A4),  # Hangul syllables
    range(0xE000, 0xF900),  # private use
    range(0xF0000, 0x110000),
)
"""Blocks of code points with the same properties."""


@lru_cache(maxsize=1)
def assigned() -> list[str]:
    """Return all assigned code points. PostgreSQL 15 knows Unicode 14, like Python 3.11."""
    skipped = {code for block in UNIFORM for code in block if code % STEP}
    return [
        character
        for code, character in ((code, chr(code)) for code in range(1, 0x110000) if code not in skipped)
        if unicodedata.category(character) not in ("Cn", "Cs")
    ]


@pytest.fixture(scope="module", params=LOCALES)
def localized(database: Database, request: pytest.FixtureRequest, worker_id: str) -> Iterator[psycopg.Connection]:
    """Open a connection to a database that has the given locale and contains app.fold."""
    min_version, options = LOCALES[request.param]
    name = f"fold_{worker_id}"
    with database.connect(autocommit=True) as server:
        if server.info.server_version < min_version:
            pytest.skip(f"PostgreSQL {server.info.server_version // 10000} does not have this locale")
        functions = server.execute(
            "select pg_get_functiondef(oid) from pg_proc where pronamespace = 'app'::regnamespace"
            " and proname in ('fold', 'fold_unicode') order by proname desc"
        ).fetchall()
        create = f"create database {{}} template template0 encoding 'UTF8' {options}"
        server.execute(sql.SQL(create).format(sql.Identifier(name)))
        try:
            with psycopg.connect(database.url().rpartition("/")[0] + "/" + name, autocommit=True) as connection:
                connection.execute("create schema app")
                for (definition,) in functions:
                    connection.execute(definition.encode())
                yield connection
        finally:
            server.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def fold(connection: psycopg.Connection, texts: list[str]) -> list[str]:
    query = "select app.fold(text) from unnest(%s::text[]) with ordinality texts (text, n) order by n"
    return [row[0] for row in connection.execute(query, [texts])]


@pytest.fixture(scope="module")
def references() -> list[str]:
    """Return the folded forms of all assigned code points, computed in Python."""
    return [reference(character) for character in assigned()]


def test_every_code_point_is_folded_as_in_python_except_for_listed_characters(
    localized: psycopg.Connection, references: list[str]
) -> None:
    folded = fold(localized, assigned())
    differences = [
        (f"U+{ord(character):04X}", actual, expected)
        for character, actual, expected in zip(assigned(), folded, references, strict=True)
        if actual != expected
    ]
    assert differences == []
    assert fold(localized, folded) == folded


@pytest.fixture(scope="module")
def folding(database: Database) -> Iterator[Callable[[str], str]]:
    with database.connect(autocommit=True) as connection:
        yield lambda text: fold(connection, [text])[0]


@pytest.mark.parametrize(
    ("folded", "texts"),
    [
        ("cafe", ["Café", "CAFE\N{COMBINING ACUTE ACCENT}", "cafe", "ｃａｆé", "ca\N{SOFT HYPHEN}fé"]),
        ("massstab", ["Maßstab", "MASSSTAB", "MAẞSTAB", "massstab"]),
        ("οδος", ["ΟΔΟΣ", "οδος", "Οδός", "οδοσ"]),
        ("ilik", ["ILIK", "ılık", "İlik", "ilik"]),
        ("lodz", ["Łódź", "ŁÓDŹ", "lodz"]),
        ("smorrebrod", ["Smørrebrød", "SMØRREBRØD"]),
        ("thaettir aeosk", ["Þættir Æosk", "þættir æosk"]),
        ("dak lak", ["Đắk Lắk", "đắk lắk"]),
        ("елка", ["Ёлка", "ЕЛКА"]),
        ("levi's 501-x", ["Levi’s 501–X", "LEVI'S 501-x"]),
        ("fi 1/2 tm", ["ﬁ ½ ™"]),
        ("कि", ["कि"]),
        ("क्या", ["क्या"]),
        ("", ["", "\N{COMBINING ACUTE ACCENT}", "\N{ZERO WIDTH SPACE}"]),
    ],
)
def test_texts_that_people_consider_equal_have_the_same_folded_form(
    folding: Callable[[str], str], folded: str, texts: list[str]
) -> None:
    expected = folding(folded)
    assert {text: folding(text) for text in texts} == dict.fromkeys(texts, expected)
    assert expected == reference(folded)


def test_the_folded_form_does_not_depend_on_the_unicode_normal_form(folding: Callable[[str], str]) -> None:
    for text in ("Ångström Čapek", "Việt Nam", "각", "Ώρα", "क़लम", "ﷺ"):
        assert len({folding(unicodedata.normalize(form, text)) for form in ("NFC", "NFD", "NFKC", "NFKD")}) == 1


@pytest.mark.parametrize(
    ("text", "length"),
    [("a" * 2000, 1000), ("a" * 900 + "é", 901), ("€" * 334, 250), ("€" * 333, 333), ("ﷺ" * 500, 250)],
)
def test_a_folded_form_never_exceeds_its_maximum_number_of_bytes(database: Database, text: str, length: int) -> None:
    with database.connect() as connection:
        row = connection.execute("select app.fold(%s, 1000)", [text]).fetchone()
    assert row
    assert len(row[0]) == length
    assert len(row[0].encode()) <= 1000


def test_a_null_is_folded_to_a_null(database: Database) -> None:
    with database.connect() as connection:
        assert connection.execute("select app.fold(null), app.fold(null, 1000)").fetchone() == (None, None)
