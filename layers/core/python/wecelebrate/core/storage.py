"""Files in S3, streamed."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from wecelebrate.core.settings import settings

if TYPE_CHECKING:
    from datetime import timedelta

    from mypy_boto3_s3 import S3Client


class GoneError(Exception):
    """The file is no longer there."""


_making = Lock()
"""A client may be used by many threads; two may not be made at once."""


def _s3() -> "S3Client":
    with _making:
        return _made()


@lru_cache(maxsize=1)
def _made() -> "S3Client":
    import boto3
    from botocore.config import Config

    return boto3.client(
        "s3",
        config=Config(
            connect_timeout=3,
            read_timeout=30,
            retries={"max_attempts": 4},
            # What a presigned URL must be to hold anywhere: of this region, and without a checksum of a body that is
            # not there yet.
            signature_version="s3v4",
            s3={"us_east_1_regional_endpoint": "regional"},
            request_checksum_calculation="when_required",
        ),
    )


def open_version(bucket: str, key: str, version_id: str) -> BinaryIO:
    """One version of a file as a stream that cannot seek. Raises GoneError when it was deleted."""
    from botocore.exceptions import ClientError

    try:
        answer = _s3().get_object(Bucket=settings().bucket(bucket), Key=key, VersionId=version_id)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in ("NoSuchKey", "NoSuchVersion", "404"):
            raise GoneError(f"{key} (version {version_id}) is no longer in the bucket") from error
        raise
    return cast(BinaryIO, answer["Body"])


def put(bucket: str, key: str, body: bytes | BinaryIO, content_type: str, *, cache_control: str = "") -> None:
    """Write a file, a large one in parts."""
    import io

    file = io.BytesIO(body) if isinstance(body, bytes) else body
    extra = {"ContentType": content_type} | ({"CacheControl": cache_control} if cache_control else {})
    _s3().upload_fileobj(file, settings().bucket(bucket), key, ExtraArgs=extra)


def read(bucket: str, key: str, most: int) -> bytes | None:
    """A file of at most so many bytes, and one byte more of one that has more; None where there is none."""
    from botocore.exceptions import ClientError

    try:
        answer = _s3().get_object(Bucket=settings().bucket(bucket), Key=key)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in ("NoSuchKey", "404"):
            return None
        raise
    with answer["Body"] as body:
        return body.read(most + 1)


def put_version(bucket: str, key: str, body: bytes, content_type: str) -> str:
    """Write a file in one request; its version."""
    answer = _s3().put_object(Bucket=settings().bucket(bucket), Key=key, Body=body, ContentType=content_type)
    return answer.get("VersionId", "null")


def newest_version(bucket: str, key: str) -> str | None:
    """The newest version of a file; None when there is none."""
    from botocore.exceptions import ClientError

    try:
        found = _s3().head_object(Bucket=settings().bucket(bucket), Key=key)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in ("NoSuchKey", "404"):
            return None
        raise
    return found.get("VersionId", "null")


def upload_url(bucket: str, key: str, content_type: str, size: int, life: "timedelta") -> str:
    """An address that takes one file, of exactly this size and type, by PUT."""
    parameters = {
        "Bucket": settings().bucket(bucket),
        "Key": key,
        "ContentType": content_type,
        "ContentLength": size,
    }
    url: str = _s3().generate_presigned_url("put_object", Params=parameters, ExpiresIn=int(life.total_seconds()))
    return url


def safe_name(name: str) -> str:
    """A name as part of a key: what needs no escaping in addresses stays."""
    return re.sub(r"[^\w.()+-]+", "_", name, flags=re.ASCII)[-100:]


def newest_versions(bucket: str, prefix: str) -> Iterator[list[dict[str, Any]]]:
    """The newest versions of files whose keys begin with `prefix`, as `uploads` has them, a page of S3's at a time."""
    pages = _s3().get_paginator("list_object_versions")
    for page in pages.paginate(Bucket=settings().bucket(bucket), Prefix=prefix):
        yield [
            {
                "key": version["Key"],
                "version_id": version["VersionId"],
                "sequencer": "",  # a listing does not say
                "size": version["Size"],
                "etag": version["ETag"].strip('"'),
                "dropped_at": version["LastModified"],
            }
            for version in page.get("Versions", [])
            if version["IsLatest"] and not version["Key"].endswith("/")
        ]


def object_name(key: str) -> str:
    """The last part of a key."""
    return key.rsplit("/", 1)[-1]


def uploads(records: Iterable[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    """The objects that S3 notifications tell of, keys decoded: they come as form fields do (`+` is a space)."""
    from urllib.parse import unquote_plus

    for record in records:
        if record.get("eventName", "").startswith("ObjectCreated:"):
            told = record["s3"]["object"]
            yield {
                "key": unquote_plus(told["key"]),
                "version_id": told.get("versionId", "null"),
                "sequencer": told.get("sequencer", ""),
                "size": told.get("size", 0),
                "etag": told.get("eTag", ""),
                "dropped_at": record["eventTime"],
            }
