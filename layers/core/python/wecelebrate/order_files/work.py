"""Runs the jobs of order files: exports to ERP systems, news from ERP systems, and imports of historical orders."""

from wecelebrate import jobs
from wecelebrate.order_files import export


def run(job: jobs.LeasedJob) -> None:
    """Run a job: write orders for a destination, apply the news of a file, or import orders. Raises JobRejected."""
    if job.payload["direction"] == "out":
        export.run(job)
    elif job.payload["direction"] == "history":
        from wecelebrate.order_imports.run import run as import_orders  # This import loads the parsers of files.

        import_orders(job)
    else:
        from wecelebrate.order_files.news import applying  # This import loads the parsers of files.

        applying.apply(job)
