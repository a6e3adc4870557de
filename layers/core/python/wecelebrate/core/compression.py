"""Compresses a response whose size is near the limit of Lambda.

CloudFront compresses all other responses (decision 0039). A function can return at most 6 MB. Because CloudFront
compresses only after the function has returned the response, the function itself must compress a large response.
"""

import base64
import gzip
from typing import Any

from wecelebrate.core.etags import weak
from wecelebrate.core.negotiation import content_coding, vary

MIN_CHARACTERS = 4_000_000
"""The minimum length of a body that the function compresses."""
_LEVEL = 1
"""The compression level. A higher level takes up to five times as long, and makes JSON at most a fifth smaller."""


def compress_large(event: dict[str, Any], response: dict[str, Any]) -> dict[str, Any]:
    """Return the response to an event, with the content coding gzip if it is large and the client accepts gzip."""
    headers = response["headers"]
    if response["isBase64Encoded"] or len(response["body"]) < MIN_CHARACTERS or "content-encoding" in headers:
        return response
    headers = headers | {"vary": vary(headers.get("vary"), "Accept-Encoding")}
    if content_coding(event["headers"].get("accept-encoding"), ["gzip"]) is None:
        return response | {"headers": headers}
    if "etag" in headers:
        headers["etag"] = weak(headers["etag"])
    body = base64.b64encode(gzip.compress(response["body"].encode(), _LEVEL, mtime=0)).decode()
    return response | {"headers": headers | {"content-encoding": "gzip"}, "body": body, "isBase64Encoded": True}
