"""Recognises columns that say whether a shop shows a product, by the known words of an unknown name.

Examples are `Mostrar en tienda`, `Vis i nettbutikk` and `Product visibility`. A column is recognised only if all its
values are states, and if all words of its name are known. `Gift wrap in shop` and `Active noise cancelling` contain
unknown words.
"""

import re
from collections.abc import Collection, Sequence
from functools import lru_cache

from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.columns.names import fold, inactive_names
from wecelebrate.feeds.columns.visibility import internal_part, words
from wecelebrate.feeds.states.for_sale import sale_state
from wecelebrate.feeds.states.marks import are_codes, is_bare_mark, is_mark_name
from wecelebrate.feeds.states.words import MARKS, are_yes_and_no, letters_of_yes_and_no, state_of
from wecelebrate.feeds.vocabulary.words import words as listed

_SHOWN = tuple(sorted(listed(
    "visib visible sichtbar zichtbaar synlig synligh widoczn viditeln vidljiv lathato nakyv nahtav matoma redzam "
    "vizibil "
    "publish published publie publicad publicar pubblica publiser publicer opublik zverejn objavlj publikuot "
    "live active enabled aktiv actif activ attiv ativ aktyw aktivn sellable saleable salable listed "
    "show shown display displayed anzeig afficher affiche mostrar mostra exibir tonen weergeven vis visa vises visas "
    "pokaz pokazuj zobraz prikaz nayta naita rodyti rodom radit goster arata afiseaz megjelen "
    "online onsite site shop web webu webshop onlineshop webstore eshop ecommerce website webb internet store "
    "storefront "
    "boutique enligne tienda lojavirtual loja negozio winkel webwinkel nettbutikk netbutik butik butikk natbutik "
    "verkkokaup sklep obchod trgovina prodavnica magazin magazyninternetowy webaruhaz webbolt veebipood epood "
    "parduotuv veikal magaza "
    "sell vente venta vendita venda verkoop verkauf salgs prodej prodaj prodat prodaz sprzedaz pardavim "
    "pardav pardot elado vanzare myynti myydaan muuk satis "
    "strona stronie nettsalg netsalg verfugbar lieferbar zeigen leverba verkrijgba beschikba disponib dostupn "
    "dostepn saadav saatav kaphato rendelheto elerheto ponuce ponuke nabidce laman papar dipapar tunjuk jual dijual "
    "jualan yayin publik публік публик розміщ размещ ιστοσελ διαδικτ δημοσι πωλησ διαθεσ "
    "הצג להציג מכירה זמין פורסם منشور متوفر للبيع نمایش فروش "
    "在售 展示 发布 發布 可见 可見 网店 網店 官网 出品 전시 게시 공개 "
    "витрин сайт магазин показ отобра показв видим опублик активен активн продаж продава магазин прода "
    "εμφανι ενεργο καταστημα ορατο ηλεκτρονικ معروض للبيع عرض المتجر مفعل ظاهر متاح נראה מוצג באתר בחנות פעיל "
    "表示 公開 販売 掲載 上架 显示 顯示 销售 发布 启用 판매 진열 노출 표시"
), key=len, reverse=True))  # fmt: skip
"""The words for "shown" in many languages. For words with several endings, only the beginning is listed."""
_FURTHER_SHOWN = tuple(map(fold, listed(
    "ওয়েবে ওয়েবসাইটে অনলাইনে দোকানে দেখা প্রদর্শন প্রকাশ বিক্রি वेब वेबसाइट ऑनलाइन दुकान दिखा प्रदर्शित प्रकाशित बिक्री "
    "tampil ditampilkan situs toko onyesha mtandao tovuti duka ipakita tindahan "
    "hien hienthi trang ban يظهر إظهار الموقع موقع نشر منشور نمایش سایت فروشگاه "
    "сайт витрин webe weblap naytet svetain rodoma naudojama majaslap rada vebsait vefn syna vefverslun netversl "
    "แสดง แสดงบนเว็บ แสดงในเว็บ แสดงหน้าเว็บ แสดงบนเว็บไซต์ แสดงในร้าน ขายออนไลน์ აჩვენ საიტ"
)))  # fmt: skip
"""Further words for "shown". `fold` removes the vowel signs, and the sign above letters such as `й`."""
_NOT = listed(
    "not don dont doesn nicht kein ne pas no non nao niet geen ikke ikkje inte ej ei nie nije nem nu ikkje ekki "
    "не ні δεν μην لا غير לא ไม่ không khong tidak jangan"
)
"""Words that reverse the meaning of a name, for example in `Nicht anzeigen` and `Vis ikke i nettbutikk`."""
_NOT_BEFORE = ("ne", "nie", "не")
"""Words for "not" that are written together with the verb, as in `Nezobrazovať`."""
_NUMBER = re.compile(r"\bno[.:\u00b0\u00ba]", re.IGNORECASE)
"""Matches `No.`, which means "number", and not the word "no"."""
_HIDDEN = tuple(sorted(listed(
    "hidden hide obsolet discontinu inactive disabled delisted archived archiviert retired blocked withdrawn "
    "ausgeblendet versteckt verborgen deaktiviert gesperrt ausgelistet masque cache desactive archive supprime "
    "oculto ocultar ocultado desactivad inactivo descatalogad descontinuad nascosto nascondi disattivat archiviat "
    "sommeil "
    "oculta desativad inativo inactief verborg gearchiveerd verlopen skjult skjul inaktiv spaerret sperret utgatt "
    "udgaet dold dolj utgang ukryt nieaktywn zarchiwizow wycofan skryt neaktivn vyrazen archivov sakrij skriven "
    "neaktiv rejtett inaktiv piilot arhiveeritud peidetud paslept neaktyv slept neaktivs gizli pasif ascuns dezactiv "
    "disattiv blokovan blokowan "
    "скрыт неактив архив заблок прихован неактивн 非表示 隐藏 隱藏 下架 停用 숨김 مخفي مؤرشف מוסתר "
    "ended stopped beendet eingestellt arrete termine cessa finalizad interrump interrott dismess encerrad stopgezet "
    "ophort ophoert stoppet avslutt avslutad utgar lopetett poistuv zakonczon zakoncz wstrzyman ukoncen ukonceno "
    "ukoncan ukinjen prekinut obustavljen opuscen megszun megszunt kifut incetat scos lopetatud lopetati nutrauk "
    "partrauk durdurul kaldiril ngung dihentikan прекращ завершен останов припинен спрян прекратен прекинут укинут "
    "καταργ διακοπ 停售 停产 停產 終売 廃番 廃盤 終了 단종 판매중지 판매종료 เลิกขาย หยุดขาย متوقف موقوف הופסק"
), key=len, reverse=True))  # fmt: skip
_STARTS = 4
"""A word of the lists with at least this number of letters also matches longer words that begin with it. A shorter
word, such as `vis`, matches only the same word.
"""
_BESIDE = listed(
    "is are be in on at to for the a an of our this product products item items article articles sku status state flag "
    "ist im in auf dem der die das zu zum fur unserem artikel produkt wird am "
    "est en dans le la les du de des sur au aux al l article produit a el los las articulo producto para por se esta "
    "yn jn export variation variant "
    "nel nella sul sulla il lo articolo prodotto e no na do da o os nos produto artigo esta site "
    "op het een van te i pa til for er den det vare varen produktet artikeln ar till ei ja "
    "dispo avail available nett kohta mi mu kas ali czy li ли чи co 여부 "
    "sale sales salg produkcja production produktion produktionen produkcia produccion producao produzione vyroba "
    "vyroby gyartas tuotanto produksjon produktionen uretim производство производства prodaja proizvodnja forsaljning "
    "w we dla jest towar towaru produktu v ve se je zbozi produktu pro na u za od artikl proizvod izdelek "
    "a az termek cikk tuote verkossa toode el prekes preke rodoma prece preces ir urun urunu sitede in pe produs "
    "produsul "
    "в на у до для з і товар товара товару в το του στο σε προιον في على المنتج هل ב את מוצר"  # noqa: RUF001
)
"""Words that a name can contain together with a word for "shown" or "hidden"."""
_FURTHER_BESIDE = frozenset(map(fold, listed("di sa tren thi पर में को से কি")))
_ASIAN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]")
"""A character of Japanese, Chinese or Korean, in which spaces do not separate words."""
_STATE_LENGTH = 30
MAX_NAME = 60


@lru_cache(maxsize=8192)
def shows(column: str) -> bool:
    """Return whether the words of a name can mean that the shop shows a product."""
    return not hides(column) and (_is_made_of(column, _SHOWN) or sale_state(column) == "active")


@lru_cache(maxsize=8192)
def hides(column: str) -> bool:
    """Return whether the words of a name can mean that the shop does not show a product: `Obsoleted`, `Is hidden`."""
    if is_mark_name(column) or _is_made_of(column, _HIDDEN) or _is_flag(column) or _is_negated(column):
        return True
    return sale_state(column) == "inactive"


_STATES = listed(
    "status state stav stan stanje etat statut statuts estado estados situacao situacion stato staat stat zustand tila "
    "allapot statusz statusas staatus stare durum hali lifecycle code kod kode codigo codice kennzeichen "
    "статус состояние стан състояние κατασταση 状態 状态 狀態 상태 סטטוס حالة"  # noqa: RUF001
)
MAX_STATE_NAME = 60
_CODES = listed("code kod kode codigo codice kennzeichen")


def is_state_name(column: str) -> bool:
    """Return whether a name contains a word for a state, as in `État (achat)`."""
    return len(column) <= MAX_STATE_NAME and not (_STATES - _CODES).isdisjoint(words(column))


_STATE_ENDS = ("status", "state", "statut", "zustand", "lifecycle", "code")


def asks_yes_or_no(column: str) -> bool:
    """Return whether yes and no are the usual values of a column such as `Active` or `Lieferbar`, but not `Status`."""
    parts = words(column)
    if any(part in _STATES or part.endswith(_STATE_ENDS) for part in parts):
        return False
    return shows(column) or hides(column) or any(state_of(part) in ("active", "inactive") for part in parts)


def state_columns(columns: Columns, used: set[int]) -> tuple[list[int], list[int]]:
    """Return the columns of `is_active` and of its opposite, found by the words of their names and by their values."""
    free = [number for number in range(len(columns.header)) if number not in used]
    shown = [number for number in free if shows(columns.header[number]) and _are_states_or_letters(columns, number)]
    hidden = [
        number for number in free
        if hides(name := columns.header[number])
        and (_are_states_or_letters(columns, number) or (is_mark_name(name) and are_codes(columns[number])))
    ]  # fmt: skip
    hidden += [
        number for number in free
        if number not in hidden and is_bare_mark(columns.header[number], columns[number])
    ]  # fmt: skip
    return shown, hidden


def _are_states_or_letters(columns: Columns, number: int) -> bool:
    cells = columns[number].cells
    return are_states(cells) or are_yes_and_no(cells) or letters_of_yes_and_no(cells) is not None


def are_states(cells: Sequence[str], most: int = 3) -> bool:
    """Return whether all values are states, such as yes and no. At most `most` different values are allowed."""
    values = {cell.strip().casefold() for cell in cells}
    return 0 < len(values) <= most and all(
        len(value) <= _STATE_LENGTH and (value in MARKS or state_of(value) != "unknown") and not _is_date(value)
        for value in values
    )


def _is_date(value: str) -> bool:
    return value[:1].isdigit() and len(value) > 1


_ANSWERS = re.compile(
    r"[(\[]\s*(?:yes\s*/\s*no|y\s*/\s*n|ja\s*/\s*nein|oui\s*/\s*non|s[ií]\s*/\s*no|0\s*/\s*1)\s*[)\]]", re.I
)
"""The possible answers in a name such as `Display item in Online Store? (Yes/No)`."""


def _is_made_of(column: str, stems: Sequence[str]) -> bool:
    """Return whether a name has one of the words, and all its other words are in `_BESIDE` or are words for a shop."""
    parts = words(_ANSWERS.sub(" ", column[: MAX_NAME * 2]))
    # `On sale in online store?` means a lower price, and says nothing about whether a shop shows the product.
    if stems is _SHOWN and parts[:2] == ("on", "sale"):
        return False
    named = {part for part in parts if _is_in(part, stems)}
    return bool(named) and _are_beside(parts, named) and internal_part(column) is None


def _are_beside(parts: Sequence[str], named: Collection[str]) -> bool:
    """Return whether the other words of a name are words for a shop or short words, which do not change its meaning."""
    small = _BESIDE | _FURTHER_BESIDE
    return all(part in named or part in small or _is_in(part, _SHOWN) for part in parts)


def _is_negated(column: str) -> bool:
    """Return whether a name says that the shop does not show a product: `Nezobrazovať na webe`, `Ne pas afficher`."""
    if len(column) > MAX_NAME or _NUMBER.search(column) or internal_part(column) is not None:
        return False
    parts = [part for part in words(column) if part not in ("t", "s")]  # `don't`
    plain = [part for at, part in enumerate(parts) if part not in _NOT or _is_in_the(parts, at)]
    joined = [(part, start) for part in plain for start in _NOT_BEFORE if part.startswith(start)]
    verbs = [part for part, start in joined if len(part) > len(start) + _STARTS and _is_in(part[len(start) :], _SHOWN)]
    if (len(plain) == len(parts)) != bool(verbs):
        return False
    named = verbs or [part for part in plain if _is_in(part, _SHOWN)]
    return bool(named) and _are_beside(plain, named)


_PLACES_OF_SALE = listed("site catalogo app aplicativo ecommerce marketplace portal menu pdv")


def _is_in_the(parts: Sequence[str], at: int) -> bool:
    """Return whether a word is the Portuguese word for "in the", as in `Mostrar no site`."""
    return parts[at] == "no" and at > 0 and at + 1 < len(parts) and parts[at + 1] in _PLACES_OF_SALE


_FLAG = re.compile(
    r"^(?:is|flag|indicator|kz|indikator)|(?:flag|yn|ynflag|janein|sn|status|state|statut|estado|stato|indicator|ind|"
    r"kennzeichen|kz|kennz|merker|vlag|znacznik|priznak|признак|状态|狀態|标志|標誌|标识|标记|여부|상태|구분|フラグ|区分|状態)$"
)
"""Parts of a name that mean a column with yes and no, for example in `disc_flag` and `禁用状态`."""


def _is_flag(column: str) -> bool:
    """Return whether a name means that the shop does not show the product, without its word for a flag."""
    if len(column) > MAX_NAME or internal_part(column) is not None:
        return False
    plain = _FLAG.sub("", fold(column), count=1)
    return plain in inactive_names()


def _is_in(word: str, stems: Sequence[str]) -> bool:
    if stems is _SHOWN and any(word.startswith(stem) for stem in _FURTHER_SHOWN):
        return True
    if _ASIAN.match(word):
        return any(stem in word for stem in stems if len(stem) > 1 and _ASIAN.match(stem))
    return any(word == stem or (len(stem) >= _STARTS and word.startswith(stem)) for stem in stems)
