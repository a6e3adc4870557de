"""One cell to one value, within the limits of the products table."""

import html
import json
import re
from functools import lru_cache
from itertools import islice

from wecelebrate.feeds.items import BadCell, shown

LONGEST = {"sku": 200, "name": 500, "description": 100_000, "category": 300, "brand": 300}
MOST_IMAGES = 50
LONGEST_IMAGE = 2_048
LONGEST_IMAGES = MOST_IMAGES * LONGEST_IMAGE
MOST_ATTRIBUTES = 100
LONGEST_ATTRIBUTE_NAME = 100
LONGEST_ATTRIBUTE = 5_000

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_ROUNDED = re.compile(r"\d[.,]\d+E\+\d+", re.ASCII)
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_ONE_IMAGE = re.compile(r"https?://[^\s,;|]+")
_IMAGES = re.compile(
    r"[\n\r|]|[;,]\s*(?=(?:https?:)?//|/|$)|\s(?=https?://)"
    r"|(?:(?<=\.jpg)|(?<=\.png)|(?<=\.gif)|(?<=\.jpeg)|(?<=\.webp)|(?<=\.avif)|(?<=\.svg))\s?[;,]",
    re.IGNORECASE,
)

_YES = (
    "1|y|yes|true|t|on|x|ok|ja|j|wahr|oui|o|vrai|si|sí|s|verdadero|vero|sim|verdadeiro|tak|ano|kyllä|igen|da|✓|✔|"
    "active|activated|enabled|enable|published|publish|live|online|visible|available|released|for sale|current|"
    "aktiv|aktiviert|freigegeben|sichtbar|verfügbar|actif|active|publié|en ligne|activo|publicado|attivo|"
    "pubblicato|ativo|actief|aktywny|catalog, search|catalog|search|both|approved|in stock"
)
YES = frozenset(_YES.split("|"))
_NO = (
    "0|-1|n|no|false|f|off|nein|falsch|non|faux|falso|não|nao|nie|ne|ei|nem|nu|✗|✘|-|inactive|deactivated|disabled|"
    "disable|unpublished|draft|archived|archive|private|hidden|offline|discontinued|deleted|obsolete|unavailable|"
    "blocked|pending|rejected|end of life|eol|retired|trash|not visible individually|inaktiv|deaktiviert|gesperrt|"
    "gelöscht|ausgelaufen|entwurf|inactif|brouillon|archivé|inactivo|borrador|inattivo|bozza|inativo|inactief|"
    "nieaktywny"
)
NO = frozenset(_NO.split("|"))


def sku(cell: str) -> str:
    """Raises BadCell: empty, too_long, control_character, rounded_number."""
    if not cell:
        raise BadCell("empty", "is empty")
    if len(cell) > 200:
        raise BadCell("too_long", f"{shown(cell)} is longer than 200 characters")
    if not cell.isprintable() and _CONTROL.search(cell):
        raise BadCell("control_character", f"{shown(cell)} holds a control character")
    if "E+" in cell and _ROUNDED.fullmatch(cell):
        raise BadCell(
            "rounded_number", f"{shown(cell)} is a number that a spreadsheet has rounded; export the column as text"
        )
    return cell


def text(cell: str, longest: int) -> str:
    """Raises BadCell: too_long."""
    if len(cell) > longest:
        raise BadCell("too_long", f"{shown(cell)} is longer than {longest:,} characters")
    return cell


def line(cell: str, longest: int) -> str:
    """Text on one line. Raises BadCell: too_long."""
    if "\n" in cell or "\r" in cell or "\t" in cell:
        cell = " ".join(cell.split())
    return text(cell, longest)


def yes(cell: str) -> bool:
    """Raises BadCell: not_yes_or_no."""
    word = cell.strip().casefold()
    if word in YES:
        return True
    if word in NO:
        return False
    raise BadCell("not_yes_or_no", f"{shown(cell)} is not yes or no")


def images(cell: str) -> list[str]:
    """The addresses in a cell: by line, |, or by comma and semicolon where one address clearly ends.

    Raises BadCell: too_long, not_an_address.
    """
    if _ONE_IMAGE.fullmatch(cell) and len(cell) <= LONGEST_IMAGE and cell.isprintable():
        return [cell]
    if len(cell) > LONGEST_IMAGES:
        raise BadCell("too_long", f"{shown(cell)} is longer than {LONGEST_IMAGES:,} characters")
    return [image(part) for part in split_images(cell)]


def split_images(cell: str) -> list[str]:
    """The addresses in a cell, stripped; what is over the limit is left out."""
    addresses: list[str] = []
    for line in cell[:LONGEST_IMAGES].split("\n"):
        # Most lines are one plain address; the pattern is for the others.
        parts = [line] if _ONE_IMAGE.fullmatch(line) else _IMAGES.split(line)
        addresses += [address for part in parts if (address := part.strip())]
    return addresses


@lru_cache(maxsize=1024)
def image(address: str) -> str:
    """An http(s) address or a relative path, as it came. Raises BadCell: too_long, not_an_address."""
    if len(address) > LONGEST_IMAGE:
        raise BadCell("too_long", f"{shown(address)} is longer than {LONGEST_IMAGE:,} characters")
    # Browsers leave control characters out of an address, and then `java\tscript:` is a scheme.
    if not address.isprintable():
        raise BadCell("not_an_address", f"{shown(address)} is not an address of an image")
    scheme = _SCHEME.match(address)
    if scheme and scheme[1].lower() not in ("http", "https"):
        raise BadCell("not_an_address", f"{shown(address)} is not an http or https address")
    return address


def pairs(cell: str) -> dict[str, str]:
    """Attributes by lines, as in `Colour: red`; what is over the limits is left out."""
    if not cell:
        return {}
    parts = (line.partition(": ") for line in cell.split("\n"))
    found = {name[:LONGEST_ATTRIBUTE_NAME]: value for name, _, value in parts if 0 < len(value) <= LONGEST_ATTRIBUTE}
    return dict(islice(found.items(), MOST_ATTRIBUTES))


def first_category(cell: str) -> str:
    """The first of several categories, a path as it came: Woo's and Magento's `A > B, C`, a list from JSON."""
    return re.split(r"[\n|]|,(?!\s)|,\s+(?=\S)", cell, maxsplit=1)[0].strip() if cell else cell


def editor_text(cell: str) -> str:
    """Saleor describes products in EditorJS blocks; anything else is kept as it came."""
    if not cell.startswith("{"):
        return cell
    try:
        blocks = json.loads(cell).get("blocks", [])
        texts = [str(block["data"].get("text", "")) for block in blocks]
    except (ValueError, AttributeError, KeyError, TypeError, RecursionError):
        return cell
    return "\n".join(html.unescape(part) for part in texts if part)
