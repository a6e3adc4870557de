"""Sites: create, replace and change them. Exclude products from a site, and include them again."""

from wecelebrate import sites
from wecelebrate.core.http import IfMatch, Writing, api, located_at, serve
from wecelebrate.core.types import Id
from wecelebrate.sites.models import Exclusion, NewExclusion, NewSite, Site, SiteContent, SitePatch

app = api()


@app.post("/v1/sites", status_code=201, dependencies=[located_at("/v1/sites/{id}")])
def create_site(new: NewSite, tx: Writing) -> Site:
    """Create a site. It gets a host below the domain of the platform. This host works immediately."""
    return sites.create(tx, new)


@app.put("/v1/sites/{site_id}")
def replace_site(site_id: Id, content: SiteContent, match: IfMatch, tx: Writing) -> Site:
    """Replace all fields of a site. A field that the body omits gets its default."""
    return sites.replace(tx, site_id, content, match)


@app.patch("/v1/sites/{site_id}")
def change_site(site_id: Id, patch: SitePatch, match: IfMatch, tx: Writing) -> Site:
    """Change some fields of a site with a JSON Merge Patch."""
    return sites.change(tx, site_id, patch, match)


@app.put("/v1/sites/{site_id}/exclusions/{product_id}")
def exclude_product(site_id: Id, product_id: Id, tx: Writing, exclusion: NewExclusion | None = None) -> Exclusion:
    """Exclude a product from a site. Other sites with the same catalog still show the product."""
    return sites.exclude(tx, site_id, product_id, exclusion or NewExclusion())


@app.delete("/v1/sites/{site_id}/exclusions/{product_id}", status_code=204)
def include_product(site_id: Id, product_id: Id, tx: Writing) -> None:
    """Show an excluded product on a site again."""
    sites.include(tx, site_id, product_id)


handler = serve(app)
