"""Runs Directus, the peer of the orders, on the PostgreSQL server of the local cloud.

The npm packages are in `tools/directus`. They run with the Node.js of `.venv`.
"""

import http.client
import itertools
import json
import secrets
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psycopg
from psycopg import sql

from infra.bench.load import Connect, Send, open_connection
from infra.clients import npm
from infra.functions import ROOT
from infra.local.processes import LocalCloudError, free_port

FOLDER = ROOT / "tools" / "directus"
START_TIMEOUT = 180.0
"""The maximum time in which Directus creates its tables, and the maximum time until it then answers, in seconds."""
COLLECTION = "orders"
_FIELDS = {
    **dict.fromkeys(("customer_name", "customer_email", "currency", "status"), "string"),
    **dict.fromkeys(("shipping_address", "items"), "json"),
    "total_amount": "decimal",
}
_UNTIL_STDIN_ENDS = '"$@" & cat > /dev/null; kill -9 0'
"""A shell script that runs a command until the stdin of the shell is closed. The stdin is closed when the parent
process of the shell ends, even if the parent is killed. The script kills its whole process group, because the command
`node` of `.venv` is a Python program that starts the real Node.js."""


@dataclass(frozen=True)
class Directus:
    """A running Directus whose collection `orders` has the fields of an order."""

    url: str
    headers: Mapping[str, str]

    @classmethod
    @contextmanager
    def started(cls, database: str, log: Path) -> Iterator["Directus"]:
        """Start Directus with an empty database. Remove the database at the end.

        database: the URL of the PostgreSQL server, as superuser. Raises LocalCloudError if Directus cannot be started,
        and ToolError if it cannot be installed.
        """
        npm.install(FOLDER)
        name, token, port = f"directus_{secrets.token_hex(4)}", secrets.token_hex(16), free_port()
        environment = _environment(database, name, token, port)
        with psycopg.connect(database, autocommit=True) as server:
            server.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
            try:
                with log.open("wb") as output:
                    _bootstrap(environment, output.fileno(), log)
                    with running(["directus", "start"], environment, output.fileno()) as process:
                        directus = cls(f"http://127.0.0.1:{port}", {"Authorization": f"Bearer {token}"})
                        directus._wait(process, log)
                        directus._create_collection()
                        yield directus
            finally:
                server.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))

    def insert(self) -> Connect:
        """Return a function that opens an HTTP connection and yields `send`. Each call of `send` inserts an item."""
        numbers = itertools.count()

        @contextmanager
        def connect() -> Iterator[Send]:
            connection = open_connection(self.url)

            def send() -> str:
                return _post(connection, f"/items/{COLLECTION}", _item(next(numbers)), self.headers)

            try:
                yield send
            finally:
                connection.close()

        return connect

    def _wait(self, process: subprocess.Popen[bytes], log: Path) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        while process.poll() is None and time.monotonic() < deadline:
            try:
                if httpx.get(f"{self.url}/server/ping", trust_env=False).is_success:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.2)
        raise LocalCloudError(f"Directus did not start: see {log}")

    def _create_collection(self) -> None:
        fields: list[dict[str, Any]] = [
            {"field": field, "type": type_, "schema": {}, "meta": {"collection": COLLECTION, "field": field}}
            for field, type_ in _FIELDS.items()
        ]
        meta = {"collection": COLLECTION}
        collection = {"collection": COLLECTION, "schema": {"name": COLLECTION}, "meta": meta, "fields": fields}
        response = httpx.post(
            f"{self.url}/collections", json=collection, headers=dict(self.headers), timeout=60, trust_env=False
        )
        if not response.is_success:
            raise LocalCloudError(f"Directus refused the collection: {response.status_code} {response.text}")


def _item(number: int) -> dict[str, Any]:
    """Return an item with the content of an order with two lines."""
    lines = [
        {"line": line, "sku": f"SKU-{line}", "name": "mug", "quantity": 1, "unit_price": "12.50"} for line in (1, 2)
    ]
    return {
        "customer_name": f"Guest {number}",
        "customer_email": f"guest-{number}@example.com",
        "currency": "USD",
        "status": "pending",
        "total_amount": "25.00",
        "shipping_address": {"line1": "1 Main Street", "city": "Springfield", "country": "US"},
        "items": lines,
    }


def _post(
    connection: http.client.HTTPConnection, path: str, body: Mapping[str, Any], headers: Mapping[str, str]
) -> str:
    connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json", **headers})
    response = connection.getresponse()
    content = response.read()
    if response.status != 200:
        raise LocalCloudError(f"POST {path}: {response.status} {content[:300]!r}")
    return "200"


def _environment(database: str, name: str, token: str, port: int) -> dict[str, str]:
    """Return the environment variables of Directus. They turn off all features that would slow Directus down."""
    server = urlsplit(database)
    return npm.environment(FOLDER) | {
        "ADMIN_EMAIL": "bench@example.com",
        "ADMIN_PASSWORD": secrets.token_hex(16),
        "ADMIN_TOKEN": token,
        "CACHE_ENABLED": "false",
        "DB_CLIENT": "pg",
        "DB_DATABASE": name,
        "DB_HOST": str(server.hostname),
        "DB_PASSWORD": server.password or "",
        "DB_PORT": str(server.port),
        "DB_USER": server.username or "",
        "EXTENSIONS_AUTO_RELOAD": "false",
        "HOST": "127.0.0.1",
        "LOG_LEVEL": "error",
        "PORT": str(port),
        "RATE_LIMITER_ENABLED": "false",
        "SECRET": secrets.token_hex(16),
        "TELEMETRY": "false",
        "WEBSOCKETS_ENABLED": "false",
    }


def _bootstrap(environment: Mapping[str, str], output: int, log: Path) -> None:
    """Create the tables and the administrator."""
    command = ["directus", "bootstrap"]
    result = subprocess.run(  # noqa: S603 - a tool of package-lock.json
        command, cwd=FOLDER, env=environment, stdout=output, stderr=output, check=False, timeout=START_TIMEOUT
    )
    if result.returncode:
        raise LocalCloudError(f"Directus could not create its tables: see {log}")


@contextmanager
def running(command: Sequence[str], environment: Mapping[str, str], output: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command in FOLDER until the `with` block or this process ends.

    output: the file descriptor of the log of the command.
    """
    with subprocess.Popen(  # noqa: S603 - a tool of package-lock.json
        ["/bin/sh", "-c", _UNTIL_STDIN_ENDS, "sh", *command],
        cwd=FOLDER,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=output,
        start_new_session=True,
    ) as process:
        assert process.stdin
        try:
            yield process
        finally:
            process.stdin.close()
