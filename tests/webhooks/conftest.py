"""Fixtures of the tests of webhooks."""

from collections.abc import Iterator

import pytest

from tests.platform import Platform, Tenant
from tests.webhooks.receiving import Receiver, receiving


@pytest.fixture
def tenant(platform: Platform) -> Tenant:
    return platform.tenant()


@pytest.fixture
def receiver(tenant: Tenant) -> Iterator[Receiver]:
    """An endpoint that asked for everything."""
    with receiving(tenant) as receiver:
        yield receiver
