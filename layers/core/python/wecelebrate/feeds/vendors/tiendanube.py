"""Tiendanube and Nuvemshop: the product export in Spanish and in Portuguese.

Sources: the columns of exported files; the help pages of the shops are ayuda.tiendanube.com and
atendimento.nuvemshop.com.br.
"""

from wecelebrate.feeds.columns.profile import Profile, VariantRule

TIENDANUBE = Profile(
    "tiendanube",
    (
        ("identificadordeurl", "nombre", "precio"), ("identificadordeurl", "nombredepropiedad1"),
        ("identificadorurl", "nome", "preco"), ("identificadorurl", "nomedavariacao1"),
    ),
    {
        "sku": ("sku",),
        "name": ("nombre", "nome"),
        "description": ("descripcion", "descricao"),
        "category": ("categorias",),
        "brand": ("marca",),
        "price": ("precio", "preco"),
        "inventory_count": ("stock", "estoque"),
        "is_active": ("mostrarentienda", "exibirnaloja"),
    },
    {"codigodebarras": "barcode", "pesokg": "weight_kg", "mpn": "mpn", "tags": "tags"},
    VariantRule(
        key=("identificadordeurl", "identificadorurl"),
        handle=("identificadordeurl", "identificadorurl"),
        is_scattered=True,
        variant_columns=(
            "sku", "precio", "preco", "stock", "estoque",
            *(f"valordepropiedad{n}" for n in (1, 2, 3)), *(f"valordavariacao{n}" for n in (1, 2, 3)),
        ),
        options=(
            *((f"nombredepropiedad{n}", f"valordepropiedad{n}") for n in (1, 2, 3)),
            *((f"nomedavariacao{n}", f"valordavariacao{n}") for n in (1, 2, 3)),
        ),
        own_columns=("codigodebarras", "pesokg", "precopromocional", "preciopromocional", "costo", "custo"),
        inherits_price=True,
    ),
    # The promotional price has no days: customers pay it as long as it is set.
    offers_without_days="valid",
)  # fmt: skip
