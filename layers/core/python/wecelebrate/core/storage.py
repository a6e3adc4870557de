"""Reads and writes objects in S3. Large objects are streamed.

All functions raise Unavailable if S3 throttles the call, does not respond, or ends the connection too early.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Any, BinaryIO, Self, cast
from urllib.parse import quote, unquote_plus

from wecelebrate.core.aws import temporary_errors
from wecelebrate.core.errors import Unavailable
from wecelebrate.core.settings import settings

if TYPE_CHECKING:
    from datetime import timedelta

    from mypy_boto3_s3 import S3Client


class ObjectGone(Exception):
    """The object no longer exists."""


class _Body:
    """The body of an object. Raises Unavailable if the connection breaks while the body is read.

    Without this error, an incomplete file could look like the complete file.
    """

    def __init__(self, body: Any) -> None:
        self._body = body

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def read(self, size: int = -1, /) -> bytes:
        with temporary_errors("S3"):
            data: bytes = self._body.read(None if size < 0 else size)
        return data

    def close(self) -> None:
        self._body.close()


READ_TIMEOUT_SECONDS = 30.0
"""If S3 sends no data for this number of seconds, the connection counts as broken."""
_client_lock = Lock()
"""Threads are allowed to share a client of boto3, but two threads must not create clients at the same time."""


def s3_client() -> "S3Client":
    """Return the client of this process. Threads share it."""
    with _client_lock:
        return _create_client()


@lru_cache(maxsize=1)
def _create_client() -> "S3Client":
    import boto3
    from botocore.config import Config

    return boto3.client(
        "s3",
        config=Config(
            connect_timeout=3,
            read_timeout=READ_TIMEOUT_SECONDS,
            retries={"max_attempts": 4},
            # A presigned URL must contain the name of the region, but no checksum, because the body of the upload does
            # not exist yet.
            signature_version="s3v4",
            s3={"us_east_1_regional_endpoint": "regional"},
            request_checksum_calculation="when_required",
        ),
    )


def open_version(bucket: str, key: str, version_id: str) -> BinaryIO:
    """Open one version of an object. The stream cannot seek. Raises ObjectGone if the version was deleted."""
    from botocore.exceptions import ClientError

    try:
        with temporary_errors("S3"):
            response = s3_client().get_object(Bucket=settings().bucket(bucket), Key=key, VersionId=version_id)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in ("NoSuchKey", "NoSuchVersion", "404"):
            raise ObjectGone(f"{key} (version {version_id}) no longer exists in the bucket") from error
        raise
    return cast(BinaryIO, _Body(response["Body"]))


def open_from(bucket: str, key: str, offset: int) -> BinaryIO:
    """Open the newest version of an object at the byte `offset`. The stream cannot seek.

    Raises ObjectGone if the object does not exist, or is shorter than `offset`.
    """
    from botocore.exceptions import ClientError

    try:
        with temporary_errors("S3"):
            response = s3_client().get_object(Bucket=settings().bucket(bucket), Key=key, Range=f"bytes={offset}-")
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in ("NoSuchKey", "InvalidRange", "404", "416"):
            raise ObjectGone(f"{key} does not exist in the bucket, or has no byte {offset}") from error
        raise
    return cast(BinaryIO, _Body(response["Body"]))


def put(bucket: str, key: str, body: bytes | BinaryIO, content_type: str, *, cache_control: str = "") -> None:
    """Write an object. A large object is sent in parts."""
    import io

    file = io.BytesIO(body) if isinstance(body, bytes) else body
    extra = {"ContentType": content_type} | ({"CacheControl": cache_control} if cache_control else {})
    with temporary_errors("S3"):
        s3_client().upload_fileobj(file, settings().bucket(bucket), key, ExtraArgs=extra)


def read(bucket: str, key: str, max_bytes: int) -> bytes | None:
    """Read the first `max_bytes` + 1 bytes of an object. It returns None if the object does not exist.

    If the result is longer than `max_bytes`, the object is larger than `max_bytes`.
    """
    from botocore.exceptions import ClientError

    try:
        with temporary_errors("S3"):
            response = s3_client().get_object(Bucket=settings().bucket(bucket), Key=key)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in ("NoSuchKey", "404"):
            return None
        raise
    content = b""
    with _Body(response["Body"]) as body:
        # boto3 detects an incomplete body only when a read returns no more data.
        while len(content) <= max_bytes and (chunk := body.read(max_bytes + 1 - len(content))):
            content += chunk
    return content


def put_version(bucket: str, key: str, body: bytes, content_type: str) -> str:
    """Write an object in one request, and return the id of its new version."""
    with temporary_errors("S3"):
        response = s3_client().put_object(
            Bucket=settings().bucket(bucket), Key=key, Body=body, ContentType=content_type
        )
    return response.get("VersionId", "null")


def put_locked(bucket: str, key: str, body: bytes, content_type: str) -> None:
    """Write an object to a bucket with Object Lock. For such a bucket, S3 requires a checksum."""
    with temporary_errors("S3"):
        s3_client().put_object(
            Bucket=settings().bucket(bucket), Key=key, Body=body, ContentType=content_type, ChecksumAlgorithm="SHA256"
        )


def newest_version(bucket: str, key: str) -> str | None:
    """Return the id of the newest version of an object. It returns None if the object does not exist."""
    head = _head(bucket, key)
    return None if head is None else head.get("VersionId", "null")


def size_of(bucket: str, key: str) -> int | None:
    """Return the size of an object in bytes. It returns None if the object does not exist."""
    head = _head(bucket, key)
    return None if head is None else int(head["ContentLength"])


def _head(bucket: str, key: str) -> Any:
    from botocore.exceptions import ClientError

    try:
        with temporary_errors("S3"):
            return s3_client().head_object(Bucket=settings().bucket(bucket), Key=key)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in ("NoSuchKey", "404"):
            return None
        raise


def upload_url(bucket: str, key: str, content_type: str, size: int, life: "timedelta") -> str:
    """Return a presigned URL for a PUT. The body must have exactly the given size (bytes) and content type."""
    parameters = {
        "Bucket": settings().bucket(bucket),
        "Key": key,
        "ContentType": content_type,
        "ContentLength": size,
    }
    with temporary_errors("S3"):
        url: str = s3_client().generate_presigned_url(
            "put_object", Params=parameters, ExpiresIn=int(life.total_seconds())
        )
    return url


def download_url(bucket: str, key: str, content_type: str, life: "timedelta") -> str:
    """Return a presigned URL for a GET. A browser saves the object under the last part of its key."""
    parameters = {
        "Bucket": settings().bucket(bucket),
        "Key": key,
        "ResponseContentType": content_type,
        # The name can contain any character: RFC 6266 encodes it.
        "ResponseContentDisposition": f"attachment; filename*=UTF-8''{quote(object_name(key), safe='')}",
    }
    with temporary_errors("S3"):
        url: str = s3_client().generate_presigned_url(
            "get_object", Params=parameters, ExpiresIn=int(life.total_seconds())
        )
    return url


def delete_all(bucket: str, prefix: str) -> None:
    """Delete all versions of all objects whose keys begin with a prefix, so that no copy is left."""
    name = settings().bucket(bucket)
    pages = iter(s3_client().get_paginator("list_object_versions").paginate(Bucket=name, Prefix=prefix))
    while True:
        with temporary_errors("S3"):
            page = next(pages, None)
            if page is None:
                return
            versions: list[Any] = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
            if versions:
                objects = [{"Key": version["Key"], "VersionId": version["VersionId"]} for version in versions]
                deleted = s3_client().delete_objects(Bucket=name, Delete={"Objects": cast(Any, objects), "Quiet": True})
                if deleted.get("Errors"):
                    raise Unavailable(f"S3 could not delete {len(deleted['Errors'])} objects")


@dataclass(frozen=True)
class ObjectVersion:
    """One version of an object. A delete marker is a version without content."""

    key: str
    version_id: str
    size: int
    modified_at: datetime
    is_delete_marker: bool


def versions(bucket: str, prefix: str, *, exact: bool = False) -> Iterator[ObjectVersion]:
    """Yield all versions of all objects whose keys begin with a prefix.

    If `exact` is true, it yields only the versions of the object with this key.
    """
    name = settings().bucket(bucket)
    pages = iter(s3_client().get_paginator("list_object_versions").paginate(Bucket=name, Prefix=prefix))
    while True:
        with temporary_errors("S3"):
            page = next(pages, None)
        if page is None:
            return
        for is_marker, kind in ((False, "Versions"), (True, "DeleteMarkers")):
            for item in cast(Any, page).get(kind, ()):
                if not exact or item["Key"] == prefix:
                    size = item.get("Size", 0)
                    yield ObjectVersion(item["Key"], item["VersionId"], size, item["LastModified"], is_marker)


def delete_versions(bucket: str, deleted: Iterable[ObjectVersion]) -> None:
    """Delete versions of objects. It is not an error if a version no longer exists."""
    name, objects = settings().bucket(bucket), [{"Key": each.key, "VersionId": each.version_id} for each in deleted]
    for first in range(0, len(objects), 1000):
        batch = objects[first : first + 1000]
        with temporary_errors("S3"):
            response = s3_client().delete_objects(Bucket=name, Delete={"Objects": cast(Any, batch), "Quiet": True})
        if response.get("Errors"):
            raise Unavailable(f"S3 could not delete {len(response['Errors'])} objects")


def safe_name(name: str) -> str:
    """Return a file name that can be part of a key.

    Each character that must be escaped in a URL is replaced by an underscore.
    """
    return re.sub(r"[^\w.()+-]+", "_", name, flags=re.ASCII)[-100:]


def newest_versions(bucket: str, prefix: str) -> Iterator[list[dict[str, Any]]]:
    """List the newest versions of all objects whose keys begin with a prefix.

    It yields one list for each page of S3's response. The entries have the format of `created_objects`.
    """
    pages = iter(
        s3_client().get_paginator("list_object_versions").paginate(Bucket=settings().bucket(bucket), Prefix=prefix)
    )
    while True:
        with temporary_errors("S3"):
            page = next(pages, None)
        if page is None:
            return
        yield [
            {
                "key": version["Key"],
                "version_id": version["VersionId"],
                "sequencer": "",  # S3's response contains no sequencer.
                "size": version["Size"],
                "etag": version["ETag"].strip('"'),
                "dropped_at": version["LastModified"],
            }
            for version in page.get("Versions", [])
            if version["IsLatest"] and not version["Key"].endswith("/")
        ]


def object_name(key: str) -> str:
    """Return the last part of a key, after the last slash."""
    return key.rsplit("/", 1)[-1]


def created_objects(records: Iterable[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    """Return the objects that were created according to S3 notifications.

    The keys in the result are decoded. S3 encodes keys in notifications like form fields, where `+` is a space.
    """
    for record in records:
        if record.get("eventName", "").startswith("ObjectCreated:"):
            created = record["s3"]["object"]
            yield {
                "key": unquote_plus(created["key"]),
                "version_id": created.get("versionId", "null"),
                "sequencer": created.get("sequencer", ""),
                "size": created.get("size", 0),
                "etag": created.get("eTag", ""),
                "dropped_at": record["eventTime"],
            }
