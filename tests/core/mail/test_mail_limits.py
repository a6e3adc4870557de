"""Tests the limits of texts, addresses and colors in mails."""

import pytest

from wecelebrate.mail.brand import Brand
from wecelebrate.mail.events import outcome_of
from wecelebrate.mail.sanitize import clean, mailbox, visitor_text, web_address


@pytest.mark.parametrize(
    ("color", "text_color"),
    [
        # The luminance of #757575 is 0.178. The luminance of #767676 is 0.181.
        ("#757575", "#ffffff"),
        ("#767676", "#000000"),
        ("#ff0000", "#000000"),
        ("#ec0000", "#ffffff"),
        ("#ed0000", "#000000"),
        ("#008900", "#ffffff"),
        ("#008a00", "#000000"),
        ("#0000ff", "#ffffff"),
        ("#006cff", "#000000"),
        ("#006bff", "#ffffff"),
        ("#0a0a0a", "#ffffff"),
        # A color component of at most 10 is divided by 12.92. The results would be different with a slightly different
        # divisor.
        ("#018901", "#ffffff"),
        ("#008904", "#000000"),
    ],
)
def test_text_is_black_on_a_color_with_a_luminance_above_0_179(color: str, text_color: str) -> None:
    assert Brand.parse({"color": color}, "Acme").text_color == text_color


def test_the_name_of_a_brand_has_at_most_100_characters() -> None:
    brand = Brand.parse({"name": "a" * 101, "sender": "b" * 101}, "Acme")
    assert (brand.name, brand.sender) == ("a" * 100, "b" * 100)


def test_the_url_of_a_logo_has_at_most_2048_characters() -> None:
    longest = "https://a.test/".ljust(2048, "a")
    assert web_address(longest) == longest
    assert web_address(f"{longest}a") is None


def test_only_the_first_thousand_characters_of_a_visitor_text_are_read() -> None:
    assert visitor_text(" " * 999 + "ab") == "a"


def test_a_url_must_have_one_of_the_allowed_schemes() -> None:
    assert web_address("http://a.test/", schemes=("http", "https")) == "http://a.test/"
    assert web_address("http://a.test/") is None
    assert web_address("https://a@b.test/") is None
    assert web_address("https:///a") is None


def test_line_separators_become_spaces_and_direction_marks_are_removed() -> None:
    assert clean("a\u2028b\u2029c\x00d") == "a b c d"
    assert clean("\u202eabc\u202c") == "abc"


def test_encoded_words_of_a_header_have_at_most_75_characters() -> None:
    header = mailbox("ü" * 60, "a@b.test")
    assert "\n" not in header and header.endswith(" <a@b.test>")
    assert max(len(word) for word in header.split(" ")) <= 75
    longest = mailbox("ü" + "a" * 57, "a@b.test").removesuffix(" <a@b.test>")
    assert len(longest) == 75 and " " not in longest


def test_the_reason_of_a_bounce_contains_its_types_and_the_server_response() -> None:
    bounce = {
        "bounceType": "Permanent",
        "bounceSubType": "General",
        "bouncedRecipients": [{"diagnosticCode": "550 unknown"}, {}],
    }
    outcome = outcome_of("Bounce", {"bounce": bounce})
    assert outcome is not None and outcome.reason == "Permanent; General; 550 unknown"
    complaint = outcome_of("Complaint", {"complaint": {"complaintFeedbackType": "abuse"}})
    assert complaint is not None and complaint.reason == "abuse; complaint"
    reject = outcome_of("Reject", {"reject": {"reason": "Bad content"}})
    assert reject is not None and reject.reason == "rejected by SES; Bad content"
