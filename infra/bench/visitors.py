"""Starts the program `tools/load/visitors.py` in its own environment, and controls it.

The program runs locust. Its environment is the uv project `tools/load`, because the platform does not need its
packages.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from infra.functions import ROOT
from infra.local.processes import LocalCloudError

_TOOLS = ROOT / "tools" / "load"
THINK_SECONDS = (1.0, 5.0)
"""The shortest and the longest time that a visitor thinks between two requests."""


@dataclass(frozen=True)
class Shop:
    """A site, its categories and its products. The first categories and products are the most popular."""

    domain: str
    categories: Sequence[str]
    products: Sequence[str]
    """The ids of the products."""


@dataclass(frozen=True)
class Requests:
    """The requests of one kind during a step."""

    requests: int
    hits: int
    """The number of responses that came from the cache."""
    errors: Mapping[str, int]
    """Maps the description of each error to the number of requests with this error."""
    p50: float = 0.0
    """The median duration in milliseconds. 0 if there were no requests."""
    p95: float = 0.0
    p99: float = 0.0
    max: float = 0.0

    @property
    def failed(self) -> int:
        return sum(self.errors.values())

    @property
    def hit_rate(self) -> float:
        """The share of the requests that the cache answered, from 0 to 1."""
        return self.hits / max(self.requests, 1)


@dataclass(frozen=True)
class Step:
    """A period during which the number of visitors did not change."""

    users: int
    seconds: float
    cpu_seconds: float
    """The CPU time of the program that sent the requests, in seconds."""
    kinds: Mapping[str, Requests]
    """The requests by kind: `product`, `list`, `order`, and `all`."""

    @classmethod
    def of(cls, line: str) -> Self:
        """Parse a line that the program has written."""
        step: dict[str, Any] = json.loads(line)
        kinds = {kind: Requests(**requests) for kind, requests in step.pop("kinds").items()}
        return cls(**step, kinds=kinds)

    @property
    def all(self) -> Requests:
        return self.kinds["all"]

    @property
    def per_second(self) -> float:
        return self.all.requests / self.seconds


class Visitors:
    """The visitors of storefronts. Between two steps, the visitors continue to send requests."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self._process = process
        self._log = log

    def run(self, users: int, *, settle: float, seconds: float) -> Step:
        """Change the number of visitors, wait `settle` seconds, then record all requests for `seconds` seconds.

        Raises LocalCloudError if the program has ended.
        """
        assert self._process.stdout
        self.send({"users": users, "settle": settle, "seconds": seconds})
        line = self._process.stdout.readline()
        if not line:
            raise self._ended()
        return Step.of(line)

    def send(self, message: Mapping[str, Any]) -> None:
        """Send a message to the program. Raises LocalCloudError if the program has ended."""
        assert self._process.stdin
        try:
            self._process.stdin.write(json.dumps(message) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise self._ended() from error

    def end(self) -> None:
        """Kill the program. A message that is still in the buffer is not sent."""
        assert self._process.stdin
        self._process.kill()
        with suppress(BrokenPipeError):
            self._process.stdin.close()

    def _ended(self) -> LocalCloudError:
        return LocalCloudError(f"the program that sends the requests has ended: see {self._log}")


@contextmanager
def visiting(api: str, shops: Sequence[Shop], log: Path) -> Iterator[Visitors]:
    """Start the program that sends the requests of visitors. The program ends when the `with` block or this process
    ends.

    log: the file to which the program writes its errors. Raises LocalCloudError if the environment of the program
    cannot be installed, or if the program has ended.
    """
    python = install()
    log.parent.mkdir(parents=True, exist_ok=True)
    pipe = subprocess.PIPE
    with (
        log.open("wb") as errors,
        subprocess.Popen(  # noqa: S603 - this is our own program
            [python, _TOOLS / "visitors.py"], stdin=pipe, stdout=pipe, stderr=errors, text=True, encoding="utf-8"
        ) as process,
    ):
        visitors = Visitors(process, log)
        try:
            visitors.send({"api": api, "think": THINK_SECONDS, "shops": [vars(shop) for shop in shops]})
            yield visitors
        finally:
            visitors.end()


def install() -> Path:
    """Install the packages of `tools/load/uv.lock` if they are missing. Return the path of the Python interpreter that
    uses them.

    Raises LocalCloudError if the installation fails.
    """
    environment = os.environ | {"UV_PROJECT_ENVIRONMENT": str(_TOOLS / ".venv")}
    environment.pop("VIRTUAL_ENV", None)
    command = [sys.executable, "-m", "uv", "sync", "--frozen", "--quiet", "--project", str(_TOOLS)]
    result = subprocess.run(  # noqa: S603 - uv installs the packages of uv.lock
        [*command, "--python", sys.executable], env=environment, capture_output=True, text=True, check=False
    )
    if result.returncode:
        raise LocalCloudError(f"locust was not installed: {result.stderr.strip()}")
    return _TOOLS / ".venv" / "bin" / "python"
