"""Bulk imports: a job that loads the rows of a request, or an uploaded file, into a catalog.

`create` checks the shape of the request and creates the job. `run` runs the job with the permissions of its requester,
and applies to each row the same rules as to a single product.
"""

from wecelebrate.ingestion.bulk_import.create import create

__all__ = ["create"]
