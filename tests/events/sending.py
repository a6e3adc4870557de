"""Sends events to a storefront, and reads the stored events."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx

from tests.platform import Json, Platform, Tenant


def text(time: datetime) -> str:
    return time.isoformat()


def event(**fields: Any) -> Json:
    """Return a valid event with a new id."""
    return {"id": str(uuid4()), "type": "product_view", "at": text(datetime.now(UTC)), "session_id": "s-1"} | fields


def post(
    api: httpx.Client, tenant: Tenant, *events: Any, headers: dict[str, str] | None = None, **fields: Any
) -> httpx.Response:
    """Send a batch of events."""
    body = {"sent_at": text(datetime.now(UTC)), "events": list(events)} | fields
    return api.post(f"/v1/storefront/{tenant.domain}/events", json=body, headers=headers or {})


def accepted(response: httpx.Response) -> Json:
    """Return the receipt of a batch. Fail unless the batch was accepted."""
    assert response.status_code == 202, response.text
    receipt: Json = response.json()
    return receipt


def stored(platform: Platform, tenant: Tenant, count: int, within: float = 30) -> list[Json]:
    """Wait until a client has this number of events. Return the events in the order of their ids."""
    statement = "select * from analytics_events where client_id = %s order by event_id"
    rows: list[Json] = []

    def has_all() -> bool:
        rows[:] = platform.database.execute(statement, [tenant.client_id]).fetchall()
        return len(rows) >= count

    platform.eventually(has_all, within=within)
    assert len(rows) == count
    return rows


def set_storage(platform: Platform, tenant: Tenant, storage: str) -> None:
    """Change the setting `event_storage` of a tenant's site."""
    platform.arrange("update sites set event_storage = %s where id = %s", [storage, tenant.site_id])


def receipts(platform: Platform, tenant: Tenant) -> int:
    """Return the number of receipts of a client."""
    row = platform.database.execute(
        "select count(*)::int as n from event_receipts where client_id = %s", [tenant.client_id]
    ).fetchone()
    assert row is not None
    return int(row["n"])


ONE_DAY, ONE_SECOND = timedelta(days=1), timedelta(seconds=1)
