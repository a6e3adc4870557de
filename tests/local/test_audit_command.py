"""Tests `wecelebrate audit`. Also tests that a command reads the slugs of clients only if its output contains them."""

import httpx

from infra.command.resources import client_slugs
from tests.command import Command
from tests.platform import Platform, ok


def test_the_audit_command_shows_the_client_of_an_entry(platform: Platform, wecelebrate: Command) -> None:
    tenant = platform.tenant()
    ok(tenant.owner.patch(f"/v1/catalogs/{tenant.catalog_id}", json={"low_inventory": 7}, headers={"If-Match": "*"}))
    subject = ok(tenant.owner.get("/v1/me"))["subject"]
    table = wecelebrate("audit", "--subject", subject, "--limit", "1").stdout.splitlines()
    assert table[1].split()[2:5] == [subject, "catalog.change", tenant.slug]


def test_the_slugs_of_clients_are_read_when_the_first_slug_is_needed() -> None:
    """Reading the clients as a staff member adds an entry to the audit log. Therefore `audit` must read its list
    first."""
    requests: list[str] = []

    def respond(request: httpx.Request) -> httpx.Response:
        requests.append(request.url.path)
        return httpx.Response(200, json={"data": [{"id": "1", "slug": "acme"}], "next_cursor": None, "has_more": False})

    with httpx.Client(base_url="http://platform.test", transport=httpx.MockTransport(respond)) as api:
        slugs = client_slugs(api)
        assert requests == []
        assert (slugs.get("1"), slugs.get("2"), dict(slugs)) == ("acme", None, {"1": "acme"})
        assert requests == ["/v1/clients"]
