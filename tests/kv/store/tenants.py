"""Writes clients, catalogs and sites in the formats of the old applications."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.kv.store.plan import CATALOGS_PER_CLIENT, Sizes, base36, iso, letters, milliseconds, moment
from tests.kv.store.truth import SECRET, Record, alias, row

LEGACY_CATALOG = "catalog_legacy_default"
LOGO = "data:image/png;base64," + "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ" * 20
Document = dict[str, Any]


@dataclass
class Tenants:
    """The ids to which gifts and orders can refer. The documents with these ids are not in quarantine."""

    clients: list[str] = field(default_factory=list)
    catalogs: list[str] = field(default_factory=lambda: [LEGACY_CATALOG])
    owned: dict[str, list[str]] = field(default_factory=dict)
    """Maps the id of a client to the ids of its catalogs."""
    sites: list[tuple[str, str]] = field(default_factory=list)
    """Pairs of ids: a site, and the client of the site."""


def write_clients(sizes: Sizes, tenants: Tenants) -> Iterator[Record]:
    """Write the documents of the clients, and record the ids."""
    plan = sizes.plan("client")
    for number in range(sizes.clients):
        damage = plan.damaged.get(number)
        created = moment(number)
        client_id = f"client-{milliseconds(created)}-{letters(plan.rng, 7)}" if number % 3 else f"client-{number:03}"
        form, family = (("client:production:", "client:<environment>:<id>"), ("client:", "client:<id>"))[number % 2]
        if number % 5 == 4:
            form, family = "clients:production:", "client:<environment>:<id>"
        document: Document = {
            "id": client_id,
            "name": f"Client {number} GmbH",
            "contactEmail": f"office@client-{number}.example",
            "contactPhone": "+49 30 1234567",
            "address": "Hauptstraße 1, 10115 Berlin",
            "status": "active" if number % 4 else "inactive",
            "isActive": bool(number % 4),
            "createdAt": iso(created),
            "updatedAt": iso(created),
        }
        match damage:
            case "client_name_short":
                document["name"] = "X"
            case "client_status_unknown":
                document["status"] = "suspended"
            case "client_logo_base64":
                document["logo"] = LOGO
            case "client_alias_key":
                form, family = "client:production:", "client:<environment>:<id>"
                document["id"] = client_id = f"client-demo-{number}"
        truth = row(form + client_id, family, "client", client_id, damage)
        yield Record(truth.key, document, truth)
        if damage == "client_alias_key":
            key = "client:" + client_id.removeprefix("client-")
            yield Record(key, document, alias(key, "client:<id>", truth, damage))
        tenants.clients.append(client_id)
        tenants.owned[client_id] = []


def write_catalogs(sizes: Sizes, tenants: Tenants) -> Iterator[Record]:
    """Write the documents of the catalogs, and record the ids. The legacy catalog has no client."""
    created = iso(moment(0))
    legacy = {"id": LEGACY_CATALOG, "name": "Legacy", "type": "manual", "status": "active", "createdAt": created}
    truth = row(f"catalogs:{LEGACY_CATALOG}", "catalogs:<id>", "catalog", LEGACY_CATALOG)
    yield Record(truth.key, legacy, truth)
    plan = sizes.plan("catalog")
    for number in range(CATALOGS_PER_CLIENT * sizes.clients):
        damage = plan.damaged.get(number)
        owner = tenants.clients[number % sizes.clients]
        catalog_id = f"catalog_range{number}_{base36(milliseconds(moment(number)))}_{letters(plan.rng, 4)}"
        document: Document = {
            "id": catalog_id,
            "name": f"Range {number}",
            "description": "Gifts of the season",
            "type": ("erp", "manual", "vendor", "dropship")[number % 4],
            "ownerId": owner,
            "source": {"type": "manual", "sourceId": f"src-{number}"},
            "status": ("active", "inactive", "draft")[number % 3],
            "settings": {"autoSync": False, "allowSiteOverrides": True},
            "totalProducts": 0,
            "createdAt": iso(moment(number)),
            "updatedAt": iso(moment(number)),
        }
        match damage:
            case "catalog_client_missing":
                del document["ownerId"]
            case "catalog_client_unknown":
                document["ownerId"] = f"client-removed-{number}"
            case "catalog_type_missing":
                del document["type"]
            case "catalog_status_unknown":
                document["status"] = "syncing"
            case "catalog_credentials":
                document["type"] = "erp"
                document["source"] = {
                    "type": "api",
                    "apiConfig": {
                        "url": "https://erp.example/api",
                        "credentials": {"username": "erp", "password": f"{SECRET}catalog-{number}"},
                    },
                    "fileConfig": {"ftpHost": "ftp.example", "ftpPassword": f"{SECRET}ftp-{number}"},
                }
        truth = row(f"catalogs:{catalog_id}", "catalogs:<id>", "catalog", catalog_id, damage)
        yield Record(truth.key, document, truth)
        if damage == "catalog_alias_key":
            key = f"catalog:{catalog_id}"
            yield Record(key, document, alias(key, "catalogs:<id>", truth, damage))
        if truth.resolution == "row":
            tenants.catalogs.append(catalog_id)
            tenants.owned[owner].append(catalog_id)


def write_sites(sizes: Sizes, tenants: Tenants) -> Iterator[Record]:
    """Write the documents of the sites. Record the ids of the sites whose document determines a row."""
    plan = sizes.plan("site")
    in_pairs = {*plan.partners, *plan.partners.values()}
    for number in range(sizes.sites):
        damage = plan.damaged.get(number)
        created = moment(number)
        site_id = f"site-{milliseconds(created)}-{letters(plan.rng, 7)}"
        owner = tenants.clients[number % sizes.clients]
        document: Document = {
            "id": site_id,
            "name": f"Shop {number}",
            "slug": f"shop-{number}",
            "clientId": owner,
            "catalogId": (tenants.owned[owner] or [LEGACY_CATALOG])[0],
            "domain": f"shop-{number}.client.example",
            "status": ("active", "inactive", "draft")[number % 3],
            "branding": {"primaryColor": "#D91C81", "logo": f"https://cdn.example/{number}.png"},
            "settings": {"validationMethod": "email", "giftsPerUser": 1, "defaultCurrency": "EUR"},
            "createdAt": iso(created),
            "updatedAt": iso(created),
        }
        match damage:
            case "site_domain_twice":
                document["domain"] = f"shop-{plan.partners[number]}.client.example"
            case "site_domain_url":
                document["domain"] = f"https://Shop-{number}.client.example:443/welcome?x=1"
            case "site_client_missing":
                del document["clientId"]
            case "site_client_unknown":
                document["clientId"] = f"client-removed-{number}"
            case "site_catalog_of_another_client":
                document["catalogId"] = next(ids[0] for client, ids in tenants.owned.items() if ids and client != owner)
            case "site_logo_base64":
                document["branding"]["logo"] = LOGO
            case "site_name_short":
                document["name"] = ""
            case "site_status_unknown":
                document["status"] = "suspended"
        has_environment = number % 2 == 0 or number in in_pairs or damage == "site_alias_key"
        form, family = ("site:production:", "site:<environment>:<id>") if has_environment else ("site:", "site:<id>")
        if number % 7 == 3 and not has_environment:
            form = "sites:"
        truth = row(form + site_id, family, "site", site_id, damage)
        yield Record(truth.key, document, truth)
        if damage == "site_alias_key":
            yield Record(f"site:{site_id}", document, alias(f"site:{site_id}", "site:<id>", truth, damage))
        if truth.resolution == "row":
            tenants.sites.append((site_id, owner))
