"""Recognises columns with marks for deletion, blocking and discontinuation by the parts of their names.

ERP systems join a word for "no longer sold" and a word for a mark, and shorten both: `LöVorm`, `DelInd`,
`Sperr-Kennz.`, `DISC_FLG`. A name is recognised if it consists of these two words, and possibly of a word for a product
or for sales. A column whose name is one word, such as `Gesperrt`, is in the vocabulary.
"""

import re
from functools import lru_cache

from wecelebrate.feeds.columns.facts import Columns, Facts
from wecelebrate.feeds.vocabulary.folding import squeezed

MAX_NAME = 40
_FULL = (
    r"(?:losch(?:ungs?)?|loesch|delet(?:ion|ed?)|dlt|erase|remov(?:ed?|al)|sperr?|gesperrt|bl[ko]c?k(?:ed|ing)|blkd|"
    r"discont(?:inued)?|discon|obs(?:ol(?:ete)?)?|eol|endoflife|ausl(?:auf)?|phaseout|phasedout|inact(?:ive)?|"
    r"inakt(?:iv)?|deakt(?:iviert)?|disabled?|arch(?:iv(?:ed?|iert)?)?|baja|borrad[oa]|elimin(?:ad[oa]|at[oa])?|"
    r"annul(?:ado|lato)?|suppr(?:ime|ession)?|exclu(?:id[oa]|sao)|bloq(?:ueo|uead[oa])?|blocc(?:o|ato)|"
    r"bloca(?:ge|t)|bloque|spaerret|sparret|sperret|slettet|utgatt|udgaet|usuniety|usuniet[ey]|smaz(?:ano)?|torolt?|silindi|"
    r"удал(?:ени[яе]|ено)?|削除|廃番|삭제|단종|删除|停用)"
)
_SHORT = r"(?:lo|del|disc|block|bloc|blk|blck)"
"""Words that also mean delivery, discount, a block and black. They are accepted only with a word for a mark."""
_MARK = (
    r"(?:kz|kennz(?:eichen)?|vorm(?:erkung)?|vermerk|verm|flag|flg|fl|ind(?:icator|icador|icatore|icateur|ikator)?|idx|"
    r"mark(?:er|e|ierung|ed)?|merker|marca|marque|yn|jn|пометка|признак|метка|フラグ|区分|여부|标志|标记)"
)
_CODE = r"(?:status|stat|cd|code|grund|reason|motivo)"
"""Words that names of other columns contain too. They are accepted only with a full word for "no longer sold"."""
_OF = (
    r"(?:mat(?:erial)?|art(?:ikel|icle|iculo|icolo)?|item|itm|prod(?:uct|ukt|uit)?|stamm|vk|verkaufs?|vertriebs?|sales?|"
    r"sls|vente|venta|vendita|for|de|is|tovar|товара?)"
)
_NAME = re.compile(
    rf"{_OF}*(?:{_FULL}(?:{_MARK}|{_CODE})|(?:{_MARK}|{_CODE}){_OF}?{_FULL}|{_SHORT}{_MARK}|{_MARK}{_OF}?{_SHORT})(?:{_OF})*"
)
_BLOCKS = re.compile(
    r"(?:vk|verkaufs?|vertriebs?|artikel|material|liefer|bestell|shop|sales?|item)?(?:sperre|sperrung|sperrvermerk|"
    r"loschvermerk|loschung|lovorm|lvorm|lvm|lovm)|(?:sales?|item|product)?blocked(?:for)?(?:sales?)?|phaseout|"
    r"(?:sales?|item|product)block|block(?:for)?sales?|"
    r"(?:item|product)?(?:deleted|removed|archived|obsolete|discontinued)(?:item|product)?|bloquead[oa](?:para|p|a)?(?:la)?venda?"
)
MAX_CODES = 10
MAX_LENGTH = 4
MAX_FILLED = 0.5


@lru_cache(maxsize=8192)
def is_mark_name(column: str) -> bool:
    """Return whether the parts of a name mean a mark for deletion, for blocking or for discontinuation."""
    if len(column) > MAX_NAME:
        return False
    name = squeezed(column)
    return _NAME.fullmatch(name) is not None or _BLOCKS.fullmatch(name) is not None


def are_codes(facts: Facts) -> bool:
    """Return whether some rows have short codes, such as `01` and `Z9`, and most rows are blank.

    The meaning of the codes is not known. It is doubtful whether products with a code are sold.
    """
    codes = {cell.casefold() for cell in facts.cells}
    return bool(codes) and facts.filled <= MAX_FILLED and len(codes) <= MAX_CODES and max(map(len, codes)) <= MAX_LENGTH


def is_bare_mark(column: str, facts: Facts) -> bool:
    """Return whether a column has only an abbreviation as its name, such as `Del`, and a few products have an X."""
    # A printed list repeats its header on each page.
    marks = {cell.strip().casefold() for cell in facts.cells} - {column.strip().casefold()}
    return marks == {"x"} and facts.filled <= MAX_FILLED and squeezed(column[:MAX_NAME]) in _BARE


_BARE = frozenset(("del", "dlt", "delet", "lö", "lo", "losch", "sperr", "spaerr", "sup", "elim", "smaz", "usun"))
MIN_ROWS = 3
_STATE_LETTERS = (
    frozenset("ai"),
    frozenset("ad"),
    frozenset("aid"),
    frozenset("ain"),
    frozenset("ax"),
    frozenset("ao"),
)
_OPAQUE = re.compile(
    r"(?:rec(?:ord)?|itm?|item|prd|prod|art|mat|mstr)?(?:s|st|sts|stt|stat|status|flag|flg|fl|cd|rs|ai|ad|act|actv|akt)(?:cd|code|flag|flg)?"
)
_SHORT_NAME = re.compile(r"s|cd|rs")
"""Names that can also mean a size, a kind or a country."""


def letters_by_values(columns: Columns, used: set[int]) -> list[int]:
    """Return the only column in which A means active, and another letter means inactive, or an empty list.

    In most rows, the letter is A. The name must mean a state, such as `ST` and `RecStatus`, because the letters can
    also be classes, sizes or countries. If the letters are A and I, names such as `S` and `Cd` are sufficient.
    """
    names = [squeezed(name[:MAX_NAME]) for name in columns.header]
    numbers = [
        number for number, name in enumerate(names)
        if number not in used and _OPAQUE.fullmatch(name) and _are_letters(columns[number], _SHORT_NAME.fullmatch(name))
    ]  # fmt: skip
    return numbers if len(numbers) == 1 else []


def _are_letters(facts: Facts, is_short: re.Match[str] | None) -> bool:
    letters = [cell.casefold() for cell in facts.cells]
    if facts.rows < MIN_ROWS or len(letters) < facts.rows or any(len(letter) > 1 for letter in letters):
        return False
    kinds = frozenset(letters)
    is_state = kinds in (_STATE_LETTERS[:1] if is_short else _STATE_LETTERS)
    return is_state and letters.count("a") > len(letters) / 2
