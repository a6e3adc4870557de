"""Fixtures for the tests of functions.

Most modules share the local cloud of the test session, but each module creates two separate tenants. A test that
changes a client creates a new client for this change.
"""

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
    """Map each path parameter to the id of an existing resource of the tenant."""
    return create_resources(platform, tenant)
