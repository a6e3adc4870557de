"""The command `wecelebrate env`: prints shell variables with the URL of the API, a token and ids of a client."""

import os
import shlex
from typing import Annotated

import typer

from infra.command import output, target
from infra.command.api import local_cloud
from infra.command.errors import NotFound, database_errors
from infra.command.help import LOCAL, command
from infra.command.resources import names_hint
from infra.command.target import API_VARIABLE, ENV_VARIABLE, NAMED, SIGNED_IN_VARIABLE, TOKEN_VARIABLE
from infra.command.token import token_of

_IDS = """
select c.id as client, s.id as site, s.domain, s.catalog_id as catalog, p.id as product
from clients c
left join lateral (
  select sites.id, sites.catalog_id,
    case when domain_verified_at is null then sites.slug || '.' || %(platform_domain)s else sites.domain end as domain
  from sites join catalogs on catalogs.id = sites.catalog_id
  where sites.client_id = c.id
  order by catalogs.owner_client_id = c.id desc nulls last, sites.id limit 1
) s on true
left join lateral (
  select id from products where products.catalog_id = s.catalog_id and is_active and inventory_count > 0
  order by created_at, sku limit 1
) p on true
where c.slug = %(client)s
"""
"""The client and its first site, preferably a site with the client's own catalog. Also the catalog of this site, and
its oldest product that is in stock. Imported files do not change this product, so the examples still work after an
import."""


@command(
    'eval "$(wecelebrate env)"',
    'eval "$(wecelebrate env --client globex)"',
    environment=LOCAL,
)
def env(
    client: Annotated[str, typer.Option(help="Slug of the client whose ids are printed.")] = "acme",
    identity: Annotated[
        str | None,
        typer.Option("--as", help="The user of the token, as in `wecelebrate token`. By default the client's owner."),
    ] = None,
) -> None:
    """Print variables for a shell: API, TOKEN, CLIENT, SITE, CATALOG, PRODUCT and SHOP (the URL of the storefront).

    Use it as `eval "$(wecelebrate env)"`, in bash and in zsh. The command needs the local cloud. A shell that is signed
    in to a deployed platform is signed out.
    """
    import psycopg
    from psycopg.rows import dict_row

    from infra.local.cloud import PLATFORM_DOMAIN

    _sign_out()
    cloud = local_cloud("env")
    with database_errors(), psycopg.connect(cloud.endpoints.database, row_factory=dict_row) as connection:
        ids = connection.execute(_IDS, {"client": client, "platform_domain": PLATFORM_DOMAIN}).fetchone()
        slugs = [row["slug"] for row in connection.execute("select slug from clients")] if ids is None else []
    if ids is None:
        raise NotFound(f"client {client} does not exist: {names_hint('clients', client, slugs)}")
    variables = {
        "API": cloud.endpoints.api,
        "TOKEN": token_of(cloud, identity or f"client:{client}"),
        "CLIENT": ids["client"],
        "SITE": ids["site"],
        "CATALOG": ids["catalog"],
        "PRODUCT": ids["product"],
        "SHOP": ids["domain"] and f"{cloud.endpoints.api}/v1/storefront/{ids['domain']}",
    }
    for name, value in variables.items():
        # A client may have no site yet. The variables are then empty, so that the shell keeps no value of an earlier
        # call.
        output.result(f"export {name}={shlex.quote(str(value or ''))}")


def _sign_out() -> None:
    """Sign the shell out of a deployed platform, also if the command fails afterwards. Otherwise the examples that
    follow on a page would act on that platform."""
    if NAMED.get() not in (None, target.LOCAL):
        return
    if not (os.environ.get(ENV_VARIABLE) or os.environ.get(API_VARIABLE)):
        return
    from infra.command.aws import BUCKET_VARIABLE

    names = (ENV_VARIABLE, API_VARIABLE, SIGNED_IN_VARIABLE, TOKEN_VARIABLE, BUCKET_VARIABLE)
    output.result(f"unset API TOKEN {' '.join(names)}")
    for name in names:
        os.environ.pop(name, None)
