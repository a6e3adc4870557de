"""The fingerprints of the models of cached values. `python -m infra.cache_shapes` writes this file."""

SHAPES = {
    "catalog": "5571f3dd",
    "catalogs": "7335ce4d",
    "product": "e5d697d5",
    "products": "8540c400",
    "site": "dee885dd",
    "sites": "375637d0",
    "client": "740a7a67",
    "clients": "e847c0f0",
    "storefront": "4e94b26f",
    "shown": "65b551d5",
    "events": "496c20f2",
    "report": "66b08ac1",
    "report-of-today": "4674ec04",
    "order": "380542bf",
    "orders": "f6951519",
}
"""Maps each entity to the fingerprint of its models. A release reads only values with its own fingerprints."""
