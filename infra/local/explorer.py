"""The OpenAPI document and the API explorer (Swagger UI), which only the local cloud serves.

All files come from the package fastapi-offline. Therefore the page works without the internet. The page and the API
have the same origin, so requests from the page need no CORS.
"""

import asyncio
import json
import sys
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from infra.local.payload_format import Response

DOCUMENT = "/openapi.json"
PAGE = "/docs"
_FILES = {
    "/docs/swagger-ui-bundle.js": "text/javascript",
    "/docs/swagger-ui.css": "text/css",
    "/docs/favicon.png": "image/png",
}
_HTML = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>wecelebrate API</title>
<link rel="icon" href="/docs/favicon.png">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script>
SwaggerUIBundle({
  url: "/openapi.json", dom_id: "#swagger-ui", deepLinking: true, docExpansion: "none", filter: true,
  persistAuthorization: true, validatorUrl: null,
})
</script>
</body>
</html>
"""


class Explorer:
    """Serves the page, its files, and the document. `server` is the base URL of the API."""

    def __init__(self) -> None:
        self._documents: dict[str, bytes] = {}
        self._lock = asyncio.Lock()

    async def get(self, path: str, server: str) -> Response | None:
        """Return the response to a GET request, or None if the path is not a path of the explorer."""
        # If a developer opens the URL of the API in a browser, the response is the explorer.
        if path in ("/", f"{PAGE}/"):
            return Response(307, [(b"location", PAGE.encode())], b"")
        if path == PAGE:
            return _response("text/html; charset=utf-8", _HTML.encode())
        if path in _FILES:
            return _response(_FILES[path], _static(path.rpartition("/")[2]))
        if path == DOCUMENT:
            async with self._lock:
                if server not in self._documents:
                    self._documents[server] = await _document(server)
            return _response("application/json", self._documents[server])
        return None


async def _document(server: str) -> bytes:
    """Build the document in a separate process, because building it imports the handlers of all functions."""
    command = (sys.executable, "-m", "infra.command", "openapi", "--server", server)
    process = await asyncio.create_subprocess_exec(
        *command, cwd=Path(__file__).parents[2], stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError("`wecelebrate openapi` failed")
    return json.dumps(json.loads(output), separators=(",", ":")).encode()


@lru_cache(maxsize=len(_FILES))
def _static(name: str) -> bytes:
    package = find_spec("fastapi_offline")
    if package is None or package.origin is None:
        raise RuntimeError("fastapi-offline is not installed: run `make ready`")
    return (Path(package.origin).parent / "static" / name).read_bytes()


def _response(media_type: str, body: bytes) -> Response:
    return Response(200, [(b"content-type", media_type.encode()), (b"cache-control", b"no-cache")], body)
