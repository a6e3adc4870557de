"""Sites: list and read, with what each leaves out."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response

from wecelebrate import sites
from wecelebrate.http import Reading, api, page_response, serve
from wecelebrate.models import Listed
from wecelebrate.pages import Page
from wecelebrate.sites.models import Exclusion, Site, SiteFilters

app = api()


@app.get("/v1/sites", response_model=Page[Site])
def list_sites(request: Request, filters: Annotated[SiteFilters, Query()], tx: Reading) -> Response:
    return page_response(request, filters, sites.page(tx, filters))


@app.get("/v1/sites/{site_id}")
def get_site(site_id: UUID, tx: Reading) -> Site:
    return sites.get(tx, site_id)


@app.get("/v1/sites/{site_id}/exclusions", response_model=Page[Exclusion])
def list_exclusions(request: Request, site_id: UUID, listed: Annotated[Listed, Query()], tx: Reading) -> Response:
    return page_response(request, listed, sites.exclusions(tx, site_id, listed))


handler = serve(app)
