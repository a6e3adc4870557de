"""Tests which spellings each type accepts, and that each type refuses what its JSON schema refuses."""

from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError, create_model

from wecelebrate.core import types
from wecelebrate.core.errors import Invalid
from wecelebrate.core.models import Input

ID = "0190b1c2-7000-7000-8000-00000000000a"

SPELLINGS: dict[str, tuple[list[Any], list[Any]]] = {
    "Whole": (
        ["5", 5, "0", "-3"],
        ["1_0", "+1", "1e2", "\u0663", " 5 ", "5.0", 5.0, "007", "", True, "0x10", "\uff15"],
    ),
    "Count": ([5, 0], ["5", 5.0, True, -1, 2**31, "1_0"]),
    "Percent": ([20, 20.5, 0], ["20", True, 101, -1, "1e1"]),
    "Flag": ([True, False], ["true", 1, "yes", 0]),
    "Switch": (["true", "false", True], ["yes", "1", "True", "on", 1, "t", "", " true"]),
    "Id": ([ID, ID.upper()], [f"{{{ID}}}", ID.replace("-", ""), f"urn:uuid:{ID}", f" {ID}", f"{ID}\n", "", 5]),
    "Money": (
        ["0", "12.5", "12.50", "0.125", "999999999999.999", 5, 12.5, 1e2, "007"],
        [
            "1__0",
            "1_0",
            "\u0663.\u0665",
            "1e2",
            "+1",
            "-1",
            " 5",
            "5 ",
            "1.2345",
            "1.",
            ".5",
            "1,5",
            "",
            "NaN",
            "Infinity",
            "1000000000000",
            10**12,
            1.2345,
            1e-300,
            1e300,
            -1,
            True,
            None,
            [1],
            "\uff15",
        ],
    ),
    "Timestamp": (
        ["2026-01-31T12:00:00Z", "2026-01-31t12:00:00.123456+02:00", "2026-01-31T12:00:00z"],
        [
            "20260101",
            "0",
            "1767225600",
            0,
            1.5,
            "2026-01-31",
            "2026-01-31T12:00:00",
            "2026-01-31 12:00:00Z",
            "2026-02-31T12:00:00Z",
            "0001-01-01T00:00:00+14:00",
            "2026-01-31T12:00:60Z",
            "2026-01-31T24:00:00Z",
            "2026-01-31T12:00:00.1234567Z",
            "\u0662026-01-31T12:00:00Z",
            "2026-01-31T12:00:00Z\n",
            "2026-W05-6",
            "P1D",
            "",
        ],
    ),
    "CurrencyCode": (
        ["EUR", "JPY", "KWD", "XAF", "ZWG"],
        [
            "eur",
            " EUR",
            "EUR ",
            "ABC",
            "XXX",
            "XTS",
            "DEM",
            "CLF",
            "UYW",
            "UYI",
            "CHE",
            "XDR",
            "XAU",
            "XAD",
            "",
            "EURO",
            978,
        ],
    ),
    "CountryCode": (["DE", "GB", "BQ"], ["ZZ", "UK", "AN", "XK", "EU", "AA", "QM", "de", " DE", "DEU", "", "276", 276]),
    "EmailAddress": (
        ["Ann@x.test", "o'brien+x@sub.example.com", "a@b\u00fccher.test"],
        [
            "ann..b@x.test",
            "notanemail",
            ".a@x.test",
            "a.@x.test",
            "a@x..test",
            "a@x",
            "a@test",
            "a@-x.test",
            "a@[127.0.0.1]",
            "a@1.2.3.4",
            '"a b"@x.test',
            "\u00e4@x.test",
            "a@x.test ",
            "a@x.test\n",
            "Ann <a@x.test>",
            "a@x.test,b@x.test",
            "a@shop.local",
            "a" * 65 + "@x.test",
            "",
            "a b@x.test",
            "a\u200b@x.test",
            5,
        ],
    ),
    "HttpUrl": (
        [
            "https://x.test",
            "http://x.test:8080/a?b#c",
            "HTTPS://X.test/",
            "https://[2001:db8::1]/",
            "https://b\u00fccher.test/\u00fc",
            "https://192.0.2.1/a",
        ],
        [
            "https://",
            "http:///x",
            "https://?x",
            "//x.test",
            "ftp://x.test",
            "javascript:alert(1)",
            "https://u:p@x.test",
            "https://u@x.test",
            "https://x.test:81/",
            "http: 81",
            "https://x.test:0",
            "https://x.test:99999",
            "https://x.test:a",
            "https://x.test/a b",
            "https://x .test",
            "https://x.test/\t",
            "https://x.test\\@y.test",
            "https://x..test",
            "https://-x.test",
            "https://127.1/",
            "https://0x7f.1/",
            "https://[::1%25eth0]/",
            "https://[x]/",
            " https://x.test",
            "https://x.test/<script>",
            'https://x.test/"',
            "",
            5,
            "https://" + "a" * 64 + ".test",
            "https://x.test/\u0085",
        ],
    ),
    "ImageUrl": (
        ["https://x.test/a.jpg", "images/a b.jpg", "/a.jpg", "//cdn.x.test/a.jpg"],
        [
            "javascript:alert(1)",
            "https://",
            "https://x.test/a b.jpg",
            "data:image/png;base64",
            "https:a.jpg",
            "a\\b.jpg",
            "",
        ],
    ),
    "DomainName": (
        ["gifts.example.com", "A.Test", "b\u00fccher.test", "a" * 63 + ".test"],
        [
            "x..test",
            "-a.test",
            "a-.test",
            "a_b.test",
            "127.0.0.1",
            "x.test.",
            ".test",
            "https://x.test",
            "x.test/a",
            "x.test:80",
            " a.test",
            "a.test\n",
            "",
            "a" * 64 + ".test",
            "\u200b.test",
            "a@b.test",
            5,
        ],
    ),
    "Slug": (["acme", "a-1"], ["A", "-a", "a-", "a--b", "a_b", "a b", "a\n", "", "\u00e9", 5]),
    "OrderNumber": (["7KQ2M9D4XT", "7kq2m9d4xt"], ["", "a b", "7KQ\n", " 7KQ", "\u0663", "a\u200b", 5]),
    "Name": (
        ["Mug", "Cafe\u0301", "  Mug ", "\u0645\u0631\u062d\u0628\u0627", "\U0001f381", "A\u200dB"],
        [
            "",
            "   ",
            "\u200b",
            "\u2800",
            "\u3164",
            "\u00ad",
            "\ufeff",
            "\u2060\u200b ",
            "\U000e0020",
            "a\nb",
            "a\tb",
            "a\x07b",
            "a\x7fb",
            "a\u0085b",
            "a\u2028b",
            "a\0b",
            "a\ud800b",
            "\udfff",
            "x" * 501,
            5,
            None,
        ],
    ),
    "Sku": (["4006381333931", "\u00c4-1"], ["", "\u200b", "A\x07B", "A\tB", "x" * 201, "\ud800", 5]),
    "Text": (["", "a\nb\tc", "\u00e9"], ["a\x07", "a\x7f", "a\0", "\ud800", 5]),
}
"""Maps each type to the spellings that it accepts, and to the spellings that it refuses."""

MODELS = {name: create_model(name, __base__=Input, value=(getattr(types, name), ...)) for name in SPELLINGS}


def accepts(name: str, value: Any) -> bool:
    """Return whether a request field of this type accepts a value."""
    try:
        MODELS[name].model_validate({"value": value})
    except (ValidationError, Invalid):
        return False
    return True


def stored(name: str, value: Any) -> Any:
    return MODELS[name].model_validate({"value": value}).value  # type: ignore[attr-defined]


def schema_of(name: str) -> Any:
    return TypeAdapter(getattr(types, name)).json_schema()


ACCEPTED = [(name, value) for name, (accepted, _) in SPELLINGS.items() for value in accepted]
REFUSED = [(name, value) for name, (_, refused) in SPELLINGS.items() for value in refused]


@pytest.mark.parametrize(("name", "value"), ACCEPTED)
def test_a_valid_spelling_is_accepted(name: str, value: Any) -> None:
    assert accepts(name, value)


@pytest.mark.parametrize(("name", "value"), REFUSED)
def test_an_invalid_spelling_is_refused(name: str, value: Any) -> None:
    assert not accepts(name, value)


@pytest.mark.parametrize(
    ("name", "spellings", "value"),
    [
        ("Name", ["Caf\u00e9", "Cafe\u0301", " Cafe\u0301\n"], "Caf\u00e9"),
        ("Sku", ["\u00c5-1", "A\u030a-1", "\u212b-1"], "\u00c5-1"),
        ("Text", ["\u00e9\n\u00e9", "e\u0301\ne\u0301"], "\u00e9\n\u00e9"),
        (
            "EmailAddress",
            ["Ann@B\u00dcCHER.test", "Ann@bu\u0308cher.test", "Ann@XN--BCHER-KVA.Test"],
            "Ann@xn--bcher-kva.test",
        ),
        (
            "DomainName",
            ["b\u00fccher.test", "BU\u0308CHER.TEST", "XN--bcher-kva.test", "b\u00fccher\u3002test"],
            "xn--bcher-kva.test",
        ),
        ("OrderNumber", ["7kq2m9d4xt", "7KQ2M9D4XT"], "7KQ2M9D4XT"),
    ],
)
def test_all_spellings_of_a_value_are_stored_in_the_same_form(name: str, spellings: list[str], value: str) -> None:
    assert {stored(name, spelling) for spelling in spellings} == {value}


def test_two_spellings_of_the_same_time_have_the_same_json_form() -> None:
    dumps = [
        MODELS["Timestamp"].model_validate({"value": value}).model_dump_json()
        for value in ("2026-01-31T12:00:00Z", "2026-01-31T14:00:00.000+02:00", "2026-01-31t12:00:00z")
    ]
    assert len(set(dumps)) == 1


def test_two_spellings_of_the_same_amount_have_the_same_json_form() -> None:
    for spellings in (["1.5", "1.50", "1.500", 1.5], ["100", "100.00", 100, 1e2], ["0", "0.00"]):
        dumps = {MODELS["Money"].model_validate({"value": value}).model_dump_json() for value in spellings}
        assert len(dumps) == 1


HOSTILE = st.one_of(
    st.text(max_size=30),
    st.text("0123456789_+-. eE\u0663\uff15\n", max_size=12),
    st.text("aA@.-_ \u200b\u0301\u00e9\n\t\x07:/\\", max_size=16),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.none(),
)


@pytest.mark.parametrize("name", [name for name in SPELLINGS if name not in ("Whole", "Switch")])
def test_the_code_refuses_every_value_that_the_schema_refuses(name: str) -> None:
    """Try hostile values, listed values with hostile characters, and values that almost match the pattern."""
    validator = jsonschema_rs.validator_for(schema_of(name), validate_formats=True)
    listed = st.sampled_from(
        [value for values in SPELLINGS[name] for value in values if isinstance(value, str)] or [""]
    )
    spoiled = st.builds(
        lambda text, at, more: text[: at % (len(text) + 1)] + more + text[at % (len(text) + 1) :],
        listed,
        st.integers(0, 60),
        st.sampled_from([" ", "\n", "_", "+", "\u0663", "\u200b", "e", ".", "\x07", "\u00a0"]),
    )

    @settings(max_examples=150, derandomize=True, database=None, deadline=None)
    @given(st.one_of(HOSTILE, spoiled))
    def check(value: Any) -> None:
        if isinstance(value, str) and any("\ud800" <= letter <= "\udfff" for letter in value):
            assert not accepts(name, value)
        elif accepts(name, value):
            assert validator.is_valid(value), value

    check()


@pytest.mark.parametrize(("name", "value"), ACCEPTED)
def test_the_schema_accepts_every_value_that_the_code_accepts(name: str, value: Any) -> None:
    if name in ("Whole", "Switch") and isinstance(value, str):
        return  # a parameter is sent as text, although the type in its schema is `integer` or `boolean`
    assert jsonschema_rs.validator_for(schema_of(name), validate_formats=True).is_valid(value)


@pytest.mark.parametrize(
    "name", ["Money", "Timestamp", "CurrencyCode", "CountryCode", "Slug", "OrderNumber", "Name", "Sku", "Text"]
)
def test_the_code_accepts_every_value_that_a_regular_schema_accepts(name: str) -> None:
    schema = schema_of(name)
    patterns = [part["pattern"] for part in schema.get("anyOf", [schema]) if "pattern" in part]
    values = st.from_regex(patterns[0], fullmatch=True) if patterns else st.sampled_from(schema["enum"])
    validator = jsonschema_rs.validator_for(schema)

    @settings(max_examples=100, derandomize=True, database=None, deadline=None)
    @given(values)
    def check(value: str) -> None:
        if name == "Timestamp":  # a pattern cannot express the length of months
            value = value[:8] + "28" + value[10:]
            value = "2" + value[1:]
        if validator.is_valid(value) and not invisible_after_stripping(value):
            assert accepts(name, value), value

    check()


def invisible_after_stripping(value: str) -> bool:
    """Return whether the code can refuse a text that matches the pattern.

    The code can refuse a text with surrounding white space, or with certain characters outside the Basic Multilingual
    Plane.
    """
    return any(0x1BCA0 <= ord(letter) <= 0xE0FFF for letter in value) or value != value.strip()
