"""Combines the staged rows of a SKU if the file has one row for each SKU and place.

The rows are combined in the database after all rows are staged, because the rows of a SKU can be anywhere in the file.
Therefore the memory of the worker does not depend on the size of the file.
"""

from dataclasses import replace

from wecelebrate.core.database import queries, writing
from wecelebrate.ingestion.merge.load import Load
from wecelebrate.ingestion.merge.staging import SERVICE

sql = queries(__file__)

CHUNK_SIZE = 5_000
"""The largest number of SKUs in one transaction."""


def combine(load: Load) -> bool:
    """Combine the rows of a SKU that differ only in the stock and in the place. Raises LeaseLost.

    It returns whether any SKU has several places. If the load is interrupted, the next worker begins again with the
    first SKU. Rows that are already combined do not change.
    """
    with writing(replace(SERVICE, job_id=load.job.id)) as tx:
        sql.analyze_staged(tx)  # Without statistics, the planner would compare each row with each other row.
    after: str | None = ""
    has_several_places = False
    while after is not None:
        load.job.check_lease()
        with writing(replace(SERVICE, job_id=load.job.id)) as tx:
            combined = sql.combine_places(tx, after=after, chunk=CHUNK_SIZE, **load.staging_key)
        after = combined["last_sku"]
        has_several_places = has_several_places or combined["has_several_places"]
    return has_several_places
