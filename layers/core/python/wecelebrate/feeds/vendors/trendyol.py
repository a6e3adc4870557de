"""Trendyol: the products of a seller (Ürün Listesi), and the template for new products. Each row is a variant.

Source: the column names of the workbooks that the seller panel exports. `Tedarikçi Stok Kodu` is the seller's own stock
code, because Trendyol calls its sellers suppliers. The barcode identifies a product at Trendyol.
"""

from wecelebrate.feeds.columns.profile import Profile

TRENDYOL = Profile(
    "trendyol",
    (("barkod", "trendyoldasatilacakfiyatkdvdahil"), ("barkod", "modelkodu", "piyasasatisfiyatikdvdahil")),
    {
        "sku": ("(?:tedarikci|satici)?stokkodu", "barkod"),
        "name": ("urunadi",),
        "description": ("urunaciklamasi",),
        "category": ("kategoriismi", "kategori"),
        "brand": ("marka",),
        # The file also has the crossed-out price, and the lowest price of all sellers (BuyBox).
        "price": ("trendyoldasatilacakfiyatkdvdahil",),
        "currency": ("parabirimi",),
        "images": (r"gorsel(?:linki?)?\d*",),
        "inventory_count": ("urunstokadedi",),
        "is_active": ("durum",),
    },
    {"barkod": "barcode", "modelkodu": "model", "urunrengi|renk": "color", "beden": "size"},
    joined_fields=("images",),
)
