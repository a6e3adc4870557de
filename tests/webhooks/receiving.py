"""A client's side of webhooks: an endpoint that takes what it is sent, and checks who signed it."""

import json
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from standardwebhooks import Webhook as Verifier

from tests.core.serving import Conversation, answer, serving
from tests.platform import Json, Platform, Tenant, created, ok

ARRIVED = answer(204)


@dataclass(frozen=True)
class Event:
    """A request that came."""

    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def told(self) -> Json:
        body: Json = json.loads(self.body)
        return body

    def verified(self, secret: str) -> Json:
        """The body; raises for one that `secret` did not sign, by the specification's own package."""
        body: Json = Verifier(secret).verify(self.body, self.headers)
        return body


@dataclass
class Receiver:
    """An endpoint."""

    webhook: Json
    port: int
    requests: list[bytes]
    answers: Conversation = ARRIVED
    """What it answers from now on."""
    at_once: int = 0
    most_at_once: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def id(self) -> str:
        return str(self.webhook["id"])

    @property
    def secret(self) -> str:
        return str(self.webhook["secret"])

    @property
    def events(self) -> list[Event]:
        """What came, in order."""
        return [_event(request) for request in list(self.requests)]

    def converse(self, connection: socket.socket, request: bytes) -> None:
        with self._lock:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        time.sleep(0.002)
        with self._lock:
            self.at_once -= 1
        self.answers(connection, request)


@contextmanager
def receiving(tenant: Tenant, events: Sequence[str] = ("*",), answers: Conversation = ARRIVED) -> Iterator[Receiver]:
    """An endpoint of a tenant's, which is told of events."""
    receiver = Receiver({}, 0, [], answers)
    with serving(receiver.converse) as served:
        receiver.port, receiver.requests = served.port, served.requests
        new = {"client_id": tenant.client_id, "url": served.url("/hooks"), "events": list(events)}
        receiver.webhook = created(tenant.owner.post("/v1/webhooks", json=new))
        yield receiver
        tenant.owner.delete(f"/v1/webhooks/{receiver.id}")


def tried(tenant: Tenant, receiver: Receiver) -> str:
    """Have an endpoint sent a trial; the delivery's id."""
    answered = tenant.owner.post(f"/v1/webhooks/{receiver.id}/test")
    assert answered.status_code == 202, answered.text
    return str(answered.json()["id"])


def delivery(tenant: Tenant, delivery_id: str) -> Json:
    return ok(tenant.owner.get(f"/v1/webhook-deliveries/{delivery_id}"))


def attempted(platform: Platform, tenant: Tenant, delivery_id: str, times: int = 1) -> Json:
    """A delivery once it was tried so often."""
    platform.eventually(lambda: delivery(tenant, delivery_id)["attempts"] >= times)
    return delivery(tenant, delivery_id)


def settled(platform: Platform, tenant: Tenant, delivery_id: str) -> Json:
    """A delivery that is no longer pending."""
    platform.eventually(lambda: delivery(tenant, delivery_id)["status"] != "pending")
    return delivery(tenant, delivery_id)


def hurry(platform: Platform, receiver: Receiver) -> None:
    """Have the time come for the next attempt, once the last is noted."""
    platform.eventually(lambda: _free(platform, receiver))
    platform.arrange(
        "update webhook_deliveries set next_at = now() where webhook_id = %s and status = 'pending'", [receiver.id]
    )
    platform.arrange("update webhooks set paused_until = now() where id = %s", [receiver.id])
    platform.send("webhooks", {"type": "webhooks"})


def _free(platform: Platform, receiver: Receiver) -> bool:
    """Whether no worker has an endpoint's line."""
    row = platform.database.execute("select leased_until from webhooks where id = %s", [receiver.id]).fetchone()
    return row == {"leased_until": None}


def _event(request: bytes) -> Event:
    head, _, body = request.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")[1:]
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Event(headers, body)
