"""Reads from a column's name what the column identifies: the article, its barcode, its number at a supplier, and so on.

| rank | names                                                                   |
|------|-------------------------------------------------------------------------|
| 0    | `SKU`, `Variant SKU`                                                    |
| 1    | the article's own number: `Item No.`, `Our Code`, `Codice interno`      |
| 2    | an order number, a part number, a reference: `Ref.`, `Code`, `Nr.`      |
| 3    | a GTIN: `EAN`, `Codice a barre`                                         |
| 4    | a number at a supplier, a manufacturer or a customer: `MPN`             |
| 5    | the key of a database: `ID`, `Product ID`                               |
| 6    | the number of a row: `#`, `Pos.`, `Lfd. Nr.`                            |

The usual names are in the tables of this module, in `columns.names` and in `vocabulary`. Other names are divided into
the words of this module. For example, `Our Code` is the sender's code, and `Kundenartikelnummer` is the number at a
customer.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from wecelebrate.feeds.columns.names import fold
from wecelebrate.feeds.identity.further_words import names_article_number
from wecelebrate.feeds.vocabulary import vocabulary
from wecelebrate.feeds.vocabulary.words import divisions, words

OWN, SECOND, GTIN, FOREIGN, KEY, ROW = 1, 2, 3, 4, 5, 6
"""The ranks of names. A SKU has the rank 0."""
RANK_TEXTS = (
    "a SKU", "the number of an article", "an order number or a reference", "a GTIN", "the number of a supplier",
    "the key of a database", "the number of a row",
)  # fmt: skip

_SKU_NAMES = words("sku variantsku productsku itemsku skucode skuid stockkeepingunit skunumber skuno sellersku")
_GTIN_NAMES = words("gtin ean ean13 eancode upc barcode gtin13 gtin14 ean8 isbn eannummer strichcode codebarre")
_FOREIGN_NAMES = words(
    "mpn manufacturerpartnumber manufacturerpartno manufacturersku supplierreference supplierpartnumber suppliersku "
    "supplierarticlenumber supplieritemnumber supplierno artikelnummerleverancier artikelnrleverancier "
    "lieferantenartikelnummer lieferantenartikelnr herstellernummer herstellerartikelnummer refournisseur "
    "referencefournisseur referenciaproveedor codicefornitore vendorpartnumber vendorsku model modell modele modelo "
    "modello"
)
_KEY_NAMES = words("id productid itemid externalid handle articleid artikelid variantid uuid")
_SECOND_NAMES = words(
    "partnumber partno partcode ordernumber orderno ordercode modelnumber modelno supplieraid supplierpid "
    "supplierpartid referencecode referencenumber productreference reference referencia codigo codice riferimento ref "
    "code symbol bestellnummer bestellnr bestelnummer bestelcode teilenummer teilenr modellnummer sachnummer "
    "warennummer internalreference defaultcode indeks bismt part clave kod koda koodi kodu nummer nr no num number "
    "numer numero nro kennung"
)
_ROW_NAMES = words(
    "pos position lfdnr lfd laufendenummer laufnr sno srno slno serialno sl rowno rownumber row line lineno linenumber "
    "zeile zeilennr zeilennummer index seq sequence lp pozycja ordem ordre rang rank"
)
NOUNS = words(
    "material item article artikel articulo artigo articolo code ref symbol indeks group model modell modele modelo "
    "modello part clave kod koda koodi kodu nummer nr no num number numer numero nro kennung"
)
"""Names that also have other meanings. They are candidates only if their values look like identifiers."""
ROW_NOUNS = words("nr no num number numer numero nro nummer pos position index")
"""Names whose values can be the numbers of the rows: 1, 2, 3."""
TABLE_NOUNS = words("material item article artikel articulo artigo articolo code ref symbol indeks group")

_CODE = words(
    "sku code codes nr no num nummer number numbers numer numero nro ref reference referenz referentie referenza "
    "referencia riferimento riferimenti rif referens referanse viite kod kodu koodi kode koda codigo codice cod clave "
    "kennung kurzel kuerzel schluessel schlussel cislo szam kodas identifier ident"
)
_OWN_WORDS = words(
    "our own internal inhouse house intern interne interner internes interno interna eigen eigene unser unsere haus "
    "notre nostro nostra nosso nossa nuestro nuestra propio propia onze wewnetrzny wlasny egen oma sajat belso kendi "
    "interni erp system webshop shop your ihre votre"
)
_SELLER_WORDS = words(
    "seller sellers merchant merchants verkaeufer verkaufer vendeur vendeurs marchand vendedor "
    "vendedores venditore venditori verkoper verkopers satici magaza sprzedawcy prodejce prodavatele forhandler "
    "saljare myyja offer offers offre oferta offerta angebot angebots"
)
"""Words for the seller at a marketplace. The seller sends the file: `Seller Product ID` is the sender's code."""
_REFERENCES = words("sku ref reference referenz referentie referenza referencia riferimento referens referanse")
_OBJECTS = words(
    "item items article articles artikel art articulo artigo articolo product products produkt prod produit producto "
    "produto prodotto productos material mat stock stok catalog catalogue catalogo katalog list merchandise goods ware "
    "gutschein gutscheine voucher vouchers giftcard giftcards bon "
    "waren vare varen varu towaru towar produktu tuote termek urun zbozi vyrobku prekes variant variante"
)
_SECOND_OBJECTS = words(
    "part parts teil teile model modell order bestell bestel sach commande pedido ordine bestilling"
)
_FOREIGN_WORDS = words(
    "supplier suppliers vendor vendors manufacturer manufacturers mfr mfg maker oem factory lieferant lieferanten "
    "hersteller herst fournisseur fournisseurs fabricant proveedor fabricante fornitore produttore fornecedor "
    "leverancier leveranciers fabrikant leverantor leverantors leverandor leverandors tillverkare tillverkarens "
    "toimittaja toimittajan valmistajan dostawcy producenta dodavatele vyrobce szallitoi gyarto tedarikci kunden kunde "
    "customer customers client klant cliente external extern externe externo esterno competitor amazon ebay asin mpn"
)
_GTIN_WORDS = words(
    "ean gtin upc isbn barcode barcodes barkod strichcode barre barres barra barras streepjes kreskowy carovy "
    "vonal viiva streck strek streg"
)
_KEY_WORDS = words("id uuid guid identifiant")
_SMALL = words("de del della di do da du des a")
_SHORT = words("no nr num a")
_VOCABULARY = frozenset().union(
    _CODE, _OWN_WORDS, _SELLER_WORDS, _OBJECTS, _SECOND_OBJECTS, _FOREIGN_WORDS, _GTIN_WORDS, _KEY_WORDS, _SMALL
)
_PARTS = re.compile(r"[a-z0-9]+|[^\W\da-z_]+", re.IGNORECASE)
"""Finds the words of a name. A change between Latin letters and another script also ends a word."""
MAX_NAME = 60
MAX_DIVISIONS = 20


WEAK_NAMES = "columns.weak.sku"
"""The table of names such as `Nr`, which can also be the name of a column with row numbers."""
_TABLES = (
    (OWN, "columns.sku"), (GTIN, "columns.gtin"), (FOREIGN, "columns.foreign"), (KEY, "columns.key"),
    (SECOND, WEAK_NAMES),
)  # fmt: skip
"""The tables of the vocabulary with names of each rank."""


@dataclass(frozen=True, slots=True)
class SkuName:
    """Describes which identifier the name of a column means."""

    rank: int
    is_noun: bool
    """Whether the name has other meanings too, so that the values must look like identifiers."""


def name_rank(folded: str) -> int:
    """Return the rank of a usual name, which is an index of RANK_TEXTS."""
    for rank, names in (
        (0, _SKU_NAMES), (GTIN, _GTIN_NAMES), (FOREIGN, _FOREIGN_NAMES), (KEY, _KEY_NAMES), (SECOND, _SECOND_NAMES),
        (ROW, _ROW_NAMES),
    ):  # fmt: skip
        if folded in names:
            return rank
    words_of = vocabulary().words
    return next((rank for rank, table in _TABLES if folded in words_of(table)), OWN)


_SELLER_STEMS = (
    *sorted(word for word in _SELLER_WORDS if not word.startswith(("off", "oferta", "angebot", "magaza"))),
    "판매자", "자체", "卖家", "賣家", "商家", "自社", "出品者", "продавц", "продавец",
)  # fmt: skip
"""A column name that begins with one of these texts means a number that the seller at a marketplace has assigned."""


def names_seller(column: str) -> bool:
    """Return whether a name says that the seller assigned the number: `판매자 상품코드`, `Seller article code`."""
    return fold(column[:MAX_NAME]).startswith(_SELLER_STEMS)


def names_gtin(column: str) -> bool:
    """Return whether a part of the name means a GTIN, as in `Item Code (EAN)` and `商品コード(JANコード等)`."""
    gtin_words = vocabulary().words("columns.gtin")
    parts = [fold(part) for part in _PARTS.findall(column[:MAX_NAME])]
    return any(part in _GTIN_WORDS or part in _GTIN_NAMES or part in gtin_words for part in parts)


@lru_cache(maxsize=4096)
def sku_name(column: str) -> SkuName | None:
    """Return the identifier that a column name means, or None. Names in SYNONYMS are handled elsewhere."""
    folded = fold(column.replace("\N{NUMERO SIGN}", "no ").replace("\N{DEGREE SIGN}", "o "))
    if not folded:
        return SkuName(ROW, True) if column.strip() == "#" else None
    if folded in _ROW_NAMES:
        return SkuName(ROW, True)
    if folded in NOUNS or folded in _SECOND_NAMES or folded in _FOREIGN_NAMES:
        return SkuName(name_rank(folded), folded in NOUNS)
    if len(folded) > MAX_NAME:
        return None
    for parts in islice(divisions(folded, _VOCABULARY), MAX_DIVISIONS):
        if (rank := _composed_rank(frozenset(parts))) is not None:
            return SkuName(rank, rank in (OWN, SECOND))
    return SkuName(OWN, is_noun=True) if names_article_number(column) else None


def _composed_rank(parts: frozenset[str]) -> int | None:
    """Return the rank of a name that consists of these words, or None if the words do not mean an identifier."""
    if parts & _GTIN_WORDS:
        return GTIN
    if parts & _FOREIGN_WORDS and parts & (_CODE | _KEY_WORDS):
        return FOREIGN
    if parts & _SELLER_WORDS:  # `Seller ID` and `Code vendeur` identify the seller
        return OWN if parts & (_CODE | _KEY_WORDS) and parts & (_OBJECTS | _REFERENCES) else None
    if not parts & _CODE:
        return KEY if parts & _KEY_WORDS else None
    if parts <= _SMALL | _SHORT:  # `Año` does not mean a number
        return None
    if "sku" in parts:
        return 0
    if parts & _SECOND_OBJECTS and not parts & _OWN_WORDS:
        return SECOND
    return OWN if parts & (_OWN_WORDS | _OBJECTS) else SECOND
