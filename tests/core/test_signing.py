"""Tests that a signed text is accepted only for its purpose, and only if no character has changed."""

from collections.abc import Iterator

import pytest

from wecelebrate.core import signing
from wecelebrate.core.settings import settings


@pytest.fixture(autouse=True)
def signing_key(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("WC_SIGNING_KEY", "a key")
    settings.cache_clear()
    yield
    settings.cache_clear()


def test_a_signed_text_is_the_base64_encoding_of_half_an_hmac_and_the_content() -> None:
    # printf 'cursor\0{"a":1}' | openssl dgst -sha256 -hmac "a key" -binary | head -c 16
    assert signing.sign("cursor", b'{"a":1}') == "pwaRwa5_eBCTjMBxW0Hk9nsiYSI6MX0"


def test_a_keyed_hash_is_the_base64_encoding_of_the_first_half_of_an_hmac() -> None:
    # printf 'orders\0ann@example.test' | openssl dgst -sha256 -hmac "a key" -binary | head -c 16 | base64
    assert signing.keyed_hash("orders", "ann@example.test") == "exKJKVkNqTZA10D6hZ55Nw"


@pytest.mark.parametrize("length", range(8))
def test_signed_content_of_any_length_is_returned(length: int) -> None:
    content = bytes(range(250, 250 + min(length, 6))) + b"\0" * max(length - 6, 0)
    text = signing.sign("cursor", content)
    assert signing.unsign("cursor", text) == content
    assert text.isascii() and "=" not in text


def test_a_signed_text_is_refused_for_another_purpose() -> None:
    assert signing.unsign("consistency", signing.sign("cursor", b"content")) is None
    # A separator between the purpose and the content prevents that a part of the content becomes a part of the purpose.
    assert signing.unsign("cursor2", signing.sign("cursor", b"2content")) is None


def test_a_changed_signed_text_is_refused() -> None:
    text = signing.sign("cursor", b"content")
    for at in range(len(text)):
        for character in "Aa0-_=!":
            changed = text[:at] + character + text[at + 1 :]
            assert signing.unsign("cursor", changed) == (b"content" if changed == text else None)
            assert signing.unsign("cursor", text[:at] + character + text[at:]) is None
        assert signing.unsign("cursor", text[:at] + text[at + 1 :]) is None
    for other in (f"{text}=", f"{text}==", f" {text}", f"{text}\n"):
        assert signing.unsign("cursor", other) is None


@pytest.mark.parametrize("text", ["", "=", "a", "ab", "abcde", "a" * 21, "a" * 22, "ä", "\N{SNOWMAN}", "!!!!"])
def test_a_signed_text_without_its_signature_is_refused(text: str) -> None:
    assert signing.unsign("cursor", text) is None
