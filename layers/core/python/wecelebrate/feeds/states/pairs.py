"""Finds the second state column: one column says whether a product is shown, and the other whether it is sold."""

import re
from collections.abc import Sequence

from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.states.names import are_states

_DISPLAYED = re.compile(
    r"진열|노출|전시|표시|게시|掲載|公開|表示|陳列|显示|顯示|展示|display|visib|published|sichtbar|angezeigt|affich|mostrar|visív|zichtba|synlig"
)
_SOLD = re.compile(
    r"판매|販売|销售|銷售|可售|出售|for sale|on sale|sell|saleable|verkauf|verkäuf|"
    r"vente|venta|vendita|venda|verkoop|salg"
)

_ON_WEB = re.compile(r"\bweb|online|en ligne|internet|e-?shop|onlineshop|webshop|\bsito\b|сайт")
"""Words for a state on the web, such as `Publié sur le Web`. In contrast, `Actif` is a state in the ERP system."""
_ONLY = re.compile(r"only|nur|seul|solo|exclu|bare|kun|endast|tylko|jen\b|csak|только")
MAX_STATES = 8


def of_the_other_kind(columns: Columns, first: Sequence[int], understood: Sequence[int]) -> list[int]:
    """Return the column of the other state: "sold" if the first column means "shown", or "shown" if it means "sold".

    Shops in Korea and Japan have both columns: `진열상태` and `판매상태`. A product is sold if both say yes.
    """
    if not first or not are_states(columns[first[0]].cells, MAX_STATES):
        return []
    name = columns.header[first[0]].casefold()
    for own, other in ((_DISPLAYED, _SOLD), (_SOLD, _DISPLAYED)):
        if own.search(name) and not other.search(name):
            others = [
                number for number in understood
                if number != first[0] and other.search(columns.header[number].casefold())
                and are_states(columns[number].cells)
            ]  # fmt: skip
            if others:
                return others[:1]
    if _SOLD.search(name) or _ON_WEB.search(name):
        return []
    return [
        number for number in understood
        if number != first[0] and (shown := columns.header[number].casefold()) and _ON_WEB.search(shown)
        and not _ONLY.search(shown) and are_states(columns[number].cells)
    ][:1]  # fmt: skip
