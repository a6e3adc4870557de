"""Finds the currency that a title or a footer names in words: `цены в рублях`, `Ceny w złotych`, `単位: 円`.

`notes` contains the words of Western European languages. This module contains the words of other languages in many
forms, because most of these languages inflect the words. Some words name several currencies. For example, `pesos` are
Mexican or Colombian (see `shared_currencies`).
"""

# ruff: noqa: RUF001

import re

from wecelebrate.feeds.prices.names import NAMED_CURRENCIES
from wecelebrate.feeds.vocabulary.words import words

_CONTEXT = re.compile(
    r"price|preis|prix|precio|prezz|pre[çc]o|prij[sz]|\bpris(?!m)|listino|tarif|\bcen[aeyníou]\w{0,5}\b|\bcijen|cennik|ceník|"
    r"cenník|cjenik|cenik|hinna|\bhin[dt]|\b[áa]rak|\bár(?:ak|lista|jegyzék)?\b|kain|prețuri|preturi|preţuri|\bpreț|\bpret|"
    r"fiyat|verð|\bgiá\b|harga|\bbei\b|\brates?\b|\bcmim|çmim|цен|цін|цэн|кошт|прайс|прейскурант|баға|нарх|үнэ|τιμ|מחיר|سعر|أسعار|اسعار|"
    r"قیمت|price|価格|単価|定価|値段|売価|价格|單價|单价|價格|售价|售價|가격|단가|ราคา|"
    r"単位|单位|單位|단위|đơn vị|currency|w(?:ä|ae)hrung|devise|moneda|divisa|valuta|munt\b|waluta|měna|mena\b|moeda|"
    r"pénznem|valiuta|valūta|valuuta|para birimi|tiền tệ|mata uang|валют|νόμισμα|מטבע|عملة|العملة|สกุลเงิน|"
    r"通貨|货币|貨幣|通货|통화",
    re.IGNORECASE,
)
_KRONA, _FRANC = ("SEK", "NOK", "DKK", "ISK", "CZK"), ("XAF", "XOF")
_PESO = ("MXN", "ARS", "CLP", "COP", "UYU", "DOP", "PHP", "CUP")
_DINAR = ("RSD", "KWD", "BHD", "JOD", "TND", "DZD", "IQD", "LYD")
_RUPEE, _RIYAL = ("INR", "PKR", "LKR", "NPR", "MUR"), ("SAR", "QAR", "OMR", "YER")
_WORDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"бел\w*\.? руб\w*|byn", ("BYN",)),
    (r"росс\w*\.? руб\w*|руб\w*\.? рф|rur", ("RUB",)),
    (r"руб(?:\.|л\w*)?|rubl\w*|roubles?|rubles?|₽", ("RUB", "BYN")),
    (r"тенге|теңге|тг\.?|₸", ("KZT",)),
    (r"гривн\w*|гривень|грн\.?|₴", ("UAH",)),
    (r"сом(?:ах|ов|дор)", ("KGS", "UZS")),
    (r"сум(?:ах|ов)|so'?m", ("UZS",)),
    (r"лев(?:а|ове|ах)|лв\.?", ("BGN",)),
    (r"драм(?:ах|ов)", ("AMD",)),
    (r"лари", ("GEL",)),
    (r"манат\w*|manat\w*", ("AZN", "TMT")),
    (r"ден(?:ари|ар|\.)?", ("MKD",)),
    (r"динар\w*|дин\.?", ("RSD",)),
    (r"dinar(?:ima|a|i)|din\.", ("RSD",)),
    (r"төгрөг|төг\.?", ("MNT",)),
    (r"евро|євро|евра|euri(?:ma)?|eurima|eur[ao]ch|eurách|eurih|euroi?na|eurodes|eur(?:ais|ų)|eurus?|eiro|ευρώ|"
     r"avro|evrih|evro|eura", ("EUR",)),
    (r"долл?ар\w* сша|долл?ар\w*|у\.? ?е\.?|dolari(?:ma)?|dolar(?:ach|ech|lar|u)?|"
     r"đô la", ("USD",)),
    (r"z[łl]ot(?:ych|y|e|ówkach)", ("PLN",)),
    (r"korun(?:ách|ach|y)?", ("CZK",)),
    (r"forint\w{0,4}|ft-ban|(?<=ak )ft|(?<=ak: )ft", ("HUF",)),
    (r"\blei\b|\bron\b", ("RON", "MDL")),
    (r"t[üu]rk liras[ıi]\w{0,2}|lira(?:s[ıi])?\b|\btl\b|₺", ("TRY",)),
    (r"svensk\w* kron\w*", ("SEK",)), (r"dansk\w* kron\w*", ("DKK",)), (r"norsk\w* kron\w*", ("NOK",)),
    (r"íslensk\w* krón\w*|krónum|krónur", ("ISK",)),
    (r"kronor", ("SEK",)), (r"kroner", ("DKK", "NOK")), (r"kr\b\.?", _KRONA),
    (r"nt\$", ("TWD",)), (r"hk\$", ("HKD",)), (r"đồng|vnđ|₫", ("VND",)),
    (r"rupiah|\brp\b\.?", ("IDR",)), (r"ringgit|\brm\b", ("MYR",)),
    (r"indian rupees?|rupees? inr|₹", ("INR",)), (r"pakistani rupees?", ("PKR",)),
    (r"sri lankan? rupees?", ("LKR",)), (r"rupees?|\brs\b\.?", _RUPEE),
    (r"reais|real brasileiro|r\$", ("BRL",)), (r"guaran[íi]e?s|\bgs\b\.?|₲", ("PYG",)),
    (r"nuevos soles|(?<=en )soles|soles peruanos", ("PEN",)),
    (r"quetzales", ("GTQ",)), (r"lempiras", ("HNL",)), (r"bolívares", ("VES",)), (r"colones", ("CRC",)),
    (r"pesos mexicanos|m\.?n\.", ("MXN",)), (r"pesos argentinos", ("ARS",)), (r"pesos chilenos", ("CLP",)),
    (r"pesos colombianos", ("COP",)), (r"pesos uruguayos", ("UYU",)), (r"pesos dominicanos", ("DOP",)),
    (r"philippine pesos?", ("PHP",)), (r"(?<!\by )pesos?", _PESO),
    (r"f(?:rancs?)?\.? ?cfa", _FRANC), (r"francs? pacifique", ("XPF",)), (r"francs? congolais", ("CDF",)),
    (r"dirhams? marocains?|dhs?\b\.?|dirhams?", ("MAD", "AED")), (r"dinars? tunisiens?", ("TND",)),
    (r"dinars? alg[ée]riens?", ("DZD",)), (r"dinars?", _DINAR),
    (r"saudi riyals?", ("SAR",)), (r"qatari riyals?", ("QAR",)),
    (r"riyals?", _RIYAL), (r"egyptian pounds?", ("EGP",)), (r"lebanese pounds?", ("LBP",)),
    (r"naira|₦", ("NGN",)), (r"cedis?|₵", ("GHS",)), (r"(?:in|south african) rands?", ("ZAR",)),
    (r"shilingi|shillings?|ksh|tsh|ush", ("KES", "TZS", "UGX")),
    (r"canadian dollars?|dollars? canadiens?", ("CAD",)), (r"australian dollars?", ("AUD",)),
    (r"new zealand dollars?", ("NZD",)), (r"hong kong dollars?", ("HKD",)), (r"singapore dollars?", ("SGD",)),
    (r"lekë|leke|(?<=në )lek", ("ALL",)), (r"konvertibiln\w* mar\w*", ("BAM",)),
)  # fmt: skip
_FREE: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"ยูโร|ユーロ|欧元|歐元|유로", ("EUR",)), (r"ดอลลาร์|ドル(?!チ)|美元|美金|달러", ("USD",)),
    (r"日本円|円", ("JPY",)), (r"人民[币幣]", ("CNY",)), (r"新?[台臺][币幣]", ("TWD",)), (r"港[币幣元]", ("HKD",)),
    (r"(?<=[单价币].)元|(?<=[单价币]..)元", ("CNY",)), (r"元(?!素|件)", ("CNY", "TWD", "HKD")),
    (r"원화|(?<=[\s:\uff1a(\uff08])원(?!\w)|원(?=\s|$)", ("KRW",)),
    (r"บาท|฿", ("THB",)), (r"ש[\"״']{1,2}ח|שקל|₪", ("ILS",)), (r"אירו|يورو", ("EUR",)), (r"דולר|دولار", ("USD",)),
    (r"ريال (?:ال)?سعودي", ("SAR",)), (r"ريال (?:ال)?قطري", ("QAR",)), (r"ريال (?:ال)?عماني", ("OMR",)),
    (r"ريال", _RIYAL),
    (r"درهم (?:[اإ]ماراتي|ال[إا]مارات)", ("AED",)), (r"درهم مغربي", ("MAD",)), (r"درهم", ("MAD", "AED")),
    (r"جنيه (?:ال)?مصري", ("EGP",)), (r"جنيه", ("EGP", "SDG")), (r"دينار كويتي", ("KWD",)),
    (r"دينار [أا]ردني", ("JOD",)),
    (r"دينار", _DINAR), (r"تومان", ("IRT",)), (r"ریال", ("IRR",)), (r"रुपये|रुपए", ("INR",)),
    (r"روپے", ("PKR", "INR")),
)  # fmt: skip
"""Words of languages that write no spaces between words, or that join prepositions to words."""
_CODE = re.compile(
    rf"(?:\b(?i:in|en|em|i|w|v|u|na|su|som|în|bằng|dalam|cinsinden|в|у|у\.)\s+|[(\[:\uff1a]\s*)"
    rf"(?P<code>{'|'.join(code.upper() for code in NAMED_CURRENCIES)})\b"
)
_CODE_BESIDE = re.compile(rf"\b({'|'.join(code.upper() for code in NAMED_CURRENCIES)})\b")
_LETTER = r"[^\W\d_]"
_PATTERN = re.compile(
    "|".join(
        (
            *(f"(?P<b{at}>(?<!{_LETTER})(?:{words})(?!{_LETTER}))" for at, (words, _) in enumerate(_WORDS)),
            *(f"(?P<f{at}>{words})" for at, (words, _) in enumerate(_FREE)),
        )
    ),
    re.IGNORECASE,
)
_CODES = {
    **{f"b{at}": codes for at, (_, codes) in enumerate(_WORDS)},
    **{f"f{at}": codes for at, (_, codes) in enumerate(_FREE)},
}


def currencies_of_title(title: str) -> tuple[str, ...]:
    """Return the currencies that a title about prices names.

    Several currencies are returned only if they share a word. If a title names two currencies, the result is empty.
    """
    if not _CONTEXT.search(title):
        return ()
    named = {_CODES[match.lastgroup or ""] for match in _PATTERN.finditer(title) if _is_currency(title, match)}
    named |= {
        (match["code"],) for match in _CODE.finditer(title)
        if match["code"] not in WORD_CODES or _ENDS.match(title, match.end())
    }  # fmt: skip
    beside = {match[1] for match in _CODE_BESIDE.finditer(title)}  # `Pesos MXN` and `kr (NOK)`
    named |= {(code,) for code in beside if any(code in codes for codes in named)}
    common = set.intersection(*map(set, named)) if named else set[str]()
    return tuple(code for codes in sorted(named, key=len)[:1] for code in codes if code in common)


def _is_currency(title: str, match: re.Match[str]) -> bool:
    """Return whether a match is a currency, and not a part of a name. `RM`, `Ron` and `Lira` can also be names.

    A short word is a currency only after a preposition or a word for a price, or at the end of the text. A name must
    not follow the short word.
    """
    if sum(map(str.isalpha, match[0])) > MAX_SHORT or not match[0].isascii():
        return True
    if _ENDS.match(title, match.end()):
        return True
    before = title[: match.start()].rstrip()
    last = before.rpartition(" ")[2]
    follows = last.casefold() in _PREPOSITIONS or before[-1:] in _OPENING or _CONTEXT.match(last) is not None
    return bool(before) and follows and not _NAME_AFTER.match(title, match.end())


MAX_SHORT = 4
_PREPOSITIONS = words("in en em i w v u na su som în per kwa dalam cinsinden bằng")
_OPENING = frozenset("(:[\uff1a")
_ENDS = re.compile(r"[\s.)\]*]*$|\s*[)\],;]")
_NAME_AFTER = re.compile(r"[-&+']|\.?\s*(?:[^\W\d_a-zà-ÿ]|\d)")
WORD_CODES = frozenset(("COP", "PEN", "PHP", "TRY"))
"""Codes of currencies that are words too: `Prices: TRY before you buy`."""
