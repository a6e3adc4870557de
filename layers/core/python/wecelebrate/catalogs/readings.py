"""The reading of a catalog describes how the platform read the last merged file.

If the next file of the catalog can be read in several ways, the platform reads it like the last file. If the file must
be read differently, the job reports the difference. If the difference concerns prices or SKUs, the job asks a user.
"""

from uuid import UUID

from wecelebrate.catalogs import sql
from wecelebrate.catalogs.models import CatalogReading
from wecelebrate.core.database import Transaction
from wecelebrate.core.errors import Forbidden, NotFound


def get(tx: Transaction, catalog_id: UUID) -> CatalogReading:
    """Return the reading of a catalog.

    Raises NotFound if the caller cannot see the catalog, and Forbidden if the caller only has a grant for it.
    """
    row = sql.get_reading(tx, catalog_id=catalog_id)
    if row is None:
        raise NotFound
    if not row["may_read"]:
        raise Forbidden
    return CatalogReading(**row)


def reset(tx: Transaction, catalog_id: UUID) -> None:
    """Delete the reading of a catalog. The next file is then read as if it were the first file of the catalog.

    The mapping and the options of the catalog do not change. Raises NotFound or Forbidden.
    """
    is_writable = sql.can_write_catalog(tx, catalog_id=catalog_id)
    if is_writable is None:
        raise NotFound
    if not is_writable:
        raise Forbidden
    sql.delete_reading(tx, catalog_id=catalog_id)
