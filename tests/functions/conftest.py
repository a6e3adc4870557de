"""The session's cloud with two unrelated clients for each module. Tests that change a client create their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.endpoints import Endpoints
from tests.functions.resources import create_resources
from tests.platform import Platform, Tenant


@pytest.fixture(scope="module")
def platform(cloud: Endpoints, state: Path) -> Iterator[Platform]:
    with Platform.of(cloud, state) as platform:
        yield platform


@pytest.fixture(scope="module")
def tenant(platform: Platform) -> Tenant:
    return platform.tenant()


@pytest.fixture(scope="module")
def other_tenant(platform: Platform) -> Tenant:
    return platform.tenant()


@pytest.fixture(scope="module")
def ids(platform: Platform, tenant: Tenant) -> dict[str, str]:
    """The ids of existing resources of the tenant, by path parameter."""
    return create_resources(platform, tenant)
