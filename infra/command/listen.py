"""The command `wecelebrate listen`: registers a temporary webhook endpoint, and prints the events of a client."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue
from threading import Thread
from typing import Annotated, Any

import typer
from rich.markup import escape
from standardwebhooks import Webhook, WebhookVerificationError

from infra.command.api import as_admin, delete, post
from infra.command.console import console
from infra.command.resources import client_id, client_slugs

Requests = SimpleQueue[tuple[dict[str, str], bytes]]
"""A queue of received requests, each with its headers and its body."""

MAX_BODY_BYTES = 1 << 20
"""The maximum size of a request body, in bytes. Events are much smaller."""


def listen(
    client: Annotated[str, typer.Option("--client", help="Id or slug of the client.")],
    events: Annotated[
        list[str] | None, typer.Option("--event", help="Only these events, e.g. `sync.failed` or `job.*`.")
    ] = None,
    count: Annotated[int, typer.Option(min=0, help="Exit after this number of events. 0 means never.")] = 0,
) -> None:
    """Print the webhook events of a client and verify their signatures, until Ctrl-C."""
    with as_admin() as cloud, _receive_requests() as (port, requests):
        event_types = events or ["*"]
        new_endpoint = {
            "client_id": client_id(client_slugs(cloud.api), client),
            "url": f"http://127.0.0.1:{port}/",
            "events": event_types,
            "description": "wecelebrate listen",
        }
        endpoint = post(cloud.api, "/v1/webhooks", new_endpoint)
        console.print(f"[green]✓[/] listening for {escape(client)}: {', '.join(event_types)} (Ctrl-C stops it)")
        try:
            received = 0
            while not count or received < count:
                _print_event(endpoint["secret"], *requests.get())
                received += 1
        except KeyboardInterrupt:
            pass
        finally:
            delete(cloud.api, f"/v1/webhooks/{endpoint['id']}")


def _print_event(secret: str, headers: dict[str, str], body: bytes) -> None:
    try:
        Webhook(secret).verify(body, headers)
    except WebhookVerificationError as error:
        console.print(f"[red]✗[/] the signature of an event is not valid: {escape(str(error))}")
        return
    event = json.loads(body)
    now = datetime.now(UTC).astimezone()
    console.print(f"[green]✓[/] {now:%H:%M:%S} [bold]{escape(event['type'])}[/] [dim]{headers['webhook-id']}[/]")
    console.print_json(data=event["data"])


@contextmanager
def _receive_requests() -> Iterator[tuple[int, Requests]]:
    """Run an HTTP server on a free port of 127.0.0.1. Yields the port and the queue of received requests."""
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
