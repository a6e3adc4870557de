"""Usage: report the cost of a client's requests, and the savings of the cache on the whole platform."""

from typing import Annotated

from fastapi import Query

from wecelebrate import usage
from wecelebrate.core.http import Reading, api, serve
from wecelebrate.core.types import Id
from wecelebrate.usage.models import CacheReport, ClientUsage, UsagePeriod

app = api()


@app.get("/v1/clients/{client_id}/usage")
def get_usage(client_id: Id, period: Annotated[UsagePeriod, Query()], tx: Reading) -> ClientUsage:
    """Report the requests of a client, their cost in the database, and the requests that the limits still allow."""
    return usage.of_client(tx, client_id, period)


@app.get("/v1/admin/cache")
def show_cache(tx: Reading) -> CacheReport:
    """Report how many queries the cache avoids on the whole platform, for the last 24 hours."""
    return usage.of_platform(tx)


handler = serve(app)
