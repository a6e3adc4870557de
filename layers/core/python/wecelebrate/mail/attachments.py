"""The files of a mail: images that the HTML of the mail shows, and attachments that the recipient can save.

The column `details` of the mail contains the keys of these files.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wecelebrate.core import storage
from wecelebrate.jobs.lease import JobRejected

BUCKET = "uploads"
MAX_BYTES = 5 * 1024 * 1024
"""The largest size of a file in a mail, in bytes. SES accepts mails of 40 MB, but many mail servers accept only 10
MB."""


@dataclass(frozen=True)
class Attachment:
    """A file of a mail."""

    name: str
    media_type: str
    body: bytes
    content_id: str | None = None
    """For an image, the Content-ID by which the HTML refers to the image (`cid:`). None for an attachment that the
    recipient can save.
    """


def of_mail(mail: Mapping[str, Any]) -> tuple[Attachment, ...]:
    """Read the files of a mail. Raises JobRejected if a file was deleted."""
    details = mail["details"]
    files = [
        Attachment(storage.object_name(chart["key"]), "image/png", _read(chart["key"]), chart["content_id"])
        for chart in details.get("charts", ())
    ]
    if workbook := details.get("workbook"):
        name = storage.object_name(workbook["key"])
        files.append(Attachment(name, workbook["media_type"], _read(workbook["key"])))
    return tuple(files)


def _read(key: str) -> bytes:
    body = storage.read(BUCKET, key, MAX_BYTES)
    if body is None:
        raise JobRejected("file_gone", "A file of the mail was deleted, because it is too old.")
    return body
