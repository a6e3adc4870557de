"""Lists the files that ERP systems have written into the drops bucket, and writes them again.

A restored database does not contain the files that were read after the time to which it was restored. The bucket still
has these files. If a file is written again, S3 sends its notification again, and the platform reads the file again.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from infra.deploy.account import Account, AwsError

_INCOMING = re.compile(r"(?:orders/)?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/incoming/.+", re.DOTALL)
"""The keys of files that come from outside. All other files were written by the platform."""


@dataclass(frozen=True)
class DroppedFile:
    """One version of a file."""

    key: str
    version: str
    size: int
    written_at: datetime
    is_latest: bool


def dropped_files(
    account: Account, *, since: datetime | None = None, folder: str = "", old_versions: bool = False
) -> list[DroppedFile]:
    """Return the files that came from outside, the oldest first.

    since: return only files that were written at this time or later. folder: return only files whose keys begin with
    this text. old_versions: whether to include the versions that a newer file of the same name has replaced.
    """
    return sorted(
        (
            file
            for file in _versions(account, folder)
            if (old_versions or file.is_latest)
            and (since is None or file.written_at >= since)
            and _INCOMING.fullmatch(file.key)
        ),
        key=lambda file: (file.written_at, file.key),
    )


def put_back(account: Account, file: DroppedFile) -> None:
    """Write a version of a file again, as a new version with the same metadata, so that S3 sends its notification
    again.
    """
    client, bucket = account.client("s3"), _bucket(account)
    source: dict[str, Any] = {"Bucket": bucket, "Key": file.key, "VersionId": file.version}
    head = client.head_object(**source)
    # S3 refuses to copy an object to itself unless its metadata is replaced, so the copy names the same metadata.
    client.copy_object(
        Bucket=bucket,
        Key=file.key,
        CopySource=source,
        MetadataDirective="REPLACE",
        Metadata=head["Metadata"],
        ContentType=head["ContentType"],
    )


def find_version(account: Account, key: str, version: str | None) -> DroppedFile:
    """Return a version of a file, or the latest one. Raises AwsError if it does not exist."""
    for file in dropped_files(account, folder=key, old_versions=True):
        if file.key == key and (file.version == version if version else file.is_latest):
            return file
    raise AwsError(f"{key} does not exist{f' with the version {version}' if version else ''}, or is no incoming file")


def _bucket(account: Account) -> str:
    return f"{account.environment.resource('drops')}-{account.id}"


def _versions(account: Account, folder: str) -> Iterator[DroppedFile]:
    pages = account.client("s3").get_paginator("list_object_versions").paginate(Bucket=_bucket(account), Prefix=folder)
    for page in pages:
        for each in page.get("Versions", ()):
            yield DroppedFile(each["Key"], each["VersionId"], each["Size"], each["LastModified"], each["IsLatest"])
