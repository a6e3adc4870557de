"""Bulk imports: a bulk import is a job that loads the rows of a request, or an uploaded file, into a catalog.

`create` checks the request and creates the job. `run` runs the job with the permissions of the user who requested the
import. Each row is validated like a request that changes a single product.
"""

from wecelebrate.ingestion.bulk_import.create import create

__all__ = ["create"]
