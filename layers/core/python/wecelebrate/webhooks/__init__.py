"""Webhooks deliver a client's events to the client's HTTP endpoints (https://www.standardwebhooks.com).

Publish an event in the transaction of the change that the event reports::

    webhooks.publish(tx, client_id, "order.shipped", {"order_id": order.id})

This call creates a delivery for each endpoint that subscribes to the event. After the commit, the worker
(`wecelebrate.webhooks.worker`) sends the deliveries. If the Lambda function declares `queue:webhooks`, the worker
starts immediately. Otherwise, the sweeper starts the worker within seconds.
"""

import base64
import os
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from wecelebrate.core import outbound, pages, queue, quotas
from wecelebrate.core.database import SYSTEM, Transaction, as_json, queries, writing
from wecelebrate.core.errors import Conflict, Forbidden, Invalid, NotFound
from wecelebrate.core.etags import Match, refusal
from wecelebrate.core.problem_document import FieldError
from wecelebrate.webhooks import events, messages
from wecelebrate.webhooks.models import (
    DeliveryDetails,
    DeliveryFilters,
    EventName,
    NewWebhook,
    ReplayFilters,
    ReplayResult,
    Rotation,
    Webhook,
    WebhookFilters,
    WebhookPatch,
    WebhookWithSecret,
)

sql = queries(__file__)

MAX_ENDPOINTS = 20
"""The largest number of endpoints of a client."""
MAX_REPLAYED = 5_000
"""The largest number of deliveries that one request sends again."""
RETENTION_DAYS = 30
"""How long a delivery is stored, in days. During this time, callers can read and replay the delivery."""
_SECRET_BYTES = 32
_DELETE_BATCH = 5_000
"""The largest number of old deliveries that one run of the sweeper deletes."""
_MAX_MESSAGES = 5
"""The largest number of messages that one run of the sweeper sends. Each message starts a worker, and each worker sends
deliveries of all clients."""


class WebhookDisabled(Conflict):
    """This endpoint is disabled. Enable the endpoint first.

    A disabled endpoint gets no events. The platform disables an endpoint that responds with 410, or that fails for too
    long.

    Repair the endpoint, enable it with `PATCH /v1/webhooks/{webhook_id}` and `{"status": "enabled"}`, and send the
    request again.
    """

    code = "webhook_disabled"


class TooManyWebhooks(Conflict):
    """This client has the maximum number of endpoints.

    The number of endpoints of a client is limited.

    Delete an endpoint that is not needed any more. One endpoint can receive several types of events.
    """

    code = "too_many_webhooks"


_QUOTA = quotas.Quota("endpoints", MAX_ENDPOINTS, TooManyWebhooks)


def publish(tx: Transaction, client_id: UUID, event: EventName, data: Mapping[str, Any]) -> None:
    """Publish an event to a client's endpoints. The event is sent only if this transaction commits.

    Raises Forbidden if the caller is not allowed to act for the client. Raises ValidationError if `data` does not match
    the model of the event.
    """
    _publish(tx, client_id, event, data, only_to=None)


def _publish(tx: Transaction, client_id: UUID, event: EventName, data: Mapping[str, Any], only_to: UUID | None) -> None:
    parameters = as_json({"data": events.payload(event, data)}, "data")
    if sql.publish(tx, client_id=client_id, event=event, only_to=only_to, **parameters):
        messages.announce(tx, client_id)


def announce(tx: Transaction, client_id: UUID) -> None:
    """After the commit, start a worker for deliveries that a database function has created."""
    messages.announce(tx, client_id)


def page(tx: Transaction, filters: WebhookFilters) -> pages.RenderedPage:
    """Return one page of the endpoints that the caller can see, sorted from newest to oldest."""
    return pages.list_page("webhooks", sql.list_webhooks, tx, filters, pages.NEWEST)


def get(tx: Transaction, webhook_id: UUID) -> Webhook:
    """Return one endpoint. Raises NotFound."""
    row = sql.get_webhook(tx, webhook_id=webhook_id)
    if row is None:
        raise NotFound
    return Webhook(**row)


def create(tx: Transaction, new: NewWebhook) -> WebhookWithSecret:
    """Create an endpoint. The result contains its secret.

    Raises Forbidden or TooManyWebhooks. Raises Invalid if the URL is not allowed.
    """
    _check_url(new.url)
    quotas.check(tx, _QUOTA, new.client_id, lambda: int(sql.count_webhooks(tx, client_id=new.client_id)))
    webhook = Webhook(**sql.create_webhook(tx, **new.model_dump()))
    return _with_new_secret(tx, webhook, overlap_hours=0)


def change(tx: Transaction, webhook_id: UUID, patch: WebhookPatch, match: Match) -> Webhook:
    """Apply a patch to an endpoint.

    Raises NotFound, Forbidden, and the errors of `Match.check`. Raises Invalid if the URL is not allowed.
    """
    webhook = get(tx, webhook_id)
    expected = match.check(webhook)
    changes = patch.changes()
    if "url" in changes:
        _check_url(changes["url"])
    row = sql.change_webhook(
        tx, webhook_id=webhook_id, expected_updated_at=expected, **as_json({"changes": changes}, "changes")
    )
    if row is None:
        raise refusal(expected, get(tx, webhook_id))
    return Webhook(**row)


def delete(tx: Transaction, webhook_id: UUID, match: Match) -> None:
    """Delete an endpoint and its deliveries. Raises NotFound, Forbidden, and the errors of `Match.check`."""
    webhook = get(tx, webhook_id)
    expected = match.check(webhook)
    if sql.delete_webhook(tx, webhook_id=webhook_id, expected_updated_at=expected) == 0:
        raise refusal(expected, get(tx, webhook_id))


def rotate(tx: Transaction, webhook_id: UUID, rotation: Rotation) -> WebhookWithSecret:
    """Replace the secret of an endpoint. During the overlap, deliveries are also signed with the previous secret.

    Raises NotFound or Forbidden.
    """
    return _with_new_secret(tx, get(tx, webhook_id), rotation.overlap_hours)


def test(tx: Transaction, webhook_id: UUID) -> DeliveryDetails:
    """Send a `webhook.test` event to an endpoint. Raises NotFound, Forbidden or WebhookDisabled."""
    webhook = _enabled_webhook(tx, webhook_id)
    _publish(tx, webhook.client_id, "webhook.test", {"webhook_id": webhook_id}, only_to=webhook_id)
    return get_delivery(tx, sql.get_last_test(tx, webhook_id=webhook_id))


def deliveries_page(tx: Transaction, filters: DeliveryFilters) -> pages.RenderedPage:
    """Return one page of the deliveries that the caller can see, sorted from newest to oldest."""
    return pages.list_page("webhook deliveries", sql.list_deliveries, tx, filters, pages.NEWEST)


def get_delivery(tx: Transaction, delivery_id: UUID) -> DeliveryDetails:
    """Return one delivery with its payload and attempts. Raises NotFound."""
    row = sql.get_delivery(tx, delivery_id=delivery_id)
    if row is None:
        raise NotFound
    return DeliveryDetails(**row)


def replay(tx: Transaction, webhook_id: UUID, filters: ReplayFilters) -> ReplayResult:
    """Send the failed deliveries of an endpoint again, beginning with the oldest delivery.

    A delivery is sent again only if its event was published at or after `filters.since`.

    Raises NotFound, Forbidden or WebhookDisabled.
    """
    webhook = _enabled_webhook(tx, webhook_id)
    count = sql.replay(tx, webhook_id=webhook_id, delivery_id=None, since=filters.since, max_rows=MAX_REPLAYED)
    if count:
        messages.announce(tx, webhook.client_id)
    return ReplayResult(deliveries=count, has_more=count == MAX_REPLAYED)


def replay_delivery(tx: Transaction, delivery_id: UUID) -> DeliveryDetails:
    """Send one delivery again that has failed or arrived. The id of the delivery does not change. For a pending
    delivery, this function does nothing.

    Raises NotFound, Forbidden or WebhookDisabled.
    """
    delivery = get_delivery(tx, delivery_id)
    _enabled_webhook(tx, delivery.webhook_id)
    if sql.replay(tx, webhook_id=delivery.webhook_id, delivery_id=delivery_id, since=None, max_rows=1):
        messages.announce(tx, delivery.client_id)
    return get_delivery(tx, delivery_id)


def sweep() -> None:
    """Send messages that start workers for due deliveries. The sweeper calls this function."""
    with writing(SYSTEM) as tx:
        clients = sql.list_due_clients(tx, max_rows=_MAX_MESSAGES)
        queue.enqueue_best_effort(tx, *(messages.deliveries_due(client["client_id"]) for client in clients))


def clean_up(tx: Transaction) -> None:
    """Mark pending deliveries of disabled endpoints as failed. Delete expired secrets and old deliveries.

    The sweeper calls this function.
    """
    sql.fail_stranded_deliveries(tx)
    sql.delete_expired_secrets(tx)
    sql.delete_old_deliveries(tx, days=RETENTION_DAYS, max_rows=_DELETE_BATCH)


def work(message: queue.Message) -> None:
    """Send due deliveries of all clients."""
    # The import is in the function, because the worker needs the signing package. The API functions import this module
    # too, but their layers do not contain this package.
    from wecelebrate.webhooks import worker

    worker.work(message)


def _enabled_webhook(tx: Transaction, webhook_id: UUID) -> Webhook:
    """Return an endpoint to which the caller can send events.

    Raises NotFound. Raises WebhookDisabled if the endpoint is disabled. Raises Forbidden if the caller is not allowed
    to change objects of the client.
    """
    webhook = get(tx, webhook_id)
    if tx.context.role == "app_support" or (
        tx.context.role == "app_client" and webhook.client_id not in (tx.context.editor_ids or [])
    ):
        raise Forbidden
    if webhook.status == "disabled":
        raise WebhookDisabled
    return webhook


def _with_new_secret(tx: Transaction, webhook: Webhook, overlap_hours: int) -> WebhookWithSecret:
    secret = "whsec_" + base64.b64encode(os.urandom(_SECRET_BYTES)).decode()
    if not sql.rotate_secret(tx, webhook_id=webhook.id, secret=secret, overlap=overlap_hours * 3600):
        raise Forbidden
    return WebhookWithSecret(**webhook.model_dump(), secret=secret)


def _check_url(url: str) -> None:
    try:
        outbound.check(url, https=True)
    except outbound.NotAllowed as error:
        raise Invalid(errors=[FieldError(pointer="/url", detail=str(error))]) from error
