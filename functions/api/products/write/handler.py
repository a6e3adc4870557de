"""Products: create, replace, change and deactivate them."""

from wecelebrate import products
from wecelebrate.core.http import IfMatch, Writing, api, located_at, serve
from wecelebrate.core.types import Id
from wecelebrate.products.models import NewProduct, Product, ProductPatch

app = api()


@app.post("/v1/catalogs/{catalog_id}/products", status_code=201, dependencies=[located_at("/v1/products/{id}")])
def create_product(catalog_id: Id, new: NewProduct, tx: Writing) -> Product:
    """Create a product in a catalog. The SKU must be unique in this catalog."""
    return products.create(tx, catalog_id, new)


@app.put("/v1/products/{product_id}")
def replace_product(product_id: Id, new: NewProduct, match: IfMatch, tx: Writing) -> Product:
    """Replace all fields of a product. A field that the body omits gets its default."""
    return products.replace(tx, product_id, new, match)


@app.patch("/v1/products/{product_id}")
def change_product(product_id: Id, patch: ProductPatch, match: IfMatch, tx: Writing) -> Product:
    """Change some fields of a product with a JSON Merge Patch."""
    return products.change(tx, product_id, patch, match)


@app.delete("/v1/products/{product_id}", status_code=204)
def deactivate_product(product_id: Id, match: IfMatch, tx: Writing) -> None:
    """Deactivate a product. Storefronts stop showing it, and its orders stay unchanged."""
    products.deactivate(tx, product_id, match)


handler = serve(app)
