"""Fixtures for the tests of webhooks."""

from collections.abc import Iterator

import pytest

from tests.platform import Platform, Tenant
from tests.webhooks.receiving import Receiver, receiving


@pytest.fixture
def tenant(platform: Platform) -> Tenant:
    return platform.tenant()


@pytest.fixture
def receiver(tenant: Tenant) -> Iterator[Receiver]:
    """Yield an endpoint that subscribes to all events."""
    with receiving(tenant) as receiver:
        yield receiver
