"""Serves ASGI applications on the loopback interface. Several applications can share one event loop."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, MutableMapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn

HOST = "127.0.0.1"

App = Callable[
    [
        MutableMapping[str, Any],
        Callable[[], Awaitable[MutableMapping[str, Any]]],
        Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ],
    Awaitable[None],
]


class _Server(uvicorn.Server):
    """A server without signal handlers. The program that runs the event loop handles signals."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@dataclass(frozen=True)
class Served:
    """The port and the server of an application that is being served."""

    port: int
    server: uvicorn.Server

    def close(self) -> None:
        """Stop accepting new requests. Running requests continue."""
        self.server.should_exit = True


@asynccontextmanager
async def serving(app: App, port: int, grace: int = 4) -> AsyncIterator[Served]:
    """Serve `app` on `port`, or on a free port if `port` is 0.

    At the end of the `with` block, the function waits up to `grace` seconds for running requests.

    Raises OSError if the port is in use.
    """
    with socket.create_server((HOST, port), backlog=2048) as listening:
        config = uvicorn.Config(
            app,
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            # By default, uvicorn trusts the X-Forwarded-For header of every client on this machine. A client could then
            # choose the address to which the rate limits apply.
            proxy_headers=False,
            timeout_graceful_shutdown=grace,
            # Keep idle connections longer than clients. Otherwise the server could close a connection while a client
            # sends a request over it.
            timeout_keep_alive=75,
        )
        server = _Server(config)
        served = Served(listening.getsockname()[1], server)
        task = asyncio.create_task(server.serve(sockets=[listening]))
        while not server.started:
            if task.done():
                await task
                raise RuntimeError("the server ended before it accepted requests")
            await asyncio.sleep(0.005)
        try:
            yield served
        finally:
            served.close()
            await task
