"""Reads states: whether a product can be sold. The words come from shops and ERP systems, in many languages.

A word that is not in any list is unknown. An unknown state does not change a stored product. A new product with an
unknown state is inactive. Further words of many languages are in `vocabulary`.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Literal

from wecelebrate.feeds.notation.calendars import gregorian
from wecelebrate.feeds.notation.convert import NO, YES
from wecelebrate.feeds.states.for_sale import sale_state
from wecelebrate.feeds.states.stems import is_ended
from wecelebrate.feeds.vocabulary import vocabulary
from wecelebrate.feeds.vocabulary.folding import squeezed
from wecelebrate.feeds.vocabulary.words import phrases

State = Literal["active", "inactive", "unstated", "unknown"]
"""`unstated` is the state of a value without a meaning for the state, such as the command `UPDATE`."""

StateWords = Literal["words", "commands", "magento codes", "letters", "yes or no", "codes", "access"]
"""The notation of the states in a column."""

MAX_STATE_LENGTH = 100

_ACTIVE = phrases(
    # English
    "on sale|in sale|for sale|sellable|saleable|salable|sell|orderable|buyable|listed|show|shown|displayed|open|"
    "normal|standard|regular|publishable|launched|active product|in range|in assortment|in production|valid|new|"
    "available now|act|released|in use|"
    # German
    "lieferbar|verkäuflich|im sortiment|im verkauf|im programm|bestellbar|gelistet|veröffentlicht|angezeigt|"
    "online|gültig|verkauf|frei|neu|standardartikel|lagerartikel|akt|laufend|gängig|gangbar|"
    # French, Spanish, Italian, Portuguese
    "en vente|disponible|visible|publiée|activé|activée|en stock|a la venta|en venta|habilitado|activado|vigente|"
    "en vigueur|courant|activos|attivi|ativos|"
    "in vendita|disponibile|visibile|abilitato|attivato|à venda|a venda|disponível|visível|habilitado|publicada|"
    # Dutch, Nordic, Polish, Czech, Hungarian, Finnish, Turkish
    "leverbaar|gangbaar|lopend|beschikbaar|zichtbaar|gepubliceerd|aktiveret|aktiverad|til salg|til salgs|till salu|"
    "synlig|i produksjon|i sortimentet|"
    "tilgængelig|tillgänglig|tilgjengelig|publisert|publicerad|dostępny|dostępna|widoczny|w sprzedaży|aktywna|"
    "dostupný|skladem|aktivní|v prodeji|elérhető|aktív|saatavilla|aktiivinen|julkaistu|aktif|"
    "satışta|yayında|"  # noqa: RUF001
    "активен|в продаже|опубликован"
)
_INACTIVE = phrases(
    # English
    "sold out|soldout|out of stock|do not sell|don't sell|not for sale|not sellable|no sale|unlisted|delisted|"
    "not listed|withdrawn|suspended|stopped|cancelled|canceled|closed|expired|removed|delete|remove|end-of-life|"
    "phase out|phase-out|phased out|phasing out|to be discontinued|being discontinued|superseded|replaced|"
    "out of range|hide|not visible|invisible|not available|not published|unapproved|denied|locked|future|"
    "coming soon|planned|in preparation|preview|test|sample only|deactivate|inactivated|terminated|ended|"
    "out of production|"
    # German
    "auslauf|auslaufartikel|auslaufend|auslaufmodell|ausverkauft|abverkauf|nicht lieferbar|nicht verfügbar|"
    "nicht verkäuflich|nicht verkaufen|nicht aktiv|nicht sichtbar|versteckt|verborgen|ausgeblendet|archiviert|"
    "gestoppt|eingestellt|ausgelistet|nicht gelistet|nicht freigegeben|löschvormerkung|zur löschung|storniert|"
    "beendet|in planung|geplant|in vorbereitung|passiv|aus|veraltet|ersetzt|sperre|"
    # French, Spanish, Italian, Portuguese
    "épuisé|épuisée|rupture|rupture de stock|arrêté|arrêtée|supprimé|supprimée|désactivé|désactivée|masqué|"
    "masquée|caché|cachée|indisponible|fin de série|fin de vie|hors ligne|non publié|retiré|bloqué|inactive|"
    "agotado|agotada|descatalogado|descatalogada|descontinuado|descontinuada|oculto|oculta|no disponible|"
    "deshabilitado|desactivado|eliminado|baja|de baja|bloqueado|inactiva|esaurito|esaurita|fuori produzione|"
    "non disponibile|nascosto|nascosta|disattivato|disabilitato|eliminato|bloccato|fine serie|obsoleto|obsoleta|"
    "esgotado|esgotada|indisponível|oculto|desativado|excluído|fora de linha|rascunho|"
    # Dutch, Nordic, Polish, Czech, Hungarian, Finnish, Turkish
    "uitverkocht|niet leverbaar|niet beschikbaar|verborgen|uit assortiment|vervallen|geblokkeerd|gearchiveerd|"
    "concept|uitlopend|udsolgt|udgået|udgår|utgått|utgår|utsolgt|slutsåld|slut|dold|skjult|inaktiveret|"
    "inaktiverad|spærret|spärrad|sperret|arkiverad|arkiveret|wycofany|wycofana|niedostępny|niedostępna|"
    "nieaktywna|ukryty|wyprzedany|zablokowany|szkic|nedostupný|vyprodáno|neaktivní|skryto|skrytý|ukončeno|"
    "zrušeno|nem elérhető|inaktív|kifutó|rejtett|törölt|loppunut|ei saatavilla|piilotettu|poistettu|pasif|"
    "tükendi|gizli|неактивен|скрыт|нет в наличии|"
    "снят с продажи"  # noqa: RUF001
)
_COMMANDS: dict[str, State] = {
    "delete": "inactive", "remove": "inactive", "archive": "inactive", "deactivate": "inactive", "d": "inactive",
    "del": "inactive", "löschen": "inactive", "supprimer": "inactive", "eliminar": "inactive", "hide": "inactive",
    "update": "unstated", "merge": "unstated", "upsert": "unstated", "replace": "unstated", "new": "unstated",
    "create": "unstated", "add": "unstated", "insert": "unstated", "modify": "unstated", "change": "unstated",
    "patch": "unstated", "edit": "unstated", "u": "unstated", "i": "unstated", "a": "unstated", "c": "unstated",
    "n": "unstated", "m": "unstated", "partialupdate": "unstated", "partial_update": "unstated",
    "no change": "unstated", "skip": "unstated", "ignore": "unstated",
}  # fmt: skip
SKIP_COMMANDS = frozenset(("skip", "ignore"))
"""The commands that leave out a row."""
MARKS = frozenset(("x", "✓", "✔", "√", "•", "●", "○", "◯", "\u3007", "*", "☑", "checked"))
"""Marks that people write for yes in a column whose other cells are blank."""
_DATE = re.compile(
    r"(?:(?P<y>\d{4})([-./])(?P<m>\d{1,2})\2(?P<d>\d{1,2})|(?P<ymd>(?:19|20|99)\d{6})"
    r"|(?P<first>\d{1,2})([-./])(?P<second>\d{1,2})\7(?P<year>\d{4}|\d\d))(?:[ t].*)?",
    re.ASCII,
)
NO_DATES = frozenset(("00000000", "0000-00-00", "00.00.0000", "0000-00-00 00:00:00"))
"""The values that SAP and MySQL write for a date that is not set."""


def state_of(word: str) -> State:
    """Return the state that a word means. `word` has no surrounding spaces and is in lower case."""
    if word in _ACTIVE or (word in YES and word not in _INACTIVE):
        return "active"
    if word in _INACTIVE or word in NO:
        return "inactive"
    if word in NO_DATES:
        return "unstated"
    if date := date_of(word):
        return _state_of_date(date)
    if state := _further_words().get(squeezed(word)):
        return state
    if len(word) <= MAX_STATE_LENGTH and (state := _negated(word) or _state_of_parts(word)) != "unknown":
        return state
    if sale := sale_state(word):
        return sale
    plain = word.replace("_", " ").replace("-", " ")
    if plain != word and (state := state_of(plain)) != "unknown":
        return state
    return "inactive" if len(word) <= MAX_STATE_LENGTH and is_ended(word) else "unknown"


_NEGATION = re.compile(
    r"(no longer|not|no|nicht mehr|nicht|ne plus|n'est plus|plus|pas|ya no|non più|non|já não|não|niet meer|niet|"
    r"ikke længere|ikke lenger|ikke|inte längre|inte|ej|już nie|nie|již ne|už nie|ne|nem|ei enää|ei|nu mai|"
    r"больше не|не|δεν)\s+(\S.*)"
)
_NEGATING = "미비불非未不無无"
"""The first characters of negated words in Korean, Japanese and Chinese, such as `미전시` and `未公開`."""
_PARTS = re.compile(r"\s*[,;:(\u2013\u2014]\s*|\s+-\s+|\.\s+")
MAX_PARTS = 6
MIN_LETTERS = 3


def _negated(word: str) -> State | None:
    """Return the state of a negated word, as in `nicht gesperrt` and `no longer active`, or None."""
    if len(word) > 1 and word[0] in _NEGATING and state_of(word[1:]) == "active":
        return "inactive"
    match = _NEGATION.fullmatch(word)
    state = state_of(match[2]) if match and not _PARTS.search(match[2]) else "unknown"
    return opposite(state) if state in ("active", "inactive") else None


def _state_of_parts(word: str) -> State:
    """Return the state of a text with a remark, as in `discontinued (no longer made)`.

    If any part means that the product is not sold, the whole text has this meaning. Otherwise, an unknown part makes
    the state unknown, because it can restrict the state.
    """
    parts = [part for part in _PARTS.split(word.strip(" .()"), MAX_PARTS) if part]
    if len(parts) < 2 or any(sum(map(str.isalpha, part)) < MIN_LETTERS for part in parts):
        return "unknown"
    states = {state_of(part.strip(" .()")) for part in parts}
    return "inactive" if "inactive" in states else "active" if states == {"active"} else "unknown"


@cache
def _further_words() -> dict[str, State]:
    """Return the folded words of the vocabulary.

    Words for "out of stock" mean inactive. The product is sold again when a file says that it is in stock.
    """
    words = vocabulary().words
    states: dict[str, State] = dict.fromkeys(words("values.out_of_stock"), "inactive")
    states |= dict.fromkeys(words("values.in_stock", "values.active", "values.yes"), "active")
    return states | dict.fromkeys(words("values.inactive", "values.closed", "values.no"), "inactive")


def state_of_command(word: str) -> State:
    """Return the state that a command for a row means, such as `DELETE` and `UPDATE` in Matrixify's files."""
    return _COMMANDS.get(word, "unknown")


def state_of_magento_code(word: str) -> State:
    """Return the state that Magento's REST API writes: 1 is enabled, 2 is disabled."""
    return {"1": "active", "2": "inactive"}.get(word) or state_of(word)  # type: ignore[return-value]


def are_of_access(cells: Sequence[str]) -> bool:
    """Return whether all values are -1 and 0, which mean yes and no in Microsoft Access.

    WooCommerce writes 1 and -1.
    """
    values = {cell.strip() for cell in cells}
    return "-1" in values and values <= {"-1", "0"}


def state_of_access(word: str) -> State:
    """Return the state of a value from Microsoft Access: -1 means yes."""
    return "active" if word == "-1" else state_of(word)


def only_unknown_word(cells: Sequence[str], rows: int) -> str:
    """Return the only unknown word of a column, in lower case, if this word means active. Otherwise, return "".

    All other words of the column must mean inactive, all rows must have a value, and most rows must have the unknown
    word. For example, `distributed` means active if the other word is `discontinued`. In a column with blank cells, an
    unknown word such as `recalled` can mean inactive, because the blank cells can mean active.
    """
    folded = [cell.strip().casefold() for cell in cells]
    words = set(folded)
    unknown = [word for word in words if state_of(word) == "unknown"]
    others = {state_of(word) for word in words if word not in unknown}
    if len(unknown) != 1 or others != {"inactive"} or not unknown[0].isalpha() or len(unknown[0]) == 1:
        return ""
    return unknown[0] if len(folded) >= rows and folded.count(unknown[0]) > len(folded) / 2 else ""


def are_letters(cells: Sequence[str]) -> bool:
    """Return whether the values of a column are single letters, one of which is A for active."""
    letters = {cell.strip().casefold() for cell in cells}
    return "a" in letters and all(len(letter) == 1 and letter.isalpha() for letter in letters)


def are_letters_of_states(cells: Sequence[str]) -> bool:
    """Return whether all values are first letters of words for states, such as A, E and S.

    Other letters can have another meaning. For example, A, B and C are codes of taxes.
    """
    return are_letters(cells) and all(cell.strip().casefold() in _FIRST_LETTERS for cell in cells)


_FIRST_LETTERS = frozenset("adeginorsx")


def are_yes_and_no(cells: Sequence[str]) -> bool:
    """Return whether each value is N or one other letter, and both letters occur.

    N means "no". The other letter begins a word for "yes", such as D, T, S or O.
    """
    letters = {cell.strip().casefold() for cell in cells}
    others = letters - {"n"}
    return len(letters) == YES_AND_NO and len(others) == 1 and others <= _YES_LETTERS


def are_clearly_yes_and_no(cells: Sequence[str]) -> bool:
    """Return whether each value is N or a letter that can only mean "yes": Y or J.

    Other letters can also begin a word for a state. If N is "normal", D can be "discontinued", S "stopped", O
    "obsolete" and T "terminated".
    """
    return are_yes_and_no(cells) and any(cell.strip().casefold() in _CLEARLY_YES for cell in cells)


def letters_of_yes_and_no(cells: Sequence[str]) -> tuple[str, str] | None:
    """Return the values for yes and no, if they are the first letters of these words in one language: K and E."""
    letters = {cell.strip().casefold() for cell in cells}
    return next((pair for pair in _YES_AND_NO_LETTERS if letters == {*pair}), None)


_YES_AND_NO_LETTERS = (
    ("k", "e"), ("j", "e"), ("e", "h"), ("b", "x"), ("c", "k"), ("o", "h"), ("p", "j"), ("y", "t"), ("b", "e"),
    ("o", "x"), ("д", "н"), ("т", "н"), ("\u03bd", "\u03bf"),
    ("jo", "nee"), ("jo", "neen"), ("tá", "níl"), ("waar", "vals"), ("veru", "falz"), ("veritat", "fals"),
)  # fmt: skip
"""Pairs of letters for yes and no in languages whose "no" does not begin with N: Finnish, Estonian, Turkish,
Azerbaijani, Vietnamese, Filipino, Albanian, Indonesian, Basque and Korean, and languages in Cyrillic and Greek letters.

The pairs of words are here because one word alone can have another meaning. For example, `jo` means no in Albanian."""


def are_numbered_codes(cells: Sequence[str]) -> bool:
    """Return whether the values are codes such as 1, 2 and 3, whose meaning is not known.

    The result is false if a value is 0, because 0 and 1 mean no and yes.
    """
    values = {cell.strip() for cell in cells}
    return len(values) > 1 and all(map(str.isdecimal, values)) and not values & {"0", "00"} and values != {"1"}


YES_AND_NO = 2
_CLEARLY_YES = frozenset("yj")
_YES_LETTERS = frozenset("dtsoijya")
"""The first letters of `da`, `tak`, `sim`, `oui`, `igen`, `ja`, `yes`, `ano` and other words for yes."""


def state_of_yes_letter(word: str) -> State:
    """Return the state of a value in a column that has only N and another letter."""
    return "inactive" if word == "n" else "active" if len(word) == 1 and word.isalpha() else state_of(word)


def state_of_code(word: str) -> State:
    """Return the state of a value in a column whose letters can be "yes" and "no", or the first letters of states.

    Numbers in such a column are codes.
    """
    is_code = word.isdecimal() or (len(word) == 1 and word.isalpha())
    return "unknown" if is_code else state_of(word)


def state_of_letter(word: str) -> State:
    """Return the state that a letter means in a column where A means active.

    I means inactive, and not the Hungarian "yes".
    """
    return _LETTERS.get(word) or ("unknown" if len(word) == 1 else state_of(word))


_LETTERS: dict[str, State] = {"a": "active", "i": "inactive", "d": "inactive", "n": "inactive"}
"""The meanings of letters in many languages: A active, I inactive, D discontinued or deleted, and N not active."""


def opposite(state: State) -> State:
    """Return the opposite of a state, for columns that mean the opposite, such as `discontinued`."""
    return {"active": "inactive", "inactive": "active"}.get(state, state)  # type: ignore[return-value]


def is_mark_column(cells: Sequence[str], rows: int) -> bool:
    """Return whether a column has only marks such as `x`, and blank cells. In such a column, a blank cell means no."""
    return bool(cells) and len(cells) < rows and all(cell.casefold() in MARKS for cell in cells)


def date_of(word: str) -> tuple[int, int, int] | None:
    """Return the year, the month and the day of a date, or None.

    The day comes before the month if both orders are possible.
    """
    match = _DATE.fullmatch(gregorian(word.strip()).casefold())
    if match is None:
        return None
    if text := match["ymd"]:
        year, month, day = int(text[:4]), int(text[4:6]), int(text[6:])
    elif match["y"]:
        year, month, day = int(match["y"]), int(match["m"]), int(match["d"])
    else:
        day, month, year = int(match["first"]), int(match["second"]), int(match["year"])
        year += 2000 if len(match["year"]) == 2 else 0
    if month > 12:
        month, day = day, month
    return (year, month, day) if 1 <= month <= 12 and 1 <= day <= 31 else None


def _state_of_date(date: tuple[int, int, int]) -> State:
    """Return the state that a date of publication means. A product is active from this date on."""
    today = datetime.now(UTC).date()
    return "active" if date <= (today.year, today.month, today.day) else "inactive"
