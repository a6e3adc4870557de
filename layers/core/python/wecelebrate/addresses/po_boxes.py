"""Recognizes post office boxes. Carriers other than the national post cannot deliver parcels to a box.

A parcel locker (a German Packstation, an InPost locker) is not a post office box, because it accepts parcels.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

# A bare "box 12" or "B.P. 12" is a post office box only at the beginning of a line: "Tool Box 12" can be a shop.
_PATTERN = r"""
      \b p\s*\.?\s* o\s*\.?\s* b (?: ox | \b ) [\s.:#]* (?: no\.?\s* )? [0-9a-z]* \d   # PO Box 12, P.O.B. 12
    | \b post \s* office \s* box \b
    | \b p\s*\.?\s* o\s*\.?\s* box \b
    | \b (?: gpo | private | locked | post ) \s* (?: box | bag ) \b
    | \b post (?: fach | bus | boks | box ) (?: \b | \s* \d )        # de, nl, da and nb, sv
    | ^ \s* box \s+ \d+ \s* $                                        # sv
    | \b postilokero \b | ^ \s* pl \s+ \d+ \s* $                     # fi
    | \b bo[iî]te \s+ postale \b | ^ \s* b\s*\.?\s* p\s*\.?\s* \d    # fr
    | \b apartado \s+ (?: de \s+ correos | postal | \d ) | \b apdo\b          # es
    | \b casilla (?: \s+ de \s+ correo | \s+ postal | \s+ \d )
    | \b casella \s+ postale \b | \b caixa \s+ postal \b
    | \b skrytka \s+ pocztowa \b | \b po[sš]tovn[ií] \s+ p[rř]ihr[aá]dka \b | \b posta ?fi[oó]k \b | ^ \s* pf\.? \s* \d
    | \b posta \s+ kutusu \b | \b [cč][aă]su[tț][aă] \s+ po[sș]tal[aă] \b
    | \b а\s*/\s*я \b | \b абонентский \s+ ящик \b | \b абонентська \s+ скринька \b
    | \b τ\s*\.\s*θ\s*\.
    | \b ص \s*\.?\s* ب \s*\.?\s* [\d٠-٩] | صندوق \s+ (?: ال )? بريد
    | \b ת \s*\.?\s* ד \s*\.?\s* \d
    | 私書箱 | 邮政信箱 | 郵政信箱 | 信箱 \s* \d | 사서함
    """  # noqa: RUF001 (the letters of these languages)


@lru_cache(maxsize=1)
def _po_box() -> re.Pattern[str]:
    return re.compile(_PATTERN, re.VERBOSE | re.IGNORECASE)  # Compiling takes 3 ms.


def po_box_field(address: Mapping[str, object]) -> str | None:
    """Return the name of the address field that contains a post office box.

    It returns None if no field contains a post office box.
    """
    fields = ("line1", "line2", "company")
    return next((field for field in fields if _po_box().search(str(address.get(field) or ""))), None)
