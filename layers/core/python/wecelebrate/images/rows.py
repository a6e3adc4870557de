"""One image, and whose it is."""

from uuid import UUID

from wecelebrate.database import Transaction, queries
from wecelebrate.errors import NotFound
from wecelebrate.images.models import Image
from wecelebrate.settings import settings

sql = queries(__file__)


def get(tx: Transaction, image_id: UUID) -> Image:
    """One image. Raises NotFound."""
    row = sql.get_image(tx, image_id=image_id, base_url=settings().images())
    if row is None:
        raise NotFound
    return Image(**row)


def owner(tx: Transaction, catalog_id: UUID) -> UUID | None:
    """Whose a catalog is. Raises NotFound for one that the caller cannot see."""
    found = sql.get_catalog_owner(tx, catalog_id=catalog_id)
    if found is None:
        raise NotFound
    client_id: UUID | None = found["owner_client_id"]
    return client_id
