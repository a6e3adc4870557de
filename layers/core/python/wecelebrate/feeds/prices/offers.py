"""Finds the offers of a file: the column of the lower price, and the columns of its first day and its last day.

| column                                         | first day | last day | both |
|------------------------------------------------|-----------|----------|------|
| `Akční cena` with `Akce od` and `Akce do`      | yes       | yes      |      |
| `sale_price` with `sale_price_effective_date`  |           |          | yes  |
| `special_price` with `special_to_date`         |           | yes      |      |
| `Aktionspreis` directly before `von` and `bis` | yes       | yes      |      |

A column of days is used only if its values are days. If a file has no days, nobody knows when its offers end, so the
offers are not read.
"""

import re
from collections.abc import Collection, Mapping, Sequence

from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.columns.names import fold, name_forms
from wecelebrate.feeds.columns.setting_names import is_named
from wecelebrate.feeds.columns.visibility import internal_part
from wecelebrate.feeds.notation import numbers
from wecelebrate.feeds.notation.moments import is_blank, moment_of, period_of, stated_order
from wecelebrate.feeds.plan.model import OfferColumns, Plan, PriceColumn
from wecelebrate.feeds.prices.candidates import name_of_price, share_of_amounts
from wecelebrate.feeds.prices.compared import is_below
from wecelebrate.feeds.prices.day_order import (
    OfferDays,
    cells_of,
    days_of_others,
    order_of_offer,
    order_of_offers,
    order_question,
    orders_of_columns,
)
from wecelebrate.feeds.prices.days_by_values import Role, days_by_values, unnamed_days, with_unnamed_days
from wecelebrate.feeds.prices.names import price_name
from wecelebrate.feeds.prices.plain_names import plain_name
from wecelebrate.feeds.prices.tiers import is_for_a_measure, names_a_package, quantity_in_name
from wecelebrate.feeds.prices.undated import undated_question
from wecelebrate.feeds.rows.validity import is_first_day, is_last_day
from wecelebrate.feeds.vocabulary.folding import split_words
from wecelebrate.feeds.vocabulary.words import words

_OFFER = re.compile(
    r"(?:on)?(?:sale(?!s|able)|special(?!i[sz]|it)|promo\w*|offers?|discount\w*|clearance|reduced|aktions?|angebots?|sonder(?:preis|angebot)|"
    r"rabatt\w*|reduziert\w*|soldes?|remises?|ofertas?|rebaja\w*|descuento\w*|desconto\w*|sconto?|scontat\w*|offert[ae]|"
    r"saldi|actie(?!f|v)|aanbieding\w*|korting\w*|kampanj\w*|kampagne\w*|kampania|tilbuds?|erbjudande\w*|akc(?!ept)\w*|slev\w*|zlav\w*|"
    r"zniz\w*|wyprzedaz\w*|obniz\w*|kedvezmeny\w*|tarjous\w*|ale$|alennus\w*|reducere\w*|indirim\w*|kampanya\w*|акци\w*|скидк\w*|"
    r"распродаж\w*|знижк\w*)"
)
_ASIAN_OFFER = re.compile(
    r"セール|特価|特売|割引|キャンペーン|促销|促銷|特卖|特賣|特价|特價|特惠|优惠|優惠|折扣|活动价|活動價|할인|행사|세일|특가|프로모션|이벤트|ลดราคา|โปร(?![กดตไ])|ราคาพิเศษ"
)
_CONDITION = re.compile(r"vip|member|club|会员|會員|会員|회원|쿠폰|拼团|团购|预售|havale", re.IGNORECASE)
"""Prices for some customers, or for one way to pay or to order. They are not offers for all customers."""
_REDUCTION = re.compile(
    r"(?:discounts?|rabatt(?:e|er)?|rabat(?:y|ter)?|remises?|descuentos?|descontos?|scont[oi]|korting(?:en)?|alennus|slev[ay]|"
    r"zlav[ay]|kedvezmeny|reducer[ei]|indirim|znizk[ai]|obnizk[ai]|rebajas?|discont|iskonto|popust|скидк[аи]|знижк[аи]|отстъпк[аи])"
    r"(?:s?(?:betrag|wert|summe|satz|belopp|sats|bedrag|belob|prozent|procent|percentage))?"
)
"""Nouns for a reduction. Alone, or beside a word for an amount, they mean the amount by which the price is reduced."""
_ASIAN_REDUCTION = re.compile(r"(?:割引|値引|折扣|优惠|優惠|할인)(?:率|額|额|金額|金额|율|률|액|금액)?$")
_LEAST = re.compile(r"\bmin\w{0,4}\.?\s*\d", re.IGNORECASE)
_AMOUNT = words("betrag amount amounts value values")
_REDUCED_NOUN = re.compile(r"(?:prices?|preis|pris|prijs)_(?:discounts?|rabatt|rabat|korting)")
_FIRST = words(
    "from fromdate beginnt startet begint commence empieza comienza start starts started startat startsat startdate "
    "startdatum startdato begin begins begindatum beginn ab von vom seit od odkdy oddatum since desde inicio inicia "
    "du debut datedebut dal dalla da inizio decorrenza vanaf van fran fra alkaen alkaa alku tol kezdete kezdet dela "
    "din inceput baslangic baslama с от початок начало начала validfrom gultigab gultigvon zacatek poczatek datastart "  # noqa: RUF001
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
"""Prepositions before the word for the offer that do not say which day it is: `Data da oferta`, `Fin du promo`."""
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
_SHORT_PRICE = words("p pr px")
_TIME_ZONES = words("gmt utc")
MAX_OFFER_NAME = 60
_MIN_DAYS = 0.8
"""The least share of the values of a column that are days."""


def find_offers(
    plan: Plan,
    columns: Columns,
    mapping: Mapping[str, str | None],
    currency: str,
    earlier: Sequence[str] = (),
    *,
    earlier_order: bool | None = None,
) -> OfferColumns | None:
    """Return the columns of the offers, or None if the file has no offers or does not say when its offers are valid.

    `earlier` are the columns of offers of the catalog's earlier file: its offer, and then its days. If these columns
    are blank in this file, they keep this meaning. `earlier_order` says whether the month was before the day in earlier
    files. It decides which day `03/04/2026` is. `currency` is the currency of the catalog. If no earlier file has shown
    the order, `03/04/2026` is in March for USD.
    """
    if not plan.prices or any(question.key == "price" for question in plan.questions):
        return None
    if "offers" in mapping and not mapping["offers"]:
        return None
    if "price" not in mapping:
        plan.prices = _regular_prices(plan, columns)
    if plan.validity is not None or (plan.computed and any(plan.computed.get(each.column) for each in plan.prices)):
        return None
    prices = [number for number in _offer_prices(plan, columns, currency) if number not in _used(plan)]
    if mapping.get("offers"):
        prices = [number for number, name in enumerate(plan.header) if is_named(name, mapping["offers"])][:1]
    offers = _offers_with_days(plan, columns, prices)
    if offers is None:
        plan.questions += undated_question(plan, columns, mapping, prices)
        return None
    all_cells = cells_of(columns, offers)
    month_first = order_of_offers(columns, offers, mapping, currency, earlier_order)
    questions = order_question(columns, offers)
    for price, days in offers:
        cells = cells_of(columns, [(price, days)])
        order = order_of_offer(cells, mapping, month_first)
        if cells and order is not None:
            orders = orders_of_columns(columns, days, mapping, order)
            return OfferColumns(price, *days, orders, stated_order(all_cells))
        if mapping.get("offers") and not cells:
            return OfferColumns(price)  # a user has decided that the offers are valid now
        if questions and order_question(columns, [(price, days)]):
            break  # The next offer must not replace this one without an answer.
    plan.questions += questions
    if mapping.get("offers"):
        return None
    is_month_first = currency == "USD" if earlier_order is None else earlier_order
    earlier_offers = _earlier_offers(plan, columns, earlier, month_first=is_month_first)
    if earlier_offers is None and not all_cells:
        plan.questions += undated_question(plan, columns, mapping, prices)
    return earlier_offers


def _offers_with_days(plan: Plan, columns: Columns, prices: Sequence[int]) -> list[OfferDays] | None:
    """Return the columns of the days of each offer, or None if the days of the first offer are not understood.

    The columns of an offer can be blank.
    """
    offers: list[OfferDays] = []
    for price in prices:
        roles = _named_days(plan, columns, price, days_of_others(plan.header, price, prices, _OFFER))
        if roles is None:
            return offers if cells_of(columns, offers) else None
        roles = roles or _days_beside(plan, columns, price)
        offers.append((price, (roles.get("first"), roles.get("last"), roles.get("both"))))
    return offers


def _earlier_offers(plan: Plan, columns: Columns, earlier: Sequence[str], *, month_first: bool) -> OfferColumns | None:
    """Return the columns of offers of the earlier file, if the first rows of this file have no offer or no day."""
    by_name = {fold(name): number for number, name in reversed(list(enumerate(plan.header)))}
    numbers_of_earlier = [by_name.get(fold(name)) for name in earlier]
    if len(numbers_of_earlier) < 2 or None in numbers_of_earlier:
        return None
    price, *days = [number for number in numbers_of_earlier if number is not None]
    is_blank_offer = columns[price].is_empty
    has_days = any(not is_blank(cell) for number in days for cell in columns[number].cells)
    if price in _used(plan) or has_days or not (is_blank_offer or share_of_amounts(columns[price]) >= 0.5):
        return None
    roles = _roles_of_names(plan, price, days)
    if len(roles) < len(days):
        return None
    return OfferColumns(price, roles.get("first"), roles.get("last"), roles.get("both"), (month_first,) * 3)


def _roles_of_names(plan: Plan, price: int, days: Sequence[int]) -> dict[Role, int]:
    """Return the columns with the first and the last day of an offer. Only the names of the columns are considered."""
    roles: dict[Role, int] = {}
    for number in days:
        name = plan.header[number]
        role = _role(name) if _names_offer(name) else _role_beside(name) if price < number < price + 3 else None
        roles.setdefault(role or "both", number)
    return roles


def columns_of_named_offers(plan: Plan, columns: Columns) -> set[int]:
    """Return the columns whose names mean an offer or its days. The result is empty if the offers have no days."""
    names = [(number, name) for number, name in enumerate(plan.header) if _names_offer(name)]
    prices = {number for number, name in names if (price := name_of_price(name)) and price.kind == "offer"}
    days = {number for number, name in names if _role(name) and number not in prices}
    beside = {number + step for number in prices for step in (1, 2) if number + step < len(plan.header)}
    days |= {number for number in beside - prices if _role_beside(plan.header[number])}
    has_offers, has_days = (any(not columns[each].is_empty for each in group) for group in (prices, days))
    return prices | days if prices and days and (has_days or not has_offers) else set()


def _regular_prices(plan: Plan, columns: Columns) -> list[PriceColumn]:
    """Return the columns of the regular price.

    If the price is an offer with days, the regular price is the crossed-out or recommended price, such as the Czech
    `Běžná cena`. Beside an offer without days, such a price is not used.
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
    """Return the columns of other fields, and the first column of the price. They are not columns of offers.

    The further columns of the price are not returned. In a known export, the second column can be an offer.
    """
    fields = {name: numbers for name, numbers in plan.field_columns.items() if name != "price"}
    return {plan.prices[0].column, *(number for numbers in fields.values() for number in numbers)}


def _words(name: str) -> tuple[str, ...]:
    return split_words(_CAMEL.sub(" ", name[:100].replace("t/m", "tot")))


def _names_offer(name: str) -> bool:
    return any(_OFFER.match(word) for word in _words(name)) or _ASIAN_OFFER.search(name) is not None


def _is_another_amount(name: str) -> bool:
    """Return whether a name means a reduction, such as `Discount amount`, or a price that is not for one piece."""
    if is_for_a_measure(name) or names_a_package(name) or _LEAST.search(name) or _ASIAN_REDUCTION.search(name):
        return True
    quantity = quantity_in_name(name)
    if quantity is not None and quantity[0] != 1:
        return True
    tokens = _words(name)
    if _REDUCED_NOUN.fullmatch("_".join(tokens[-2:])):  # `Price discount`
        return True
    price = name_of_price(name)
    reduces = any(map(_REDUCTION.fullmatch, tokens))
    return (price is None and reduces) or (
        price is not None and price.is_weak and (reduces or not _AMOUNT.isdisjoint(tokens))
    )


def _is_bare_offer(name: str, currency: str) -> bool:
    """Return whether a name is only a word for an offer, possibly with the currency: `Akce`, `Promo EUR`."""
    tokens = [word for word in _words(name) if numbers.currency_code(word.upper(), currency) != currency]
    tokens = [word for word in tokens if word not in _SHORT_PRICE]
    completed = price_name(fold(plain_name(f"price {name}"))) if len(name) <= MAX_OFFER_NAME else None
    is_offer = completed is not None and completed.kind == "offer" and completed.currency in (None, currency)
    if is_offer and _role(name) is None:  # `Oferta c/IVA`
        return True
    is_asian = len(tokens) == 1 and _ASIAN_OFFER.search(name)
    is_bare = is_asian or all(_OFFER.fullmatch(word) for word in tokens)
    return bool(is_bare) and _role(name) is None and not any(map(str.isdigit, name))


def _offer_prices(plan: Plan, columns: Columns, currency: str) -> list[int]:
    """Return the columns with the prices of offers.

    Columns with the same tax as the file's price come first. A column such as `Akce` contains prices of offers if its
    values are amounts with decimals or currencies, and not percentages. Columns with the amount of a reduction, or with
    the price of a quantity, a measure or a package, are left out.
    """
    sold = name_of_price(plan.header[plan.prices[0].column])
    ranked: list[tuple[int, int]] = []
    for number, header in enumerate(plan.header):
        named = None if _CONDITION.search(header) else name_of_price(header)
        is_offer = _names_offer(header) or (named is not None and named.kind == "offer")
        facts = columns[number] if is_offer and not internal_part(header) else None
        if facts is None or facts.is_empty or share_of_amounts(facts) < 0.5 or _is_another_amount(header):
            continue
        name = name_of_price(header)
        if name is None:
            is_amount = any("." in cell or "," in cell or not cell.isascii() for cell in facts.cells)
            is_amount = is_amount or is_below(columns, plan.prices[0].column, number)
            if (
                not is_amount
                or any("%" in cell for cell in facts.cells)
                or not _is_bare_offer(header, plan.prices[0].currency or currency)
            ):
                continue
            ranked.append((2, number))
        elif name.kind == "offer" and name.tax in (None, sold.tax if sold else None) and name.currency in (
            None, plan.prices[0].currency or name.currency,
        ):  # fmt: skip
            ranked.append((0 if sold and name.tax == sold.tax else 1, number))
    return [number for _, number in sorted(ranked)]


def _named_days(plan: Plan, columns: Columns, price: int, others_days: Collection[int] = ()) -> dict[Role, int] | None:
    """Return the columns of days whose names contain a word for an offer, without those of other offers.

    It returns None if such a column has values that are neither days nor numbers. If this column were ignored, an offer
    would seem to be valid forever.
    """
    roles: dict[Role, int] = {}
    others: list[int] = []
    for number, name in enumerate(plan.header):
        is_other = number == price or number in others_days
        if is_other or not _names_offer(name) or not _TIME_ZONES.isdisjoint(_words(name)):
            continue
        role = _role(name)
        if role and role not in roles:
            if _has_days(columns, number, role):
                roles[role] = number
            elif role != "both" and columns[number].share("is_number") < 0.5:
                return None
        elif role is None and "both" not in roles and _has_days(columns, number, "both"):
            roles["both"] = number
        elif role is None and _has_days(columns, number, "last") and not columns[number].is_empty:
            others.append(number)
    if "both" in roles and len(roles) > 1:
        del roles["both"]
    others = others or unnamed_days(columns, price, roles)
    if others and "both" not in roles:
        return with_unnamed_days(columns, roles, others)
    return {} if all(columns[number].is_empty for number in roles.values()) else roles


def _days_beside(plan: Plan, columns: Columns, price: int) -> dict[Role, int]:
    """Return the columns of days directly after the offer, such as `von` and `bis`, `Valid from` and `Valid to`."""
    roles: dict[Role, int] = {}
    if days := days_by_values(columns, price):
        return {"first": days[0], "last": days[1]}
    for number in range(price + 1, min(price + 3, len(plan.header))):
        role = _role_beside(plan.header[number])
        if role is None or role in roles or not _has_days(columns, number, role):
            break
        roles[role] = number
    return roles


def _role_beside(name: str) -> Role | None:
    """Return which day of an offer the name of a column directly after this offer means: `von`, `Valid to`."""
    forms, tokens = name_forms(name), set(_words(name))
    if any(map(is_first_day, forms)):
        return "first"
    if any(map(is_last_day, forms)):
        return "last"
    if tokens and tokens <= _FIRST | _LAST:
        return "first" if tokens <= _FIRST else "last"
    return None


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
    """Return whether the values of a column are days.

    A blank column counts as a column of days if the other column of the offer has days.
    """
    cells: Sequence[str] = [cell for cell in columns[number].cells if not is_blank(cell)]
    read = period_of if role == "both" else moment_of
    if not cells:
        return role != "both"
    return sum(read(cell) is not None for cell in cells) >= _MIN_DAYS * len(cells)
