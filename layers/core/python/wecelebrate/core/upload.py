"""Writes an object of unknown size to S3, in parts and in constant memory."""

import hashlib
import io
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self

from wecelebrate.core.aws import temporary_errors
from wecelebrate.core.settings import settings
from wecelebrate.core.storage import s3_client

PART_BYTES = 8 * 1024 * 1024
"""The size of a part. S3 accepts at most 10,000 parts. Therefore an object can have at most 78 GiB."""


class ObjectWriter(io.RawIOBase):
    """A file that is written sequentially. It becomes an object when `complete` is called.

    A thread sends one part while the next part is written, so at most two parts are in memory. If the `with` block ends
    without `complete`, for example because of an exception, no object is created. If the process dies, a lifecycle rule
    of the bucket deletes the parts.
    """

    def __init__(self, bucket: str, key: str, content_type: str) -> None:
        super().__init__()
        self._bucket, self._key = settings().bucket(bucket), key
        self._content_type = content_type
        self._buffer = bytearray()
        self._upload_id: str | None = None
        self._etags: list[str] = []
        self._sending: Future[str] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="upload")
        self._digest = hashlib.sha256()
        self._is_complete = False
        self.size = 0
        """The number of bytes that have been written."""

    @property
    def sha256(self) -> str:
        """The SHA-256 of the bytes that have been written, in hexadecimal."""
        return self._digest.hexdigest()

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        """Write bytes. Raises Unavailable if S3 throttles a call or does not respond."""
        view = memoryview(data).cast("B")
        self._digest.update(view)
        self.size += len(view)
        self._buffer += view
        while len(self._buffer) >= PART_BYTES:
            part = bytes(self._buffer[:PART_BYTES])
            del self._buffer[:PART_BYTES]
            self._send(part)
        return len(view)

    def complete(self) -> None:
        """Create the object from the bytes that have been written. Raises Unavailable."""
        body = bytes(self._buffer)
        self._buffer.clear()
        if self._upload_id is None:
            with temporary_errors("S3"):
                s3_client().put_object(Bucket=self._bucket, Key=self._key, Body=body, ContentType=self._content_type)
        else:
            if body:
                self._send(body)
            self._wait()
            parts = [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(self._etags, 1)]
            upload: Any = {"Parts": parts}
            with temporary_errors("S3"):
                s3_client().complete_multipart_upload(
                    Bucket=self._bucket, Key=self._key, UploadId=self._upload_id, MultipartUpload=upload
                )
        self._is_complete = True

    def _send(self, part: bytes) -> None:
        if self._upload_id is None:
            with temporary_errors("S3"):
                created = s3_client().create_multipart_upload(
                    Bucket=self._bucket, Key=self._key, ContentType=self._content_type
                )
            self._upload_id = created["UploadId"]
        self._wait()
        self._sending = self._thread.submit(self._upload, len(self._etags) + 1, part)

    def _upload(self, number: int, part: bytes) -> str:
        assert self._upload_id is not None
        with temporary_errors("S3"):
            response = s3_client().upload_part(
                Bucket=self._bucket, Key=self._key, UploadId=self._upload_id, PartNumber=number, Body=part
            )
        return response["ETag"]

    def _wait(self) -> None:
        """Wait until the current part has been sent. If this failed, raise the error."""
        if self._sending is not None:
            sending, self._sending = self._sending, None
            self._etags.append(sending.result())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.shutdown(wait=True)
        if not self._is_complete and self._upload_id is not None:
            with temporary_errors("S3"):
                s3_client().abort_multipart_upload(Bucket=self._bucket, Key=self._key, UploadId=self._upload_id)
