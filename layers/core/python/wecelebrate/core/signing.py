"""Texts that we hand out and get back: what they say is readable, but only we can have written it."""

import base64
import hmac

from wecelebrate.core.settings import settings

_SIGNATURE_BYTES = 16


def sign(purpose: str, body: bytes) -> str:
    """A text that holds `body`, good for one purpose."""
    return _spelt(_signature(purpose, body) + body)


def unsign(purpose: str, text: str) -> bytes | None:
    """What a signed text holds; None for one that was not signed by us for this purpose."""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return None
    signature, body = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
    # Python's decoder skips what is not of the alphabet: only the spelling that was given out is good.
    good = hmac.compare_digest(signature, _signature(purpose, body)) and _spelt(raw) == text
    return body if good else None


def _spelt(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _signature(purpose: str, body: bytes) -> bytes:
    return hmac.digest(settings().signing_key.encode(), purpose.encode() + b"\0" + body, "sha256")[:_SIGNATURE_BYTES]
