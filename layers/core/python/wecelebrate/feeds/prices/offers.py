"""Finds the offers of a file: the column of a lower price, and the columns of its first and its last day.

| column                                         | first day | last day | both |
|------------------------------------------------|-----------|----------|------|
| `Akční cena` with `Akce od` and `Akce do`      | yes       | yes      |      |
| `sale_price` with `sale_price_effective_date`  |           |          | yes  |
| `special_price` with `special_to_date`         |           | yes      |      |
| `Aktionspreis` directly before `von` and `bis` | yes       | yes      |      |

Columns of days count only if their values are days. A file without any day says nothing about when its offers end: it
is read without its offers.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Literal

from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.columns.names import fold, name_forms
from wecelebrate.feeds.columns.visibility import internal_part
from wecelebrate.feeds.notation.moments import is_blank, moment_of, order_of_slashes, period_of
from wecelebrate.feeds.plan.model import OfferColumns, Plan, PriceColumn
from wecelebrate.feeds.prices.candidates import name_of_price, share_of_amounts
from wecelebrate.feeds.rows.validity import is_first_day, is_last_day
from wecelebrate.feeds.vocabulary.folding import split_words
from wecelebrate.feeds.vocabulary.words import words

Role = Literal["first", "last", "both"]

_OFFER = re.compile(
    r"(?:on)?(?:sale(?!s|able)|special(?!i[sz]|it)|promo\w*|offers?|discount\w*|clearance|reduced|aktions?|angebots?|sonder(?:preis|angebot)|"
    r"rabatt\w*|reduziert\w*|soldes?|remises?|ofertas?|rebaja\w*|descuento\w*|desconto\w*|sconto?|scontat\w*|offert[ae]|"
    r"saldi|actie(?!f|v)|aanbieding\w*|korting\w*|kampanj\w*|kampagne\w*|kampania|tilbuds?|erbjudande\w*|akc(?!ept)\w*|slev\w*|zlav\w*|"
    r"zniz\w*|wyprzedaz\w*|obniz\w*|kedvezmeny\w*|tarjous\w*|ale$|alennus\w*|reducere\w*|indirim\w*|kampanya\w*|акци\w*|скидк\w*|"
    r"распродаж\w*|знижк\w*)"
)
_ASIAN_OFFER = re.compile(
    r"セール|特価|特売|割引|キャンペーン|促销|促銷|特卖|特賣|特价|特價|特惠|优惠|優惠|折扣|活动价|活動價|할인|행사|세일|특가|프로모션|이벤트|ลดราคา|โปรโมชั่น|ราคาพิเศษ"
)
_FIRST = words(
    "from fromdate beginnt startet begint commence empieza comienza start starts started startat startsat startdate "
    "startdatum startdato begin begins begindatum beginn ab von vom seit od odkdy oddatum since desde inicio inicia "
    "du debut datedebut dal dalla da inizio decorrenza vanaf van fran fra alkaen alku tol kezdete kezdet dela din "
    "inceput baslangic baslama с от початок начало начала validfrom gultigab gultigvon zacatek poczatek datastart "  # noqa: RUF001
    "rozpoczecia"
)
_LAST = words(
    "to todate endet eindigt termine termina until till through thru end ends ended endat endsat enddate enddatum "
    "expires expiry expiration bis ende do dokdy hasta fin fine finale au jusqu jusquau al alla scadenza ate fim "
    "termino tot tm einde eind einddatum til slut slutt slutdato slutdatum asti loppu paattyy ig vege veg pana panala "
    "sfarsit bitis son по до конец конца окончание окончания кінець validto validuntil gultigbis konec konce koniec "
    "konca zakonczenia"
)
_WEAK = words("da du von vom van din al do au fra til с по ab od de to")  # noqa: RUF001
"""Prepositions that say nothing about the day before the word for the offer: `Data da oferta`, `Fin du promo`."""
_BOTH = words(
    "effective effectivedate period periode periodo zeitraum dates daterange range validity validite validita "
    "vigencia platnost gultigkeit gueltigkeit laufzeit termin terminy duration duree durata obdobi okres период срок"
)
_ASIAN_FIRST = re.compile(r"開始|开始|開催|起始|起日|自日|から|시작|부터|เริ่ม")
_ASIAN_LAST = re.compile(
    r"終了|结束|結束|截止|終止|终止|到期|期限|最終日|まで|迄|訖|止日|有效至|종료|마감|만료|까지|끝|สิ้นสุด|หมดเขต|ถึง"
)
_ASIAN_BOTH = re.compile(r"期間|期间|기간")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_COMPOUND = re.compile(r"(beginn|start|ende?)(?:datum|dato|date|e)?s?$")
_TIME_ZONES = words("gmt utc")
_MIN_DAYS = 0.8
"""The least share of the values of a column that are days."""


def find_offers(plan: Plan, columns: Columns, mapping: Mapping[str, str | None], currency: str) -> OfferColumns | None:
    """Return the columns of the offers, or None if the file has none, or does not say when they are valid.

    `currency` is the currency of the catalog: in USD, `03/04/2026` is a day in March.
    """
    if not plan.prices or any(question.key == "price" for question in plan.questions):
        return None
    if "offers" in mapping and not mapping["offers"]:
        return None
    if "price" not in mapping:
        plan.prices = _regular_prices(plan, columns)
    if plan.validity is not None or (plan.computed and any(plan.computed.get(each.column) for each in plan.prices)):
        return None
    prices = [number for number in _offer_prices(plan, columns) if number not in _used(plan)]
    if mapping.get("offers"):
        prices = [number for number, name in enumerate(plan.header) if fold(name) == fold(mapping["offers"] or "")][:1]
    for price in prices:
        roles = _named_days(plan, columns, price)
        if roles is None:
            return None
        roles = roles or _days_beside(plan, columns, price)
        cells = [cell for number in roles.values() for cell in columns[number].cells if not is_blank(cell)]
        month_first = order_of_slashes(cells)
        if month_first is None and currency == "USD":
            month_first = True
        if cells and month_first is not None:
            return OfferColumns(price, roles.get("first"), roles.get("last"), roles.get("both"), month_first)
    return None


def _regular_prices(plan: Plan, columns: Columns) -> list[PriceColumn]:
    """Return the columns of the price: the crossed-out or recommended price if the price is an offer of certain days.

    In Czech, `Běžná cena` is crossed out beside an offer without days.
    """
    if not plan.prices or plan.prices[0].kind != "offer" or plan.profile is not None:
        return plan.prices
    days = _named_days(plan, columns, plan.prices[0].column) or _days_beside(plan, columns, plan.prices[0].column)
    if not any(columns[number].cells for number in days.values()):
        return plan.prices
    for kind in ("compare", "list"):
        regular = [
            number for number, column in enumerate(plan.header)
            if (name := name_of_price(column)) and name.kind == kind and not internal_part(column)
            and share_of_amounts(columns[number]) > 0.5 and not columns[number].is_empty
        ]  # fmt: skip
        if regular:
            return [PriceColumn(regular[0], plan.prices[0].currency)] if len(regular) == 1 else plan.prices
    return plan.prices


def _used(plan: Plan) -> set[int]:
    """Return the columns of other fields. A known export reads the offer where the price is blank."""
    fields = {name: numbers for name, numbers in plan.field_columns.items() if name != "price"}
    return {plan.prices[0].column, *(number for numbers in fields.values() for number in numbers)}


def _words(name: str) -> tuple[str, ...]:
    return split_words(_CAMEL.sub(" ", name[:100].replace("t/m", "tot")))


def _names_offer(name: str) -> bool:
    return any(_OFFER.match(word) for word in _words(name)) or _ASIAN_OFFER.search(name) is not None


def _offer_prices(plan: Plan, columns: Columns) -> list[int]:
    """Return the columns with the prices of offers: those with the same tax as the price of the file first.

    A column such as `Akce` is one if its values are amounts with decimals or currencies, and not percentages.
    """
    sold = name_of_price(plan.header[plan.prices[0].column])
    ranked: list[tuple[int, int]] = []
    for number, header in enumerate(plan.header):
        facts = columns[number] if _names_offer(header) and not internal_part(header) else None
        if facts is None or facts.is_empty or share_of_amounts(facts) < 0.5:
            continue
        name = name_of_price(header)
        if name is None:
            is_amount = any("." in cell or "," in cell or not cell.isascii() for cell in facts.cells)
            if not is_amount or any("%" in cell for cell in facts.cells) or _role(header):
                continue
            ranked.append((2, number))
        elif name.kind == "offer" and name.tax in (None, sold.tax if sold else None) and name.currency in (
            None, plan.prices[0].currency or name.currency,
        ):  # fmt: skip
            ranked.append((0 if sold and name.tax == sold.tax else 1, number))
    return [number for _, number in sorted(ranked)]


def _named_days(plan: Plan, columns: Columns, price: int) -> dict[Role, int] | None:
    """Return the columns of days whose names contain a word for an offer.

    Returns None if such a column has values that are neither days nor numbers: without it, an offer would seem to be
    valid for ever.
    """
    roles: dict[Role, int] = {}
    for number, name in enumerate(plan.header):
        if number == price or not _names_offer(name) or not _TIME_ZONES.isdisjoint(_words(name)):
            continue
        role = _role(name)
        if role and role not in roles:
            if _has_days(columns, number, role):
                roles[role] = number
            elif role != "both" and columns[number].share("is_number") < 0.5:
                return None
        elif role is None and "both" not in roles and _has_days(columns, number, "both"):
            roles["both"] = number
    if "both" in roles and len(roles) > 1:
        del roles["both"]
    return {} if all(columns[number].is_empty for number in roles.values()) else roles


def _days_beside(plan: Plan, columns: Columns, price: int) -> dict[Role, int]:
    """Return the columns of days directly after the offer, such as `von` and `bis`, `Valid from` and `Valid to`."""
    roles: dict[Role, int] = {}
    for number in range(price + 1, min(price + 3, len(plan.header))):
        name = plan.header[number]
        forms = name_forms(name)
        role: Role | None = (
            "first" if any(map(is_first_day, forms)) else "last" if any(map(is_last_day, forms)) else None
        )
        tokens = set(_words(name))
        if role is None and tokens and tokens <= _FIRST | _LAST:
            role = "first" if tokens <= _FIRST else "last"
        if role is None or role in roles or not _has_days(columns, number, role):
            break
        roles[role] = number
    return roles


def _role(name: str) -> Role | None:
    """Return what the name of a column says about the days of an offer."""
    tokens = _words(name)
    offers = [bool(_OFFER.match(word)) for word in tokens]
    roles = set[Role]()
    for at, word in enumerate(tokens):
        follows = at + 1 < len(tokens) and offers[at + 1]
        if word in _WEAK and follows:
            continue
        compound = _COMPOUND.search(word) if offers[at] else None
        if word in _FIRST or (compound and compound[1] in ("beginn", "start")):
            roles.add("first")
        elif word in _LAST or compound:
            roles.add("last")
        elif word in _BOTH:
            roles.add("both")
    if _ASIAN_FIRST.search(name):
        roles.add("first")
    if _ASIAN_LAST.search(name):
        roles.add("last")
    if _ASIAN_BOTH.search(name) or {"first", "last"} <= roles:
        return "both" if roles in (set(), {"first", "last"}) else next(iter(roles))
    return next((role for role in ("first", "last", "both") if role in roles), None)


def _has_days(columns: Columns, number: int, role: Role) -> bool:
    """Return whether the values of a column are days. A blank column can be one, beside another column of days."""
    cells: Sequence[str] = [cell for cell in columns[number].cells if not is_blank(cell)]
    read = period_of if role == "both" else moment_of
    if not cells:
        return role != "both"
    return sum(read(cell) is not None for cell in cells) >= _MIN_DAYS * len(cells)
