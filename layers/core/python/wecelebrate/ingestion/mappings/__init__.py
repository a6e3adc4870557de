"""Mappings: a mapping says which columns of a file are read into which fields of a product.

The API proposes a mapping for a file, and an editor shows this proposal. When the user changes the mapping, the editor
sends the changed mapping to the API, and gets a new proposal. Finally, the editor saves the mapping as
`sync_settings.mapping` of the catalog, and the public attributes as `sync_settings.attributes`.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from wecelebrate import feeds
from wecelebrate.core import storage
from wecelebrate.core.database import Transaction, queries
from wecelebrate.core.errors import Forbidden, Invalid, NotFound
from wecelebrate.core.problem_document import FieldError
from wecelebrate.core.shortening import shortened
from wecelebrate.ingestion import catalog_settings, uploads
from wecelebrate.ingestion.mappings.models import MappingProposal, MappingRequest
from wecelebrate.ingestion.merge.bounds import check_header

sql = queries(__file__)

MAX_ROW_BYTES = 50_000
"""The maximum size of a row in a proposal, as JSON in bytes. If a row is larger, its long texts are shortened."""

_BUCKETS = {"catalog_sync": "drops", "product_import": uploads.BUCKET}
"""Maps the type of a job to the bucket that contains the file of the job."""


class UnreadableFile(Invalid):
    """No mapping can read products from the file.

    The file is empty, damaged, protected by a password, or in a format that the platform does not know. `detail` gives
    the reason.

    Save the file as CSV, XLSX, XML or JSON and upload it again. The guide for ERP systems, `docs/erp.md`, lists the
    formats.
    """

    code = "unreadable_file"


def propose(tx: Transaction, catalog_id: UUID, request: MappingRequest) -> MappingProposal:
    """Propose how to read a file. The proposal is based on the settings of the catalog.

    If the request has a mapping, attributes or private columns, they replace the mapping, attributes or private columns
    of the catalog.

    Raises NotFound if the caller cannot see the catalog, and Forbidden if the caller can only read the catalog. Raises
    Invalid if the caller cannot see the file. Raises UnreadableFile if the file cannot be read.
    """
    catalog = sql.get_catalog(tx, catalog_id=catalog_id)
    if catalog is None:
        raise NotFound
    if not catalog["writable"]:
        raise Forbidden
    settings: Mapping[str, Any] = catalog["sync_settings"]
    bucket, key, version_id, name = _locate_file(tx, request)
    given = request.model_dump(include={"mapping", "attributes", "private_columns"}, exclude_none=True)
    settings = {**settings, **given}
    try:
        catalog_settings.check_settings(settings)
        options, disclosure = catalog_settings.reading_options(settings), catalog_settings.disclosure(settings)
        with storage.open_version(bucket, key, version_id) as body:
            currency = catalog_settings.default_currency(catalog)
            proposal = feeds.propose(body, name, options, currency, disclosure=disclosure)
        check_header([column.name for column in proposal.columns])
    except (feeds.UnreadableFeed, storage.ObjectGone) as error:
        raise UnreadableFile(str(error)) from error
    rows = [shortened(row, MAX_ROW_BYTES) for row in proposal.rows]
    return MappingProposal.model_validate(proposal.as_json() | {"rows": rows})


def _locate_file(tx: Transaction, request: MappingRequest) -> tuple[str, str, str, str]:
    """Return the bucket, key, version and name of the requested file.

    Raises Invalid if the caller cannot see the file.
    """
    if request.upload_id is not None:
        upload = uploads.find(tx, request.upload_id)
        return uploads.BUCKET, upload.key, upload.version_id, upload.name
    job = sql.get_job_file(tx, job_id=request.job_id)
    if job is None or job["type"] not in _BUCKETS or "key" not in job["payload"]:
        raise Invalid(errors=[FieldError(pointer="/job_id", detail="must be the id of a sync or an import of a file")])
    payload = job["payload"]
    return (
        payload.get("bucket", _BUCKETS[job["type"]]),
        payload["key"],
        payload["version_id"],
        storage.object_name(payload["key"]),
    )
