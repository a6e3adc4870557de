"""A site's branding as mails take it, and what strangers wrote as it may stand in one."""

from email.header import decode_header, make_header
from email.utils import parseaddr
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wecelebrate.mail.brand import PLAIN, PLATFORM, Brand
from wecelebrate.mail.sanitize import clean, mail_address, mailbox, web_address

# Text is slow to begin with on a busy machine.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize(
    ("written", "taken"),
    [
        ("#c8102e", "#c8102e"),
        ("#ABC", "#aabbcc"),
        ("#abcd", PLAIN),
        ("red", PLAIN),
        ("#fff;background:url(//evil.test)", PLAIN),
        ("#ffffff\n", PLAIN),
        ("expression(alert(1))", PLAIN),
        (7, PLAIN),
        (None, PLAIN),
    ],
)
def test_a_colour_is_a_hexadecimal_one_or_ours(written: Any, taken: str) -> None:
    assert Brand.of({"color": written}, "Acme").color == taken


@pytest.mark.parametrize(
    ("color", "ink"), [("#000", "#ffffff"), ("#fff", "#000000"), ("#c8102e", "#ffffff"), ("#ffcc00", "#000000")]
)
def test_what_stands_on_a_colour_is_legible(color: str, ink: str) -> None:
    assert Brand.of({"color": color}, "Acme").ink == ink


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
def test_a_logo_is_an_https_address_or_none(url: Any) -> None:
    assert Brand.of({"logo": url}, "Acme").logo is None


def test_a_logo_that_is_good_is_taken_as_it_is() -> None:
    assert Brand.of({"logo": "https://x.test/a.png?v=1&w=2"}, "Acme").logo == "https://x.test/a.png?v=1&w=2"


@pytest.mark.parametrize(
    ("written", "taken"),
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
def test_an_address_is_one_address_in_ascii_or_none(written: Any, taken: str | None) -> None:
    assert mail_address(written) == taken
    assert Brand.of({"reply_to": written}, "Acme").reply_to == taken


def test_a_brand_is_called_by_the_first_name_there_is() -> None:
    assert Brand.of({"name": "Brand", "sender": "People"}, "Site") == Brand("Brand", sender="People")
    assert Brand.of({"name": " \0 "}, "Site") == Brand("Site", sender="Site")
    assert Brand.of(None, None) == Brand(PLATFORM, sender=PLATFORM)


@unhurried
@given(st.fixed_dictionaries({}, optional=dict.fromkeys(("name", "color", "logo", "sender", "reply_to"), JSON)))
def test_whatever_branding_holds_a_brand_is_made_of_it(branding: dict[str, Any]) -> None:
    brand = Brand.of(branding, "Acme")
    sender = brand.sent_from("wecelebrate <mail@mail.test>")
    assert sender.isascii() and sender.isprintable()
    assert parseaddr(sender)[1] == "mail@mail.test"


@unhurried
@given(st.text(min_size=1, max_size=100).map(clean).filter(bool))
def test_a_name_comes_out_of_a_header_as_it_went_in(name: str) -> None:
    written = mailbox(name, "a@b.test")
    assert written.isascii() and "\n" not in written
    if not name.isascii():
        found = str(make_header(decode_header(written.removesuffix(" <a@b.test>"))))
        assert found == name
        assert all(len(word) <= 75 for word in written.removesuffix(" <a@b.test>").split(" "))
    else:
        assert parseaddr(written) == (name, "a@b.test")


@unhurried
@given(st.text())
def test_cleaned_text_is_one_line(text: str) -> None:
    cleaned = clean(text)
    assert len(cleaned.splitlines()) <= 1
    assert clean(cleaned) == cleaned


@unhurried
@given(st.text())
def test_a_web_address_holds_nothing_to_break_out_with(text: str) -> None:
    for url in (text, f"https://x.test/{text}", f"https://{text}/"):
        found = web_address(url)
        assert found is None or not set(found) & set("\"'<> \t\r\n\\")
