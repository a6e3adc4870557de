"""Tests report mails: the tables, the inline images of charts, the attached files, and the unsubscribe link."""

import io
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from html.parser import HTMLParser
from typing import Any
from uuid import UUID, uuid4

import pytest
from PIL import Image

from wecelebrate.core.settings import settings
from wecelebrate.mail.attachments import Attachment
from wecelebrate.mail.phrase_files import languages
from wecelebrate.mail.rendering import RenderedMail, render
from wecelebrate.mail.sending import send_email_request
from wecelebrate.reports.mailings import charts
from wecelebrate.reports.mailings.edition import figures_of
from wecelebrate.reports.models import ClientReport

TOKEN = "r" + "0a" * 52
LANGUAGES = sorted(languages())


@pytest.fixture(autouse=True)
def own_settings(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("WC_API_URL", "https://api.example.com")
    monkeypatch.setenv("WC_MAIL_FROM", "wecelebrate <mail@example.com>")
    settings.cache_clear()
    yield
    settings.cache_clear()


def report(first_day: str = "2026-03-01", last_day: str = "2026-03-31", **more: Any) -> ClientReport:
    """Return a report with orders in two currencies, and with names that contain markup."""
    sales = {"orders": 3, "revenue": "1234.50"}
    values = {
        "client_id": uuid4(), "site_id": None, "first_day": first_day, "last_day": last_day, "timezone": "UTC",
        "is_closed": True, "generated_at": "2026-04-01T04:00:00Z",
        "totals": [
            {"currency": "EUR", "average": "411.50", "cancelled_orders": 1, "cancelled_amount": "2.00", **sales},
            {"currency": "JPY", "orders": 1, "revenue": "900", "average": "900", "cancelled_orders": 0,
             "cancelled_amount": "0"},
        ],
        "by_status": [], "by_hour": [{"hour": 9, "currency": "EUR", **sales}],
        "by_site": [{"site_id": UUID(int=1), "name": "Shop <b>1</b> & Co", "currency": "EUR", **sales}],
        "by_day": [{"day": first_day, "currency": "EUR", **sales}, {"day": last_day, "currency": "JPY", "orders": 1,
                                                                    "revenue": "900"}],
        "top_products": [{"product_id": None, "sku": "=1+1", "name": "Mug\r\nBcc: a@example.com", "quantity": 7,
                          "currency": "EUR", **sales}],
        "returned": [], "customers": {"customers": 3, "returning": 1},
        "conversion": {"visits": 40, "with_product_view": 9, "with_cart": 5, "with_checkout": 4, "orders": 4,
                       "rate": 0.1},
    }  # fmt: skip
    return ClientReport.model_validate(values | more)


def mail_of(shown: ClientReport, language: str = "en") -> dict[str, Any]:
    """Return the row of a mail with a report."""
    drawn = [
        chart.facts() | {"key": f"k/{chart.name}.png", "content_id": f"{chart.name}@report"}
        for chart in charts.draw(shown, language)
    ]
    details = {"name": "Weekly <i>news</i>", "locale": language, "site": None, "job_id": "j", "charts": drawn,
               "workbook": {"key": "k/report.xlsx", "media_type": "application/x", "size": 3}}  # fmt: skip
    return {"template": "report", "recipient": "owner@example.com", "details": details | figures_of(shown),
            "branding": {}, "site_name": None, "client_name": "Acme", "settings": {"locale": "fr"}, "lines": [],
            "shipping_address": None, "order_number": None, "currency": None}  # fmt: skip


class Tables(HTMLParser):
    """Collects the rows of the tables that have a caption."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tables: dict[str, list[list[str]]] = {}
        self.scopes: list[str | None] = []
        self._caption: str | None = None
        self._in: str | None = None
        self.images: list[dict[str, str | None]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            self.images.append(dict(attributes))
        if tag == "caption":
            self._in, self._caption = tag, ""
        elif self._caption and tag == "tr":
            self.tables[self._caption].append([])
        elif self._caption and tag in ("th", "td"):
            self._in = tag
            self.tables[self._caption][-1].append("")
            if tag == "th":
                self.scopes.append(dict(attributes).get("scope"))

    def handle_data(self, data: str) -> None:
        if self._in == "caption":
            self._caption = (self._caption or "") + data
            self.tables[self._caption] = []
        elif self._in and self._caption:
            self.tables[self._caption][-1][-1] += data

    def handle_endtag(self, tag: str) -> None:
        if tag in ("caption", "th", "td"):
            self._in = None
        if tag == "table":
            self._caption = None


def mime(rendered: RenderedMail, *files: Attachment) -> EmailMessage:
    """Return the parsed MIME message that the platform sends to SES."""
    raw = send_email_request(rendered, {"mail": "1"}, files)["Content"]["Raw"]["Data"]
    assert isinstance(raw, bytes)
    assert max(map(len, raw.split(b"\r\n"))) <= 998, "RFC 5322 allows 998 characters in a line"
    message = message_from_bytes(raw, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def test_the_tables_of_a_report_have_captions_headers_and_all_figures() -> None:
    rendered = render(mail_of(report()), TOKEN)
    tables = Tables(rendered.html)
    assert tables.tables["Totals"] == [
        ["Currency", "Orders", "Revenue", "Average", "Cancelled orders"],
        ["EUR", "3", "€1,234.50", "€411.50", "1"],
        ["JPY", "1", "¥900", "¥900", "0"],
    ]
    assert tables.tables["Revenue by day"][1:] == [["Mar 1, 2026", "3", "€1,234.50"], ["Mar 31, 2026", "1", "¥900"]]
    assert tables.tables["Sites with the most orders"][1] == ["Shop <b>1</b> & Co", "3", "€1,234.50"]
    assert set(tables.scopes) == {"col", "row"}
    for row in ("Orders (EUR): 3", "Revenue: €1,234.50", "- Mar 31, 2026: ¥900 (Orders: 1)", "Customers: 3"):
        assert row in rendered.text


def test_texts_of_users_add_no_markup_headers_or_lines_to_a_report_mail() -> None:
    rendered = render(mail_of(report()), TOKEN)
    assert "<b>" not in rendered.html and "<i>" not in rendered.html
    assert "- 7 × Mug Bcc: a@example.com (=1+1): €1,234.50" in rendered.text.splitlines()
    assert rendered.subject == "Report Weekly <i>news</i> of Acme: Mar 1, 2026 – Mar 31, 2026"
    assert [name for name in mime(rendered) if name.lower() == "bcc"] == []


def test_the_images_of_a_report_are_inline_parts_and_the_workbook_is_an_attachment() -> None:
    mail = mail_of(report())
    rendered = render(mail, TOKEN)
    drawn = {f"{chart.name}@report": chart.png for chart in charts.draw(report(), "en")}
    files = [Attachment(f"{name}.png", "image/png", png, name) for name, png in drawn.items()]
    message = mime(rendered, *files, Attachment("report.xlsx", "application/vnd.ms-excel", b"PK\0x"))
    assert message.get_content_type() == "multipart/mixed"
    (book,) = message.iter_attachments()
    assert (book.get_filename(), book.get_content(), book.get_content_disposition()) == (
        "report.xlsx", b"PK\0x", "attachment",
    )  # fmt: skip
    html = message.get_body(("html",))
    text = message.get_body(("plain",))
    assert html is not None and text is not None
    assert text.get_content().split() == rendered.text.split()
    related = [part for part in message.walk() if part.get_content_type() == "image/png"]
    assert {part["Content-ID"].strip("<>"): part.get_content() for part in related} == drawn
    assert {part.get_content_disposition() for part in related} == {"inline"}
    images = Tables(html.get_content()).images
    assert [f"cid:{name}" for name in drawn] == [image["src"] for image in images]
    assert images[0]["alt"] == "Chart: Revenue by day. The highest value is €1,234.50 (Mar 1, 2026)."


def test_the_mail_headers_of_a_report_allow_one_click_unsubscription() -> None:
    message = mime(render(mail_of(report()), TOKEN))
    assert message["List-Unsubscribe"] == f"<https://api.example.com/v1/unsubscribe/{TOKEN}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert (message["To"], message["From"]) == ("owner@example.com", "Acme <mail@example.com>")


def test_a_report_mail_that_is_only_logged_has_no_unsubscribe_link() -> None:
    rendered = render(mail_of(report()))
    assert rendered.unsubscribe_url is None
    assert "unsubscribe" not in rendered.html + rendered.text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("last_day", ["2026-03-01", "2026-03-31"])
def test_a_report_is_rendered_in_each_language(language: str, last_day: str) -> None:
    rendered = render(mail_of(report(last_day=last_day), language), TOKEN)
    assert rendered.locale == language
    tables = Tables(rendered.html)
    assert len(tables.tables) == 4
    assert all(len({len(row) for row in rows}) == 1 for rows in tables.tables.values())
    assert all(image["alt"] for image in tables.images) and len(tables.images) == 2


def test_a_report_without_orders_contains_a_notice_and_no_chart() -> None:
    empty = report(totals=[], by_day=[], by_site=[], by_hour=[], top_products=[], conversion=None)
    assert list(charts.draw(empty, "en")) == []
    rendered = render(mail_of(empty), TOKEN)
    assert "There were no orders." in rendered.text and "There were no orders." in rendered.html


def test_a_chart_has_a_bar_only_for_the_days_with_revenue() -> None:
    (chart, *_) = charts.draw(report(), "de")
    image = Image.open(io.BytesIO(chart.png)).convert("RGB")
    assert image.size == (charts.WIDTH * charts.ZOOM, charts.HEIGHT * charts.ZOOM)
    bar = (0x2F, 0x5D, 0x8C)
    columns = [x for x in range(image.width) if sum(image.getpixel((x, y)) == bar for y in range(image.height)) > 50]
    assert 8 <= len(columns) <= 40, "only the first day has revenue in this currency"
    assert len(charts.series(report(), "EUR")) == 31
    assert chart.facts()["peak_at"] == "2026-03-01"
    texts = sum(image.getpixel((x, y)) == (0x11, 0x18, 0x27) for x in range(image.width) for y in range(80))
    assert texts > 200, "the title is drawn with the font in the layer"


def test_a_chart_of_one_day_has_24_hours() -> None:
    values = charts.series(report(last_day="2026-03-01"), "EUR")
    assert list(values) == [str(hour) for hour in range(24)]
    assert str(values["9"]) == "1234.50"
