"""Connects the domains that publish events with the domains that react to these events.

With this module, the domains do not have to import each other.

Every Lambda function that can stop a job must call `connect()` at its start. Otherwise NoListeners is raised when the
function creates its worker or stops a job.
"""

from wecelebrate import jobs
from wecelebrate.core.database import Transaction
from wecelebrate.jobs import StoppedJob


def connect() -> None:
    """Register all listeners. A second call has no effect."""
    jobs.on_job_stopped(_send_job_mail)
    jobs.on_job_stopped(_publish_job_events)


# Each listener imports its domain when a job stops. In most invocations, no job stops, and no import is needed.


def _send_job_mail(tx: Transaction, job: StoppedJob) -> None:
    if job.notify_email:
        from wecelebrate import mail

        mail.job_finished(tx, job.id, job.notify_email)


def _publish_job_events(tx: Transaction, job: StoppedJob) -> None:
    from wecelebrate.webhooks import job_events

    job_events.publish(tx, job)
