"""Recognises column names for pieces that are not in stock: minimum, safety, ordered, expected and packed pieces.

| name                                     | pieces   |
|------------------------------------------|----------|
| `Minimálna zásoba`, `안전재고수량`       | minimum  |
| `Bestellte Menge`, `Очікувана кількість` | ordered  |
| `Pezzi per confezione`, `Balení ks`      | packed   |
"""

# ruff: noqa: RUF001

import re
from functools import lru_cache

from wecelebrate.feeds.columns.visibility import words
from wecelebrate.feeds.vocabulary.folding import squeezed

MAX_NAME = 60
_BEGINNINGS = re.compile(
    "minim|miinim|mindest|gutxieneko|lagmark|min$|мин$|миним|мінім|най?мал|ελαχ|asgari|"
    "ասգ|նվազ|მინ|segurid|seguran|segureta|sicurezza|securit|sicherheit|veiligheid|kritik|kritic|"
    "emniyet|signaln|varnostn|siguran|sigurnosn|biztonsagi|ασφαλει|poistn|страхов|неснижа|незниж|"
    "alert|alarm|riordin|melde|bestellt|besteld|ordinat|ordine|commande|encomendad|pedid|objednan|zamowion|"
    "bestilt|bestalld|tilattu|tellitud|pasutit|uzsakyt|naroce|naruce|poruce|наруче|поруче|нараче|поръчан|заказан|"
    "замовлен|comandat|rendel(?!kez|het)|megrendel|porositur|παραγγ|siparis|sifaris|buyurtma|"
    "transito|transit|venir|attendu|verwacht|erwartet|ocekav|oczekiw|ocekiv|pricakov|очаква|очеки|очеку|"
    "ожида|очіку|αναμεν|beklen|gaidam|laukiam|saabu|forvent|vantan|baleni|opakow|pakend|iepakoj|pakuot|"
    "csomag|pakiranj|pakovan|паков|опаков|упаков|συσκευ|koli$|qutu"
)
"""The beginnings of words for pieces that are not in stock. The Hungarian words `rendelkezésre álló` and `rendelhető`
do not match, because they mean available pieces.
"""
_INSIDE = re.compile("|".join(squeezed(stem) for stem in (
    "الحد الأدنى", "المطلوبة", "المحجوزة", "حداقل", "رزرو", "מינימום", "מינימלי", "בהזמנה", "שמור", "کم از کم",
    "کم سے کم", "न्यूनतम", "आदेशित", "आरक्षित", "ন্যূনতম", "সর্বনিম্ন", "সংরক্ষিত", "குறைந்தபட்ச", "ขั้นต่ำ", "จอง",
    "tối thiểu", "ዝቅተኛ", "最低", "最小", "安全", "在途", "下限", "上限", "预警", "預警", "入荷", "최소", "안전", "적정",
    "미입고", "입고예정", "할당",
)) + "|encamino|(?<!可)发货|(?:発注|발주|주문)(?!가능|可能)|ซอ(?!ได)")  # fmt: skip
"""Words for pieces that are not in stock, at any place in a name. `주문가능수량` does not match, because it means the
pieces that a customer can order.
"""
_PER_PACK = re.compile(
    r"(?:/|\b(?:per|por|par|pro|je)\s)\s*(?:conf|imball|collo|envase|paquete|pack|pacote|embalagem|lot|dus|verpackung)",
    re.IGNORECASE,
)


@lru_cache(maxsize=8192)
def means_other_pieces(column: str) -> bool:
    """Return whether a name means minimum, safety, ordered, expected or packed pieces."""
    if len(column) > MAX_NAME:
        return False
    is_named = any(map(_BEGINNINGS.match, words(column))) or _INSIDE.search(squeezed(column))
    return bool(is_named or _PER_PACK.search(column))
