"""Recognises texts that say that a product is open or closed for sale: `Open for sale`, `Für Verkauf gesperrt`.

A text must have a word for the sale and a word for open or closed. All other words must be prepositions, articles and
forms of `to be`. For example, `Closed sale agreement` and `Open sales` (the number of orders) are not recognised.
"""

from functools import lru_cache
from typing import Literal

from wecelebrate.feeds.vocabulary.folding import split_words
from wecelebrate.feeds.vocabulary.words import words

MAX_TEXT = 60
_SALE = words(
    "sale selling verkauf vente venta venda vendita verkoop salg salgs salu forsaljning myynti myyntiin sprzedazy "
    "prodej predaj prodaju prodajo eladas vanzare satis satisa продажи продажу للبيع למכירה"
)
_CLOSED = words(
    "closed blocked locked stopped prohibited gesperrt geschlossen blockiert ferme fermee bloque bloquee interdit "
    "interdite cerrado cerrada bloqueado bloqueada prohibido prohibida fechado fechada proibido proibida chiuso chiusa "
    "bloccato bloccata vietato vietata gesloten geblokkeerd tancat tancada bloquejat bloquejada pechado pechada"
)
_OPEN = words(
    "open released approved offen frei vrij freigegeben zugelassen ouvert ouverte autorise autorisee abierto abierta "
    "autorizado autorizada aberto aberta liberado liberada aperto aperta autorizzato autorizzata vrijgegeven obert "
    "oberta"
)
_BESIDE = words(
    "for from to the is fur zum zur den vom im ist a la le l al alla per para de del da do est es e esta voor het "
    "product item artikel article articulo artigo articolo produit producto produto prodotto"
)


@lru_cache(maxsize=4096)
def sale_state(text: str) -> Literal["active", "inactive"] | None:
    """Return `active` if a text says that a product is open for sale, `inactive` if it is closed, or else None."""
    parts = split_words(text) if len(text) <= MAX_TEXT else ()
    if len(parts) < 2 or _SALE.isdisjoint(parts):
        return None
    kinds = {
        "inactive" if part in _CLOSED else "active" if part in _OPEN else "other"
        for part in parts if part not in _SALE and part not in _BESIDE
    }  # fmt: skip
    return "inactive" if kinds == {"inactive"} else "active" if kinds == {"active"} else None
