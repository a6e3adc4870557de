"""Tests that a consistency token is accepted only if it belongs to this cluster and is at most a minute old."""

import time
from collections.abc import Iterator

import pytest

from wecelebrate.core import consistency
from wecelebrate.core.settings import settings

NOW = 1_800_000_000.0


@pytest.fixture(autouse=True)
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("WC_SIGNING_KEY", "a key")
    use_cluster(monkeypatch, "writer.test:5432")
    monkeypatch.setattr(time, "time", lambda: NOW)
    yield
    settings.cache_clear()


def use_cluster(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("WC_DATABASE_WRITER", address)
    settings.cache_clear()


def test_a_token_contains_the_transaction_of_a_write() -> None:
    assert consistency.min_xids(consistency.token("741")) == ("741",)


def test_a_request_can_have_several_tokens() -> None:
    header = f"{consistency.token('741')}, {consistency.token('742')},{consistency.token('743')}"
    assert consistency.min_xids(header) == ("741", "742", "743")


@pytest.mark.parametrize("header", [None, "", ",", "forged", "a, b"])
def test_a_header_without_a_valid_token_has_no_transactions(header: str | None) -> None:
    assert consistency.min_xids(header) == ()


def test_an_invalid_token_does_not_affect_the_tokens_after_it() -> None:
    assert consistency.min_xids(f"forged, {consistency.token('741')}") == ("741",)


def test_a_token_is_valid_for_sixty_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    token = consistency.token("741")
    monkeypatch.setattr(time, "time", lambda: NOW + 60)
    assert consistency.min_xids(token) == ("741",)
    monkeypatch.setattr(time, "time", lambda: NOW + 61)
    assert consistency.min_xids(token) == ()


def test_a_token_of_another_cluster_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    token = consistency.token("741")
    use_cluster(monkeypatch, "restored.test:5432")
    assert consistency.min_xids(token) == ()
    assert consistency.min_xids(f"{token},{consistency.token('12')}") == ("12",)


def test_only_the_first_sixteen_consistency_tokens_of_a_request_are_used() -> None:
    header = ",".join(consistency.token(str(xid)) for xid in range(100, 117))
    assert consistency.min_xids(header) == tuple(str(xid) for xid in range(100, 116))
