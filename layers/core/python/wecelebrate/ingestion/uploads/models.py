"""A file that is uploaded past the API."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from wecelebrate.core.models import Input, Moment

ContentType = Annotated[str, StringConstraints(max_length=200, pattern=r"^[\w.+-]+/[\w.+-]+(; ?[\w.+-]+=[\w.+-]+)*$")]
LARGEST = 5 * 1024**3
"""Bytes that S3 takes in one request."""


class NewUpload(Input):
    """What announces a file."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=r"^[^/\\\x00-\x1f]+$")]
    size: int = Field(strict=True, ge=1, le=LARGEST, description="Bytes, exactly.")
    content_type: ContentType = "application/octet-stream"
    client_id: UUID | None = Field(default=None, description="For who belongs to several; null for the platform's own.")


class Upload(BaseModel):
    """Where to send the file: one request of `method` to `url`, with `headers` and the file as its body."""

    id: UUID
    client_id: UUID | None
    url: str
    method: Literal["PUT"]
    headers: dict[str, str]
    expires_at: Moment


class Uploaded(BaseModel):
    """A file that arrived."""

    key: str
    version_id: str
    name: str
