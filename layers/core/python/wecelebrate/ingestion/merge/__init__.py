"""Loads: a load merges the rows of a file into a catalog.

A load works in chunks. One transaction commits a chunk together with the progress of the job. These are the phases:

    stage        Copy every row of the file to the staging tables. This does not change the catalog.
    review       Full load only: if the load would deactivate more products than allowed, stop until it is approved.
    merge        Update the products that differ from their rows, add new products, and leave all others unchanged.
    deactivate   Full load only: deactivate the products that the file does not contain.
    report       Write the error file and the result file, and complete the job.

If a worker crashes, the next worker continues from the last commit. A worker that has lost its lease can no longer
write to the job, because its fence is out of date.
"""

from wecelebrate.ingestion.merge.load import Load, Rules

__all__ = ["Load", "Rules"]
