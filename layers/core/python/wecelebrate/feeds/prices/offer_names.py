"""Recognises columns with offers, and columns with the days of offers, by their names."""

import re
from itertools import pairwise

from wecelebrate.feeds.columns.names import fold, name_forms
from wecelebrate.feeds.notation import numbers
from wecelebrate.feeds.prices.candidates import name_of_price
from wecelebrate.feeds.prices.days_by_values import Role
from wecelebrate.feeds.prices.names import price_name
from wecelebrate.feeds.prices.plain_names import plain_name
from wecelebrate.feeds.prices.tiers import is_for_a_measure, names_a_package, quantity_in_name
from wecelebrate.feeds.rows.validity import is_first_day, is_last_day
from wecelebrate.feeds.vocabulary import vocabulary
from wecelebrate.feeds.vocabulary.folding import split_words
from wecelebrate.feeds.vocabulary.words import words

OFFER = re.compile(
    r"(?:on)?(?:sale(?!s|able)|special(?!i[sz]|it)|promo\w*|offers?|discount\w*|clearance|reduced|aktions?|angebots?|sonder(?:preis|angebot)|"
    r"rabatt\w*|reduziert\w*|soldes?|remises?|ofertas?|rebaja\w*|descuento\w*|desconto\w*|sconto?|scontat\w*|offert[ae]|"
    r"saldi|actie(?!f|v)|aanbieding\w*|korting\w*|kampanj\w*|kampagne\w*|kampania|tilbuds?|erbjudande\w*|akc(?!ept)\w*|slev\w*|zlav\w*|"
    r"zniz\w*|wyprzedaz\w*|obniz\w*|kedvezmeny\w*|tarjous\w*|ale$|alennus\w*|reducere\w*|indirim\w*|kampanya\w*|акци\w*|скидк\w*|"
    r"распродаж\w*|знижк\w*)"
)
_ASIAN_OFFER = re.compile(
    r"セール|特価|特売|割引|キャンペーン|促销|促銷|特卖|特賣|特价|特價|特惠|优惠|優惠|折扣|活动价|活動價|할인|행사|세일|특가|프로모션|이벤트|ลดราคา|โปร(?![กดตไ])|ราคาพิเศษ"
)
CONDITION = re.compile(r"vip|member|club|会员|會員|会員|회원|쿠폰|拼团|团购|预售|havale", re.IGNORECASE)
"""Words for prices that are not for all customers, but for members, or for one way to pay or to order."""
_REDUCTION = re.compile(
    r"(?:discounts?|rabatt(?:e|er)?|rabat(?:y|ter)?|remises?|descuentos?|descontos?|scont[oi]|korting(?:en)?|alennus|slev[ay]|"
    r"zlav[ay]|kedvezmeny|reducer[ei]|indirim|znizk[ai]|obnizk[ai]|rebajas?|discont|iskonto|popust|скидк[аи]|знижк[аи]|отстъпк[аи])"
    r"(?:s?(?:betrag|wert|summe|satz|belopp|sats|bedrag|belob|prozent|procent|percentage))?"
)
"""Nouns for a reduction. Without a word for a price, they mean the amount by which the price is reduced."""
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
_FIRST |= frozenset(split_words(
    "بداية بدء يبدأ البدء البداية התחלה תחילת תחילה החל شروع آغاز mulai awal έναρξη έναρξης αρχή από pocetak "
    "početka pradžia pradžios nuo sākums sākuma algus alates почетак დაწყება प्रारंभ आरंभ inici mwanzo"
))  # fmt: skip
_LAST |= frozenset(split_words(
    "نهاية انتهاء ينتهي الانتهاء النهاية حتى סיום תום עד סוף פקיעת پایان berakhir akhir selesai sampai hingga "
    "tamat λήξη λήξης έως μέχρι τέλος kraj kraja završetak završetka isteka ističe pabaiga pabaigos iki līdz beigas "
    "beigu lõpp kuni lõpeb край крайна завершення крај დასრულება समाप्ति अंतिम fins mwisho hanggang"
))  # fmt: skip
_WEAK = words("da du von vom van din al do au fra til с по ab od de to")  # noqa: RUF001
"""Prepositions before the word for an offer that do not show which day is meant, as in `Data da oferta`."""
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
TIME_ZONES = words("gmt utc")
MAX_OFFER_NAME = 60
_DAY_AT_END = re.compile(r"(?<=[^\W\d_])\W{0,3}\d{1,4}([./-])\d{1,2}\1(?:\d{2,4})?\W{0,2}$")


def words_of_name(name: str) -> tuple[str, ...]:
    return split_words(_CAMEL.sub(" ", name[:100].replace("t/m", "tot")))


def names_offer(name: str) -> bool:
    return any(OFFER.match(word) for word in words_of_name(name)) or _ASIAN_OFFER.search(name) is not None


def names_day_of_offer(name: str) -> bool:
    """Return whether a name can mean a day of an offer, in any language: `تاريخ نهاية التخفيض`."""
    if names_offer(name):
        return True
    tokens, offers = words_of_name(name), vocabulary().words("prices.offer")
    pairs = ["".join(pair) for pair in pairwise(tokens)]
    return role_of_name(name) is not None and any(word in offers for word in (*tokens, *pairs))


def is_another_amount(name: str) -> bool:
    """Return whether a name means a reduction, such as `Discount amount`, or a price that is not for one piece."""
    if is_for_a_measure(name) or names_a_package(name) or _LEAST.search(name) or _ASIAN_REDUCTION.search(name):
        return True
    quantity = quantity_in_name(name)
    if quantity is not None and quantity[0] != 1:
        return True
    tokens = words_of_name(name)
    if _REDUCED_NOUN.fullmatch("_".join(tokens[-2:])):  # `Price discount`
        return True
    price = name_of_price(name)
    reduces = any(map(_REDUCTION.fullmatch, tokens))
    return (price is None and reduces) or (
        price is not None and price.is_weak and (reduces or not _AMOUNT.isdisjoint(tokens))
    )


def is_bare_offer(name: str, currency: str) -> bool:
    """Return whether a name is only a word for an offer, possibly with a currency, such as `Akce` and `Promo EUR`.

    The name can also end with the last day of all offers, as `Offer till 31/12/2030` does.
    """
    if day := _DAY_AT_END.search(name[:MAX_OFFER_NAME]):
        return all(OFFER.fullmatch(word) or word in _FIRST | _LAST for word in words_of_name(name[: day.start()]))
    tokens = [word for word in words_of_name(name) if numbers.currency_code(word.upper(), currency) != currency]
    tokens = [word for word in tokens if word not in _SHORT_PRICE]
    completed = price_name(fold(plain_name(f"price {name}"))) if len(name) <= MAX_OFFER_NAME else None
    is_offer = completed is not None and completed.kind == "offer" and completed.currency in (None, currency)
    if is_offer and role_of_name(name) is None:  # `Oferta c/IVA`
        return True
    is_asian = len(tokens) == 1 and _ASIAN_OFFER.search(name)
    is_bare = is_asian or all(OFFER.fullmatch(word) for word in tokens)
    return bool(is_bare) and role_of_name(name) is None and not any(map(str.isdigit, name))


def role_beside(name: str) -> Role | None:
    """Return which day a column directly after an offer contains, by its name, such as `von` or `Valid to`."""
    forms, tokens = name_forms(name), set(words_of_name(name))
    if any(map(is_first_day, forms)):
        return "first"
    if any(map(is_last_day, forms)):
        return "last"
    if tokens and tokens <= _FIRST | _LAST:
        return "first" if tokens <= _FIRST else "last"
    return None


def role_of_name(name: str) -> Role | None:
    """Return which day of an offer the name of a column means, or None."""
    tokens = words_of_name(name)
    offers = [bool(OFFER.match(word)) for word in tokens]
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
