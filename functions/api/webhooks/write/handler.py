"""Webhooks: create, change, delete and test endpoints, rotate their secrets, and replay deliveries."""

from typing import Annotated

from fastapi import Query

from wecelebrate import webhooks
from wecelebrate.core.http import IfMatch, Writing, api, located_at, serve
from wecelebrate.core.types import Id
from wecelebrate.webhooks.models import (
    DeliveryDetails,
    NewWebhook,
    ReplayFilters,
    ReplayResult,
    Rotation,
    Webhook,
    WebhookPatch,
    WebhookWithSecret,
)

app = api()


@app.post("/v1/webhooks", status_code=201, dependencies=[located_at("/v1/webhooks/{id}")])
def create_webhook(new: NewWebhook, tx: Writing) -> WebhookWithSecret:
    """Create a webhook endpoint. Only this response contains its secret."""
    return webhooks.create(tx, new)


@app.patch("/v1/webhooks/{webhook_id}")
def change_webhook(webhook_id: Id, patch: WebhookPatch, match: IfMatch, tx: Writing) -> Webhook:
    """Change some fields of a webhook endpoint with a JSON Merge Patch."""
    return webhooks.change(tx, webhook_id, patch, match)


@app.delete("/v1/webhooks/{webhook_id}", status_code=204)
def delete_webhook(webhook_id: Id, match: IfMatch, tx: Writing) -> None:
    """Delete a webhook endpoint. Its pending deliveries are not sent."""
    webhooks.delete(tx, webhook_id, match)


@app.post("/v1/webhooks/{webhook_id}/rotate")
def rotate_webhook_secret(webhook_id: Id, tx: Writing, rotation: Rotation | None = None) -> WebhookWithSecret:
    """Create a new secret for an endpoint. Until the overlap ends, deliveries are signed with the old and the new
    secret."""
    return webhooks.rotate(tx, webhook_id, rotation or Rotation())


@app.post("/v1/webhooks/{webhook_id}/test", status_code=202, dependencies=[located_at("/v1/webhook-deliveries/{id}")])
def test_webhook(webhook_id: Id, tx: Writing) -> DeliveryDetails:
    """Send a test event to one endpoint."""
    return webhooks.test(tx, webhook_id)


@app.post(
    "/v1/webhooks/{webhook_id}/replay",
    status_code=202,
    dependencies=[located_at("/v1/webhook-deliveries?webhook_id={webhook_id}")],
)
def replay_webhook(webhook_id: Id, filters: Annotated[ReplayFilters, Query()], tx: Writing) -> ReplayResult:
    """Send the failed deliveries of an endpoint again, for all events that were published at or after `since`."""
    return webhooks.replay(tx, webhook_id, filters)


@app.post(
    "/v1/webhook-deliveries/{delivery_id}/replay",
    status_code=202,
    dependencies=[located_at("/v1/webhook-deliveries/{id}")],
)
def replay_webhook_delivery(delivery_id: Id, tx: Writing) -> DeliveryDetails:
    """Send one delivery again, with the same id and payload."""
    return webhooks.replay_delivery(tx, delivery_id)


handler = serve(app)
