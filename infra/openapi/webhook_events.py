"""Describes the requests that endpoints of clients receive, as `webhooks` of the document."""

from typing import Any

from infra.openapi.schemas import SCHEMAS, components_of
from wecelebrate.webhooks.events import EVENTS, envelope
from wecelebrate.webhooks.models import EventName

Json = dict[str, Any]

_WEBHOOK_HEADERS = {
    "webhook-id": "Id of the event for this endpoint. All attempts to deliver the event have the same id.",
    "webhook-timestamp": "Time at which this attempt was signed, in seconds since 1970.",
    "webhook-signature": "`v1,<base64>` for each valid secret: the HMAC-SHA256 of `id.timestamp.body`.",
}


def webhook(event: EventName) -> Json:
    """Describe the request that an endpoint receives for an event, and the responses that an endpoint may return."""
    return {
        "operationId": f"receive_{event.replace('.', '_')}",
        "tags": ["webhooks"],
        "summary": EVENTS[event].summary,
        "description": f"The platform sends this request to endpoints that subscribe to `{event}`. It is signed.",
        "security": [],
        "parameters": [
            {"name": name, "in": "header", "required": True, "description": description, "schema": {"type": "string"}}
            for name, description in _WEBHOOK_HEADERS.items()
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": _envelope(event)}}},
        "responses": {
            "2XX": {"description": "The endpoint accepted the event."},
            "410": {"description": "The endpoint wants no more events. The platform disables the endpoint."},
            "default": {"description": "The delivery failed. The platform repeats it for 24 hours."},
        },
    }


def data_schemas() -> Json:
    """Return the schemas of the data of all events, and the schemas to which they refer."""
    schemas: Json = {}
    for event in EVENTS.values():
        data, others = components_of(event.data.model_json_schema(ref_template=SCHEMAS + "{model}"))
        schemas |= others | {event.data.__name__: data}
    return schemas


def _envelope(event: EventName) -> Json:
    schema = envelope(event)
    schema["properties"]["data"] = {"$ref": SCHEMAS + EVENTS[event].data.__name__}
    return schema
