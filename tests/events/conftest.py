"""Fixtures for the tests of events."""

import httpx
import pytest

from tests.events.sending import set_storage
from tests.platform import Platform, Tenant


@pytest.fixture
def tenant(platform: Platform) -> Tenant:
    """A new tenant whose site stores all events."""
    tenant = platform.tenant()
    set_storage(platform, tenant, "all")
    return tenant


@pytest.fixture
def visitor(platform: Platform) -> httpx.Client:
    """An API client without a token."""
    return platform.api()
