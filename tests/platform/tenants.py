"""Creates clients with members, catalogs, sites and products. Each test creates its own clients."""

from dataclasses import dataclass
from typing import Any, LiteralString
from uuid import uuid4

import httpx

from infra.local.endpoints import dns_directory
from tests.platform.api import ApiAccess
from tests.platform.responses import Json, created, ok
from wecelebrate.core.outbound.dns import DirectoryResolver
from wecelebrate.sites.domains import RECORD_LABEL

CLIENT: LiteralString = "insert into clients (id, name, slug) values (%s, %s, %s)"
CATALOG: LiteralString = """
insert into catalogs (id, name, type, status, owner_client_id) values (%s, %s, 'erp', 'active', %s)
"""
SITE: LiteralString = """
insert into sites (id, client_id, catalog_id, name, domain, status, domain_verified_at)
values (%s, %s, %s, %s, %s, 'active', now()) returning domain_token
"""


@dataclass(frozen=True)
class Tenant:
    """A client that has an owner, a catalog, and an active site that shows the catalog."""

    client_id: str
    slug: str
    catalog_id: str
    site_id: str
    domain: str
    owner: httpx.Client
    """An HTTP client that sends the token of the owner."""


class Tenants(ApiAccess):
    """Creates clients and the objects of these clients. The fields in `more` extend or override the request body."""

    def client(self, **more: Any) -> Json:
        """Create a client."""
        slug = f"t-{uuid4().hex[:12]}"
        return created(self.admin.post("/v1/clients", json={"name": f"Client {slug}", "slug": slug, **more}))

    def member(self, client_id: str, role: str = "owner") -> str:
        """Add a member to a client. Return the subject for the tokens of this member."""
        subject = f"{role}-{uuid4().hex[:12]}"
        self.database.execute(
            "insert into client_users (client_id, user_id, email, role) values (%s, %s, %s, %s)",
            [client_id, subject, f"{subject}@example.test", role],
        )
        return subject

    def catalog(self, owner: str | None = None, **more: Any) -> Json:
        """Create a catalog of the client `owner`. If `owner` is None, the catalog belongs to the platform."""
        body = {"name": f"catalog {uuid4().hex[:8]}", "type": "erp", "status": "active", "owner_client_id": owner}
        return created(self.admin.post("/v1/catalogs", json=body | more))

    def site(self, client_id: str, catalog_id: str | None, **more: Any) -> Json:
        """Create an active site with its own domain, and verify the domain."""
        domain = f"{uuid4().hex[:12]}.test"
        body = {"client_id": client_id, "name": f"site {domain}", "domain": domain, "status": "active", **more}
        site = created(self.admin.post("/v1/sites", json={**body, "catalog_id": catalog_id}))
        return self.verified(self.admin, site["id"]) if site["domain"] else site

    def verified(self, api: httpx.Client, site_id: str) -> Json:
        """Set the DNS record that verifies the domain of a site, and verify the domain."""
        record = ok(api.get(f"/v1/sites/{site_id}/domain-verification"))
        self.set_txt(record["record_name"], record["record_value"])
        return ok(api.post(f"/v1/sites/{site_id}/verify-domain"))

    def set_txt(self, name: str, *values: str) -> None:
        """Replace the TXT records of a name in the DNS of the local cloud."""
        DirectoryResolver(dns_directory(self.state)).write(name, list(values))

    def tenant(self) -> Tenant:
        """Create a client with an owner, a catalog and a site.

        The method inserts the rows into the database, because API requests would take ten times as long.
        """
        client, catalog, site = (str(uuid4()) for _ in range(3))
        unique = uuid4().hex[:12]
        slug, domain = f"t-{unique}", f"{unique}.test"
        with self.changes():
            self.database.execute(CLIENT, [client, f"Client {slug}", slug])
            self.database.execute(CATALOG, [catalog, f"catalog {unique[:8]}", client])
            [row] = self.database.execute(SITE, [site, client, catalog, f"site {domain}", domain]).fetchall()
            owner = self.member(client)
        self.set_txt(f"{RECORD_LABEL}.{domain}", f"wecelebrate-site={row['domain_token']}")
        return Tenant(client, slug, catalog, site, domain, self.api(owner))

    def product(self, tenant: Tenant, **more: Any) -> Json:
        """Create a product in a tenant's catalog."""
        sku = f"SKU-{uuid4().hex[:10]}"
        body = {"sku": sku, "name": f"Product {sku}", "price": "10.00", "inventory_count": 5, **more}
        return created(tenant.owner.post(f"/v1/catalogs/{tenant.catalog_id}/products", json=body))

    def allow_several_currencies(self, tenant: Tenant) -> None:
        """Add a product to a tenant's catalog, and remove the currency of the catalog."""
        self.product(tenant)
        path = f"/v1/catalogs/{tenant.catalog_id}"
        ok(tenant.owner.patch(path, json={"currency": None}, headers={"if-match": "*"}))

    def storefront_products(self, domain: str, **query: Any) -> list[Json]:
        """Return all products that a storefront shows, from all its pages."""
        products: list[Json] = []
        cursor: str | None = None
        for _ in range(1000):
            parameters = {"limit": 1000, **query, **({"cursor": cursor} if cursor else {})}
            page = ok(self.api().get(f"/v1/storefront/{domain}/products", params=parameters))
            products += page["data"]
            cursor = page["next_cursor"]
            if cursor is None:
                return products
        raise AssertionError("the storefront has more than 1000 pages")
