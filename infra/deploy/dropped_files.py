"""Lists the files that ERP systems have written into the drops bucket, and writes these files again.

A database that was restored to an earlier time does not know the files that the platform has read since that time. The
bucket still contains these files, and `forgotten_files` selects them. If a file is written again, S3 sends a new
notification, and the platform reads the file again.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from infra.deploy.account import Account, AwsError

COPY_OF = "put-back-of"
"""The metadata key of a copy. Its value is the version of the file from which `forgotten_files` has written the
copy."""
_INCOMING = re.compile(r"(?P<orders>orders/)?(?P<id>[^/]+)/incoming/.*[^/]", re.DOTALL)
"""The keys of files that ERP systems have written. The platform has written all other files."""
_HEADERS = ("CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage", "ContentType")
"""The headers of a file that a copy keeps."""


@dataclass(frozen=True)
class Owner:
    """The catalog or the order destination to which a file belongs."""

    id: UUID
    is_catalog: bool

    def __str__(self) -> str:
        return f"the catalog {self.id}" if self.is_catalog else f"the order destination {self.id}"


@dataclass(frozen=True)
class DroppedFile:
    """One version of a file."""

    key: str
    version: str
    size: int
    written_at: datetime
    is_latest: bool
    owner: Owner


def dropped_files(
    account: Account, *, since: datetime | None = None, folder: str = "", old_versions: bool = False
) -> list[DroppedFile]:
    """Return the files that ERP systems have written, the oldest first.

    since: return only files that were written at this time or later. folder: return only files whose keys begin with
    this text. old_versions: whether to include the versions that a newer file of the same name has replaced.
    """
    files = [
        file
        for file in _versions(account, folder)
        if (old_versions or file.is_latest) and (since is None or file.written_at >= since)
    ]
    # S3 lists the newest version of a key first. The order of the list also counts, because the times have whole
    # seconds.
    files.reverse()
    return sorted(files, key=lambda file: (file.written_at, file.key))


def put_back(account: Account, file: DroppedFile, *, marked: bool = False) -> DroppedFile:
    """Write a version of a file again, as a new version with the same metadata, so that S3 sends its notification
    again. Return the copy.

    marked: whether the metadata of the copy contains the version from which it was written (COPY_OF).
    """
    client, bucket = account.client("s3"), _bucket(account)
    source: dict[str, Any] = {"Bucket": bucket, "Key": file.key, "VersionId": file.version}
    head = client.head_object(**source)
    # S3 copies an object to itself only if the request replaces the metadata. Therefore the request contains the same
    # metadata.
    copy = client.copy_object(
        Bucket=bucket,
        Key=file.key,
        CopySource=source,
        MetadataDirective="REPLACE",
        Metadata=head["Metadata"] | ({COPY_OF: file.version} if marked else {}),
        **{name: head[name] for name in _HEADERS if name in head},
    )
    written_at = copy["CopyObjectResult"]["LastModified"]
    return DroppedFile(file.key, copy["VersionId"], file.size, written_at, True, file.owner)


def origin(account: Account, file: DroppedFile) -> str | None:
    """Return the version from which `put_back` has written a marked copy, or None for any other file."""
    head = account.client("s3").head_object(Bucket=_bucket(account), Key=file.key, VersionId=file.version)
    metadata: dict[str, str] = head["Metadata"]
    return metadata.get(COPY_OF)


def find_version(account: Account, key: str, version: str | None) -> DroppedFile:
    """Return the given version of a file, or the latest version. Raises AwsError if it does not exist."""
    for file in dropped_files(account, folder=key, old_versions=True):
        if file.key == key and (file.version == version if version else file.is_latest):
            return file
    raise AwsError(
        f"{key} does not exist{f' with the version {version}' if version else ''}, or is not an incoming file"
    )


def _bucket(account: Account) -> str:
    return f"{account.environment.resource('drops')}-{account.id}"


def _versions(account: Account, folder: str) -> Iterator[DroppedFile]:
    pages = account.client("s3").get_paginator("list_object_versions").paginate(Bucket=_bucket(account), Prefix=folder)
    for page in pages:
        for each in page.get("Versions", ()):
            if owner := _owner(each["Key"]):
                yield DroppedFile(
                    each["Key"], each["VersionId"], each["Size"], each["LastModified"], each["IsLatest"], owner
                )


def _owner(key: str) -> Owner | None:
    """Return the owner of an incoming file, or None for any other file. The id in the key can have each form of a
    UUID."""
    match = _INCOMING.fullmatch(key)
    try:
        return Owner(UUID(match["id"]), is_catalog=not match["orders"]) if match else None
    except ValueError:
        return None
