"""Reads one image, or the owner of a catalog."""

from uuid import UUID

from wecelebrate.core.database import Transaction, queries
from wecelebrate.core.errors import NotFound
from wecelebrate.core.settings import settings
from wecelebrate.images.models import Image

sql = queries(__file__)


def get(tx: Transaction, image_id: UUID) -> Image:
    """Return one image. Raises NotFound."""
    row = sql.get_image(tx, image_id=image_id, base_url=settings().images())
    if row is None:
        raise NotFound
    return Image(**row)


def catalog_owner(tx: Transaction, catalog_id: UUID) -> UUID | None:
    """Return the client that owns a catalog, or None if the platform owns it.

    Raises NotFound if the caller cannot see the catalog.
    """
    row = sql.get_catalog_owner(tx, catalog_id=catalog_id)
    if row is None:
        raise NotFound
    client_id: UUID | None = row["owner_client_id"]
    return client_id
