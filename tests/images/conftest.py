"""Fixtures for the tests of images."""

import pytest

from tests.platform import Platform, Tenant, ok


@pytest.fixture
def tenant(platform: Platform) -> Tenant:
    """Return a tenant whose catalog fetches images automatically."""
    tenant = platform.tenant()
    settings = {"sync_settings": {"fetch_images": True}}
    ok(tenant.owner.patch(f"/v1/catalogs/{tenant.catalog_id}", json=settings))
    return tenant
