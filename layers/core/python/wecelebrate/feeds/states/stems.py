"""Recognises words for "no longer sold" by their stems, in all their endings: `Discontinué`, `descatalogados`, `Снято`.

A text means "no longer sold" if its first word begins with a stem, and is not much longer than the stem. All other
words must be about products and their sale. For example, `inactivos` and `Discontinued item` are recognised.
`Suspension` and `Suspended lamp` are not. Negations are handled in `states.words`.
"""

# ruff: noqa: RUF001

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
    r"vita)|last time buy|not recommended for new|zum loschen|inaktiv gesetzt|"
    r"hors (?:catalogue|production|gamme|commerce|assortiment|collection|vente|stock definitif)|"
    r"fuera de (?:producc|catalogo|linea)|baja (?:definitiv|temporal|de|del|en|por|desde|catalogo|articulo|producto)|"
    r"fuori (?:produzione|catalogo|commercio|assortimento|listino|gamma|vendita)|"
    r"fora d[ea] (?:linha|catalogo|producao)|ei (?:valmisteta|enaa)|не (?:производ|выпуск)|"
    r"uretimi? (?:dur|bit|yok|son|kaldir|yapilm)|"
    r"out of (?:production|catalog)|"
    r"ngung |tidak diproduksi|tootmine lopet|hætt |haett |uit (?:productie|assortiment|collectie)|"
    r"ud af sortiment|ute av (?:sortiment|produksjon)|poistettu )"
)
_OTHER_WORDS = re.compile(
    r"retirement\w*|retirees?|discontinu(?:ous\w*|it\w+|um)|silindir\w*|удаленк\w*|suspender\w*|inactivat\w+|прекратн\w*|"
    r"interruptor\w*|archivadores"
)
"""Words that begin with a stem, but have another meaning."""
_BESIDE = listed(
    "ur valikoimasta valikoima myynnista myynnistä tuotannosta sortimentist müügist tootmisest katalogist kinalatbol "
    "programbol gyartasbol z oferty z nabidky z predaje assortimentet utbudet sortimentsliste angebot programma "
    "product products produkt produkte produkts producto productos produit produits prodotto prodotti produto "
    "produtos produktu produkty produktet produkten produkter item items article articles artikel artikels "
    "articulo articulos articolo articoli artigo artigos artikkel artiklen vare varen vara varan termek tuote "
    "toode urun prekė prece model modell modelo modele modello models sku line range serie series collection "
    "collectie colección coleção kollektion catalog catalogue catalogo catalogus katalog katalogu katalogus "
    "assortiment sortiment sortimentet sortimentu assortimento surtido sale sales selling vente ventes venta "
    "ventas vendita vendite venda vendas verkauf verkoop salg salget produktion production produccion produção "
    "produzione produkcji produkce productie prodaji sprzedaży prodeje výroby výrobu gyártás forgalmazás oferty "
    "nabídky ponuky programm program programma lager stock manufacturer supplier fabricant hersteller fabricante "
    "fornitore leverancier proveedor fornecedor manufacture commerce comercio comércio commercio market marché "
    "mercado markt shop webshop website web продажи продаже продаж производства производство выпуска ассортимента "
    "каталога товар изделие модель продажу виробництва виробництво асортименту predaj predaja prodej prodaja "
    "vyroba sprzedaz the a by from of in on as since to for and until end year month de del da do di des du le la "
    "les el los il lo par por pelo pela per desde depuis dal seit ab vom von aus dem der die das im zum und uit "
    "van het sinds af fra ud fran från z ze w od na iz u s со с из от no longer made temporarily definitively "
    "permanently definitivement definitivo definitivamente temporairement temporalmente definitief endgultig "
    "voorlopig ersatzlos nie mehr lieferbar successor replaced nachfolger"
)
"""Words that can follow a word for "no longer sold" without changing its meaning."""
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
    if _PHRASES.match(f"{' '.join(parts)} ") or text == "baja":
        return True
    first = parts[0]
    if _OTHER_WORDS.fullmatch(first) or not all(part in _BESIDE or part.isdigit() for part in parts[1:]):
        return False
    return any(first.startswith(stem) and len(first) <= len(stem) + MAX_ENDING for stem in _STEMS)
