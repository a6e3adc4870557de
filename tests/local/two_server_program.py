"""Runs a local cloud of two small HTTP servers under the real supervisor. Tests kill this program and its servers.

python two_server_program.py STATE FIRST_PORT SECOND_PORT [BROKEN]

The program prints each event to stdout as one line of JSON. If the argument BROKEN is given, the second server ends as
soon as it is ready.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from infra.local.processes import LocalCloudError, Process, is_listening
from infra.local.supervisor import Event, Part, Supervisor

SERVER = """
import http.server, sys
server = http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), http.server.SimpleHTTPRequestHandler)
if len(sys.argv) > 2:
    server.handle_request()
    sys.exit("ended on purpose by this test")
server.serve_forever()
"""


def print_event(event: Event) -> None:
    print(json.dumps(asdict(event)), flush=True)  # noqa: T201 - the test reads this output


def main(state: Path, first_port: int, second_port: int, *broken: str) -> int:
    servers = [
        Process(name, [sys.executable, "-c", SERVER, str(port), *arguments], state, _ready(port), ports={name: port})
        for name, port, arguments in (("first", first_port, ()), ("second", second_port, broken))
    ]
    parts = [
        Part("first", servers[0].start, servers[0]),
        Part("step", lambda: None, needs=("first",)),
        Part("second", servers[1].start, servers[1], needs=("first", "step")),
    ]
    try:
        return Supervisor(parts, state, print_event).run()
    except LocalCloudError as error:
        print_event(Event("failed", detail=str(error)))
        return 1


def _ready(port: int) -> Callable[[], bool]:
    return lambda: is_listening(port)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:]))
