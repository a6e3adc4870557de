"""Rakuten Ichiba: `normal-item.csv` of the RMS, since the change to SKUs. A product's first row describes
the product.

Source: the column names of the item CSV of the RMS (商品一括編集・CSV). Each product has a row with its texts, and
one row for each SKU. Rows of options have no SKU number. They complete the product.
"""

from wecelebrate.feeds.columns.profile import Profile, VariantRule

RAKUTEN = Profile(
    "rakuten",
    (("商品管理番号商品url", "sku管理番号", "商品名"),),
    {
        "sku": ("sku管理番号", "システム連携用sku番号", "商品番号", "商品管理番号商品url"),
        "name": ("商品名",),
        "description": ("pc用商品説明文", "商品説明文", "スマートフォン用商品説明文"),
        # 表示価格 is the crossed-out price (二重価格).
        "price": ("販売価格", "通常購入販売価格"),
        "images": (r"商品画像パス\d*",),
        "inventory_count": ("在庫数",),
        "is_active": ("倉庫指定",),
    },
    {"カタログid": "gtin"},
    VariantRule(
        key=("商品管理番号商品url",),
        variant_columns=("sku管理番号",),
        parent_patterns={"sku管理番号": ""},
        variant_title=("バリエーション項目選択肢1",),
        own_columns=("sku管理番号", "システム連携用sku番号", "商品番号"),
    ),
)
