"""Asks about the price if a note outside of the rows says that a column such as `Price` contains purchase prices."""

from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.columns.visibility import words as words_of
from wecelebrate.feeds.items import quoted
from wecelebrate.feeds.plan.model import Plan
from wecelebrate.feeds.questions import Choice, Question
from wecelebrate.feeds.vocabulary.words import words

_GENERIC = words(
    "price prices preis preise prix precio precios prezzo prezzi preco precos prijs prijzen pris priser cena ceny cene "
    "hinta hinnat ar arak pret preturi tarif tarifa tarifs listino netto net ht brutto unit unitaire unitario einzel "
    "einzelpreis stuckpreis stk stuck pro per je pc pcs each in exkl excl ohne ex vat mwst moms btw iva tva dph "
    "eur chf usd gbp dkk sek nok pln czk huf ron fiyat fiyati цена 価格 单价 価格 가격 단가 単価 "
    "nettopreis stueckpreis unitprice netprice"
)
"""The words of column names that mean "price" without the kind of the price."""


def trade_question(plan: Plan, columns: Columns, note: str) -> list[Question]:
    """Return a question if the price is in a column such as `Price`, and a note says that it is a purchase price."""
    if not note or len(plan.prices) != 1 or any(question.key == "price" for question in plan.questions):
        return []
    number = plan.prices[0].column
    name = plan.column_name(number)
    parts = words_of(name)
    if not parts or not all(part in _GENERIC for part in parts):
        return []
    text = f"The file says {quoted(note, 80)}. Are products sold at the prices in {quoted(name, 40)}?"
    choices = (
        Choice("", "The file has no selling price. The prices of products are not changed."),
        Choice(name, f"Products are sold at {quoted(name, 40)}.", columns[number].examples),
    )
    return [Question("price", "money", text, choices, columns[number].examples)]
