"""`wecelebrate listen`: a client's webhooks, as they come."""

import signal

from tests.command import Command
from tests.platform import Platform, ok


def test_events_are_shown_as_they_come_and_the_endpoint_goes_with_the_command(
    wecelebrate: Command, platform: Platform
) -> None:
    tenant = platform.tenant()
    with wecelebrate.started("listen", "--client", tenant.slug, "--event", "sync.*", "--count", "1") as listening:
        assert listening.stdout is not None
        assert f"listening for {tenant.slug}: sync.*" in listening.stdout.readline()
        job = platform.sync(tenant.catalog_id, "a.csv", b"sku,name,price\nA,Mug,5\n")
        shown, said = listening.communicate(timeout=60)
    assert listening.returncode == 0, said
    assert "sync.completed" in shown
    assert job["id"] in shown and '"created": 1' in shown
    assert ok(tenant.owner.get("/v1/webhooks"))["data"] == []


def test_ctrl_c_ends_it_and_removes_the_endpoint(wecelebrate: Command, platform: Platform) -> None:
    tenant = platform.tenant()
    with wecelebrate.started("listen", "--client", tenant.slug) as listening:
        assert listening.stdout is not None
        assert "listening" in listening.stdout.readline()
        assert len(ok(tenant.owner.get("/v1/webhooks"))["data"]) == 1
        listening.send_signal(signal.SIGINT)
        listening.communicate(timeout=60)
    assert listening.returncode == 0
    assert ok(tenant.owner.get("/v1/webhooks"))["data"] == []


def test_a_client_that_is_not_there_is_named(wecelebrate: Command, cloud: object) -> None:
    refused = wecelebrate("listen", "--client", "nobody")
    assert refused.returncode == 1
    assert "client nobody does not exist" in refused.stdout + refused.stderr
