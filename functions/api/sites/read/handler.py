"""Sites: list and read them, and list their exclusions."""

from typing import Annotated

from fastapi import Query, Response

from wecelebrate import sites
from wecelebrate.core.http import Cached, api, serve
from wecelebrate.core.pages import ListParameters, Page
from wecelebrate.core.types import Id
from wecelebrate.sites.models import DomainVerification, Exclusion, Site, SiteFilters

app = api()


@app.get("/v1/sites", response_model=Page[Site])
def list_sites(filters: Annotated[SiteFilters, Query()], cached: Cached) -> Response:
    """List sites in name order."""
    return cached.page(sites.page_entry(filters), filters, lambda tx: sites.page(tx, filters))


@app.get("/v1/sites/{site_id}", response_model=Site)
def get_site(site_id: Id, cached: Cached) -> Response:
    """Read one site with its limits for orders."""
    return cached.one(sites.entry(site_id), lambda tx: sites.get(tx, site_id))


@app.get("/v1/sites/{site_id}/domain-verification", response_model=DomainVerification)
def get_domain_verification(site_id: Id, cached: Cached) -> Response:
    """Read the DNS record that proves that the client owns the domain of a site."""
    entry = sites.domain_verification_entry(site_id)
    return cached.one(entry, lambda tx: sites.domain_verification(tx, site_id))


@app.get("/v1/sites/{site_id}/exclusions", response_model=Page[Exclusion])
def list_exclusions(site_id: Id, parameters: Annotated[ListParameters, Query()], cached: Cached) -> Response:
    """List the products of the catalog that this site does not show."""
    entry = sites.exclusions_entry(site_id, parameters)
    return cached.page(entry, parameters, lambda tx: sites.exclusions(tx, site_id, parameters))


handler = serve(app)
