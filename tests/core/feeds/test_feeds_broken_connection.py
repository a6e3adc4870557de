"""Tests that a connection that breaks while a file is read causes an error of the platform, and is not read as the end
of the file.

If the rest of the file were ignored, a full sync would deactivate the products in the rest of the file.
"""

import gzip
import io
import json

import pytest

from tests.core.feeds import workbooks
from wecelebrate import feeds
from wecelebrate.core.errors import Unavailable

ROWS = [[f"SKU-{number}", f"Mug {number}", "1.00"] for number in range(20_000)]


CSV = b"sku,name,price\n" + "".join(f"{','.join(row)}\n" for row in ROWS).encode()
FILES: dict[str, bytes] = {
    "products.csv": CSV,
    "products.csv.gz": gzip.compress(CSV, 1),
    "products.zip": workbooks.zipped({"products.csv": CSV}),
    "products.json": json.dumps([{"sku": sku, "name": name, "price": price} for sku, name, price in ROWS]).encode(),
    "products.ndjson": "".join(json.dumps({"sku": sku, "name": name}) + "\n" for sku, name, _ in ROWS).encode(),
    "products.xml": b"<products>"
    + "".join(f"<product><sku>{sku}</sku><name>{name}</name></product>" for sku, name, _ in ROWS).encode()
    + b"</products>",
    "products.xlsx": workbooks.table(["sku", "name", "price"], *ROWS[:2000]),
}


class BrokenStream(io.BytesIO):
    """A stream that raises the error of a broken connection after `size` bytes."""

    def __init__(self, content: bytes, size: int) -> None:
        super().__init__(content[:size])

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        if not data:
            raise Unavailable("S3 cannot be reached. Try again in a moment.")
        return data


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.999])
@pytest.mark.parametrize("name", FILES)
def test_a_connection_that_breaks_at_any_position_raises_unavailable(name: str, share: float) -> None:
    content = FILES[name]
    stream = BrokenStream(content, int(len(content) * share))
    with pytest.raises(Unavailable), feeds.open_feed(stream, name, None, "EUR") as feed:
        for _ in feed:
            pass
