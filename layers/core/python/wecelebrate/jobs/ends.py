"""A job is over: who is told."""

from uuid import UUID

from wecelebrate.database import Transaction


def tell(tx: Transaction, job_id: UUID, notify_email: str | None) -> None:
    """Have those told who asked to be, once the transaction that ended the job is committed."""
    if notify_email:
        from wecelebrate import mail  # it stands on jobs itself

        mail.job_finished(tx, job_id, notify_email)
