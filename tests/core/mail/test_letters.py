"""Every mail in every language, written from what is hostile as from what is plain."""

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

TEMPLATES = get_args(Template)
LANGUAGES = sorted(rendering.languages())
FROM = "wecelebrate <mail@mail.test>"
HOSTILE = "<script>alert(1)</script>\r\nBcc: x@evil.test\x00\x1b[31m \"'>& {{ 7*7 }} {0} {name} %s"
STRANGE = ["אבגד ﷺ عربي", "👩‍👩‍👧 🎁 é̂", "\u202egnp.exe\u202c", "a" * 5000]
ODD_LINE = {"sku": HOSTILE, "name": HOSTILE, "quantity": 1, "unit_price": "0.50"}


@pytest.fixture(autouse=True)
def sender(monkeypatch: pytest.MonkeyPatch) -> Any:
    settings.cache_clear()
    monkeypatch.setenv("WC_MAIL_FROM", FROM)
    yield
    settings.cache_clear()


def row(template: str, **more: Any) -> dict[str, Any]:
    """A mail as `get_mail` finds it."""
    details: dict[str, Any] = {}
    if template == "order_shipped":
        details = {"carrier": "Post", "number": "T-1", "url": "https://post.test/T-1?a=1&b=2"}
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
        "branding": {"color": "#c8102e"},
        "settings": {},
        "order_number": "7KQ2M",
        "customer_name": "Ada",
        "total_amount": Decimal("1234.50"),
        "currency": "EUR",
        "shipping_address": {"name": "Ada", "line1": "Street 1", "postal_code": "8000", "city": "Zürich"},
        "ordered_at": datetime(2026, 3, 1, tzinfo=UTC),
        "lines": [{"sku": "MUG", "name": "Mug", "quantity": 2, "unit_price": "617.25"}],
        **more,
    }


class Page(HTMLParser):
    """What a mail program makes of HTML: its elements, its links, its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.said: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.said.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.said).split())


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", TEMPLATES)
def test_a_mail_says_the_same_in_both_parts(template: str, language: str) -> None:
    letter = rendering.write(row(template, settings={"locale": language}))
    assert letter.locale == language
    assert f'<html lang="{language}">' in letter.html
    page = Page(letter.html)
    shown = page.text + " ".join(value or "" for _, value in page.attributes)
    for said in ("j-1",) if template == "job_finished" else ("7KQ2M", "Mug", "Street 1", "8000 Zürich"):
        assert said in letter.text
        assert said in page.text
    for line in letter.text.splitlines():
        for part in re.split(r"^- \S+ × | ?:(?: |$)", line):
            assert " ".join(part.split()) in shown
    assert (letter.sender, letter.reply_to) == ("Acme gifts <mail@mail.test>", None)
    assert "{" not in letter.subject + letter.text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("text", [HOSTILE, *STRANGE])
def test_what_strangers_write_stays_text(template: str, language: str, text: str) -> None:
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
    plain, letter = rendering.write(row(template)), rendering.write(hostile)
    allowed = {*Page(plain.html).tags, "br", "p", "img"}
    assert set(Page(letter.html).tags) <= allowed
    assert not any(name.startswith("on") for name, _ in Page(letter.html).attributes)
    assert {value for name, value in Page(letter.html).attributes if name in ("href", "src")} == set()
    for line in (letter.subject, letter.sender):
        assert not any(ord(letter) < 32 for letter in line)
    assert len(letter.subject) <= rendering.LONGEST_SUBJECT
    assert letter.sender.isascii() and letter.sender.endswith(" <mail@mail.test>")
    assert letter.reply_to is None
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", letter.text + letter.html)
    assert "49" not in letter.text.replace("1,234.49", "")
    if text != HOSTILE and "\u202e" not in text:
        assert " ".join(text.split())[:20] in letter.text


def test_letters_that_run_from_right_to_left_keep_to_themselves() -> None:
    assert "<bdi>אבגד</bdi>" in rendering.write(row("order_confirmation", customer_name="אבגד")).html


@pytest.mark.parametrize("template", ["order_confirmation", "order_shipped"])
def test_an_order_of_a_thousand_lines_lists_all_of_them(template: str) -> None:
    lines: list[dict[str, Any]] = [
        {"sku": f"S{n}", "name": f"Gift {n:04d}", "quantity": n, "unit_price": "1.00"} for n in range(1, 1001)
    ]
    letter = rendering.write(row(template, lines=lines))
    page = Page(letter.html).text
    for line in lines:
        assert line["name"] in letter.text
        assert line["name"] in page
    assert "1,000 × Gift 1000" in letter.text
    assert len(letter.html) < 400_000
    # What a mail program cuts off is the end of the list, not the sum.
    assert template == "order_shipped" or letter.html.index("1,234.50") < letter.html.index("Gift 0001")


def test_a_mail_reads_without_its_pictures() -> None:
    letter = rendering.write(row("order_confirmation", branding={"logo": "https://x.test/logo.png"}))
    page = Page(letter.html)
    assert ("src", "https://x.test/logo.png") in page.attributes
    assert "Acme gifts" in page.text


def test_styles_are_inline() -> None:
    html = rendering.write(row("order_confirmation")).html
    assert "<style" not in html and "<link" not in html and "class=" not in html


@pytest.mark.parametrize(
    ("given", "found"),
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
def test_the_locale_is_the_nearest_that_there_is(given: Any, found: str) -> None:
    assert rendering.write(row("order_confirmation", settings=given)).locale == found


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
def test_money_and_dates_are_written_as_they_are_there(locale: str, money: str, day: str) -> None:
    text = rendering.write(row("order_confirmation", settings={"locale": locale})).text
    plain = text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")
    assert f": {money}\n" in plain
    assert f": {day}\n" in plain


def test_every_language_says_everything_with_the_same_gaps() -> None:
    said = {language: rendering.phrases(language) for language in LANGUAGES}
    assert {"en", "de", "fr", "es", "it", "nl"} <= set(said)

    def gaps(phrase: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(phrase) if name}

    for phrases in said.values():
        assert {name: gaps(phrase) for name, phrase in phrases.items()} == {
            name: gaps(phrase) for name, phrase in said["en"].items()
        }
        assert not any("<" in phrase or "&" in phrase for phrase in phrases.values())
    assert {f"job_{kind}" for kind in get_args(JobType)} <= set(said["en"])


def test_no_phrase_is_left_over() -> None:
    used = "".join(file.read_text("utf-8") for file in (rendering.HERE / "templates").iterdir())
    for name in tomllib.loads((rendering.HERE / "phrases" / "en.toml").read_text("utf-8")):
        assert f'"{name}"' in used or name.startswith(("job_", "count_")), name


@pytest.mark.parametrize("status", ["completed", "failed", "cancelled"])
def test_a_job_of_any_kind_and_end_is_told(status: str) -> None:
    for kind in (*get_args(JobType), "something_new"):
        mail = row("job_finished", site_name=None)
        mail["details"] |= {"type": kind, "status": status, "error": "Line 7 is no row.", "counts": {"pages": 3}}
        letter = rendering.write(mail)
        assert "Line 7 is no row." in letter.text
        assert "pages: 3" in letter.text
        assert letter.sender == "Acme <mail@mail.test>"


def test_a_mail_of_the_platform_looks_like_the_platform() -> None:
    letter = rendering.write(row("job_finished", client_name=None, site_name=None, branding=None, settings=None))
    assert letter.sender == FROM


@pytest.mark.parametrize(
    "address", [None, "one line", [], {}, {"unknown": "x"}, {"name": 1, "city": None, "line1": ["x"]}, {"name": "\0 "}]
)
def test_an_address_that_is_none_is_left_out(address: Any) -> None:
    letter = rendering.write(row("order_confirmation", shipping_address=address))
    assert "Ships to" not in letter.text + letter.html
