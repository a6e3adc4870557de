"""Serves an ASGI application on the loopback interface, beside others in one event loop."""

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
    """A server that leaves the signals to whoever runs the loop."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@dataclass(frozen=True)
class Served:
    """An application that is being served."""

    port: int
    server: uvicorn.Server

    def close(self) -> None:
        """Take no more requests; those under way go on."""
        self.server.should_exit = True


@asynccontextmanager
async def serving(app: App, port: int, grace: int = 4) -> AsyncIterator[Served]:
    """Serve `app`, on a free port for port 0.

    At the end, requests under way have `grace` seconds. Raises OSError when the port is in use.
    """
    with socket.create_server((HOST, port), backlog=2048) as listening:
        config = uvicorn.Config(
            app,
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=grace,
            # A browser or load tool that reuses a connection must not meet one that is just being closed.
            timeout_keep_alive=75,
        )
        server = _Server(config)
        served = Served(listening.getsockname()[1], server)
        task = asyncio.create_task(server.serve(sockets=[listening]))
        while not server.started:
            if task.done():
                await task
                raise RuntimeError("the server ended before it served")
            await asyncio.sleep(0.005)
        try:
            yield served
        finally:
            served.close()
            await task
