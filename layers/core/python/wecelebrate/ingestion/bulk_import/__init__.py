"""Bulk imports: rows of a request, or an uploaded file, into a catalog, as a job.

`create` checks the shape of what came and makes the job; `run` does it, as whoever asked for it: row by row by the same
rules that hold for a product that is written alone.
"""

from wecelebrate.ingestion.bulk_import.create import create

__all__ = ["create"]
