"""Tests how every mail is rendered in every language, with ordinary and with hostile values."""

import re
import string
import tomllib
from datetime import UTC, datetime
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any, get_args
from uuid import UUID

import pytest

from wecelebrate.core.settings import settings
from wecelebrate.jobs.types import JobType
from wecelebrate.mail import rendering
from wecelebrate.mail.models import Template
from wecelebrate.mail.phrase_files import languages
from wecelebrate.mail.phrase_files import phrases as phrases_in

TEMPLATES = [template for template in get_args(Template) if template != "report"]
"""The mails of this module. `test_report_mails.py` tests the mails with reports."""
LANGUAGES = sorted(languages())
WITHOUT_ADDRESS = ("order_cancelled", "order_confirm_request", "order_lookup")
"""The order mails without a shipping address. The order is not shipped, or the guest has not confirmed the order
yet.
"""
LINKS = {
    "order_confirm_request": "https://acme.platform.test/orders/guest?action=confirm&token=secret",
    "order_lookup": "https://acme.platform.test/orders/guest?token=secret",
}
"""The links of the mails to guests. The links contain no text of the visitor."""
FROM = "wecelebrate <mail@mail.test>"
HOSTILE = "<script>alert(1)</script>\r\nBcc: x@evil.test\x00\x1b[31m \"'>& {{ 7*7 }} {0} {name} %s"
STRANGE = ["אבגד ﷺ عربي", "👩‍👩‍👧 🎁 é̂", "\u202egnp.exe\u202c", "a" * 5000]
ODD_LINE = {"line": 1, "sku": HOSTILE, "name": HOSTILE, "quantity": 1, "shipped_quantity": 1, "unit_price": "0.50"}


@pytest.fixture(autouse=True)
def sender(monkeypatch: pytest.MonkeyPatch) -> Any:
    settings.cache_clear()
    monkeypatch.setenv("WC_MAIL_FROM", FROM)
    monkeypatch.setenv("WC_PLATFORM_DOMAIN", "platform.test")
    yield
    settings.cache_clear()


def row(template: str, **more: Any) -> dict[str, Any]:
    """Return a row with the same columns as a row of the query `get_mail`. `more` overrides columns."""
    details: dict[str, Any] = {}
    if template == "order_shipped":
        details = {"carrier": "Post", "number": "T-1", "url": "https://post.test/T-1?a=1&b=2"}
    if template == "invitation":
        details = {"invitation_id": "i-1", "role": "editor", "locale": "en", "expires_at": "2026-03-08T12:00:00+00:00"}
    if template == "job_finished":
        details = {"job_id": "j-1", "type": "catalog_sync", "status": "completed", "error": None}
        details |= {"counts": {"read": 1200, "created": 7}, "ended_at": "2026-03-01T12:00:00+00:00"}
    return {
        "id": UUID(int=1),
        "template": template,
        "recipient": "ada@example.test",
        "details": details,
        "client_name": "Acme",
        "site_name": "Acme gifts",
        "slug": "acme",
        "domain": None,
        "order_page_url": None,
        "branding": {"color": "#c8102e"},
        "settings": {},
        "order_number": "7KQ2M",
        "customer_name": "Ada",
        "total_amount": Decimal("1234.50"),
        "currency": "EUR",
        "shipping_address": {"name": "Ada", "line1": "Street 1", "postal_code": "8000", "city": "Zürich"},
        "ordered_at": datetime(2026, 3, 1, tzinfo=UTC),
        "lines": [
            {"line": 1, "sku": "MUG", "name": "Mug", "quantity": 2, "shipped_quantity": 2, "unit_price": "617.25"}
        ],
        **more,
    }


class Page(HTMLParser):
    """The elements, attributes and text of an HTML document."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.texts).split())


def facts_of(template: str) -> list[str]:
    """Return the information that the text and the HTML of a mail must contain."""
    match template:
        case "job_finished":
            return ["j-1"]
        case "order_lookup":
            return ["7KQ2M"]
    if template == "invitation":
        return ["secret", "Acme gifts"]
    return ["7KQ2M", "Mug", *(() if template in WITHOUT_ADDRESS else ("Street 1", "8000 Zürich"))]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", TEMPLATES)
def test_text_and_html_contain_the_same_information(template: str, language: str) -> None:
    values = row(template, settings={"locale": language})
    if template == "invitation":  # this mail does not depend on the settings of a site
        values["details"]["locale"] = language
    mail = rendering.render(values, "secret")
    assert mail.locale == language
    assert f'<html lang="{language}">' in mail.html
    page = Page(mail.html)
    shown = page.text + " ".join(value or "" for _, value in page.attributes)
    for fact in facts_of(template):
        assert fact in mail.text
        assert fact in page.text
    assert ("Street 1" in mail.text + mail.html) == ("Street 1" in facts_of(template))
    if template in LINKS:
        assert LINKS[template] in mail.text
        assert ("href", LINKS[template]) in page.attributes
    for line in mail.text.splitlines():
        for part in re.split(r"^- \S+ × | ?:(?: |$)", line):
            assert " ".join(part.split()) in shown
    assert (mail.sender, mail.reply_to) == ("Acme gifts <mail@mail.test>", None)
    assert "{" not in mail.subject + mail.text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("text", [HOSTILE, *STRANGE])
def test_untrusted_values_do_not_add_markup_or_headers_to_a_mail(template: str, language: str, text: str) -> None:
    brand = {"name": text, "color": text, "logo": f"https://x.test/{text}", "sender": text, "reply_to": text}
    hostile = row(
        template,
        branding=brand,
        site_name=text,
        settings={"locale": language},
        customer_name=text,
        shipping_address=dict.fromkeys(("name", "line1", "city", "country"), text),
        lines=[ODD_LINE | {"name": text}],
    )
    hostile["details"] |= dict.fromkeys(("carrier", "number", "url", "error"), text)
    plain, mail = rendering.render(row(template), "secret"), rendering.render(hostile, "secret")
    allowed = {*Page(plain.html).tags, "br", "p", "img"}
    assert set(Page(mail.html).tags) <= allowed
    assert not any(name.startswith("on") for name, _ in Page(mail.html).attributes)
    assert {value for name, value in Page(mail.html).attributes if name in ("href", "src")} == (
        {LINKS[template]} if template in LINKS else set()
    )
    for line in (mail.subject, mail.sender):
        assert not any(ord(char) < 32 for char in line)
    assert len(mail.subject) <= rendering.MAX_SUBJECT_LENGTH
    assert mail.sender.isascii() and mail.sender.endswith(" <mail@mail.test>")
    assert mail.reply_to is None
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", mail.text + mail.html)
    assert "49" not in mail.text.replace("1,234.49", "")
    if text != HOSTILE and "\u202e" not in text:
        assert " ".join(text.split())[:20] in mail.text


def test_right_to_left_text_is_isolated_with_a_bdi_element() -> None:
    mail = rendering.render(row("order_confirmation", shipping_address={"name": "אבגד"}))
    assert "<bdi>אבגד</bdi>" in mail.html


@pytest.mark.parametrize("template", ["order_confirmation", "order_shipped"])
def test_a_mail_about_an_order_with_a_thousand_lines_contains_all_lines(template: str) -> None:
    lines: list[dict[str, Any]] = [
        {"sku": f"S{n}", "name": f"Gift {n:04d}", "quantity": n, "unit_price": "1.00"} for n in range(1, 1001)
    ]
    mail = rendering.render(row(template, lines=lines))
    page = Page(mail.html).text
    for line in lines:
        assert line["name"] in mail.text
        assert line["name"] in page
    assert "1,000 × Gift 1000" in mail.text
    assert len(mail.html) < 400_000
    # Mail programs cut off long mails. The total is always visible, because it is above the list.
    assert template == "order_shipped" or mail.html.index("1,234.50") < mail.html.index("Gift 0001")


def test_the_mail_about_a_delivery_lists_only_the_delivered_pieces() -> None:
    lines = [
        {"line": 1, "sku": "RUCKSACK", "name": "Rucksack", "quantity": 3, "shipped_quantity": 2, "unit_price": "89.00"},
        {"line": 2, "sku": "MUG", "name": "Mug", "quantity": 1, "shipped_quantity": 0, "unit_price": "5.00"},
    ]
    delivered = rendering.render(row("order_delivered", lines=lines))
    for text in (delivered.text, Page(delivered.html).text):
        assert "2 × Rucksack" in text
        assert "Mug" not in text
    confirmed = rendering.render(row("order_confirmation", lines=lines))
    assert "3 × Rucksack" in confirmed.text
    assert "1 × Mug" in confirmed.text


def test_a_mail_shows_the_brand_name_even_without_images() -> None:
    mail = rendering.render(row("order_confirmation", branding={"logo": "https://x.test/logo.png"}))
    page = Page(mail.html)
    assert ("src", "https://x.test/logo.png") in page.attributes
    assert "Acme gifts" in page.text


def test_all_styles_of_a_mail_are_inline() -> None:
    html = rendering.render(row("order_confirmation")).html
    assert "<style" not in html and "<link" not in html and "class=" not in html


@pytest.mark.parametrize(
    ("site_settings", "locale"),
    [
        ({"locale": "de"}, "de"),
        ({"locale": "de-CH"}, "de-CH"),
        ({"locale": "de_AT"}, "de-AT"),
        ({"locale": "fr-CA-x-private"}, "fr-CA"),
        ({"locale": "nl-ZZ"}, "nl-NL"),
        ({"locale": "en-US"}, "en-US"),
        ({"locale": "pt-BR"}, "en"),
        ({"locale": "zh-Hant-TW"}, "en"),
        ({"locale": ""}, "en"),
        ({"locale": "../../etc/passwd"}, "en"),
        ({"locale": "de/../../x"}, "en"),
        ({"locale": ["de"]}, "en"),
        ({"locale": "x" * 10_000}, "en"),
        ({"public": {"locale": "it-IT"}}, "it-IT"),
        ({"locale": "es", "public": {"locale": "it-IT"}}, "es"),
        ({"public": "it"}, "en"),
        ({}, "en"),
        (None, "en"),
    ],
)
def test_a_mail_is_rendered_in_the_supported_locale_nearest_to_the_setting(site_settings: Any, locale: str) -> None:
    assert rendering.render(row("order_confirmation", settings=site_settings)).locale == locale


@pytest.mark.parametrize(
    ("locale", "money", "day"),
    [
        ("en-US", "€1,234.50", "March 1, 2026"),
        ("en-GB", "€1,234.50", "1 March 2026"),
        ("de-DE", "1.234,50 €", "1. März 2026"),
        ("de-CH", "EUR 1\N{RIGHT SINGLE QUOTATION MARK}234.50", "1. März 2026"),
        ("fr-FR", "1 234,50 €", "1 mars 2026"),
        ("it-IT", "1.234,50 €", "1 marzo 2026"),
        ("es-ES", "1.234,50 €", "1 de marzo de 2026"),
        ("nl-NL", "€ 1.234,50", "1 maart 2026"),
    ],
)
def test_money_and_dates_are_formatted_for_the_locale(locale: str, money: str, day: str) -> None:
    text = rendering.render(row("order_confirmation", settings={"locale": locale})).text
    plain = text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")
    assert f": {money}\n" in plain
    assert f": {day}\n" in plain


def test_every_language_has_all_phrases_with_the_same_placeholders() -> None:
    phrases_of = {language: phrases_in(language) for language in LANGUAGES}
    assert {"en", "de", "fr", "es", "it", "nl"} <= set(phrases_of)

    def placeholders(phrase: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(phrase) if name}

    for phrases in phrases_of.values():
        assert {name: placeholders(phrase) for name, phrase in phrases.items()} == {
            name: placeholders(phrase) for name, phrase in phrases_of["en"].items()
        }
        assert not any("<" in phrase or "&" in phrase for phrase in phrases.values())
    assert {f"job_{kind}" for kind in get_args(JobType)} <= set(phrases_of["en"])


def test_every_phrase_is_used_by_a_template() -> None:
    templates = "".join(file.read_text("utf-8") for file in (rendering.HERE / "templates").iterdir())
    for name in tomllib.loads((rendering.HERE / "phrases" / "en.toml").read_text("utf-8")):
        # The page on which a recipient unsubscribes from a report is not a template (`reports/mailings/links.py`).
        assert f'"{name}"' in templates or name.startswith(("job_", "count_", "role_", "unsubscribe_")), name


@pytest.mark.parametrize("status", ["completed", "failed", "cancelled"])
def test_a_mail_can_be_rendered_for_a_job_of_any_type_and_status(status: str) -> None:
    for kind in (*get_args(JobType), "something_new"):
        values = row("job_finished", site_name=None)
        values["details"] |= {"type": kind, "status": status, "error": "Line 7 is not a row.", "counts": {"pages": 3}}
        mail = rendering.render(values)
        assert "Line 7 is not a row." in mail.text
        assert "pages: 3" in mail.text
        assert mail.sender == "Acme <mail@mail.test>"


def test_the_sender_of_a_mail_without_a_client_is_the_platform() -> None:
    mail = rendering.render(row("job_finished", client_name=None, site_name=None, branding=None, settings=None))
    assert mail.sender == FROM


@pytest.mark.parametrize(
    "address", [None, "one line", [], {}, {"unknown": "x"}, {"name": 1, "city": None, "line1": ["x"]}, {"name": "\0 "}]
)
def test_an_invalid_shipping_address_is_omitted_from_the_mail(address: Any) -> None:
    mail = rendering.render(row("order_confirmation", shipping_address=address))
    assert "Ships to" not in mail.text + mail.html


TEXT_OF_A_STRANGER = "URGENT your account is locked, see https://evil.test or evil.test or ann@evil.test"


@pytest.mark.parametrize("template", ["order_confirmation", "order_shipped"])
def test_subject_and_opening_of_a_mail_contain_no_visitor_text(template: str) -> None:
    fields = ("name", "company", "line1", "line2", "city", "region", "postal_code", "country")
    mail = rendering.render(
        row(
            template,
            customer_name=TEXT_OF_A_STRANGER,
            shipping_address=dict.fromkeys(fields, TEXT_OF_A_STRANGER),
        )
    )
    assert "URGENT" not in mail.subject
    for body in (mail.text, mail.html):
        opening = body[: body.index("7KQ2M")]
        assert "URGENT" not in opening
        assert "Hello," in opening
        for link in ("https://evil", "evil.test", "ann@evil"):
            assert link not in body
    assert "URGENT your account is locked, see or evil. test or" in mail.text
