"""Syncs: a file that an ERP system drops becomes products of its catalog.

    s3://drops/<catalog id>/incoming/<name>            the file; what it is, the catalog's settings say
    s3://drops/<catalog id>/incoming/full/<name>       all there is: what it lacks is deactivated
    s3://drops/<catalog id>/incoming/delta/<name>      changes: what it lacks stays as it is
    s3://drops/<catalog id>/incoming/dry-run/…         shows what that would change, and changes nothing
    s3://drops/<catalog id>/results/<name>.<job id>.json         what became of it
    s3://drops/<catalog id>/results/<name>.<job id>.errors.csv   the rows that were refused, and why

`receive` records a file version once and makes its job; `run` does the job.
"""

from wecelebrate.core import queue
from wecelebrate.ingestion.sync.intake import notified
from wecelebrate.ingestion.sync.pull import pull
from wecelebrate.ingestion.sync.run import run

__all__ = ["receive", "run"]


def receive(message: queue.Message) -> None:
    """What comes by the queue of drops: a notification of S3, or word of a schedule."""
    if "schedule_id" in message.body:
        pull(message)
    else:
        notified(message)
