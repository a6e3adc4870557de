"""The charts of a report as PNG images for mails. A chart shows the revenue of each day, or of each hour if the report
has one day.

pygal draws a chart as SVG, and resvg converts the SVG to PNG. The font is Lato from the package `font_lato`, because
Lambda has no fonts. A chart contains no text of users. The image has twice the size at which mails show it, for screens
with a high resolution.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from wecelebrate.mail.phrase_files import phrases
from wecelebrate.reports.models import ClientReport

WIDTH, HEIGHT = 552, 260
"""The size at which mails show a chart, in CSS pixels. The body of a mail is 552 pixels wide."""
ZOOM = 2
MAX_CHARTS = 3
"""The maximum number of charts. Each chart is for one currency. The currencies with the most orders come first."""
_MAX_LABELS = 8
_FONT = "Lato"


@dataclass(frozen=True)
class Chart:
    """A chart of the revenue in one currency."""

    name: str
    kind: str
    """`days` or `hours`."""
    currency: str
    peak: str
    """The largest value, as a decimal."""
    peak_at: str
    """The day (ISO 8601) or the hour with the largest value."""
    png: bytes

    def facts(self) -> dict[str, Any]:
        """Return the values for the text beside the image."""
        return {"kind": self.kind, "currency": self.currency, "peak": self.peak, "peak_at": self.peak_at,
                "width": WIDTH, "height": HEIGHT}  # fmt: skip


def draw(report: ClientReport, language: str) -> Iterator[Chart]:
    """Draw the charts of a report. `language` must have a file of phrases. A currency without revenue has no chart."""
    totals = sorted(report.totals, key=lambda total: (-total.orders, total.currency))
    for total in totals[:MAX_CHARTS]:
        if Decimal(total.revenue) > 0:
            yield _draw_currency(report, total.currency, language)


def series(report: ClientReport, currency: str) -> dict[str, Decimal]:
    """Return the revenue of every day of a report. If the report has one day, return the revenue of every hour. Days
    and hours without orders have the value 0.
    """
    if report.first_day == report.last_day:
        values = {str(hour): Decimal(0) for hour in range(24)}
        return values | {str(row.hour): Decimal(row.revenue) for row in report.by_hour if row.currency == currency}
    length = (report.last_day - report.first_day).days + 1
    values = {str(report.first_day + timedelta(days=number)): Decimal(0) for number in range(length)}
    return values | {str(row.day): Decimal(row.revenue) for row in report.by_day if row.currency == currency}


def _draw_currency(report: ClientReport, currency: str, language: str) -> Chart:
    values = series(report, currency)
    kind = "hours" if report.first_day == report.last_day else "days"
    peak_at = max(values, key=lambda label: values[label])
    title = f"{phrases(language)[f'report_{kind}']} ({currency})"
    png = _png(values, title, kind, language)
    return Chart(f"revenue-{currency.lower()}", kind, currency, str(values[peak_at]), peak_at, png)


def _png(values: dict[str, Decimal], title: str, kind: str, language: str) -> bytes:
    # The imports are in the function, because they take 200 ms, and only reports by mail need these modules.
    import resvg_py
    from babel.numbers import format_compact_decimal

    pygal = _pygal()
    chart = pygal.Bar(
        width=WIDTH, height=HEIGHT, style=_style(), title=title, show_legend=False, js=[], explicit_size=True,
        disable_xml_declaration=True, spacing=8, margin=10, zero=0, range=(0, float(max(values.values()))),
        truncate_label=-1, show_minor_x_labels=False, max_scale=6,
        value_formatter=lambda value: format_compact_decimal(value, locale=language, fraction_digits=2),
    )  # fmt: skip
    labels = [_label(key, kind, language) for key in values]
    chart.x_labels = labels
    step = -(-len(labels) // _MAX_LABELS)
    chart.x_labels_major = labels[::step]
    chart.add("", [float(value) for value in values.values()])
    return resvg_py.svg_to_bytes(
        svg_string=chart.render(is_unicode=True), background="#ffffff", zoom=ZOOM, skip_system_fonts=True,
        font_files=[_font_file()], font_family=_FONT,
    )  # fmt: skip


@lru_cache(maxsize=1)
def _pygal() -> Any:
    import pygal  # type: ignore[import-untyped]

    # pygal adds an import finder for its old plugins. With this finder, Python 3.11 would warn at every further import.
    sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__module__ != pygal.__name__]
    return pygal


def _label(key: str, kind: str, language: str) -> str:
    from datetime import date

    from babel.dates import format_skeleton

    return key if kind == "hours" else str(format_skeleton("Md", date.fromisoformat(key), locale=language))


@lru_cache(maxsize=1)
def _font_file() -> str:
    import font_lato  # type: ignore[import-untyped]

    return str(Path(font_lato.__file__).parent / "files" / "Lato-Regular.ttf")


def _style() -> Any:
    from pygal.style import Style  # type: ignore[import-untyped]

    # The contrast with the background is 6.9:1 for the bars and at least 5:1 for the texts. WCAG 2.2 requires 3:1 for
    # bars and 4.5:1 for texts.
    return Style(
        background="#ffffff", plot_background="#ffffff", font_family=_FONT, title_font_size=18, label_font_size=13,
        major_label_font_size=13, colors=("#2f5d8c",), foreground="#1f2937", foreground_strong="#111827",
        foreground_subtle="#4b5563", opacity="1", guide_stroke_color="#d1d5db", major_guide_stroke_color="#9ca3af",
    )  # fmt: skip
