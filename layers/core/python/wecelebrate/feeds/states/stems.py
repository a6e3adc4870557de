"""Recognises words for "no longer sold" by their stems, in all their endings: `Discontinué`, `descatalogados`, `Снято`.

A text has this meaning if its first word begins with a stem, and is not much longer than the stem. So `inactivos` and
`fin de production` are recognised, and `Suspension` is not. Negations are decided before (`states.words`).
"""

import re

from wecelebrate.feeds.vocabulary.folding import split_words
from wecelebrate.feeds.vocabulary.words import words as listed

MAX_ENDING = 5
MAX_WORDS = 4
WORDS = listed("perime perimee perimes cese suspenso suspensa retras retrasa archive archivee archives")
ABBREVIATIONS = listed("disc discon discont obs obsol inact inakt eol nrnd ltb dlt del ausl descat descont lopet poist")
_STEMS = tuple(sorted(listed(
    "discontin diskontin descontinu obsolet inactiv inaktiv inativad inattiv deactivat deaktivi desactiv desativ "
    "archived archivie archivad archivat archivov arkiver arquivad abgekundi ausgelauf ausgesonder auslist "
    "stillgeleg eingestell abandonn supprim retire retirad ritirat anulad anulat annullat annule cessat cessad "
    "bloquead bloccat descatalog dismess fuoriproduz interrotto interrompu interrumpid intrerupt suspend sospes "
    "uitgelop stopgezet uitgefaseer opgehev vervall geblokkeer utgatt utgaend utgang udgaet udgaed udgaend avveckl "
    "avvikle avslutt avslutad borttag poistet poistun lopetet wycofan zakoncz nieprodukow niedostepn zablokow "
    "archiwal wyraden vyraden vyrazen ukoncen zrusen neaktivn megszunt kifutot opuscen povucen ukinut lopetat "
    "lopeta iznemt partraukt nutraukt neaktyv снят знят неактив прекрат припинен архивн архівн удален видален "
    "заблок невыпуск непроизвод καταργ διακοπ ανενεργ kaldiril durduruld silindi"
), key=len))  # fmt: skip
_PHRASES = re.compile(
    r"(?:arret (?:de |definitif)|arrete |fin (?:de|of|di|do) (?:product|produz|producc|commercial|serie|vie|life|vida|"
    r"vita)|last time buy|not recommended |zum loschen|inaktiv gesetzt|hors (?:catalogue|production)|"
    r"fuera de (?:producc|catalogo|linea)|baja |fuori |hors |fora d[ea] (?:linha|catalogo|producao)|"
    r"ei (?:valmisteta|enaa)|не (?:производ|выпуск)|uretimi? |out of (?:production|catalog)|"
    r"ngung |tidak diproduksi|tootmine lopet|hætt |haett |uit (?:productie|assortiment|collectie)|"
    r"ud af sortiment|ute av (?:sortiment|produksjon)|poistettu )"
)
_ASIAN = re.compile(
    r"(?:已|生産|製造|販売|取扱|取り扱い|생산|판매|제조|사용)?(?:停产|停產|停售|停用|下架|作废|作廢|终止|終了|中止|廃番|廃盤|終売|중단|단종|중지|종료|"
    r"เลิก)(?:됨|品|商品|しました|済み?|จำหน่าย|ผลิต|ขาย)?|המוצר הופסק|הוצא ממכירה|מופסק"
)


def is_ended(word: str) -> bool:
    """Return whether a text, in lower case, means that a product is no longer sold."""
    text = word.strip(" .*()[]!")
    if _ASIAN.fullmatch(text):
        return True
    parts = split_words(text)
    if not 0 < len(parts) <= MAX_WORDS:
        return False
    if len(parts) == 1 and (parts[0] in ABBREVIATIONS or parts[0] in WORDS):
        return True
    if _PHRASES.match(f"{' '.join(parts)} "):
        return True
    first = parts[0]
    return any(first.startswith(stem) and len(first) <= len(stem) + MAX_ENDING for stem in _STEMS)
