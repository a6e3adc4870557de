"""Mails as they are written: subject, text and HTML of one, in the look of its site and in its language.

Templates and phrases are files of ours; all that goes into them is somebody else's. It is cleaned of what has no place
in a line, and escaped where it meets HTML.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_currency, format_decimal
from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from wecelebrate.core.settings import settings
from wecelebrate.mail.brand import Brand
from wecelebrate.mail.sanitize import clean, mailbox, web_address

HERE = Path(__file__).parent
FALLBACK = "en"
LONGEST_SUBJECT = 200
ADDRESS = (
    ("name", "recipient", "company"),
    ("line1", "address1", "street", "address"),
    ("line2", "address2"),
    ("postal_code", "zip", "city"),
    ("state", "region", "province"),
    ("country", "country_code"),
)
"""The lines of a shipping address, and the keys that each is made of. What has another key is not shown."""


@dataclass(frozen=True)
class Letter:
    """A mail, ready to be sent."""

    sender: str
    reply_to: str | None
    recipient: str
    subject: str
    text: str
    html: str
    locale: str
    """What it is written in: `de-CH`."""


def write(mail: Mapping[str, Any]) -> Letter:
    """The mail of a row as `get_mail` finds it."""
    brand = Brand.of(mail["branding"], mail["site_name"] or mail["client_name"])
    locale = locale_of(mail["settings"])
    said = {**_cleaned({**mail}), "brand": brand, "tracking_url": _followed(mail), "address": _address(mail)}
    template = mail["template"]
    written = {kind: _environment(kind, locale).get_template(f"{template}.{kind}").render(said) for kind in _KINDS}
    return Letter(
        sender=brand.sent_from(settings().mail_from),
        reply_to=mailbox(brand.name, brand.reply_to) if brand.reply_to else None,
        recipient=mail["recipient"],
        subject=clean(written["subject"])[:LONGEST_SUBJECT],
        text=written["txt"],
        html=written["html"],
        locale=locale.replace("_", "-"),
    )


_KINDS = ("subject", "txt", "html")


def locale_of(given: Mapping[str, Any] | None) -> str:
    """The locale that settings ask for (BCP 47), as far as there are phrases: de-CH → de-CH, pt-BR → en.

    `locale` is asked first, then what the storefront is told. `de_CH`, as babel writes it.
    """
    chosen = given or {}
    public = chosen.get("public")
    for tag in (chosen.get("locale"), public.get("locale") if isinstance(public, dict) else None):
        if isinstance(tag, str) and (found := _known(tag)):
            return found
    return FALLBACK


def _known(tag: str) -> str | None:
    """The nearest locale that babel knows and whose language has phrases: subtags are dropped from the end."""
    parts = tag.replace("_", "-").split("-")
    if parts[0].lower() not in languages():
        return None
    for end in range(len(parts), 0, -1):
        try:
            return str(Locale.parse("-".join(parts[:end]), sep="-"))
        except (ValueError, UnknownLocaleError):
            continue
    return None


@lru_cache(maxsize=1)
def languages() -> frozenset[str]:
    """The languages that there are phrases in."""
    return frozenset(file.stem for file in (HERE / "phrases").glob("*.toml"))


@lru_cache(maxsize=32)
def phrases(language: str) -> Mapping[str, str]:
    """What is said in a language, by name."""
    said: dict[str, str] = tomllib.loads((HERE / "phrases" / f"{language}.toml").read_text("utf-8"))
    return said


@lru_cache(maxsize=64)
def _environment(kind: str, locale: str) -> ImmutableSandboxedEnvironment:
    """What templates of one kind and locale are rendered in."""
    made = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=kind == "html",
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    known = phrases(locale.partition("_")[0])

    def say(phrase: str, /, **values: str) -> str:
        if kind != "html":
            return known[phrase].format(**values)
        # A phrase is markup there; what is put into it is escaped, and keeps its direction to itself.
        marked = {name: Markup("<bdi>{}</bdi>").format(value) for name, value in values.items()}
        return Markup(known[phrase]).format(**marked)  # noqa: S704 - a file of ours

    made.globals |= {
        "say": say,
        "is_said": known.__contains__,
        "lang": locale.replace("_", "-"),
    }
    made.filters |= {
        "money": lambda amount, currency: format_currency(Decimal(amount), currency, locale=locale),
        "date": lambda at: format_date(_day(at), format="long", locale=locale),
        "number": lambda number: format_decimal(number, locale=locale),
    }
    return made


def _day(at: datetime | str) -> datetime:
    return at if isinstance(at, datetime) else datetime.fromisoformat(at)


def _cleaned(value: Any) -> Any:
    """All text in a value without what has no place in a line."""
    match value:
        case str():
            return clean(value)
        case dict():
            return {key: _cleaned(held) for key, held in value.items()}
        case list():
            return [_cleaned(held) for held in value]
    return value


def _followed(mail: Mapping[str, Any]) -> str | None:
    return web_address(mail["details"].get("url"), ("https", "http"))


def _address(mail: Mapping[str, Any]) -> list[str]:
    """The lines of the shipping address, whoever wrote it down."""
    given = mail["shipping_address"]
    if not isinstance(given, dict):
        return []
    lines = [[clean(given[key]) for key in keys if isinstance(given.get(key), str)] for keys in ADDRESS]
    return [line for line in (" ".join(filter(None, parts)) for parts in lines) if line]
