"""Runs the jobs of order files, in both directions."""

from wecelebrate import jobs
from wecelebrate.order_files import export


def run(job: jobs.LeasedJob) -> None:
    """Run a job: write orders for a destination, or apply the news of a file. Raises JobRejected."""
    if job.payload["direction"] == "out":
        export.run(job)
    else:
        from wecelebrate.order_files.news import applying  # loads the parsers of files

        applying.apply(job)
