"""One platform a module, and in it two clients that know nothing of each other: what a module's tests only read."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.endpoints import Endpoints
from tests.platform import Platform, Tenant


@pytest.fixture(scope="module")
def platform(cloud: Endpoints, state: Path) -> Iterator[Platform]:
    with Platform.of(cloud, state) as platform:
        yield platform


@pytest.fixture(scope="module")
def tenant(platform: Platform) -> Tenant:
    return platform.tenant()


@pytest.fixture(scope="module")
def stranger(platform: Platform) -> Tenant:
    return platform.tenant()
