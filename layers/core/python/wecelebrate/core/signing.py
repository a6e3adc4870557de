"""Signs texts that the platform issues and later accepts.

The texts are not encrypted, but only the platform can create them.
"""

import base64
import hmac

from wecelebrate.core.settings import settings

_SIGNATURE_BYTES = 16


def sign(purpose: str, content: bytes) -> str:
    """Return a text that contains the content and its signature. The signature is valid only for the given purpose.

    The signature is an HMAC-SHA-256 that is truncated to 16 bytes.
    """
    return _encode(_signature(purpose, content) + content)


def unsign(purpose: str, text: str) -> bytes | None:
    """Return the content of a signed text. It returns None if the platform did not sign it for this purpose."""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return None
    signature, content = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
    # Python's decoder ignores characters outside the base64 alphabet, so different texts can decode to the same bytes.
    # This check accepts only the exact text that was issued.
    valid = hmac.compare_digest(signature, _signature(purpose, content)) and _encode(raw) == text
    return content if valid else None


def keyed_hash(purpose: str, text: str, key: str | None = None) -> str:
    """Return a hash of a text. Without the signing key, nobody can find the text by trying all possible texts.

    key: an earlier signing key. Only the list of erasures needs an earlier key, because its entries can be older than
    the current key.
    """
    return _encode(_signature(purpose, text.encode(), key))


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _signature(purpose: str, content: bytes, key: str | None = None) -> bytes:
    secret = settings().signing_key if key is None else key
    return hmac.digest(secret.encode(), purpose.encode() + b"\0" + content, "sha256")[:_SIGNATURE_BYTES]
