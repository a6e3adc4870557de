"""The models of syncs."""

from typing import Literal

from pydantic import Field

from wecelebrate.core.models import Input
from wecelebrate.core.types import Flag, Id, Timestamp


class NewSync(Input):
    """The uploaded file, and how to load it into the catalog."""

    upload_id: Id = Field(description="A file that was uploaded with `POST /v1/uploads`, in any supported format.")
    mode: Literal["full", "delta"] | None = Field(
        default=None,
        description="`full`: the file is the whole catalog, and missing products are deactivated. `delta`: the file has"
        " only changes. Null: `sync_settings.mode` of the catalog applies, which is `delta` unless it is set.",
    )
    dry_run: Flag = Field(default=False, description="Report what would change, with examples. Change nothing.")
    stock_as_of: Timestamp | None = Field(
        default=None,
        description=(
            "When the stock in the file was counted. Orders that the ERP system did not know at this time are "
            "subtracted. Null: `sync_settings.stock_delay_minutes` before this request. A column that is mapped "
            "to `stock_as_of` contains the time for each row."
        ),
    )
