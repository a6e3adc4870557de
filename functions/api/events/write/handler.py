"""Events: record the events of the visitors of a storefront."""

from typing import Annotated

from fastapi import Header

from wecelebrate.core.http import EventWrite, api, bounded_body, not_located, serve
from wecelebrate.events import acceptance, consent
from wecelebrate.events.acceptance import EventTarget
from wecelebrate.events.models import MAX_BATCH_BYTES, EventBatch, EventReceipt

app = api()

Signal = Annotated[
    str | None, Header(max_length=100, description="If this header of the browser is `1`, the events are anonymous.")
]


@app.post(
    "/v1/storefront/{domain}/events", status_code=202, dependencies=[bounded_body(MAX_BATCH_BYTES), not_located()]
)
def record_events(batch: EventBatch, visitor: EventWrite, sec_gpc: Signal = None, dnt: Signal = None) -> EventReceipt:
    """Record events of a visitor. The platform stores each event once, within seconds."""
    target = visitor.read(acceptance.target_entry(), acceptance.target)
    signal = consent.signalled(sec_gpc, dnt)
    return acceptance.accept(EventTarget.model_validate_json(target), batch, signal, visitor.caller.subject)


handler = serve(app)
