"""Syncs: files that ERP systems upload to the drops bucket become products of a catalog.

    s3://drops/<catalog id>/incoming/<name>         a file; the catalog's settings say whether it is full or a delta
    s3://drops/<catalog id>/incoming/full/<name>    the whole catalog: products that it does not contain are deactivated
    s3://drops/<catalog id>/incoming/delta/<name>   changes: products that it does not contain stay unchanged
    s3://drops/<catalog id>/incoming/dry-run/…      any of these: reports what would change, and changes nothing
    s3://drops/<catalog id>/results/<name>.<job id>.json         the result
    s3://drops/<catalog id>/results/<name>.<job id>.errors.csv   the rejected rows, with their errors

`receive` registers a file version once, and creates its job. `run` runs the job.
"""

from wecelebrate.core import queue
from wecelebrate.ingestion.sync.intake import receive_notification
from wecelebrate.ingestion.sync.pull import pull
from wecelebrate.ingestion.sync.run import run

__all__ = ["receive", "run"]


def receive(message: queue.Message) -> None:
    """Handle a message of the drops queue: a notification from S3, or a run of a schedule."""
    if "schedule_id" in message.body:
        pull(message)
    else:
        receive_notification(message)
