"""Tests the command `wecelebrate listen`, which prints the webhooks of a client as they arrive."""

import signal
import time
from contextlib import nullcontext

import httpx
import pytest

from infra.command.api import delete
from infra.local.processes import LocalCloudError
from tests.command import Command
from tests.platform import Platform, ok


def test_the_listen_command_prints_events_and_removes_its_endpoint_at_the_end(
    wecelebrate: Command, platform: Platform
) -> None:
    tenant = platform.tenant()
    with wecelebrate.started("listen", "--client", tenant.slug, "--event", "sync.*", "--count", "1") as process:
        assert process.stderr is not None
        assert f"listening for {tenant.slug}: sync.*" in process.stderr.readline()
        job = platform.sync(tenant.catalog_id, "a.csv", b"sku,name,price\nA,Mug,5\n")
        output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert "sync.completed" in output
    assert job["id"] in output and '"created": 1' in output
    assert ok(tenant.owner.get("/v1/webhooks"))["data"] == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_listen_command_removes_its_endpoint_when_a_signal_ends_the_command(
    wecelebrate: Command, platform: Platform, number: signal.Signals
) -> None:
    tenant = platform.tenant()
    with wecelebrate.started("listen", "--client", tenant.slug) as process:
        assert process.stderr is not None
        assert "listening" in process.stderr.readline()
        assert len(ok(tenant.owner.get("/v1/webhooks"))["data"]) == 1
        process.send_signal(number)
        process.communicate(timeout=60)
    assert process.returncode == 0
    assert ok(tenant.owner.get("/v1/webhooks"))["data"] == []


def test_the_listen_command_removes_the_endpoint_of_a_killed_listen_command(
    wecelebrate: Command, platform: Platform
) -> None:
    tenant = platform.tenant()
    own = {
        "client_id": tenant.client_id,
        "url": "http://127.0.0.1:18099/own",
        "events": ["*"],
        "description": "our shop",
    }
    webhook_id = ok(tenant.owner.post("/v1/webhooks", json=own))["id"]
    with wecelebrate.started("listen", "--client", tenant.slug) as killed:
        assert killed.stderr is not None
        assert "listening" in killed.stderr.readline()
        killed.kill()
        killed.communicate(timeout=60)
    assert len(ok(tenant.owner.get("/v1/webhooks"))["data"]) == 2
    with wecelebrate.started("listen", "--client", tenant.slug) as process:
        assert process.stderr is not None
        assert "listening" in process.stderr.readline()
        assert len(ok(tenant.owner.get("/v1/webhooks"))["data"]) == 2
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert [endpoint["id"] for endpoint in ok(tenant.owner.get("/v1/webhooks"))["data"]] == [webhook_id]


def test_an_unknown_client_is_an_error(wecelebrate: Command, cloud: object) -> None:
    result = wecelebrate("listen", "--client", "nobody")
    assert (result.returncode, result.stdout) == (4, "")
    assert "client nobody does not exist" in result.stderr


@pytest.mark.parametrize(
    ("statuses", "error"),
    [
        ([204], None),
        ([409, 503, 204], None),
        ([409, 409, 409], "the API returned 409: busy"),
        ([500, 500, 500], "the API returned 500: busy"),
        ([404], "the API returned 404: busy"),
    ],
)
def test_the_deletion_of_an_object_in_use_fails_after_some_retries(
    monkeypatch: pytest.MonkeyPatch, statuses: list[int], error: str | None
) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    responses = iter(statuses)
    transport = httpx.MockTransport(lambda _: httpx.Response(next(responses), json={"detail": "busy"}))
    expected = pytest.raises(LocalCloudError, match=error) if error else nullcontext()
    with httpx.Client(transport=transport, base_url="http://127.0.0.1") as client, expected:
        delete(client, "/v1/webhooks/1")
    assert list(responses) == []
