"""Webhooks: list and read endpoints and deliveries."""

from typing import Annotated

from fastapi import Query, Request, Response

from wecelebrate import webhooks
from wecelebrate.audit.reads import records_reads
from wecelebrate.core.http import Reading, api, page_response, serve
from wecelebrate.core.pages import Page
from wecelebrate.core.types import Id
from wecelebrate.webhooks.models import Delivery, DeliveryDetails, DeliveryFilters, Webhook, WebhookFilters

app = api()


@app.get("/v1/webhooks", response_model=Page[Webhook])
def list_webhooks(request: Request, filters: Annotated[WebhookFilters, Query()], tx: Reading) -> Response:
    """List webhook endpoints without their secrets."""
    return page_response(request, filters, webhooks.page(tx, filters))


@app.get("/v1/webhooks/{webhook_id}")
def get_webhook(webhook_id: Id, tx: Reading) -> Webhook:
    """Read one webhook endpoint without its secret."""
    return webhooks.get(tx, webhook_id)


@app.get("/v1/webhook-deliveries", response_model=Page[Delivery])
def list_webhook_deliveries(request: Request, filters: Annotated[DeliveryFilters, Query()], tx: Reading) -> Response:
    """List deliveries of events to endpoints, the newest first."""
    return page_response(request, filters, webhooks.deliveries_page(tx, filters))


@app.get("/v1/webhook-deliveries/{delivery_id}", dependencies=[records_reads("webhook_delivery")])
def get_webhook_delivery(delivery_id: Id, tx: Reading) -> DeliveryDetails:
    """Read one delivery with its payload and its last attempts."""
    return webhooks.get_delivery(tx, delivery_id)


handler = serve(app)
