"""Syncs: a sync loads a file into a catalog. An ERP system drops the file, or a caller of the API uploads it.

    s3://drops/<catalog id>/incoming/<name>         a file: the settings of the catalog say whether it is full or delta
    s3://drops/<catalog id>/incoming/full/<name>    a full file: products that the file does not contain are deactivated
    s3://drops/<catalog id>/incoming/delta/<name>   a delta file: products that the file does not contain stay unchanged
    s3://drops/<catalog id>/incoming/dry-run/…      any file: the sync reports what it would change, but changes nothing
    s3://drops/<catalog id>/results/<name>.<job id>.json         the result
    s3://drops/<catalog id>/results/<name>.<job id>.errors.csv   the rejected rows, with their errors

`receive` registers each version of a dropped file once, and creates a job for it. `create` creates a job for an
uploaded file. The results of both jobs have the keys shown above. `sync.run` runs the jobs. It is a separate module,
because its import loads the file parsers.
"""

from wecelebrate.core import queue
from wecelebrate.ingestion.sync.create import create
from wecelebrate.ingestion.sync.intake import receive_notification
from wecelebrate.ingestion.sync.pull import pull

__all__ = ["create", "receive"]


def receive(message: queue.Message) -> None:
    """Handle a message of the drops queue.

    The message is either a notification from S3 or the request to run a schedule.
    """
    if "schedule_id" in message.body:
        pull(message)
    else:
        receive_notification(message)
