"""Finds the products of rows that name their product by another identifier than the SKU, for example by a GTIN."""

from collections import defaultdict
from collections.abc import Sequence

from wecelebrate.core.database import queries, writing
from wecelebrate.feeds import Item, Product
from wecelebrate.ingestion.merge.load import Load

sql = queries(__file__)


def identify(load: Load, items: Sequence[Item], column: str | None) -> None:
    """In rows without a product name, replace the identifier in `column` by the SKU of the stored product.

    In two cases, the identifier stays in the row as the SKU: if a product has the identifier as its SKU, or if the
    identifier does not belong to exactly one product.
    """
    rows = defaultdict(list)
    for item in items if column is not None else ():
        if isinstance(item, Product) and item.name is None and item.source.get(column or "") == item.sku:
            rows[item.sku].append(item)
    if not rows:
        return
    skus = defaultdict(list)
    with writing(load.job.caller) as tx:
        for row in sql.find_skus_by_source(tx, catalog_id=load.catalog_id, key=column, values=list(rows)):
            skus[row["value"]].append(row["sku"])
    for identifier, found in skus.items():
        for item in rows[identifier] if len(found) == 1 else ():
            item.sku = found[0]
