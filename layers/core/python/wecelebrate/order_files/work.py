"""Runs the jobs of order files, in both directions."""

from wecelebrate import jobs
from wecelebrate.order_files import export


def run(job: jobs.LeasedJob) -> None:
    """Run a job: write orders for a destination. Raises JobRejected if the job can never succeed."""
    export.run(job)
