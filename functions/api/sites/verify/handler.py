"""Sites: verify the domain of a site with its TXT record in DNS."""

from wecelebrate import sites
from wecelebrate.core.http import Writing, api, serve
from wecelebrate.core.types import Id
from wecelebrate.sites.models import Site

app = api()


@app.post("/v1/sites/{site_id}/verify-domain")
def verify_domain(site_id: Id, tx: Writing) -> Site:
    """Look up the DNS record of the domain of a site. If the record is correct, the domain works immediately."""
    return sites.verify_domain(tx, site_id)


handler = serve(app)
