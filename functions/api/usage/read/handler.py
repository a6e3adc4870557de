"""Usage: what requests cost a client, and what the cache does for all."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from wecelebrate import usage
from wecelebrate.core.http import Reading, api, serve
from wecelebrate.usage.models import CacheReport, ClientUsage, Span

app = api()


@app.get("/v1/clients/{client_id}/usage")
def get_usage(client_id: UUID, span: Annotated[Span, Query()], tx: Reading) -> ClientUsage:
    return usage.of_client(tx, client_id, span)


@app.get("/v1/admin/cache")
def show_cache(tx: Reading) -> CacheReport:
    return usage.of_platform(tx)


handler = serve(app)
