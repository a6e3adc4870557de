"""The command `wecelebrate listen`: registers a temporary webhook endpoint, and prints the events of a client."""

import ipaddress
import json
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue
from threading import Thread
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from infra.command import output
from infra.command.api import connect, delete, get_all, httpx, local_cloud, post
from infra.command.errors import BadUsage
from infra.command.help import LOCAL, command
from infra.command.output import JsonOption
from infra.command.resources import client_id, client_slugs

Requests = SimpleQueue[tuple[dict[str, str], bytes]]
"""A queue of received requests, each with its headers and its body."""

MAX_BODY_BYTES = 1 << 20
"""The maximum size of a request body, in bytes. Events are much smaller."""


_DESCRIPTION = "wecelebrate listen"
"""The description of the temporary endpoints of this command."""
_FORWARD_TIMEOUT = 10.0
"""The time in which the target of --forward-to must respond, in seconds. The platform also waits this time for an
endpoint."""
_PRIVATE = [ipaddress.ip_network(each) for each in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")]
"""The private networks of RFC 1918 and RFC 4193. Link-local networks are not in the list, because cloud providers serve
the credentials of a machine at a link-local address."""
_CONNECTION_HEADERS = {"host", "connection", "content-length", "transfer-encoding", "keep-alive", "upgrade", "expect"}
"""The headers of a request that belong to the connection and not to the webhook."""


@command(
    "wecelebrate listen --client acme",
    "wecelebrate listen --client acme --event 'sync.*' --forward-to http://localhost:3000/hooks",
    "wecelebrate listen --client acme --json | jq -r .type",
    environment=LOCAL,
)
def listen(
    client: Annotated[str, typer.Option("--client", help="Id or slug of the client.")],
    events: Annotated[
        list[str] | None, typer.Option("--event", help="Only these events, e.g. `sync.failed` or `job.*`.")
    ] = None,
    count: Annotated[int, typer.Option("--count", min=0, help="Exit after this number of events. 0: do not exit.")] = 0,
    forward_to: Annotated[
        str | None,
        typer.Option("--forward-to", help="Also send each event to this URL on this machine or in a private network."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Print the webhook events of a client and verify their signatures, until Ctrl-C.

    With --forward-to, the command sends each event to the URL with its original headers and body, so your application
    can verify the signature with the printed secret. The command follows no redirect, and does not repeat a failed
    request.

    The command needs the local cloud, because a deployed platform cannot reach this machine.
    """
    target = _Target.parse(forward_to) if forward_to else None
    local_cloud("listen")
    for number in (signal.SIGTERM, signal.SIGHUP):  # closing the terminal sends SIGHUP
        signal.signal(number, signal.default_int_handler)
    with connect() as connection, _receive_requests() as (port, requests):
        event_types = events or ["*"]
        owner = client_id(client_slugs(connection.api), client)
        _delete_dead_endpoints(connection.api, owner)
        new_endpoint = {
            "client_id": owner,
            "url": f"http://127.0.0.1:{port}/",
            "events": event_types,
            "description": _DESCRIPTION,
        }
        endpoint = post(connection.api, "/v1/webhooks", new_endpoint)
        output.step(f"listening for {client}: {', '.join(event_types)} (Ctrl-C stops it)")
        output.note(f"the secret of the signatures is {endpoint['secret']}")
        sys.stderr.flush()
        try:
            received = 0
            while not count or received < count:
                headers, body = requests.get()
                if _print_event(endpoint["secret"], headers, body, as_json) and target:
                    target.forward(headers, body)
                received += 1
        except KeyboardInterrupt:
            pass
        finally:
            delete(connection.api, f"/v1/webhooks/{endpoint['id']}")


def _delete_dead_endpoints(api: httpx.Client, client: str) -> None:
    """Delete the endpoints of `listen` commands that were killed. No program listens on the ports of these
    endpoints."""
    for endpoint in get_all(api, "/v1/webhooks", {"client_id": client}):
        address = urlsplit(endpoint["url"])
        if endpoint["description"] == _DESCRIPTION and not _accepts("127.0.0.1", address.port or 0):
            delete(api, f"/v1/webhooks/{endpoint['id']}")


def _print_event(secret: str, headers: dict[str, str], body: bytes, as_json: bool) -> bool:
    """Print an event. Return False if its signature is not valid. An event without a valid signature comes from another
    program."""
    from standardwebhooks import Webhook, WebhookVerificationError

    try:
        Webhook(secret).verify(body, headers)
    except WebhookVerificationError as error:
        output.failure(f"the signature of an event is not valid: {error}")
        return False
    event = json.loads(body)
    if as_json:
        output.print_json_line(event)
        return True
    now = datetime.now(UTC).astimezone()
    output.success(f"{now:%H:%M:%S} {event['type']} {headers['webhook-id']}")
    output.result(json.dumps(event["data"], indent=2, ensure_ascii=False))
    sys.stdout.flush()
    return True


@dataclass(frozen=True)
class _Target:
    """The server to which events are forwarded."""

    url: str
    address: str
    """The IP address that was checked. Each request goes to this address, even if the name later has another
    address."""

    @classmethod
    def parse(cls, url: str) -> "_Target":
        """Check a URL. Raises BadUsage unless its host is this machine or in a private network.

        The events contain personal data. A mistake in the URL must not send this data to the internet.
        """
        parts = urlsplit(url)
        try:
            port = parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError:
            raise BadUsage(f"--forward-to {url} has an invalid port") from None
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
            raise BadUsage(f"--forward-to {url} is not valid: give a URL such as http://localhost:3000/hooks")
        try:
            addresses = [str(each[4][0]) for each in socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)]
        except (OSError, UnicodeError):
            raise BadUsage(f"--forward-to {url}: the host {parts.hostname} does not exist") from None
        for address in addresses:
            if not _is_near(address):
                raise BadUsage(
                    f"--forward-to {url} leads to {address}: events can be forwarded only to this machine or to a"
                    " private network"
                )
        # A server on `localhost` often listens only on 127.0.0.1, but the name `localhost` can also mean ::1.
        return cls(url, next((each for each in addresses if _accepts(each, port)), addresses[0]))

    def forward(self, headers: dict[str, str], body: bytes) -> None:
        """Send an event, and print the status and the time of the response."""
        url = httpx.URL(self.url)
        kept = {name: value for name, value in headers.items() if name not in _CONNECTION_HEADERS}
        began = time.monotonic()
        try:
            with httpx.Client(trust_env=False, timeout=_FORWARD_TIMEOUT) as client:
                client.headers.clear()
                response = client.post(
                    url.copy_with(host=self.address),
                    content=body,
                    headers={**kept, "host": url.netloc.decode("ascii")},
                    extensions={"sni_hostname": url.host},
                )
        except httpx.HTTPError as error:
            output.failure(f"  not forwarded to {self.url}: {str(error) or type(error).__name__}")
            return
        milliseconds = (time.monotonic() - began) * 1000
        mark = "✓" if response.is_success else "✗"
        output.step(f"  {response.status_code} from {self.url} after {milliseconds:.0f} ms", mark=mark)


def _is_near(address: str) -> bool:
    """Return whether an IP address belongs to this machine or to a private network, and not to the metadata service of
    a cloud provider."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    parsed = mapped or parsed
    if parsed.is_loopback:
        return True
    return any(parsed in network for network in _PRIVATE if network.version == parsed.version)


def _accepts(address: str, port: int) -> bool:
    try:
        with socket.create_connection((address, port), timeout=1):
            return True
    except OSError:
        return False


@contextmanager
def _receive_requests() -> Iterator[tuple[int, Requests]]:
    """Run an HTTP server on a free port of 127.0.0.1. Yield the port and the queue of received requests."""
    requests: Requests = SimpleQueue()

    class Endpoint(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("content-length", 0))
            if length > MAX_BODY_BYTES:
                self.send_error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
                return
            requests.put(({name.lower(): value for name, value in self.headers.items()}, self.rfile.read(length)))
            self.send_response(HTTPStatus.NO_CONTENT)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Write no access log, because the command already prints each event."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Endpoint) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_address[1], requests
        finally:
            server.shutdown()
            thread.join()
