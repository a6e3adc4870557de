"""The models of the rejected rows of a job, and of the files that a job has written."""

from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, Field

from wecelebrate.core.models import Secret
from wecelebrate.core.types import Moment
from wecelebrate.jobs.models import RowError

URL_LIFETIME = timedelta(minutes=15)
"""How long a presigned URL is valid."""


class RejectedRow(RowError):
    """A rejected row of a file, with its cells."""

    raw: dict[str, str] | None = Field(
        description=(
            "Maps columns to the unchanged cells of the row. Null if the caller may not see the source data of "
            "the catalog. Also null while the file is still being read, because the columns are not final before "
            "that."
        )
    )


class JobFile(BaseModel):
    """A file that a job has written, with a URL that returns the file."""

    name: str
    """The name of the file."""
    content_type: str
    """The media type of the file."""
    size: int = Field(description="The size in bytes.")
    url: Annotated[str, Secret] = Field(
        description="A presigned URL. Whoever knows it can read the file with `GET`, without an access token."
    )
    expires_at: Moment = Field(description="The time after which the URL no longer returns the file.")
