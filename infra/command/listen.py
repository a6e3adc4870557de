"""`wecelebrate listen`: an endpoint on this machine for a client's webhooks, which shows what it is sent."""

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

from infra.command.api import as_admin, post
from infra.command.console import console
from infra.command.jobs import clients_of, filters

Received = SimpleQueue[tuple[dict[str, str], bytes]]
"""Headers and body of each request."""

LARGEST = 1 << 20
"""Bytes of a body: an event has far fewer."""


def listen(
    client: Annotated[str, typer.Option("--client", help="Id or slug of the client.")],
    events: Annotated[
        list[str] | None, typer.Option("--event", help="Which: `sync.failed`, `job.*`; all when none is named.")
    ] = None,
    count: Annotated[int, typer.Option(min=0, help="End after so many; 0 is never.")] = 0,
) -> None:
    """Show a client's webhooks as they come, until Ctrl-C. They are signed, and checked."""
    with as_admin() as cloud, _receiving() as (port, received):
        owner = filters(clients_of(cloud.api), client)["client_id"]
        wanted = events or ["*"]
        new = {"client_id": owner, "url": f"http://127.0.0.1:{port}/", "events": wanted}
        endpoint = post(cloud.api, "/v1/webhooks", {**new, "description": "wecelebrate listen"})
        console.print(f"[green]✓[/] listening for {escape(client)}: {', '.join(wanted)} (Ctrl-C ends it)")
        try:
            seen = 0
            while not count or seen < count:
                _show(endpoint["secret"], *received.get())
                seen += 1
        except KeyboardInterrupt:
            pass
        finally:
            cloud.api.delete(f"/v1/webhooks/{endpoint['id']}", headers={"If-Match": "*"})


def _show(secret: str, headers: dict[str, str], body: bytes) -> None:
    try:
        Webhook(secret).verify(body, headers)
    except WebhookVerificationError as error:
        console.print(f"[red]✗[/] not signed by us: {escape(str(error))}")
        return
    event = json.loads(body)
    at = datetime.now(UTC).astimezone()
    console.print(f"[green]✓[/] {at:%H:%M:%S} [bold]{escape(event['type'])}[/] [dim]{headers['webhook-id']}[/]")
    console.print_json(data=event["data"])


@contextmanager
def _receiving() -> Iterator[tuple[int, Received]]:
    """A server on a free port of 127.0.0.1, and what comes to it."""
    received: Received = SimpleQueue()

    class Endpoint(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("content-length", 0))
            if length > LARGEST:
                self.send_error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
                return
            received.put(({name.lower(): value for name, value in self.headers.items()}, self.rfile.read(length)))
            self.send_response(HTTPStatus.NO_CONTENT)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing: what comes is shown."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Endpoint) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_address[1], received
        finally:
            server.shutdown()
            thread.join()
