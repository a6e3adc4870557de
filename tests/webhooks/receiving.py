"""Contains an endpoint for the tests of webhooks. The endpoint records requests, and verifies their signatures."""

import json
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import uuid4

from standardwebhooks import Webhook as Verifier

from tests.core.http_server import Handler, answer, serving
from tests.platform import Json, Platform, Tenant, created, ok

SUCCESS = answer(204)
FAILURE = answer(500, b"raised on purpose by this test")


@dataclass(frozen=True)
class Event:
    """A request that an endpoint has received. Each request contains one event."""

    headers: dict[str, str]
    content: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def body(self) -> Json:
        body: Json = json.loads(self.content)
        return body

    def verified(self, secret: str) -> Json:
        """Return the body if the body was signed with `secret`. Raise WebhookVerificationError otherwise.

        The reference implementation of Standard Webhooks verifies the signature.
        """
        body: Json = Verifier(secret).verify(self.content, self.headers)
        return body


@dataclass
class Receiver:
    """An endpoint of a tenant. The endpoint records the requests that it receives."""

    webhook: Json
    port: int
    requests: list[bytes]
    respond: Handler = SUCCESS
    """The function that sends the response to a request."""
    concurrent: int = 0
    max_concurrent: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def id(self) -> str:
        return str(self.webhook["id"])

    @property
    def secret(self) -> str:
        return str(self.webhook["secret"])

    @property
    def events(self) -> list[Event]:
        """The received events, in the order of their arrival."""
        return [_event(request) for request in list(self.requests)]

    def handle(self, connection: socket.socket, request: bytes) -> None:
        with self._lock:
            self.concurrent += 1
            self.max_concurrent = max(self.max_concurrent, self.concurrent)
        time.sleep(0.002)
        with self._lock:
            self.concurrent -= 1
        self.respond(connection, request)


@contextmanager
def receiving(tenant: Tenant, events: Sequence[str] = ("*",), respond: Handler = SUCCESS) -> Iterator[Receiver]:
    """Run an endpoint of a tenant. The endpoint subscribes to `events`."""
    receiver = Receiver({}, 0, [], respond)
    with serving(receiver.handle) as served:
        receiver.port, receiver.requests = served.port, served.requests
        new = {"client_id": tenant.client_id, "url": served.url("/hooks"), "events": list(events)}
        receiver.webhook = created(tenant.owner.post("/v1/webhooks", json=new))
        yield receiver
        tenant.owner.delete(f"/v1/webhooks/{receiver.id}")


def send_test(tenant: Tenant, receiver: Receiver) -> str:
    """Send a test event to an endpoint. Return the id of the delivery."""
    response = tenant.owner.post(f"/v1/webhooks/{receiver.id}/test")
    assert response.status_code == 202, response.text
    return str(response.json()["id"])


def read_delivery(tenant: Tenant, delivery_id: str) -> Json:
    return ok(tenant.owner.get(f"/v1/webhook-deliveries/{delivery_id}"))


def wait_for_attempts(platform: Platform, tenant: Tenant, delivery_id: str, times: int = 1) -> Json:
    """Wait until a delivery has had at least `times` attempts, and return the delivery."""
    platform.eventually(lambda: read_delivery(tenant, delivery_id)["attempts"] >= times)
    return read_delivery(tenant, delivery_id)


def wait_until_settled(platform: Platform, tenant: Tenant, delivery_id: str) -> Json:
    """Wait until a delivery is no longer pending, and return the delivery."""
    platform.eventually(lambda: read_delivery(tenant, delivery_id)["status"] != "pending")
    return read_delivery(tenant, delivery_id)


def make_due(platform: Platform, receiver: Receiver) -> None:
    """Wait until the previous attempts are recorded. Then make the next attempts due immediately."""
    platform.eventually(lambda: _is_released(platform, receiver))
    platform.arrange(
        "update webhook_deliveries set next_at = now() where webhook_id = %s and status = 'pending'", [receiver.id]
    )
    platform.arrange("update webhooks set paused_until = now() where id = %s", [receiver.id])
    platform.send("webhooks", {"type": "webhooks"})


def insert_due_delivery(platform: Platform, tenant: Tenant, receiver: Receiver) -> str:
    """Insert a delivery that is due, but send no message to the worker. Return the id of the delivery."""
    delivery_id = str(uuid4())
    platform.arrange(
        "insert into webhook_deliveries (id, client_id, webhook_id, event, payload)"
        " values (%s, %s, %s, 'job.failed', '{}')",
        [delivery_id, tenant.client_id, receiver.id],
    )
    return delivery_id


def event_types(receiver: Receiver) -> list[str]:
    """Return the types of the received events, sorted."""
    return sorted(str(event.body["type"]) for event in receiver.events)


def read_endpoint(tenant: Tenant, receiver: Receiver) -> Json:
    """Return the current state of the endpoint."""
    return ok(tenant.owner.get(f"/v1/webhooks/{receiver.id}"))


def _is_released(platform: Platform, receiver: Receiver) -> bool:
    """Return True if no worker has a lease on the endpoint."""
    row = platform.database.execute("select leased_until from webhooks where id = %s", [receiver.id]).fetchone()
    return row == {"leased_until": None}


def _event(request: bytes) -> Event:
    head, _, body = request.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")[1:]
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Event(headers, body)
