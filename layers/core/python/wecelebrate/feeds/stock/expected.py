"""Reads expected and reserved pieces in the cell of a stock, such as `0 (5 on order)` and `50 (8 reserved)`.

These pieces are not counted, because expected pieces are not in stock yet, and reserved pieces are sold.
"""

import re

_INCOMING = (
    r"(?:on order|ordered|incoming|in transit|due|expected|arriv\w*|eta|restock\w*|back on|back in|"
    r"available (?:from|on|again)|"
    r"bestellt|nachbestellt|im zulauf|zulauf|erwartet|unterwegs|lieferbar (?:ab|am)|wieder (?:ab|am|da)|verfügbar ab|"
    r"eintreffend|ab kw|kw|commandés?|en commande|attendus?|prévus?|réappro\w*|livraison|"
    r"dispo(?:nible)? (?:le|à partir du)|pedidos?|en camino|en tránsito|previsto|llegada|"
    r"disponible (?:el|desde|a partir)|in ordine|ordinati|in arrivo|arrivo|previsti|disponibile (?:dal|il)|"
    r"encomendad[oa]s?|a caminho|previsão|besteld|verwacht|onderweg|leverbaar vanaf|i ordre|bestilt|ventes|på väg|"
    r"beställd\w*|väntas|tulossa|zamówion\w*|w drodze|dostawa|oczekiwan\w*|objednáno|na cestě|rendelve|érkezik|yolda|"
    r"beklenen|заказано|ожидается|в пути|поступление|入荷予定|入荷|预计|預計|입고예정)"
)
_MONTH = r"[^\W\d_]{3,10}\.?"
_DAY = (
    r"(?:\d{1,4}[./-]\d{1,2}[./-]\d{2,4}|\d{1,2}[./-]\d{1,2}\.?|\d{1,2}\s?/\s?\d{4}"
    rf"|\d{{1,2}}\.?\s+{_MONTH}(?:\s+\d{{2,4}})?|{_MONTH}\s+\d{{1,2}},?\s+\d{{4}}"
    r"|(?:(?:kw|week|wk|uge|vecka|semaine|sem\.?)\s?)?\d{1,2}(?:\s?/\s?\d{2,4})?"
    r"|\d{4}年\d{1,2}月(?:\d{1,2}日)?|\d{1,2}月\d{1,2}日)"
)
_DATE = re.compile(rf"{_INCOMING}\s*:?\s*(?:the |dem |le |el |il )?{_DAY}|{_DAY}\s*{_INCOMING}", re.IGNORECASE)
_WORD = re.compile(_INCOMING, re.IGNORECASE)
_UNITS_OF_TIME = (
    r"(?:(?:business |working )?days?|weeks?|wks?|months?|(?:arbeits|werk)?tagen?|wochen?|monaten?|jours?|semaines?|"
    r"mois|d[ií]as?|semanas?|mes(?:es|i|e)?|mês|giorn[io]|settiman[ae]|(?:werk)?dag(?:en|e|ar|er)?|weken|"
    r"maand(?:en)?|ug(?:e|er)|uker?|veck(?:a|or)|måned(?:er)?|månad(?:er)?|päivää|viikkoa?|kuukautta|dni|tygodni[ea]?|"
    r"miesi[ąę]cy?|dnů|týdn[yů]|týždň(?:e|ov)|měsíc[eů]?|nap|hét|hónap|zile|săptămâni|luni|gün|hafta|ay|дн(?:я|ей|ів)|"
    r"недел[яиью]|тижн[яі]|месяц(?:ев|а)?|"  # noqa: RUF001
    r"営業日|日|週間|か月|ヶ月|天|周|个月|일|주|개월|ngày|tuần|hari|minggu)"
)
_BEFORE_A_TIME = (
    r"(?:ab|from|vom|dès|desde|dal|vanaf|od|fra|från|in|en|delivery|delivery time|ships?|ships? in|lead time|"
    r"lieferzeit|lieferung|délai|plazo|entrega|consegna|levertijd|leveringstid|leveranstid|czas dostawy|dodání|срок)"
)
_ABOUT = r"(?:(?:ca|approx|env)\.?\s*|circa |about |environ )?"
_NUMBER_OF_UNITS = rf"\d{{1,3}}(?:\s?(?:-|\u2013|to|bis|à|a|till?|do|tot)\s?\d{{1,3}})?\s?{_UNITS_OF_TIME}"
_TIME = re.compile(
    rf"(?:(?:{_INCOMING}|{_BEFORE_A_TIME})\s*:?\s*)?{_ABOUT}(?:{_DAY}|{_NUMBER_OF_UNITS})", re.IGNORECASE
)
_DURATION = re.compile(_ABOUT + _NUMBER_OF_UNITS, re.IGNORECASE)
_REMARK = re.compile(
    rf"(\d[\d.,' ]{{0,20}}?)\s*"
    rf"(?:\(\s*\+?(?:\d{{1,9}}\s*)?{_INCOMING}[^()]{{0,40}}\)|\+\s?\d{{1,9}}\s*{_INCOMING})",
    re.IGNORECASE,
)


def is_expected(text: str) -> bool:
    """Return whether a text is only the day or the number of expected pieces, such as `due 15/12/2026`."""
    return _DATE.fullmatch(text) is not None


def is_time(text: str) -> bool:
    """Return whether a text is only a day or a time of delivery, with or without words: `14/12`, `ca. 2-3 weeks`."""
    return is_expected(text) or is_unknown(text) or _TIME.fullmatch(text) is not None


def is_duration(text: str) -> bool:
    """Return whether a text is a number of days, weeks or months: `2 weeks`, `ca. 10-14 Tage`. `12 Stk` is none."""
    return _DURATION.fullmatch(text) is not None


def is_unknown(text: str) -> bool:
    """Return whether a text is only a word such as `expected`, without the date or the number of expected pieces."""
    return _WORD.fullmatch(text) is not None


def without_expected(text: str) -> str:
    """Return the text without a remark about expected pieces. For example, `0 (5 on order)` becomes `0`."""
    remark = _REMARK.fullmatch(text)
    return remark[1] if remark else text


_RESERVED = (
    r"(?:reserv\w*|vorgemerkt|zugeteilt|verkauft|allocated|committed|on hold|held|blocked|gesperrt|réserv\w*|bloqué\w*|"
    r"rezerw\w*|rezerv\w*|gereserveerd|comprometid\w*|apartad\w*|impegnat\w*|bloccat\w*|varattu\w*|foglalt\w*|"
    r"зарезерв\w*|(?:в )?резерве?|引当済?|予約済?|取置き?|已?预留|已预订|예약)"
)
_FREE = (
    r"(?:free|available|frei|verfügbar|disponibles?|libres?|libre|disponibili|liberi|disponíveis|livres|vrij|"
    r"beschikbaar|ledige?|tilgængelige?|tilgjengelige?|lediga|tillgängliga|vapaana|wolne|dostępne|volné|szabad|свободно)"
)
_OF = (
    r"(?:of which|thereof|davon|hiervon|dont|di cui|de l[oa]s cuales|dos quais|waarvan|hvoraf|hvorav|varav|joista|"
    r"w tym|z toho|ebből|din care|из них|из которых|в т\.? ?ч\.?|minus|less|abzgl\.?|abzüglich|moins|menos|meno)"
)
_PIECES = r"(?:pcs|pc|stk|stück|st|pieces?|pièces?|pezzi|szt|ks|db|uds?|шт|個)?\.?"
_RESERVED_REMARK = re.compile(
    rf"(\d[\d.' ]{{0,20}}?)\s*{_PIECES}\s*(?:[,;/(\[\u2013-]|{_OF})\s*{_OF}?\s*:?\s*"
    rf"(?:(?P<before>\d{{1,9}})\s*{_PIECES}\s*(?P<word>{_RESERVED}|{_FREE})"
    rf"|(?:{_RESERVED})\s*:?\s*(?P<after>\d{{1,9}}))\s*{_PIECES}\s*[)\]]?",
    re.IGNORECASE,
)
_FREE_WORD = re.compile(_FREE, re.IGNORECASE)


def without_reserved(text: str) -> tuple[str, int]:
    """Return the text without a remark about reserved pieces, and their number.

    For example, the result is 50 and 8 for `50 (8 reserved)`. The text for `50 (42 free)` is the number of free pieces.
    """
    remark = _RESERVED_REMARK.fullmatch(text)
    if remark is None:
        return text, 0
    if remark["word"] and _FREE_WORD.fullmatch(remark["word"]):
        return remark["before"], 0
    return remark[1], int(remark["before"] or remark["after"])
