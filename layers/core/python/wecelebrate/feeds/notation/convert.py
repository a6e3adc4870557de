"""Converts one cell to one value, within the limits of the products table."""

import json
import re
from functools import lru_cache
from itertools import islice

from wecelebrate.core import entities
from wecelebrate.core.types.text import NOT_VISIBLE, line_problem, text_problem
from wecelebrate.core.types.urls import image_url_problem, is_plain_url
from wecelebrate.feeds.columns.facts import NOTHING
from wecelebrate.feeds.items import BadCell, quoted
from wecelebrate.feeds.vocabulary import vocabulary
from wecelebrate.feeds.vocabulary.folding import squeezed
from wecelebrate.feeds.vocabulary.words import phrases

MAX_LENGTH = {"sku": 200, "name": 500, "description": 100_000, "category": 300, "brand": 300}
MAX_IMAGES = 50
MAX_IMAGE_LENGTH = 2_048
MAX_IMAGES_LENGTH = MAX_IMAGES * MAX_IMAGE_LENGTH
MAX_ATTRIBUTES = 100
MAX_ATTRIBUTE_NAME_LENGTH = 100
MAX_ATTRIBUTE_LENGTH = 5_000

_ROUNDED = re.compile(r"\d(?:[.,]\d+)?E\+\d+", re.ASCII)
SUSPECT_STARTS = frozenset("='#(\\nNuU")
"""The first characters of `="00123"`, of `'00124`, and of the words in NOTHING. Only cells that begin with one of these
characters are checked for artefacts.
"""
_FORMULA = re.compile(r'="(.*)"', re.DOTALL)
_QUOTED_NUMBER = re.compile(r"'(?=[\d=+@-])")
_ZERO_WIDTH = re.compile("[\u200b-\u200f\u2060\ufeff\u00ad\u202a-\u202e]")
_CATEGORIES = re.compile(r"[\n|]|(?<!\\),(?!\s)|(?<!\\),\s+(?=\S)")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][\da-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_NAMED_IMAGES = re.compile(r"[^()\s,;|]{1,200} \((https?://[^\s()]{1,2000})\)", re.IGNORECASE)
"""The name and the address of a file, as Airtable writes attachments: `vase.jpg (https://example.org/1)`."""
_ONE_IMAGE = re.compile(r"https?://[^\s,;|]+")
_IMAGES = re.compile(
    r"[\n\r|]|[;,]\s*(?=(?:https?:)?//|/|$)|\s(?=https?://)"
    r"|(?:(?<=\.jpg)|(?<=\.png)|(?<=\.gif)|(?<=\.jpeg)|(?<=\.webp)|(?<=\.avif)|(?<=\.svg))\s?[;,]",
    re.IGNORECASE,
)

_YES_ANSWERS = (
    "1|y|yes|true|t|on|x|ok|ja|j|wahr|oui|o|vrai|si|sí|s|verdadero|vero|sim|verdadeiro|tak|ano|kyllä|igen|da|✓|✔|tyes|"
    "○|◯|\u3007|√"
)
_YES = (
    "active|activated|enabled|enable|published|publish|live|online|visible|available|released|for sale|current|"
    "aktiv|aktiviert|freigegeben|sichtbar|verfügbar|actif|active|publié|en ligne|activo|publicado|attivo|"
    "pubblicato|ativo|actief|aktywny|catalog, search|catalog|search|both|approved|in stock"
)
TRUE_WORDS = phrases(
    "true|wahr|vrai|verdadero|vero|verdadeiro|sand|sann|sant|satt|tosi|waar|prawda|pravda|igaz|adevărat|adevarat|doğru|"
    "истина|істина|ист|вярно|αληθές|αληθής|tõene|toene|patiess|tiesa|teisinga|točno|istina|istinito|resnično|cert|egia|"
    "benar|đúng|จริง|אמת|صحيح|صواب|真|真值|참"
)
FALSE_WORDS = phrases(
    "false|falsch|faux|falso|falsk|falskt|usann|usant|ósatt|epätosi|onwaar|fałsz|falsz|nepravda|hamis|fals|yanlış|"  # noqa: RUF001
    "ложь|хибність|неправда|невярно|лъжа|ψευδές|ψευδής|väär|vaar|nepatiess|aplams|netiesa|klaidinga|netočno|neistina|"
    "neistinito|napačno|neresnično|gezurra|salah|sai|เท็จ|שקר|خطأ|假|거짓"
)
"""How spreadsheets write TRUE and FALSE in other languages."""
YES_ANSWERS = TRUE_WORDS.union(_YES_ANSWERS.split("|"))
"""Words that only answer a question. Other words for yes, such as `available`, also describe a product."""
YES = YES_ANSWERS.union(_YES.split("|"))
_NO_ANSWERS = "tno|0|-1|n|no|false|f|off|nein|falsch|non|faux|falso|não|nao|nie|ne|ei|nem|nu|✗|✘|×|✕|✖|-"
_NO = (
    "inactive|deactivated|disabled|"
    "disable|unpublished|draft|archived|archive|private|hidden|offline|discontinued|deleted|obsolete|unavailable|"
    "blocked|pending|rejected|end of life|eol|retired|trash|not visible individually|inaktiv|deaktiviert|gesperrt|"
    "gelöscht|ausgelaufen|entwurf|inactif|brouillon|archivé|inactivo|borrador|inattivo|bozza|inativo|inactief|"
    "nieaktywny"
)
NO_ANSWERS = FALSE_WORDS.union(_NO_ANSWERS.split("|"))
NO = NO_ANSWERS.union(_NO.split("|"))
MAX_WORD_LENGTH = 100


def sku(cell: str) -> str:
    """Return the SKU unchanged.

    Raises BadCell with the code `empty`, `too_long`, `control_character`, `invisible` or `rounded_number`.
    """
    if not cell:
        raise BadCell("empty", "is empty")
    if len(cell) > 200:
        raise BadCell("too_long", f"{quoted(cell)} is longer than 200 characters")
    if cell[0] in SUSPECT_STARTS:
        cell = _without_artefacts(cell)
    if not (cell.isascii() and cell.isprintable()):
        _check_line(cell)
        cell = _ZERO_WIDTH.sub("", cell).strip()
    if "E+" in cell and _ROUNDED.fullmatch(cell):
        raise BadCell(
            "rounded_number", f"{quoted(cell)} is a number that a spreadsheet rounded; export the column as text"
        )
    return cell


def _without_artefacts(cell: str) -> str:
    """Return a SKU without the characters that spreadsheets add to keep leading zeros: `="00123"`, `'00124`."""
    if match := _FORMULA.fullmatch(cell):
        cell = match[1].replace('""', '"').strip()
    elif _QUOTED_NUMBER.match(cell):
        cell = cell[1:]
    if not cell or cell.casefold() in NOTHING:
        raise BadCell("empty", "is empty")
    return cell


def plain_text(cell: str) -> str:
    """Return a text without artefacts: `Caf&eacute;` becomes Café, `="Mug"` becomes Mug, and `NULL` becomes "".

    The entities of a text with HTML tags are kept.
    """
    if cell[:1] in SUSPECT_STARTS:
        if match := _FORMULA.fullmatch(cell):
            cell = match[1].replace('""', '"')
        if len(cell) < 10 and cell.strip().casefold() in NOTHING:
            return ""
    if "&" in cell and "<" not in cell and _ENTITY.search(cell):
        text = _ENTITY.sub(lambda match: entities.decoded(match[0]), cell)
        return cell if "<" in text else text.strip()
    return cell


def limited_text(cell: str, max_length: int) -> str:
    """Return the cell unchanged. Raises BadCell with the code `too_long` or `control_character`."""
    _check_length(cell, max_length)
    if not cell.isprintable() and text_problem(cell):
        raise BadCell("control_character", f"{quoted(cell)} contains a control character; remove it")
    return cell


def single_line(cell: str, max_length: int) -> str:
    """Join the lines of the cell with spaces. Raises BadCell with the code `too_long` or `control_character`."""
    if "\n" in cell or "\r" in cell or "\t" in cell:
        cell = " ".join(cell.split())
    _check_length(cell, max_length)
    _check_line(cell)
    return cell


def _check_length(cell: str, max_length: int) -> None:
    if len(cell) > max_length:
        raise BadCell("too_long", f"{quoted(cell)} is longer than {max_length:,} characters")


def _check_line(cell: str) -> None:
    problem = line_problem(cell)
    if problem == NOT_VISIBLE:
        raise BadCell("invisible", f"{quoted(cell)} contains no visible character")
    if problem:
        raise BadCell("control_character", f"{quoted(cell)} contains a control character; remove it")


def boolean(cell: str) -> bool:
    """Parse a word that means yes or no, in many languages. Raises BadCell with the code `not_yes_or_no`."""
    word = cell.strip().casefold()
    if word in YES:
        return True
    if word in NO:
        return False
    folded = squeezed(word[:MAX_WORD_LENGTH])
    if folded in vocabulary().words("values.yes"):
        return True
    if folded in vocabulary().words("values.no"):
        return False
    raise BadCell("not_yes_or_no", f"{quoted(cell)} is not yes or no")


def image_addresses(cell: str) -> list[str]:
    """Return the image addresses in a cell.

    The addresses are separated by line breaks or |. A comma or a semicolon is a separator only if an address clearly
    ends before it. Raises BadCell with the code `too_long` or `not_an_address`.
    """
    if len(cell) <= MAX_IMAGE_LENGTH and is_plain_url(cell):
        return [cell]
    if len(cell) > MAX_IMAGES_LENGTH:
        raise BadCell("too_long", f"{quoted(cell)} is longer than {MAX_IMAGES_LENGTH:,} characters")
    return [image_address(part) for part in split_images(cell)]


def split_images(cell: str) -> list[str]:
    """Split a cell into addresses without surrounding spaces. Text beyond the maximum length is ignored."""
    if "(http" in cell and (named := _NAMED_IMAGES.findall(cell[:MAX_IMAGES_LENGTH])):
        return list(named)
    addresses: list[str] = []
    for line in cell[:MAX_IMAGES_LENGTH].split("\n"):
        # Most lines are a single address. This check is faster than splitting the line.
        parts = [line] if _ONE_IMAGE.fullmatch(line) else _IMAGES.split(line)
        addresses += [address for part in parts if (address := part.strip())]
    return addresses


@lru_cache(maxsize=1024)
def image_address(address: str) -> str:
    """Return the address unchanged. It must be an HTTP(S) URL or a relative path.

    Raises BadCell with the code `too_long` or `not_an_address`.
    """
    if len(address) > MAX_IMAGE_LENGTH:
        raise BadCell("too_long", f"{quoted(address)} is longer than {MAX_IMAGE_LENGTH:,} characters")
    # Browsers remove control characters from an address. For example, `java\tscript:` becomes `javascript:`.
    if not address.isprintable():
        raise BadCell(
            "not_an_address", f"{quoted(address)} is not an address of an image: it has control characters; remove them"
        )
    scheme = _SCHEME.match(address)
    if scheme and scheme[1].lower() not in ("http", "https"):
        raise BadCell("not_an_address", f"{quoted(address)} is not an http or https address")
    problem = image_url_problem(address)
    if problem:
        raise BadCell("not_an_address", f"{quoted(address)} is not an address of an image: it {problem}")
    return address


def attributes_of_lines(cell: str) -> dict[str, str]:
    """Parse a cell with one attribute per line, such as `Colour: red`. Attributes beyond the limits are ignored."""
    if not cell:
        return {}
    parts = (line.partition(": ") for line in cell.split("\n"))
    attributes = {
        name[:MAX_ATTRIBUTE_NAME_LENGTH]: value for name, _, value in parts if 0 < len(value) <= MAX_ATTRIBUTE_LENGTH
    }
    return dict(islice(attributes.items(), MAX_ATTRIBUTES))


_CODE_PAIR = re.compile(
    r'"((?:[^"]|""){1,5000}+)"(?=,|$)|([A-Za-z]\w{0,99})="((?:[^"]|""){0,5000}+)"(?=,|$)'
    r'|((?:(?!, ?"?[A-Za-z]\w{0,99}=)[^\x00]){1,5000}+)'
)


def attributes_of_codes(cell: str) -> dict[str, str]:
    """Parse Magento's `additional_attributes`, such as `color=Red,"features=Zip|Pocket, inside"`.

    A pair or its value can be in quotes. Several values are separated by |. Attributes beyond the limits are ignored.
    """
    attributes: dict[str, str] = {}
    for match in islice(_CODE_PAIR.finditer(cell), 2 * MAX_ATTRIBUTES) if cell else ():
        quoted_pair, quoted_name, quoted_value, pair = match.groups()
        if quoted_name is not None:
            name, value = quoted_name, quoted_value.replace('""', '"')
        else:
            text = pair if quoted_pair is None else quoted_pair.replace('""', '"')
            name, _, value = text.lstrip(", ").partition("=")
        if 0 < len(value := value.strip().replace("|", ", ")) <= MAX_ATTRIBUTE_LENGTH and 0 < len(name) < 100:
            attributes.setdefault(name, value)
    return dict(islice(attributes.items(), MAX_ATTRIBUTES))


def first_category(cell: str) -> str:
    """Return the first category path of a cell. WooCommerce and Magento export cells with several paths.

    The paths are separated by line breaks, |, or commas, as in `A > B, C`. A comma in a name is written as `\\,`.
    """
    return _CATEGORIES.split(cell, maxsplit=1)[0].strip().replace("\\,", ",") if cell else cell


def editor_text(cell: str) -> str:
    """Return the text of EditorJS blocks, the format of Saleor's descriptions. Any other text is returned unchanged."""
    if not cell.startswith("{"):
        return cell
    try:
        blocks = json.loads(cell).get("blocks", [])
        texts = [str(block["data"].get("text", "")) for block in blocks]
    except (ValueError, AttributeError, KeyError, TypeError, RecursionError):
        return cell
    return "\n".join(entities.decoded(part) for part in texts if part)
