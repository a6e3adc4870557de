"""The command `wecelebrate shop`: creates a client with a catalog, a product and a storefront."""

from typing import Annotated

import typer

from infra.command import output
from infra.command.api import connect, get, httpx, post
from infra.command.help import API, command


@command("SHOP=$(wecelebrate shop acme --currency USD)", environment=API)
def shop(
    slug: Annotated[str, typer.Argument(help="The short name of the client, e.g. acme.")],
    currency: Annotated[str, typer.Option(help="The currency of the catalog.")] = "USD",
) -> None:
    """Create a client with a catalog, one product and a storefront, to try a new platform.

    The command prints the URL of the storefront's products. The storefront is active immediately.
    """
    with connect() as connection:
        host = create_shop(connection.api, slug, currency)
        output.note(f"{slug} has a storefront with one product at {host}")
        output.result(f"{str(connection.api.base_url).rstrip('/')}/v1/storefront/{host}/products")


def create_shop(api: httpx.Client, slug: str, currency: str) -> str:
    """Create the shop, and return the host of its site. Raises the same errors as `post`, e.g. if the client already
    exists."""
    name = slug.replace("-", " ").capitalize()
    client = post(api, "/v1/clients", {"name": name, "slug": slug})
    catalog = post(
        api,
        "/v1/catalogs",
        {"name": f"{name} gifts", "type": "manual", "status": "active", "currency": currency,
         "owner_client_id": client["id"]},
    )  # fmt: skip
    product = {"sku": "MUG-1", "name": "Mug", "price": "12.00", "currency": currency, "inventory_count": 100}
    post(api, f"/v1/catalogs/{catalog['id']}/products", product)
    site = {"name": name, "client_id": client["id"], "catalog_id": catalog["id"], "status": "active"}
    created = post(api, "/v1/sites", site)
    return str(get(api, f"/v1/sites/{created['id']}/domain-verification")["host"])
