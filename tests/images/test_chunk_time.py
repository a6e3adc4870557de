"""Tests that a chunk of images ends in time, even if its images need much CPU time."""

import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.core.http_server import serving
from tests.images.catalog_images import image
from wecelebrate.core.settings import settings
from wecelebrate.images.fetching import ImageRequest, fetch_all
from wecelebrate.images.renderer import RenderingPostponed


@pytest.fixture(autouse=True)
def _local_addresses(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("WC_OUTBOUND_ALLOW", "127.0.0.1")
    settings.cache_clear()
    yield
    settings.cache_clear()


def test_a_chunk_returns_only_the_images_that_were_rendered_before_its_time_limit() -> None:
    rendered: list[float] = []

    def store(data: bytes, until: float) -> Mapping[str, Any]:
        if time.monotonic() > until:
            raise RenderingPostponed
        rendered.append(until)
        time.sleep(0.5)
        return {"bytes": len(data)}

    with serving(image()) as served:
        requests = [ImageRequest(served.url(f"/{number}")) for number in range(40)]
        started = time.monotonic()
        results = fetch_all(requests, store, lambda: None, seconds=1.2)
    assert time.monotonic() - started < 10
    assert 0 < len(results) == len(rendered) < 40
    assert all(result.image and not result.code for result in results)
    assert len(set(rendered)) == 1, "all images of a chunk have the same deadline"


def test_a_chunk_without_a_time_limit_returns_all_images() -> None:
    with serving(image()) as served:
        requests = [ImageRequest(served.url(f"/{number}")) for number in range(5)]
        results = fetch_all(requests, lambda data, until: {"bytes": len(data)}, lambda: None)
    assert sorted(result.address for result in results) == sorted(request.address for request in requests)
