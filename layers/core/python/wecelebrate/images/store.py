"""The bucket of renditions. Each rendition has a key of the form `<client or platform>/<sha256>/<rendition>.webp`.

The file `renditions.json` in the same folder describes the renditions, and is written last. If `renditions.json`
exists, the original file is not rendered again, even if the client uses the same file in other catalogs or at other
URLs. If `renditions.json` is missing, the renditions in the folder are ignored.
"""

import json
from dataclasses import asdict
from math import inf
from typing import Any
from uuid import UUID

from wecelebrate.core import storage
from wecelebrate.images import renderer, renditions

IMMUTABLE = "public, max-age=31536000, immutable"
"""The Cache-Control header of all files in the bucket."""
BUCKET = "images"

_MAX_DESCRIPTION_BYTES = 64 * 1024


def render_once(client_id: UUID | None, data: bytes, until: float = inf) -> dict[str, Any]:
    """Render a file and store its renditions, unless the renditions already exist.

    until: a time on the monotonic clock. After this time, no rendering begins.

    It returns values for the columns of the table `images`. Raises NotRendered, RenderingPostponed, or RendererFailed.
    """
    folder = f"{client_id or 'platform'}/{renditions.digest(data)}"
    description = storage.read(BUCKET, f"{folder}/renditions.json", _MAX_DESCRIPTION_BYTES)
    if description is not None:
        columns: dict[str, Any] = json.loads(description)
        return columns
    image, files = renderer.render(data, until)
    for name, content in files.items():
        storage.put(BUCKET, f"{folder}/{name}", content, "image/webp", cache_control=IMMUTABLE)
    rows = {
        name: {"key": f"{folder}/{size.file}", "width": size.width, "height": size.height, "bytes": size.bytes}
        for name, size in image.renditions.items()
    }
    columns = asdict(image) | {"renditions": rows}
    body = json.dumps(columns).encode()
    storage.put(BUCKET, f"{folder}/renditions.json", body, "application/json", cache_control=IMMUTABLE)
    return columns
