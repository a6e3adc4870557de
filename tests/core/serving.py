"""A server on 127.0.0.1 that answers as a test wants it to, byte by byte if need be."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

Conversation = Callable[[socket.socket, bytes], None]
"""What to do with a connection, and with the head and body that came over it."""


@dataclass
class Served:
    """A server, and what was sent to it."""

    port: int
    requests: list[bytes] = field(default_factory=list)

    def url(self, path: str = "/", host: str = "127.0.0.1", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}{path}"

    def sent(self, name: str) -> list[str]:
        """What each request said in the header `name`; empty where it said nothing."""
        heads = [request.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:] for request in self.requests]
        return [
            next((value.strip() for key, _, value in (line.partition(":") for line in head) if key.lower() == name), "")
            for head in heads
        ]


@contextmanager
def serving(converse: Conversation, context: ssl.SSLContext | None = None) -> Iterator[Served]:
    """Serve each connection on a thread of its own, until the end."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        served = Served(listener.getsockname()[1])
        threads: list[threading.Thread] = []

        def serve(connection: socket.socket) -> None:
            with connection:
                connection.settimeout(10)
                try:
                    spoken = context.wrap_socket(connection, server_side=True) if context else connection
                    with spoken:
                        request = _request(spoken)
                        if not request:
                            return  # who had connected was killed before it asked
                        served.requests.append(request)
                        converse(spoken, request)
                except OSError:
                    return  # the other side has hung up, as some tests want it to

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
            yield served
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            accepting.join()
            for thread in threads:
                thread.join()


def answer(status: int = 200, body: bytes = b"", *, length: int | None = None, **headers: str) -> Conversation:
    """Answer at once; `length` is what Content-Length claims."""
    lines = [f"HTTP/1.1 {status} So", f"Content-Length: {len(body) if length is None else length}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    head = "\r\n".join(lines).encode("utf-8") + b"\r\n\r\n"
    return lambda connection, _: connection.sendall(head + body)


def by_path(answers: dict[str, Conversation]) -> Conversation:
    """Answer as the path says; 404 for one that is not known."""

    def converse(connection: socket.socket, request: bytes) -> None:
        path = request.split(b" ", 2)[1].decode()
        answers.get(path, answer(404))(connection, request)

    return converse


def _request(connection: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        received += (piece := connection.recv(65536))
        if not piece:
            return received
    head, _, body = received.partition(b"\r\n\r\n")
    length = next(
        (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
    )
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body
