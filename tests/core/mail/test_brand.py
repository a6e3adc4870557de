"""Tests the branding of mails, and the sanitizing of untrusted text."""

from email.header import decode_header, make_header
from email.utils import parseaddr
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wecelebrate.core.types import email_address
from wecelebrate.mail.brand import DEFAULT_COLOR, PLATFORM, Brand
from wecelebrate.mail.sanitize import clean, mailbox, web_address

# The tests have no deadline, because hypothesis needs a long time to generate the first texts on a busy machine.
no_deadline = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("#c8102e", "#c8102e"),
        ("#ABC", "#aabbcc"),
        ("#abcd", DEFAULT_COLOR),
        ("red", DEFAULT_COLOR),
        ("#fff;background:url(//evil.test)", DEFAULT_COLOR),
        ("#ffffff\n", DEFAULT_COLOR),
        ("expression(alert(1))", DEFAULT_COLOR),
        (7, DEFAULT_COLOR),
        (None, DEFAULT_COLOR),
    ],
)
def test_an_invalid_color_is_replaced_by_the_default_color(value: Any, expected: str) -> None:
    assert Brand.parse({"color": value}, "Acme").color == expected


@pytest.mark.parametrize(
    ("color", "text_color"), [("#000", "#ffffff"), ("#fff", "#000000"), ("#c8102e", "#ffffff"), ("#ffcc00", "#000000")]
)
def test_the_text_color_is_black_or_white_and_contrasts_with_the_brand_color(color: str, text_color: str) -> None:
    assert Brand.parse({"color": color}, "Acme").text_color == text_color


@pytest.mark.parametrize(
    "url",
    [
        "http://x.test/a.png",
        "javascript:alert(1)",
        "data:image/png;base64,AA",
        "//x.test/a.png",
        "https:///a.png",
        "https://user:secret@x.test/a.png",
        'https://x.test/"onerror=alert(1)',
        "https://x.test/a b.png",
        "https://x.test/\r\nBcc:",
        "https://bücher.test/a.png",
        "https://[x",
        "https://x.test/" + "a" * 3000,
        ["https://x.test"],
    ],
)
def test_a_logo_without_a_safe_https_url_is_ignored(url: Any) -> None:
    assert Brand.parse({"logo": url}, "Acme").logo is None


def test_a_valid_logo_url_is_not_changed() -> None:
    assert Brand.parse({"logo": "https://x.test/a.png?v=1&w=2"}, "Acme").logo == "https://x.test/a.png?v=1&w=2"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a@b.test", "a@b.test"),
        ("A.B+c@Bücher.test", "A.B+c@xn--bcher-kva.test"),
        ("Ada <a@b.test>", None),
        ("a@b.test,c@d.test", None),
        ("a@b.test\r\nBcc: c@d.test", None),
        ("a@b.test ", None),
        ('"a b"@c.test', None),
        ("ä@b.test", None),
        ("a@localhost", None),
        ("a@[127.0.0.1]", None),
        ("a@b..test", None),
        ("@b.test", None),
        ("a@", None),
        ("", None),
        ("a" * 65 + "@b.test", None),
        ("a@" + "b." * 130 + "test", None),
        (None, None),
        (["a@b.test"], None),
    ],
)
def test_only_a_single_email_address_with_an_ascii_local_part_is_accepted(value: Any, expected: str | None) -> None:
    assert email_address(value) == expected
    assert Brand.parse({"reply_to": value}, "Acme").reply_to == expected


def test_a_brand_without_a_name_has_the_name_of_the_site_or_platform() -> None:
    assert Brand.parse({"name": "Brand", "sender": "People"}, "Site") == Brand("Brand", sender="People")
    assert Brand.parse({"name": " \0 "}, "Site") == Brand("Site", sender="Site")
    assert Brand.parse(None, None) == Brand(PLATFORM, sender=PLATFORM)


@no_deadline
@given(st.fixed_dictionaries({}, optional=dict.fromkeys(("name", "color", "logo", "sender", "reply_to"), JSON)))
def test_the_sender_header_is_valid_for_any_branding(branding: dict[str, Any]) -> None:
    brand = Brand.parse(branding, "Acme")
    sender = brand.from_header("wecelebrate <mail@mail.test>")
    assert sender.isascii() and sender.isprintable()
    assert parseaddr(sender)[1] == "mail@mail.test"


@no_deadline
@given(st.text(min_size=1, max_size=100).map(clean).filter(bool))
def test_encoding_and_decoding_a_header_does_not_change_a_name(name: str) -> None:
    header = mailbox(name, "a@b.test")
    assert header.isascii() and "\n" not in header
    if not name.isascii():
        encoded = header.removesuffix(" <a@b.test>")
        assert str(make_header(decode_header(encoded))) == name
        assert all(len(word) <= 75 for word in encoded.split(" "))
    else:
        assert parseaddr(header) == (name, "a@b.test")


@no_deadline
@given(st.text())
def test_cleaned_text_has_at_most_one_line(text: str) -> None:
    cleaned = clean(text)
    assert len(cleaned.splitlines()) <= 1
    assert clean(cleaned) == cleaned


@no_deadline
@given(st.text())
def test_a_web_address_contains_no_quotes_brackets_or_white_space(text: str) -> None:
    for url in (text, f"https://x.test/{text}", f"https://{text}/"):
        address = web_address(url)
        assert address is None or not set(address) & set("\"'<> \t\r\n\\")
