"""The command `wecelebrate env`: prints shell variables with the URL of the API, a token and ids of a client."""

import os
import shlex
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from infra.command import output, target
from infra.command.api import local_cloud
from infra.command.errors import BadUsage, NotFound, database_errors
from infra.command.help import LOCAL, command
from infra.command.resources import names_hint
from infra.command.target import API_VARIABLE, ENV_VARIABLE, NAMED, SIGNED_IN_VARIABLE, TOKEN_VARIABLE
from infra.command.token import token_of

_CLIENT = "select id as client from clients where slug = %s"

_SITES = """
select s.id as site, s.domain, s.slug, s.slug || '.' || %(platform_domain)s as host, s.name, s.catalog_id as catalog,
  p.id as product
from (
  select sites.id, sites.slug, sites.name, sites.catalog_id, row_number() over (
      order by sites.status = 'active' and coalesce(catalogs.status = 'active', false) desc,
        coalesce(catalogs.owner_client_id = sites.client_id, false) desc, sites.created_at, sites.id
    ) as place,
    case when domain_verified_at is null then sites.slug || '.' || %(platform_domain)s else sites.domain end as domain
  from sites left join catalogs on catalogs.id = sites.catalog_id
  where sites.client_id = %(client)s
) s
left join lateral (
  select id from products where products.catalog_id = s.catalog_id and is_active and inventory_count > 0
  order by created_at, sku limit 1
) p on true
order by s.place
"""
"""Selects the sites of the client, with the catalog of each site and the oldest product of this catalog that is in
stock. The first site is the oldest site that visitors can see, preferably with a catalog of the client. Therefore a new
site or an imported file does not change the variables, and the examples still work."""


@command(
    'eval "$(wecelebrate env)"',
    'eval "$(wecelebrate env --client globex)"',
    'eval "$(wecelebrate env --site gifts.acme.test)"',
    environment=LOCAL,
)
def env(
    client: Annotated[str, typer.Option(help="Slug of the client whose ids are printed.")] = "acme",
    site: Annotated[
        str | None,
        typer.Option(
            "--site",
            help="Id, host, slug or name of a site of the client. By default the oldest active site, preferably one"
            " with the client's own catalog.",
        ),
    ] = None,
    identity: Annotated[
        str | None,
        typer.Option("--as", help="The user of the token, as in `wecelebrate token`. By default the client's owner."),
    ] = None,
) -> None:
    """Print variables for a shell: API, TOKEN, CLIENT, SITE, CATALOG, PRODUCT and SHOP (the URL of the storefront).

    Run `eval "$(wecelebrate env)"` in bash or zsh. The command needs the local cloud. If the shell is signed in to a
    deployed platform, the command signs it out.
    """
    import psycopg
    from psycopg.rows import dict_row

    from infra.local.cloud import PLATFORM_DOMAIN

    _sign_out()
    cloud = local_cloud("env")
    with database_errors(), psycopg.connect(cloud.endpoints.database, row_factory=dict_row) as connection:
        owner = connection.execute(_CLIENT, (client,)).fetchone()
        if owner is None:
            slugs = [row["slug"] for row in connection.execute("select slug from clients")]
            raise NotFound(f"client {client} does not exist: {names_hint('clients', client, slugs)}")
        sites = connection.execute(_SITES, owner | {"platform_domain": PLATFORM_DOMAIN}).fetchall()
    ids = _chosen(sites, site, client)
    variables = {
        "API": cloud.endpoints.api,
        "TOKEN": token_of(cloud, identity or f"client:{client}"),
        "CLIENT": owner["client"],
        "SITE": ids.get("site"),
        "CATALOG": ids.get("catalog"),
        "PRODUCT": ids.get("product"),
        "SHOP": ids.get("domain") and f"{cloud.endpoints.api}/v1/storefront/{ids['domain']}",
    }
    for name, value in variables.items():
        # If the client has no site yet, the variables are empty, so that the shell keeps no value of an earlier call.
        output.result(f"export {name}={shlex.quote(str(value or ''))}")


def _chosen(sites: Sequence[Mapping[str, Any]], site: str | None, client: str) -> Mapping[str, Any]:
    """Return the site with this id, host, slug or name. If no site is given, return the first site, or an empty row if
    the client has no sites. Raises NotFound if the site does not exist, and BadUsage if several sites have the name."""
    if site is None:
        return sites[0] if sites else {}
    matches = [row for row in sites if site in (str(row["site"]), row["domain"], row["host"], row["slug"], row["name"])]
    if not matches:
        names = [row["domain"] for row in sites]
        raise NotFound(f"client {client} has no site {site}: {names_hint('sites', site, names)}")
    if len(matches) > 1:
        ids = " or ".join(f"{row['site']} ({row['domain']})" for row in matches)
        raise BadUsage(f"{len(matches)} sites are named {site}: give one of their ids or hosts, {ids}")
    return matches[0]


def _sign_out() -> None:
    """Sign the shell out of a deployed platform, even if the command fails later. Otherwise the next examples of a page
    would act on that platform."""
    if NAMED.get() not in (None, target.LOCAL):
        return
    if not (os.environ.get(ENV_VARIABLE) or os.environ.get(API_VARIABLE)):
        return
    from infra.command.aws import BUCKET_VARIABLE

    names = (ENV_VARIABLE, API_VARIABLE, SIGNED_IN_VARIABLE, TOKEN_VARIABLE, BUCKET_VARIABLE)
    output.result(f"unset API TOKEN {' '.join(names)}")
    for name in names:
        os.environ.pop(name, None)
