"""Compresses responses in the same way as CloudFront on AWS: bodies of text and JSON with more than 1 KB."""

import asyncio
import gzip
from collections.abc import Iterable, Mapping

from infra.local.payload_format import Response
from wecelebrate.core.etags import weak
from wecelebrate.core.negotiation import content_coding, vary

MIN_BYTES = 1_000
"""The minimum size of a compressed body. CloudFront has the same limit."""
_CODINGS = ("gzip",)
_LEVEL = 4
"""The compression level of zlib. This level is fast, because all clients share this process. Level 6 takes twice as
long, and makes JSON only 2 % smaller."""
_MAX_LOOP_BYTES = 16 * 1024
"""Bodies above this size are compressed in a thread, so that the event loop can serve other clients. zlib releases the
GIL."""


async def compressed(response: Response, request_headers: Iterable[tuple[bytes, bytes]]) -> Response:
    """Return the response with the content coding that the client prefers, and with the matching headers."""
    headers = {name: value.decode("latin-1") for name, value in response.headers}
    request = {name: value.decode("latin-1") for name, value in request_headers}
    if response.status == 304:
        return _not_modified(response, headers, request)
    if not _is_compressible(response, headers):
        return response
    # Responses that are too small for compression also get this Vary header. A response with the status 304 must have
    # the Vary header of the whole response, but the size of the whole response is unknown.
    changes = {b"vary": vary(headers.get(b"vary"), "Accept-Encoding")}
    body = response.body
    if len(body) >= MIN_BYTES and content_coding(request.get(b"accept-encoding"), _CODINGS):
        body = await _gzip(body)
        changes[b"content-encoding"] = "gzip"
        if b"etag" in headers:
            changes[b"etag"] = weak(headers[b"etag"])
    return _replace(response, changes, body)


def _not_modified(response: Response, headers: Mapping[bytes, str], request: Mapping[bytes, str]) -> Response:
    """Copy the headers that the whole response would have to a response with the status 304 (RFC 9110, 15.4.5)."""
    tag = headers.get(b"etag", "")
    changes = {b"vary": vary(headers.get(b"vary"), "Accept-Encoding")}
    if tag and weak(tag) in (part.strip() for part in request.get(b"if-none-match", "").split(",")):
        changes[b"etag"] = weak(tag)
    return _replace(response, changes, b"")


def _is_compressible(response: Response, headers: Mapping[bytes, str]) -> bool:
    media_type = headers.get(b"content-type", "").partition(";")[0].strip().lower()
    is_text = media_type.startswith("text/") or media_type.endswith(("/json", "+json", "/xml", "+xml"))
    is_fixed = b"content-encoding" in headers or "no-transform" in headers.get(b"cache-control", "")
    return is_text and not is_fixed and bool(response.body)


async def _gzip(body: bytes) -> bytes:
    if len(body) <= _MAX_LOOP_BYTES:
        return gzip.compress(body, _LEVEL, mtime=0)
    return await asyncio.to_thread(gzip.compress, body, _LEVEL, mtime=0)


def _replace(response: Response, changes: Mapping[bytes, str], body: bytes) -> Response:
    kept = [(name, value) for name, value in response.headers if name not in changes]
    changed = [(name, value.encode("latin-1")) for name, value in changes.items()]
    return Response(response.status, kept + changed, body)
