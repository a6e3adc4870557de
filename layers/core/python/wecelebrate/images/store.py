"""Where renditions lie: `<client or platform>/<sha256>/<rendition>.webp` in the bucket of images.

What bytes became is written last, as `renditions.json` beside it: the same bytes of the same client are rendered once,
whichever catalog, address or worker they come by, and a worker that died amid them left nothing that is believed.
"""

import json
from dataclasses import asdict
from threading import Lock
from typing import Any
from uuid import UUID

from wecelebrate.core import storage
from wecelebrate.images import rendering

FOREVER = "public, max-age=31536000, immutable"
BUCKET = "images"

_MOST_SAID = 64 * 1024
_rendering = Lock()
"""One at a time: a decoded image is the largest thing that a worker holds."""


def keep(client_id: UUID | None, data: bytes) -> dict[str, Any]:
    """Render bytes, unless it was done before: what a row of `images` says of them. Raises NotRendered."""
    folder = f"{client_id or 'platform'}/{rendering.digest(data)}"
    said = storage.read(BUCKET, f"{folder}/renditions.json", _MOST_SAID)
    if said is not None:
        known: dict[str, Any] = json.loads(said)
        return known
    with _rendering:
        rendered, files = rendering.render(data)
    for name, content in files.items():
        storage.put(BUCKET, f"{folder}/{name}", content, "image/webp", cache_control=FOREVER)
    made = {
        name: {"key": f"{folder}/{one.file}", "width": one.width, "height": one.height, "bytes": one.bytes}
        for name, one in rendered.renditions.items()
    }
    kept = asdict(rendered) | {"renditions": made}
    body = json.dumps(kept).encode()
    storage.put(BUCKET, f"{folder}/renditions.json", body, "application/json", cache_control=FOREVER)
    return kept
