"""Connects domains to the events of other domains, so that the other domains need not import them.

Every function that can stop a job calls `connect()` when it starts. A function that does not fails at its first job.
"""

from wecelebrate import jobs
from wecelebrate.core.database import Transaction
from wecelebrate.jobs import StoppedJob


def connect() -> None:
    """Register all listeners. Calling it again has no effect."""
    jobs.on_job_stopped(_send_job_mail)
    jobs.on_job_stopped(_publish_job_events)


# The listeners import their domain when a job stops, because most invocations of these functions stop no job.


def _send_job_mail(tx: Transaction, job: StoppedJob) -> None:
    if job.notify_email:
        from wecelebrate import mail

        mail.job_finished(tx, job.id, job.notify_email)


def _publish_job_events(tx: Transaction, job: StoppedJob) -> None:
    from wecelebrate.webhooks import job_events

    job_events.publish(tx, job)
