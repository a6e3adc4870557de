"""Renders the subject, text and HTML of a mail, in the language of its site and with the site's branding.

Templates and phrases are part of this package. All other values are untrusted. The function `clean` removes control
characters and line breaks from these values. In HTML, these values are also escaped.

A visitor writes the shipping address, and can order with the e-mail address of another person. Therefore the subject
and the first sentences of a mail contain no text of a visitor. The function `visitor_text` removes links and markup
from the address.
"""

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_decimal, format_percent
from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from wecelebrate.core.settings import settings
from wecelebrate.mail import links
from wecelebrate.mail.brand import Brand
from wecelebrate.mail.phrase_files import languages, phrases
from wecelebrate.mail.sanitize import clean, mailbox, visitor_text, web_address

HERE = Path(__file__).parent
FALLBACK_LOCALE = "en"
MAX_SUBJECT_LENGTH = 200
ADDRESS_LINES = (
    ("name", "recipient", "company"),
    ("line1", "address1", "street", "address"),
    ("line2", "address2"),
    ("postal_code", "zip", "city"),
    ("state", "region", "province"),
    ("country", "country_code"),
)
"""For each line of a shipping address, the keys of the values that the line shows. Other keys are not shown."""
_PARTS = ("subject", "txt", "html")
"""The parts of a mail. The template of a part has the file name `<template>.<part>`."""


@dataclass(frozen=True)
class RenderedMail:
    """A mail that is ready to be sent."""

    sender: str
    reply_to: str | None
    recipient: str
    subject: str
    text: str
    html: str
    locale: str
    """The locale in BCP 47 spelling, e.g. `de-CH`."""
    unsubscribe_url: str | None = None
    """The link with which the recipient unsubscribes from further mails (RFC 8058). None if the recipient cannot
    unsubscribe.
    """


def render(mail: Mapping[str, Any], token: str | None = None) -> RenderedMail:
    """Render a mail from a row of the query `get_mail`.

    `token` is the code of an invitation, or the part of a link that gives access to the order or the report. A mail in
    the log is rendered without a token, because the person who reads the log must not act as the recipient. The link to
    an order then shows no order, and the mail contains no code and no link to unsubscribe.
    """
    brand = Brand.parse(mail["branding"], mail["site_name"] or mail["client_name"])
    details = mail["details"]
    locale = locale_of(details if mail["template"] in links.PERSONAL else mail["settings"])
    unsubscribe_url = links.unsubscribe_url(token) if mail["template"] == links.REPORT and token else None
    values = {
        **_clean_all({**mail}),
        "brand": brand,
        "tracking_url": web_address(details.get("url"), ("https", "http")),
        "address_lines": _address_lines(mail["shipping_address"]),
        "lines": _clean_all(_lines_of(mail)),
        "link": links.url(mail, token) if mail["template"] in links.PURPOSES else None,
        "token": token,
        "unsubscribe_url": unsubscribe_url,
    }
    subject, text, html = (
        _environment(part, locale).get_template(f"{mail['template']}.{part}").render(values) for part in _PARTS
    )
    return RenderedMail(
        sender=brand.from_header(settings().mail_from),
        reply_to=mailbox(brand.name, brand.reply_to) if brand.reply_to else None,
        recipient=mail["recipient"],
        subject=clean(subject)[:MAX_SUBJECT_LENGTH],
        text=text,
        html=html,
        locale=locale.replace("_", "-"),
        unsubscribe_url=unsubscribe_url,
    )


def _lines_of(mail: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the lines of the order, with the quantities that the mail must show.

    A mail about a parcel lists the pieces in the parcel. A mail about a delivered order lists only the shipped pieces,
    because other pieces of the order can have been cancelled.
    """
    lines: list[dict[str, Any]] = mail["lines"]
    if mail["template"] == "order_delivered":
        quantities = {line["line"]: line["shipped_quantity"] for line in lines}
    elif mail["template"] == "order_shipped" and "lines" in mail["details"]:
        quantities = {piece["line"]: piece["quantity"] for piece in mail["details"]["lines"]}
    else:
        return lines
    return [line | {"quantity": quantities[line["line"]]} for line in lines if quantities.get(line["line"])]


def locale_of(site_settings: Mapping[str, Any] | None) -> str:
    """Return the locale of a site's mails in the spelling of Babel, e.g. `de_CH`.

    The first choice is `settings.locale` (BCP 47), and the second is `settings.public.locale`, the locale of the
    storefront. A locale is ignored if its language has no phrases. If no locale remains, mails are in English.
    """
    own_settings = site_settings or {}
    public = own_settings.get("public")
    for tag in (own_settings.get("locale"), public.get("locale") if isinstance(public, dict) else None):
        if isinstance(tag, str) and (locale := _supported_locale(tag)):
            return locale
    return FALLBACK_LOCALE


@lru_cache(maxsize=256)
def _supported_locale(tag: str) -> str | None:
    """Return the longest prefix of a language tag that Babel knows as a locale.

    If the language has no phrases, it returns None.
    """
    subtags = tag.replace("_", "-").split("-")
    if subtags[0].lower() not in languages():
        return None
    for end in range(len(subtags), 0, -1):
        try:
            return str(Locale.parse("-".join(subtags[:end]), sep="-"))
        except (ValueError, UnknownLocaleError):
            continue
    return None


@lru_cache(maxsize=1024)
def _money(amount: str, currency: str, locale: Locale) -> str:
    """Format an amount with all of its decimals. By default, Babel would use the usual number of decimals of the
    currency.

    The result is cached, because the same price occurs several times in one mail and in many mails.
    """
    number = Decimal(amount)
    exponent = number.as_tuple().exponent
    decimals = -exponent if isinstance(exponent, int) and exponent < 0 else 0
    pattern = copy(locale.currency_formats["standard"])
    pattern.frac_prec = (decimals, decimals)
    formatted: str = pattern.apply(number, locale, currency=currency, currency_digits=False)
    return formatted


@lru_cache(maxsize=64)
def _environment(part: str, locale: str) -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=part == "html",
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        # Jinja does not look for changes of the templates at every rendering, because the templates are part of this
        # package.
        auto_reload=False,
    )
    babel_locale = Locale.parse(locale)
    translations = phrases(locale.partition("_")[0])

    def phrase(name: str, /, **values: str) -> str:
        if part != "html":
            return translations[name].format(**values)
        # The phrase is HTML, and the values in the phrase are escaped. `<bdi>` isolates a value, so that a value in a
        # right-to-left script does not change the order of the words around it.
        isolated = {key: Markup("<bdi>{}</bdi>").format(value) for key, value in values.items()}
        return Markup(translations[name]).format(**isolated)  # noqa: S704 - phrases are trusted

    environment.globals |= {
        "phrase": phrase,
        "has_phrase": translations.__contains__,
        "lang": locale.replace("_", "-"),
    }
    environment.filters |= {
        "money": lambda amount, currency: _money(str(amount), currency, babel_locale),
        "date": lambda at: format_date(_datetime(at), format="long", locale=babel_locale),
        "number": lambda number: format_decimal(number, locale=babel_locale),
        "percent": lambda rate: format_percent(rate, format="#,##0.0 %", locale=babel_locale),
        "short_date": lambda at: format_date(_datetime(at), format="medium", locale=babel_locale),
    }
    return environment


def _datetime(at: datetime | str) -> datetime:
    return at if isinstance(at, datetime) else datetime.fromisoformat(at)


def _clean_all(value: Any) -> Any:
    """Apply `clean` to every text in a value, at any depth. Keys do not change."""
    match value:
        case str():
            return clean(value)
        case dict():
            return {key: _clean_all(item) for key, item in value.items()}
        case list():
            return [_clean_all(item) for item in value]
    return value


def _address_lines(address: object) -> list[str]:
    """Return the lines of a shipping address. It returns no lines if `address` is not an object."""
    if not isinstance(address, dict):
        return []
    lines = [
        [visitor_text(address[key]) for key in keys if isinstance(address.get(key), str)] for keys in ADDRESS_LINES
    ]
    return [line for line in (" ".join(filter(None, parts)) for parts in lines) if line]
