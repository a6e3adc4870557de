"""Tests the exact limits of each type, and rules that apply to only a few values."""

from decimal import Decimal
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from wecelebrate.core import types
from wecelebrate.core.types import currencies, email_address, finer_problem, minor_units, rounded
from wecelebrate.core.types.money import plain
from wecelebrate.core.types.text import line_problem, text_problem
from wecelebrate.core.types.urls import domain_name, image_url_problem, is_plain_url, url_problem

LABEL = "a" * 63
DOMAIN_OF_253 = f"{LABEL}.{LABEL}.{LABEL}.{'b' * 56}.test"
PORT_RULE = "must not use the reserved port"


def accepts(name: str, value: Any) -> bool:
    try:
        TypeAdapter(getattr(types, name)).validate_python(value)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize(
    ("name", "max_length"),
    [("Name", 500), ("Label", 300), ("ShortLine", 200), ("Sku", 200), ("Slug", 100), ("OrderNumber", 50)],
)
def test_a_one_line_text_has_at_least_one_character_and_a_maximum_length(name: str, max_length: int) -> None:
    assert accepts(name, "a") and accepts(name, "a" * max_length)
    assert not accepts(name, "a" * (max_length + 1))
    with pytest.raises(ValidationError, match="at least 1 character"):
        TypeAdapter(getattr(types, name)).validate_python("")


def test_a_text_without_surrounding_white_space_has_at_most_100_000_characters() -> None:
    assert accepts("Text", "a" * 100_000) and not accepts("Text", "a" * 100_001)
    assert TypeAdapter(types.Text).validate_python(" a\n") == "a"
    assert accepts("Text", " " + "a" * 100_000)


def test_a_one_line_text_is_stored_without_surrounding_white_space() -> None:
    assert TypeAdapter(types.Name).validate_python(" a\n") == "a"


@pytest.mark.parametrize("text", ["a b", "\u00e9", "a\u200bb", "\u200ba"])
def test_a_one_line_text_with_a_visible_character_is_valid(text: str) -> None:
    assert line_problem(text) is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "must not be empty"),
        (" ", "must not be empty"),
        ("a\tb", "must be one line of text without control characters"),
        ("\u00e9\u2028", "must be one line of text without control characters"),
        ("\u200b", "must contain a visible character"),
        ("\u3000", "must contain a visible character"),
    ],
)
def test_the_error_for_a_one_line_text_states_the_problem(text: str, problem: str) -> None:
    assert line_problem(text) == problem


def test_a_text_can_have_tabs_and_line_breaks_but_no_other_control_characters() -> None:
    assert text_problem("a\tb\r\nc\u0085") is None
    assert text_problem("a\x07") == "must not contain control characters other than tabs and line breaks"


@pytest.mark.parametrize(("name", "largest"), [("Count", 2_147_483_647), ("Percent", 100)])
def test_a_number_has_a_smallest_and_a_largest_value(name: str, largest: int) -> None:
    assert accepts(name, 0) and accepts(name, largest)
    assert not accepts(name, -1) and not accepts(name, largest + 1)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_percentage_must_be_a_finite_number(value: float) -> None:
    with pytest.raises(ValidationError, match="finite number"):
        TypeAdapter(types.Percent).validate_python(value)


def test_a_boolean_parameter_is_spelled_true_or_false() -> None:
    switch = TypeAdapter(types.Switch)
    assert switch.validate_python("true") is True
    assert switch.validate_python("false") is False
    for invalid in ("yes", 1, None):
        assert not accepts("Switch", invalid)


@pytest.mark.parametrize("value", [5.0, "5.0", True, None, [5]])
def test_an_integer_parameter_refuses_other_values(value: Any) -> None:
    assert TypeAdapter(types.Whole).validate_python("5") == 5
    assert not accepts("Whole", value)


@pytest.mark.parametrize("value", [5, "5", None, b"0190b1c2-7000-7000-8000-00000000000a"])
def test_an_invalid_id_is_refused(value: Any) -> None:
    assert accepts("Id", "0190b1c2-7000-7000-8000-00000000000a")
    with pytest.raises(ValidationError, match="RFC 9562"):
        TypeAdapter(types.Id).validate_python(value)


@pytest.mark.parametrize(("code", "decimals"), [("JPY", 0), ("EUR", 2), ("KWD", 3), ("DEM", 2), ("ABC", 2)])
def test_the_number_of_decimals_depends_on_the_currency(code: str, decimals: int) -> None:
    assert minor_units(code) == decimals


@pytest.mark.parametrize("code", ["CLF", "UYW", "CHE", "XDR", "XAD", "XTS", "DEM"])
def test_inactive_currencies_and_codes_of_funds_and_indexes_are_refused(code: str) -> None:
    assert code not in currencies()


def test_an_amount_has_the_decimals_of_its_currency_and_is_never_rounded() -> None:
    assert str(rounded(Decimal("12.5"), "EUR")) == "12.50"
    assert str(rounded(Decimal("12.00"), "JPY")) == "12"
    assert str(rounded(Decimal("0"), "KWD")) == "0.000"
    assert rounded(Decimal("12.505"), "EUR") is None
    assert finer_problem("EUR") == "must have at most 2 decimals in EUR"
    assert finer_problem("JPY") == "must have no decimals in JPY"


@pytest.mark.parametrize(("amount", "text"), [("100", "100"), ("100.00", "100"), ("12.50", "12.5"), ("1E+2", "100")])
def test_an_amount_is_written_without_an_exponent_and_trailing_zeros(amount: str, text: str) -> None:
    assert plain(Decimal(amount)) == text


@pytest.mark.parametrize(
    "value", ["0", 0, Decimal(0), "999999999999.999", 999_999_999_999, Decimal("999999999999.999")]
)
def test_an_amount_is_at_least_0_and_less_than_1_trillion(value: Any) -> None:
    assert TypeAdapter(types.Money).validate_python(value) == Decimal(value)


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (10**12, "less than 1000000000000"),
        (Decimal(10) ** 12, "less than 1000000000000"),
        (1e300, "less than 1000000000000"),
        (-(10**12), "less than 1000000000000"),
        (-1, "greater than or equal to 0"),
        (Decimal("-0.001"), "greater than or equal to 0"),
        (0.0001, "no more than 3 decimal places"),
        (Decimal("0.0001"), "no more than 3 decimal places"),
        (Decimal("1." + "0" * 40 + "1"), "no more than 3 decimal places"),
        (float("nan"), "finite number"),
        (Decimal("Infinity"), "finite number"),
        ("1e2", "valid decimal"),
        (True, "should be an integer, float, string or Decimal"),
        ([], "should be an integer, float, string or Decimal"),
    ],
)
def test_the_error_for_an_amount_states_the_problem(value: Any, problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        TypeAdapter(types.Money).validate_python(value)


def test_the_schema_of_an_amount_allows_a_decimal_string_or_a_number() -> None:
    number, text = TypeAdapter(types.Money).json_schema()["anyOf"]
    assert number == {"type": "number", "minimum": 0, "exclusiveMaximum": 10**12}
    assert text["type"] == "string"


@pytest.mark.parametrize(("name", "code"), [("CurrencyCode", "EUR"), ("CountryCode", "DE")])
def test_the_schema_of_a_code_lists_all_codes(name: str, code: str) -> None:
    schema = TypeAdapter(getattr(types, name)).json_schema()
    assert code in next(part["enum"] for part in (schema, *schema.get("$defs", {}).values()) if "enum" in part)


@pytest.mark.parametrize("name", ["Name", "Text", "Slug", "OrderNumber", "EmailAddress", "HttpUrl", "Timestamp"])
def test_the_schema_of_a_text_type_contains_its_pattern(name: str) -> None:
    assert TypeAdapter(getattr(types, name)).json_schema()["pattern"].startswith("^")


def test_a_type_can_be_a_key_of_a_dict() -> None:
    assert {types.Slug: 1, types.Text: 2}[types.Slug] == 1


@pytest.mark.parametrize("code", ["AA", "ZZ", "XK", "XA", "XZ", "QM", "QZ"])
def test_a_user_assigned_code_of_iso_3166_is_not_a_country(code: str) -> None:
    from wecelebrate.core.types.country import _is_user_assigned

    assert _is_user_assigned(code)
    assert not accepts("CountryCode", code)


@pytest.mark.parametrize("code", ["AX", "MX", "QA", "RE", "PW", "AZ", "ZA"])
def test_a_country_code_that_only_resembles_a_user_assigned_code_is_valid(code: str) -> None:
    assert accepts("CountryCode", code)


@pytest.mark.parametrize("value", [5, 5.0, None, ["2026-01-31T12:00:00Z"]])
def test_a_time_must_be_sent_as_text(value: Any) -> None:
    with pytest.raises(ValidationError, match="RFC 3339"):
        TypeAdapter(types.Timestamp).validate_python(value)


def test_a_time_is_between_the_years_1_and_9999_in_utc() -> None:
    assert accepts("Timestamp", "0001-01-01T00:00:00Z") and accepts("Timestamp", "9999-12-31T23:59:59Z")
    for outside in ("0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01"):
        with pytest.raises(ValidationError, match="years 1 to 9999"):
            TypeAdapter(types.Timestamp).validate_python(outside)


def test_the_length_of_an_email_address_is_limited() -> None:
    assert TypeAdapter(types.EmailAddress).json_schema()["maxLength"] == 254
    domain = ".".join(["b" * 63, "c" * 63, "d" * 59, "de"])
    longest = f"{'a' * (254 - 1 - len(domain))}@{domain}"
    assert len(longest) == 254
    assert email_address(longest) == longest
    assert email_address(f"a{longest}") is None
    assert email_address(f"{'a' * 64}@b.test") == f"{'a' * 64}@b.test"
    assert email_address(f"{'a' * 65}@b.test") is None


def test_the_length_of_an_email_address_includes_the_encoded_domain() -> None:
    domain = ".".join(["\u00fc" + "b" * 50] * 4 + ["de"])
    assert len(f"a@{domain}") < 254
    assert email_address(f"aaaaaaaaaaaaaaaaaaaaaaaaaa@{domain}") is None


@pytest.mark.parametrize("value", [None, 5, ["a@b.test"], "\u00e4@b.test", "a@test", "a.b@test"])
def test_an_invalid_value_is_not_an_email_address(value: Any) -> None:
    assert email_address(value) is None


def test_an_email_address_is_checked_without_dns(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise AssertionError("the check sent a DNS request")

    monkeypatch.setattr("email_validator.deliverability.validate_email_deliverability", fail)
    assert email_address("a@example.com") == "a@example.com"


def test_a_url_has_at_most_2048_characters() -> None:
    longest = "https://x.test/".ljust(2048, "a")
    for name in ("HttpUrl", "ImageUrl"):
        assert accepts(name, longest) and not accepts(name, f"{longest}a")
    assert accepts("ImageUrl", "a")
    for empty in ("HttpUrl", "ImageUrl", "DomainName"):
        with pytest.raises(ValidationError, match="at least 1 character"):
            TypeAdapter(getattr(types, empty)).validate_python("")


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("https://x.test:80", f"{PORT_RULE} 80"),
        ("http://x.test:443", f"{PORT_RULE} 443"),
        ("http://x.test:79", f"{PORT_RULE} 79"),
        ("http://x.test:81", f"{PORT_RULE} 81"),
        ("https://x.test:442", f"{PORT_RULE} 442"),
        ("https://x.test:444", f"{PORT_RULE} 444"),
        ("https://x.test:1023", f"{PORT_RULE} 1023"),
        ("https://u:p@x.test", "must not contain a user name or a password"),
        ("https://x.test:65536", "must have a valid host and port"),
        ("https://[x]", "must have a valid host and port"),
        ("https://-x.test", "must have a valid host, e.g. example.com"),
        ("https://" + "a" * 64, "must have a valid host, e.g. example.com"),
        ("https://:8080/", "must have a valid host, e.g. example.com"),
        (f"https://{DOMAIN_OF_253.replace('.test', 'b.test')}", "must have a valid host, e.g. example.com"),
        ("https://1.2.3", "must have a valid host, e.g. example.com"),
        ("https://0x7f", "must have a valid host, e.g. example.com"),
        ("https://a.0x7f", "must have a valid host, e.g. example.com"),
        ("https://a.b.1", "must have a valid host, e.g. example.com"),
        ("https://a.b.0x1", "must have a valid host, e.g. example.com"),
        ("https://\u00fc" + "a" * 70, "must have a valid host, e.g. example.com"),
        ("https://[::1%25eth0]", "must have a valid host, e.g. example.com"),
        ("ftp://x.test", "must be an http or https URL without spaces, e.g. https://example.com/logo.png"),
    ],
)
def test_the_error_for_a_url_states_the_problem(url: str, problem: str) -> None:
    assert url_problem(url) == problem


@pytest.mark.parametrize(
    "url",
    [
        "http://x.test:80",
        "https://x.test:443",
        "https://x.test:1024/",
        "https://x.test:65535",
        "HTTP://X.test:80/",
        "https://x",
        "https://x.test.",
        "https://1.x.test",
        "https://1.2.x",
        "https://a.1.x",
        "https://0x1.x",
        "https://0x1.0x2.x",
        "https://a.0x1.test",
        "https://192.0.2.1",
        "https://[2001:db8::1]:8443/",
        "https://a_b.test",
        "https://xn--a.test",
        f"https://{DOMAIN_OF_253}",
        "https://B\u00fccher.test",
    ],
)
def test_a_url_with_a_host_and_an_allowed_port_is_valid(url: str) -> None:
    assert url_problem(url) is None
    assert image_url_problem(url) is None


def test_the_fast_url_check_accepts_only_plain_urls() -> None:
    assert is_plain_url("https://x.test/a_b-c.jpg")
    assert is_plain_url("http://x.test/")
    assert is_plain_url("https://1.test/")
    for other in ("https://x.test:80/", "https://x..test/", "ftp://x.test/", "https://127.1/", "https://x.test/\u00fc"):
        assert not is_plain_url(other)


@pytest.mark.parametrize("path", ["a.jpg", "/a b/c.jpg", "\u00fc.jpg"])
def test_an_image_can_be_a_path_instead_of_a_url(path: str) -> None:
    assert image_url_problem(path) is None


@pytest.mark.parametrize("path", ["a:b", "a\\b", "\ud800", "a\nb"])
def test_a_path_of_an_image_has_no_scheme_and_no_control_characters(path: str) -> None:
    assert image_url_problem(path) == "must be an http or https URL, or a path"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (DOMAIN_OF_253, DOMAIN_OF_253),
        (DOMAIN_OF_253.replace(".test", "b.test"), None),
        ("x", "x"),
        ("X.Test", "x.test"),
        ("B\u00fccher.test", "xn--bcher-kva.test"),
        ("xn--bcher-kva.test", "xn--bcher-kva.test"),
        ("xn--a.test", None),
        ("xn--Bcher-KVA.test", "xn--bcher-kva.test"),
        ("ab--cd.test", None),
        ("a--cd.test", "a--cd.test"),
        ("abc--d.test", "abc--d.test"),
        ("ab-cd.test", "ab-cd.test"),
        ("abc-d.test", "abc-d.test"),
        ("a-b.test", "a-b.test"),
        ("1.test", "1.test"),
        ("a.1.test", "a.1.test"),
        ("1.2.test", "1.2.test"),
        ("1.2", None),
        ("a.b.1", None),
        ("a.1", None),
        ("1", None),
        ("a..test", None),
        ("-a.test", None),
        ("\u00fc" + "a" * 70 + ".test", None),
        ("\ud800.test", None),
        ("xn--\u00fc.test", None),
    ],
)
def test_a_domain_name_is_ascii_in_lower_case_with_valid_labels(name: str, expected: str | None) -> None:
    assert domain_name(name) == expected
