"""Mappings: which column of a file feeds which field of a product.

An editor of mappings shows what is proposed for a file, lets people change it, asks again with their changes, and saves
the result as the catalog's `sync_settings.mapping`.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from wecelebrate import feeds
from wecelebrate.core import storage
from wecelebrate.core.database import Transaction, queries
from wecelebrate.core.errors import FieldError, Forbidden, Invalid, NotFound
from wecelebrate.ingestion import merge, uploads
from wecelebrate.ingestion.mappings.models import Asked, Proposal

sql = queries(__file__)

_BUCKETS = {"catalog_sync": "drops", "product_import": uploads.BUCKET}


class UnreadableFile(Invalid):
    """This file cannot be read as products, whatever the mapping."""

    code = "unreadable_file"


def propose(tx: Transaction, catalog_id: UUID, asked: Asked) -> Proposal:
    """How a file would be read by the catalog's settings, or by the mapping that is asked about.

    Raises NotFound for a catalog that the caller cannot see, Forbidden for one that is only read, Invalid for a file
    that he cannot see, UnreadableFile.
    """
    catalog = sql.get_catalog(tx, catalog_id=catalog_id)
    if catalog is None:
        raise NotFound
    if not catalog["writable"]:
        raise Forbidden
    settings: Mapping[str, Any] = catalog["sync_settings"]
    bucket, key, version_id, name = _file(tx, asked)
    mapping = merge.told(settings if asked.mapping is None else {**settings, "mapping": asked.mapping})
    try:
        with storage.open_version(bucket, key, version_id) as body:
            found = feeds.propose(body, name, mapping, settings.get("currency", "USD"))
    except (feeds.UnreadableFeed, storage.ObjectGone) as error:
        raise UnreadableFile(str(error)) from error
    return Proposal.model_validate(found.as_json())


def _file(tx: Transaction, asked: Asked) -> tuple[str, str, str, str]:
    """Bucket, key, version and name of the file that is asked about."""
    if asked.upload_id is not None:
        uploaded = uploads.find(tx, asked.upload_id)
        return uploads.BUCKET, uploaded.key, uploaded.version_id, uploaded.name
    job = sql.get_job_file(tx, job_id=asked.job_id)
    if job is None or job["type"] not in _BUCKETS or "key" not in job["payload"]:
        raise Invalid(errors=[FieldError(pointer="/job_id", detail="names no job with a file")])
    payload = job["payload"]
    return _BUCKETS[job["type"]], payload["key"], payload["version_id"], storage.object_name(payload["key"])
