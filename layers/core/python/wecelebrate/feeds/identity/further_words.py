"""Words of many languages that form the names of columns with article numbers: `產品代號`, `품목코드`, `رقم الصنف`."""

from functools import lru_cache

from wecelebrate.feeds.columns.names import fold
from wecelebrate.feeds.vocabulary.folding import split_words
from wecelebrate.feeds.vocabulary.words import divisions, words

MAX_NAME = 60
_CODES = frozenset(map(fold, words(
    "編號 编号 编码 編碼 代号 代號 代码 代碼 号码 號碼 番号 コード 号 號 碼 码 코드 번호 "
    "код номер шифр шифра κωδικός κωδ αριθμός קוד מספר كود رمز رقم کد شماره "
    "รหัส mã số kode kodu koodi numeris kood kód číslo šifra cod"
)))  # fmt: skip
"""Words for a number or a code."""
_OBJECTS = frozenset(map(fold, words(
    "商品 产品 產品 货品 貨品 物料 物品 品项 品項 品目 料件 存货 存貨 "
    "货物 貨物 製品 部品 款式 款 料 品 상품 제품 품목 물품 자재 "
    "товара товару товар продукта продукту изделия виробу номенклатуры номенклатури позиции артикула артикулу "
    "артикла производа материала είδους προϊόντος פריט מוצר الصنف صنف المنتج منتج السلعة المادة کالا محصول "
    "สินค้า hàng sản phẩm sp vật tư barang produk ürün malzeme toote kauba prekės gaminio preces produkta "
    "proizvoda izdelka artikla výrobku zboží tovaru produktu cikk termék produs produsului articol"
)))  # fmt: skip
"""Words for an article or a product. Together with a word for a number, they mean an article number."""


@lru_cache(maxsize=4096)
def names_article_number(column: str) -> bool:
    """Return whether a name consists of words for a number and words for an article.

    Spaces divide the words of a name, except in Chinese, Japanese and Korean.
    """
    if len(column) > MAX_NAME:
        return False
    parts = frozenset(split_words(column))
    if len(parts) == 1 and not next(iter(parts)).isascii():
        parts = frozenset(next(divisions(next(iter(parts)), _CODES | _OBJECTS), ()))
    return bool(parts & _CODES) and bool(parts & _OBJECTS) and parts <= _CODES | _OBJECTS
