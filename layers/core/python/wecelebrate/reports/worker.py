"""The worker of report jobs. A job writes a file that a caller requested, or computes a report for mails."""

from wecelebrate.jobs.lease import LeasedJob
from wecelebrate.reports import files
from wecelebrate.reports.mailings import edition


def run(job: LeasedJob) -> None:
    """Do the work of a report job."""
    (edition if "subscription_id" in job.payload else files).run(job)
