"""An HTTP server on 127.0.0.1 for tests. A handler decides what it sends, byte by byte if necessary."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

Handler = Callable[[socket.socket, bytes], None]
"""Handles a connection. Takes the connection and the request that it received, with head and body."""


@dataclass
class HttpServer:
    """A running server, and the requests that it has received."""

    port: int
    requests: list[bytes] = field(default_factory=list)

    def url(self, path: str = "/", host: str = "127.0.0.1", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}{path}"

    def sent(self, name: str) -> list[str]:
        """The value of a header in each request; empty for a request without it. `name` is in lower case."""
        heads = [request.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:] for request in self.requests]
        return [
            next((value.strip() for key, _, value in (line.partition(":") for line in head) if key.lower() == name), "")
            for head in heads
        ]


@contextmanager
def serving(handler: Handler, context: ssl.SSLContext | None = None) -> Iterator[HttpServer]:
    """Run a server, with TLS if there is a context. Each connection has a thread of its own."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = HttpServer(listener.getsockname()[1])
        threads: list[threading.Thread] = []

        def serve(connection: socket.socket) -> None:
            with connection:
                connection.settimeout(10)
                try:
                    stream = context.wrap_socket(connection, server_side=True) if context else connection
                    with stream:
                        request = _receive(stream)
                        if not request:
                            return  # The client was killed before it sent a request.
                        server.requests.append(request)
                        handler(stream, request)
                except OSError:
                    return  # The client has closed the connection, which some tests expect.

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                threads.append(threading.Thread(target=serve, args=(connection,)))
                threads[-1].start()

        accepting = threading.Thread(target=accept)
        accepting.start()
        try:
            yield server
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            accepting.join()
            for thread in threads:
                thread.join()


def answer(status: int = 200, body: bytes = b"", *, length: int | None = None, **headers: str) -> Handler:
    """A handler that sends a response at once. `length` overrides the value of Content-Length.

    An underscore in the name of a header stands for a hyphen.
    """
    lines = [f"HTTP/1.1 {status} So", f"Content-Length: {len(body) if length is None else length}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    head = "\r\n".join(lines).encode("utf-8") + b"\r\n\r\n"
    return lambda connection, _: connection.sendall(head + body)


def by_path(handlers: dict[str, Handler]) -> Handler:
    """A handler that dispatches requests by their path. It answers unknown paths with 404."""

    def dispatch(connection: socket.socket, request: bytes) -> None:
        path = request.split(b" ", 2)[1].decode()
        handlers.get(path, answer(404))(connection, request)

    return dispatch


def _receive(connection: socket.socket) -> bytes:
    """Receive one request. Returns an incomplete head if the client closes the connection."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += (chunk := connection.recv(65536))
        if not chunk:
            return received
    head, _, body = received.partition(b"\r\n\r\n")
    length = next(
        (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
    )
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body
