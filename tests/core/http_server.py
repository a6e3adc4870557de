"""An HTTP server on 127.0.0.1 for tests. Each test passes a handler that writes the response to the socket."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

Handler = Callable[[socket.socket, bytes], None]
"""A function that handles a connection. Its arguments are the connection and the received request (head and body)."""


@dataclass
class HttpServer:
    """A running server, and the requests that it has received."""

    port: int
    requests: list[bytes] = field(default_factory=list)

    def url(self, path: str = "/", host: str = "127.0.0.1", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}{path}"

    def sent(self, name: str) -> list[str]:
        """Return the value of the header `name` in each received request. If a request lacks the header, its value is
        "".

        `name` must be in lower case.
        """
        heads = [request.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:] for request in self.requests]
        return [
            next((value.strip() for key, _, value in (line.partition(":") for line in head) if key.lower() == name), "")
            for head in heads
        ]


@contextmanager
def serving(handler: Handler, context: ssl.SSLContext | None = None) -> Iterator[HttpServer]:
    """Run a server. If `context` is given, the server uses TLS. The server handles each connection in a separate
    thread.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = HttpServer(listener.getsockname()[1])
        threads: list[threading.Thread] = []

        def serve(connection: socket.socket) -> None:
            with connection:
                connection.settimeout(10)
                try:
                    stream = context.wrap_socket(connection, server_side=True) if context else connection
                    with stream:
                        request = receive(stream)
                        if not request:
                            return  # The client process was killed before it sent a request.
                        server.requests.append(request)
                        handler(stream, request)
                except OSError:
                    return  # The client has closed the connection. Some tests expect this.

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
    """Create a handler that immediately sends a response. `length` overrides the value of Content-Length.

    Underscores in the names of headers are replaced by hyphens.
    """
    lines = [f"HTTP/1.1 {status} So", f"Content-Length: {len(body) if length is None else length}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    head = "\r\n".join(lines).encode("utf-8") + b"\r\n\r\n"
    return lambda connection, _: connection.sendall(head + body)


def by_path(handlers: dict[str, Handler]) -> Handler:
    """Create a handler that passes each request to the handler of its path. Unknown paths get the status 404."""

    def dispatch(connection: socket.socket, request: bytes) -> None:
        path = request.split(b" ", 2)[1].decode()
        handlers.get(path, answer(404))(connection, request)

    return dispatch


def receive(connection: socket.socket) -> bytes:
    """Receive one request. If the client closes the connection early, return the incomplete head."""
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
