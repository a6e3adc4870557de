"""Runs `infra.local.function_host` in a new process, with a function that returns the subject of the caller's token."""

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx
import psutil

from infra.local.issuer import Issuer
from infra.local.processes import free_port
from tests.local.processes import wait_until
from tests.local.sample_functions import bindings, write
from tests.platform import TLS

WHOAMI = """
import json, os

def handler(event, context):
    claims = event["requestContext"]["authorizer"]["jwt"]["claims"]
    names = sorted(name for name in os.environ if name.startswith(("AWS_ACCESS", "AWS_ENDPOINT", "WC_")))
    return {"pid": os.getpid(), "sub": claims["sub"], "names": names}
"""


class HostProcess:
    """A running function host with the route `GET /me`."""

    def __init__(self, root: Path) -> None:
        write(root, "api/me/read", WHOAMI, 'routes = ["GET /me"]\nauth = "required"\n')
        write(root, "deploy/migrate", "raise RuntimeError\n", "timeout = 5\n")
        self.port, issuer_port = free_port(), free_port()
        self.state = root / "state"
        url = f"http://127.0.0.1:{issuer_port}"
        unreachable = f"http://127.0.0.1:{free_port()}"
        config: dict[str, Any] = {
            "api_port": self.port,
            "issuer_port": issuer_port,
            "state": str(self.state),
            "functions": str(root / "functions"),
            "bindings": asdict(bindings(url)),
            "aws": {"endpoint_url": unreachable, "region": "us-east-1", "access_key": "a", "secret_key": "b"},
        }
        file = root / "config.json"
        file.write_text(json.dumps(config))
        self.log = root / "host.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen([sys.executable, "-m", "infra.local.function_host", str(file)], stderr=log)
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", trust_env=False, verify=TLS)
        wait_until(self.healthy)
        self.token = Issuer(self.state, url).token("someone")

    def healthy(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            return self.client.get("/_local/health").status_code == 200
        except httpx.TransportError:
            return False

    def me(self) -> dict[str, Any]:
        """Call `GET /me` with a token."""
        response = self.client.get("/me", headers={"Authorization": f"Bearer {self.token}"})
        assert response.status_code == 200, response.text
        return dict(response.json())

    def descendants(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def close(self) -> None:
        """Kill the host if the host is still running."""
        self.client.close()
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
