"""Tests the command `wecelebrate dns`. It sets records that the local cloud reads instead of DNS."""

from uuid import uuid4

from infra.local.endpoints import dns_directory
from tests.command import Command
from tests.platform import Platform, created, ok
from wecelebrate.core.outbound.dns import DirectoryResolver


def test_a_domain_can_be_verified_with_a_record_from_the_dns_command(platform: Platform, wecelebrate: Command) -> None:
    tenant = platform.tenant()
    new = {"client_id": tenant.client_id, "name": "Gifts", "domain": f"{uuid4().hex}.test"}
    site = f"/v1/sites/{created(tenant.owner.post('/v1/sites', json=new))['id']}"
    record = ok(tenant.owner.get(f"{site}/domain-verification"))
    output = wecelebrate("dns", record["record_name"].upper(), record["record_value"], "another value").stdout
    assert record["record_name"] in output
    assert record["record_value"] in output
    assert ok(tenant.owner.post(f"{site}/verify-domain"))["domain_verified_at"]
    assert wecelebrate("dns", record["record_name"]).stdout == ""
    assert DirectoryResolver(dns_directory(platform.state)).txt_records(record["record_name"]) == []
