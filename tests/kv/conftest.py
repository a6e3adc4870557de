"""Fixtures for the tests of the key-value store."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from infra.local.credentials import Credentials
from infra.local.endpoints import load_endpoints
from tests.conftest import separate_cloud
from tests.faults.figures import figure
from tests.kv.moving import Move
from tests.platform import TLS, Platform

__all__ = ["figure"]

PATH = "/rest/v1/kv_store_6fcaeea3"
MERGE = {"Prefer": "resolution=merge-duplicates"}
Store = Callable[..., httpx.Response]
ROLLED_BACK = (
    "mirror", "mirror_conflicts", "mirror_lists", "mirror_scope", "moving_costs", "offers", "single_changes", "stages",
)  # fmt: skip
"""The names of modules `test_….py` that leave no rows except rows of comparisons. A test worker runs all these modules
on one local cloud.
"""


@pytest.fixture(scope="package")
def rolled_back_platform(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Iterator[Platform]:
    """A local cloud that all modules in ROLLED_BACK share."""
    with separate_cloud(tmp_path_factory.mktemp("cloud"), shared) as platform:
        yield platform


@pytest.fixture(scope="module")
def own_platform(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, shared: Path
) -> Iterator[Platform]:
    """A local cloud for one test module. The modules in ROLLED_BACK share one local cloud."""
    if request.path.stem.removeprefix("test_") in ROLLED_BACK:
        state = request.getfixturevalue("rolled_back_platform").state
        with Platform.of(load_endpoints(state), state) as platform:
            yield platform
    else:
        with separate_cloud(tmp_path_factory.mktemp("cloud"), shared) as platform:
            yield platform


@pytest.fixture
def api_key(state: Path) -> str:
    """The API key of the old applications."""
    return Credentials.of(state).kv_key


@pytest.fixture
def store(platform: Platform, api_key: str) -> Iterator[Store]:
    """A function that sends a request to the store, e.g. `store("GET", {"key": "eq.a"}, headers={…}, body=…)`."""
    with httpx.Client(base_url=platform.endpoints.api, verify=TLS, trust_env=False, timeout=30) as client:

        def send(
            method: str, parameters: dict[str, str] | None = None, *, body: Any = None, headers: Any = None
        ) -> httpx.Response:
            content = (
                body if isinstance(body, str | bytes | None) else httpx.Request("POST", "http://x", json=body).read()
            )
            return client.request(
                method,
                PATH,
                params=parameters or None,
                content=content,
                headers={"apikey": api_key, "Content-Type": "application/json", **(headers or {})},
            )

        yield send


@pytest.fixture
def prefix() -> str:
    """A key prefix that only this test uses. It contains no wildcard of LIKE."""
    return f"t{uuid4().hex}:"


@pytest.fixture
def move(platform: Platform) -> Iterator[Move]:
    """A store with the documents of the client `a`, a catalog, a site and a gift."""
    platform.database.execute("begin")
    try:
        platform.database.execute("delete from kv_store_6fcaeea3")
        move = Move(platform)
        move.tenant()
        yield move
    finally:
        platform.database.execute("rollback")
