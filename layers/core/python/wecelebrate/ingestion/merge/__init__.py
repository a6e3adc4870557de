"""Loads. A load merges the rows of a file into a catalog.

A load divides the rows into chunks. One transaction commits a chunk together with the progress of the job. A load has
these phases:

    stage        Copy every row of the file to the staging tables. This does not change the catalog.
    review       If the changes of the load are implausible or exceed a limit, stop until a user approves them.
    merge        Update the products that differ from their rows, and add new products.
    deactivate   Full load only: deactivate the products that the file does not contain.
    report       Write the error file and the result file, and complete the job.

If a worker crashes, the next worker continues after the last committed chunk. A worker that has lost its lease can no
longer write to the job, because the fence of the worker is out of date.
"""

from wecelebrate.ingestion.merge.load import Load, Rules

__all__ = ["Load", "Rules"]
