"""One image, and whose it is."""

from uuid import UUID

from wecelebrate.core.database import Transaction, queries
from wecelebrate.core.errors import NotFound
from wecelebrate.core.settings import settings
from wecelebrate.images.models import Image

sql = queries(__file__)


def get(tx: Transaction, image_id: UUID) -> Image:
    """One image. Raises NotFound."""
    row = sql.get_image(tx, image_id=image_id, shown_at=settings().images())
    if row is None:
        raise NotFound
    return Image(**row)


def owner(tx: Transaction, catalog_id: UUID) -> UUID | None:
    """Whose a catalog is. Raises NotFound for one that the caller cannot see."""
    found = sql.get_owner(tx, catalog_id=catalog_id)
    if found is None:
        raise NotFound
    client_id: UUID | None = found["owner_client_id"]
    return client_id
