"""An upload: a file that a client sends directly to S3."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from wecelebrate.core.models import Input, Secret
from wecelebrate.core.types import Id, Label, Moment

_PART = "[A-Za-z0-9_.+-]+"
ContentType = Annotated[str, StringConstraints(max_length=200, pattern=rf"^{_PART}/{_PART}(; ?{_PART}={_PART})*$")]
FileName = Annotated[Label, StringConstraints(pattern=r"^[^/\\]+$")]
MAX_SIZE = 5 * 1024**3
"""The largest size of a file that S3 accepts in one request, in bytes."""
FileSize = Annotated[int, Field(strict=True, ge=1, le=MAX_SIZE)]


class NewUpload(Input):
    """The file that will be uploaded."""

    name: FileName
    """The name of the file, without a folder."""
    size: FileSize = Field(description="The exact size in bytes.")
    content_type: ContentType = "application/octet-stream"
    """The media type of the file. The upload must have the same `Content-Type`."""
    client_id: Id | None = Field(
        default=None,
        description="Required if the caller belongs to several clients. Null for the platform's own files.",
    )


class Upload(BaseModel):
    """How to upload the file: send a request with this `method` and these `headers`, and with the file as its body, to
    `url`.
    """

    id: UUID
    client_id: UUID | None
    url: Annotated[str, Secret] = Field(description="A presigned URL. Whoever knows it can send the file.")
    method: Literal["PUT"]
    """The method of the request."""
    headers: dict[str, str]
    """The headers of the request."""
    expires_at: Moment
    """When the URL expires."""


class AnnouncedUpload(BaseModel):
    """An upload that a client has created. Only the response to the creation contains the URL for the file."""

    id: UUID
    client_id: UUID | None
    name: str
    content_type: str
    size: int = Field(description="The announced size in bytes.")
    created_at: Moment


class UploadedFile(BaseModel):
    """A file that has arrived in S3."""

    key: str
    version_id: str
    name: str
