"""Runs `two_server_program.py` in a new process, and reads the events that the program prints."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from infra.local.pid_files import ProcessIdentity
from infra.local.processes import free_port
from infra.local.supervisor import Event

PROGRAM = Path(__file__).with_name("two_server_program.py")


class TwoServerCloud:
    """Represents the running program, and the events that it has printed so far."""

    def __init__(self, state: Path, *broken: str, ports: tuple[int, int] | None = None) -> None:
        self.state = state
        self.ports = ports or (free_port(), free_port())
        self.process = subprocess.Popen(
            [sys.executable, str(PROGRAM), str(state), *map(str, self.ports), *broken],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self._output: IO[str] = self.process.stdout
        self.events: list[Event] = []

    def wait_for(self, kind: str) -> Event:
        """Wait for the next event of this kind, and return the event. Fail if the supervisor ends before this event."""
        for line in self._output:
            event = Event(**json.loads(line))
            self.events.append(event)
            if event.kind == kind:
                return event
        raise AssertionError(f"the supervisor ended without the event {kind}: {self.events}")

    def pid(self, part: str) -> int:
        identity = ProcessIdentity.read(self.state / "run" / f"{part}.json")
        assert identity
        return identity.pid

    def wait(self) -> int:
        """Wait until the supervisor has ended, and return its exit code."""
        for line in self._output:
            self.events.append(Event(**json.loads(line)))
        return self.process.wait(20)

    def close(self) -> None:
        """Stop the supervisor."""
        self.process.terminate()
        self.wait()
        self._output.close()

    @property
    def failure(self) -> str:
        return next(event.detail for event in self.events if event.kind == "failed")


@contextmanager
def two_server_cloud(state: Path, *broken: str, ports: tuple[int, int] | None = None) -> Iterator[TwoServerCloud]:
    """Run the program, and stop it when the context ends."""
    cloud = TwoServerCloud(state, *broken, ports=ports)
    try:
        yield cloud
    finally:
        cloud.close()
