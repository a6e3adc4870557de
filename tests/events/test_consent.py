"""Tests that no message and no row contains data if the site, the visitor or the browser forbids storing the data."""

from uuid import uuid4

import httpx
import pytest

from tests.events.sending import accepted, event, post, receipts, set_storage, stored
from tests.platform import Platform, Tenant, ok


def person() -> dict[str, object]:
    """Return the fields of an event that contain personal data."""
    return {"user_id": "planted-user", "session_id": "planted-session", "data": {"mail": "planted@example.test"}}


def test_a_new_site_stores_anonymous_events(platform: Platform, visitor: httpx.Client) -> None:
    tenant = platform.tenant()
    assert ok(tenant.owner.get(f"/v1/sites/{tenant.site_id}"))["event_storage"] == "anonymous"
    assert ok(visitor.get(f"/v1/storefront/{tenant.domain}"))["event_storage"] == "anonymous"
    accepted(post(visitor, tenant, event(**person())))
    (row,) = stored(platform, tenant, 1)
    assert row["is_anonymous"]
    assert "planted" not in str(row)


def test_a_change_of_the_storage_setting_applies_to_the_next_event(
    platform: Platform, tenant: Tenant, visitor: httpx.Client
) -> None:
    accepted(post(visitor, tenant, event(**person())))
    stored(platform, tenant, 1)
    ok(tenant.owner.patch(f"/v1/sites/{tenant.site_id}", json={"event_storage": "none"}))
    assert accepted(post(visitor, tenant, event(**person())))["withheld"] == 1
    ok(tenant.owner.patch(f"/v1/sites/{tenant.site_id}", json={"event_storage": "anonymous"}))
    last = event(**person())
    assert accepted(post(visitor, tenant, last))["accepted"] == 1
    rows = stored(platform, tenant, 2)
    assert [row["is_anonymous"] for row in rows if str(row["event_id"]) == last["id"]] == [True]


@pytest.mark.parametrize("headers", [{"Sec-GPC": "1"}, {"DNT": "1"}])
def test_the_privacy_signals_of_a_browser_make_events_anonymous(
    platform: Platform, tenant: Tenant, visitor: httpx.Client, headers: dict[str, str]
) -> None:
    accepted(post(visitor, tenant, event(consent="all", **person()), headers=headers))
    (row,) = stored(platform, tenant, 1)
    assert "planted" not in str(row)


def test_only_the_events_with_consent_are_stored(platform: Platform, tenant: Tenant, visitor: httpx.Client) -> None:
    named, unnamed, refused = (event(consent=consent, **person()) for consent in ("all", "anonymous", "none"))
    receipt = accepted(post(visitor, tenant, named, unnamed, refused))
    assert (receipt["accepted"], receipt["withheld"]) == (2, 1)
    rows = {str(row["event_id"]): row for row in stored(platform, tenant, 2)}
    assert rows[named["id"]]["user_id"] == "planted-user"
    assert "planted" not in str(rows[unnamed["id"]])
    assert receipts(platform, tenant) == 2


@pytest.mark.parametrize("storage", ["anonymous", "none"])
def test_a_queued_event_is_stored_according_to_the_current_setting_of_the_site(
    platform: Platform, tenant: Tenant, storage: str
) -> None:
    set_storage(platform, tenant, storage)
    row = {
        "id": str(uuid4()),
        "event_id": str(uuid4()),
        "client_id": tenant.client_id,
        "site_id": tenant.site_id,
        "event_type": "page_view",
        "user_id": "planted-user",
        "session_id": "planted-session",
        "event_data": {"a": "planted"},
        "is_anonymous": False,
        "is_time_clamped": False,
        "created_at": "now",
        "accepted_at": "now",
    }
    other = platform.tenant()
    marker = row | {"id": str(uuid4()), "event_id": str(uuid4()), "client_id": other.client_id}
    marker |= {"site_id": other.site_id, "is_anonymous": True}
    platform.send("events", {"events": [row, marker]})
    stored(platform, other, 1)
    if storage == "none":
        assert stored(platform, tenant, 0) == []
        assert receipts(platform, tenant) == 0
    else:
        (kept,) = stored(platform, tenant, 1)
        assert "planted" not in str(kept)
        assert kept["is_anonymous"]
