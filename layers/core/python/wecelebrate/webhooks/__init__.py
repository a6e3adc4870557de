"""Webhooks: what happens at a client's, told to addresses of its own (https://www.standardwebhooks.com).

Whoever does what clients want to know of publishes it in the transaction of the deed::

    webhooks.publish(tx, client_id, "order.shipped", {"order_id": order.id})

That is a row for each endpoint that asked for it, sent after the commit by the worker (`wecelebrate.webhooks.worker`):
at once where the function's `uses` have `queue:webhooks`, else when the sweeper looks, within seconds.
"""

import base64
import os
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from uuid import UUID

from wecelebrate import audit, outbound, pages, queue
from wecelebrate.database import SYSTEM, Transaction, as_json, queries, writing
from wecelebrate.errors import Conflict, FieldError, Forbidden, Invalid, NotFound
from wecelebrate.etags import Match, refusal
from wecelebrate.settings import NotDeclared
from wecelebrate.webhooks import events
from wecelebrate.webhooks.models import (
    DeliveryFilters,
    DeliveryInFull,
    EventName,
    NewWebhook,
    Replayed,
    Rotation,
    Since,
    Webhook,
    WebhookFilters,
    WebhookPatch,
    WebhookWithSecret,
)

sql = queries(__file__)

QUEUE = "webhooks"
MOST_ENDPOINTS = 20
"""Endpoints that a client may have."""
MOST_REPLAYED = 5_000
"""Deliveries that one request sends again."""
LIFE_DAYS = 30
"""How long a delivery can be looked at and replayed."""
_SECRET_BYTES = 32
_MOST_FORGOTTEN = 5_000
_MOST_WORDS = 5
"""Words that one look of the sweeper sends: each brings a worker, which does what is due for whomever."""


class WebhookDisabled(Conflict):
    """This endpoint is disabled: enable it first."""

    code = "webhook_disabled"


class TooManyWebhooks(Conflict):
    """This client has as many endpoints as it may have."""

    code = "too_many_webhooks"


def publish(tx: Transaction, client_id: UUID, event: EventName, data: Mapping[str, Any]) -> None:
    """Tell a client's endpoints of what this transaction does, once it is committed, and not if it is not.

    Raises Forbidden when the caller does not act for the client, ValidationError for data that are not the event's.
    """
    _publish(tx, client_id, event, data, only_to=None)


def _publish(tx: Transaction, client_id: UUID, event: EventName, data: Mapping[str, Any], only_to: UUID | None) -> None:
    told = as_json({"data": events.told(event, data)}, "data")
    if sql.publish(tx, client_id=client_id, event=event, only_to=only_to, **told):
        _hint(tx, client_id)


def _hint(tx: Transaction, client_id: UUID) -> None:
    """Have word sent that deliveries are due; what sends no words to this queue leaves it to the sweeper."""
    with suppress(NotDeclared):
        hint = word(client_id)
        if hint not in tx.hints:
            tx.hints.append(hint)


def word(client_id: UUID | None) -> queue.Word:
    """Word that deliveries are due. Raises NotDeclared."""
    return queue.word(QUEUE, {"type": QUEUE}, client_id)


def page(tx: Transaction, filters: WebhookFilters) -> pages.Built:
    """One page of endpoints, newest first."""
    return pages.listed("webhooks", sql.list_webhooks, tx, filters, pages.NEWEST)


def get(tx: Transaction, webhook_id: UUID) -> Webhook:
    """One endpoint. Raises NotFound."""
    row = sql.get_webhook(tx, webhook_id=webhook_id)
    if row is None:
        raise NotFound
    return Webhook(**row)


def create(tx: Transaction, new: NewWebhook) -> WebhookWithSecret:
    """A new endpoint, with its secret. Raises Invalid for an address that is not asked, TooManyWebhooks, Forbidden."""
    _check_url(new.url)
    if sql.count_webhooks(tx, client_id=new.client_id) >= MOST_ENDPOINTS:
        raise TooManyWebhooks(f"A client may have {MOST_ENDPOINTS}.")
    made = Webhook(**sql.create_webhook(tx, **new.model_dump()))
    return _with_new_secret(tx, made, overlap_hours=0)


def change(tx: Transaction, webhook_id: UUID, patch: WebhookPatch, match: Match) -> Webhook:
    """What the patch names. Raises NotFound, Forbidden, Invalid as `create`, and as `Match.check` does."""
    webhook = get(tx, webhook_id)
    seen = match.check(webhook)
    changes = patch.changes()
    if "url" in changes:
        _check_url(changes["url"])
    row = sql.change_webhook(
        tx, webhook_id=webhook_id, expected_updated_at=seen, **as_json({"changes": changes}, "changes")
    )
    if row is None:
        raise refusal(seen, get(tx, webhook_id))
    return Webhook(**row)


def delete(tx: Transaction, webhook_id: UUID, match: Match) -> None:
    """Remove an endpoint with its log. Raises NotFound, Forbidden, and as `Match.check` does."""
    webhook = get(tx, webhook_id)
    seen = match.check(webhook)
    if sql.delete_webhook(tx, webhook_id=webhook_id, expected_updated_at=seen) == 0:
        raise refusal(seen, get(tx, webhook_id))
    audit.note(tx, "webhook.delete", webhook.client_id, webhook_id, {"url": webhook.url})


def rotate(tx: Transaction, webhook_id: UUID, rotation: Rotation) -> WebhookWithSecret:
    """Give an endpoint a new secret; the one before signs as well for so long. Raises NotFound, Forbidden."""
    rotated = _with_new_secret(tx, get(tx, webhook_id), rotation.overlap_hours)
    audit.note(tx, "webhook.rotate", rotated.client_id, webhook_id, rotation.model_dump())
    return rotated


def test(tx: Transaction, webhook_id: UUID) -> DeliveryInFull:
    """Send an endpoint a `webhook.test`. Raises NotFound, Forbidden, WebhookDisabled."""
    webhook = _writable(tx, webhook_id)
    _publish(tx, webhook.client_id, "webhook.test", {"webhook_id": webhook_id}, only_to=webhook_id)
    return get_delivery(tx, sql.get_last_test(tx, webhook_id=webhook_id))


def page_of_deliveries(tx: Transaction, filters: DeliveryFilters) -> pages.Built:
    """One page of the log of deliveries, newest first."""
    return pages.listed("webhook deliveries", sql.list_deliveries, tx, filters, pages.NEWEST)


def get_delivery(tx: Transaction, delivery_id: UUID) -> DeliveryInFull:
    """One delivery with its payload and attempts. Raises NotFound."""
    row = sql.get_delivery(tx, delivery_id=delivery_id)
    if row is None:
        raise NotFound
    return DeliveryInFull(**row)


def replay(tx: Transaction, webhook_id: UUID, since: Since) -> Replayed:
    """Send again what failed since, the oldest first. Raises NotFound, Forbidden, WebhookDisabled."""
    webhook = _writable(tx, webhook_id)
    count = sql.replay(tx, webhook_id=webhook_id, delivery_id=None, since=since.since, max_rows=MOST_REPLAYED)
    if count:
        _hint(tx, webhook.client_id)
    return Replayed(deliveries=count, has_more=count == MOST_REPLAYED)


def replay_one(tx: Transaction, delivery_id: UUID) -> DeliveryInFull:
    """Send a delivery again, also one that arrived, with the id that it had; one that is pending stays as it is.

    Raises NotFound, Forbidden, WebhookDisabled.
    """
    delivery = get_delivery(tx, delivery_id)
    _writable(tx, delivery.webhook_id)
    if sql.replay(tx, webhook_id=delivery.webhook_id, delivery_id=delivery_id, since=None, max_rows=1):
        _hint(tx, delivery.client_id)
    return get_delivery(tx, delivery_id)


def sweep() -> None:
    """Bring workers for what is due."""
    with writing(SYSTEM) as tx:
        tx.hints += [word(due["client_id"]) for due in sql.list_due_clients(tx, max_rows=_MOST_WORDS)]


def tidy(tx: Transaction) -> None:
    """Let go of what nobody needs any more. The sweeper's."""
    sql.fail_stranded_deliveries(tx)
    sql.delete_expired_secrets(tx)
    sql.delete_old_deliveries(tx, days=LIFE_DAYS, max_rows=_MOST_FORGOTTEN)


def work(message: queue.Message) -> None:
    """Send what is due."""
    from wecelebrate.webhooks import worker  # with what signs, which functions of the API do not have

    worker.work(message)


def _writable(tx: Transaction, webhook_id: UUID) -> Webhook:
    """An endpoint to which the caller may have something sent. Raises NotFound, Forbidden, WebhookDisabled."""
    webhook = get(tx, webhook_id)
    if tx.entered.role == "app_support" or (
        tx.entered.role == "app_client" and webhook.client_id not in (tx.entered.editor_ids or [])
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
    except outbound.Refused as refused:
        raise Invalid(errors=[FieldError(pointer="/url", detail=str(refused))]) from refused
