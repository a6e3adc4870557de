"""The commands `wecelebrate up` and `down`: they start and stop the local cloud."""

import contextlib
import dataclasses
import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.command import output
from infra.command.help import LOCAL, command
from infra.command.output import YesOption
from infra.local import control
from infra.local.endpoints import Endpoints, Ports, load_endpoints, state_directory
from infra.local.hints import display_path, this_command
from infra.local.owner import Owner, has_no_reader, watching
from infra.local.pid_files import ProcessIdentity
from infra.local.processes import LocalCloudError
from infra.local.supervisor import AlreadyRunning, Event, Supervisor
from infra.local.unprivileged import external_data_directory

if TYPE_CHECKING:
    from infra.local.cloud import Cloud


@command(
    "wecelebrate up",
    "WECELEBRATE_PORT_API=9000 wecelebrate up --detach",
    environment=(
        *LOCAL,
        "WECELEBRATE_PORT_<PART>",
        "WECELEBRATE_POOLER",
        "WECELEBRATE_POSTGRES",
        "WECELEBRATE_ORIGIN_SECRETS",
        "WECELEBRATE_OWNER",
    ),
)
def up(
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Run in the background.")] = False,
    report: Annotated[
        int | None,
        typer.Option("--report", hidden=True, help="File descriptor to which events are written, for `up --detach`."),
    ] = None,
) -> None:
    """Start the local cloud: PostgreSQL and a replica, Redis, S3, SQS, the API and all functions."""
    state = state_directory()
    try:
        if detach:
            Ports.from_environment()  # Raise InvalidPorts in this process, not in the background process.
            raise typer.Exit(_start_in_background(state))
        if report is not None:
            raise typer.Exit(_run_in_background(state, report))
        _log_to_file(state / "logs" / "supervisor.log")
        from infra.local.cloud import Cloud

        with StartupProgress() as progress:
            cloud = Cloud(state, Ports.from_environment())
            exit_code = _run(cloud, cloud.supervisor(_with_summary(progress, state, "Ctrl-C stops it")))
        raise typer.Exit(exit_code)
    except AlreadyRunning as error:
        output.note(f"{error}")
        with contextlib.suppress(LocalCloudError):
            _print_summary(load_endpoints(state), f"`{this_command()} down` stops it")


@command("wecelebrate down", "wecelebrate down --erase --yes", environment=LOCAL)
def down(
    erase: Annotated[
        bool, typer.Option("--erase", help="Also remove all data, passwords and logs of the local cloud.")
    ] = False,
    yes: YesOption = False,
) -> None:
    """Stop the local cloud. If its supervisor was killed, stop the processes that are still running.

    On a terminal, --erase asks for a confirmation. Without a terminal, --erase needs --yes.
    """
    state = state_directory()
    if erase and (state.exists() or external_data_directory(state)):
        output.confirm(f"Stop the local cloud and remove all its data in {state}?", yes)
    output.success(control.shut_down(state))
    if erase:
        removed = " and ".join(map(str, control.erase(state)))
        output.success(f"removed {removed}")


class StartupProgress:
    """Prints a line for each event of the supervisor.

    On a terminal, the class also shows a spinner with the parts that are starting.
    """

    def __init__(self) -> None:
        self._starting: list[str] = []
        self._spinner: Any = None

    def __enter__(self) -> "StartupProgress":
        if output.colored(sys.stderr):
            from rich.console import Console

            self._spinner = Console(stderr=True).status("starting")
            self._spinner.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._spinner:
            self._spinner.stop()

    def __call__(self, event: Event) -> None:
        detail = event.detail
        match event.kind:
            case "starting":
                self._starting.append(event.part)
            case "waiting":
                # On a terminal, the spinner already shows these parts.
                if not self._spinner:
                    output.note(f"… {event.seconds:3.0f} s: waiting for {detail}")
            case "ready":
                self._starting.remove(event.part)
                output.step(event.part, f"{event.seconds:5.1f} s")
            case "restarting":
                output.step(f"{event.part} ended, restarting: {detail}", mark="!")
            case "restarted":
                output.step(f"{event.part} restarted after {event.seconds:.1f} s")
            case "failed":
                output.step(detail, mark="✗")
            case "up":
                if self._spinner:
                    self._spinner.stop()
                output.step(f"up after {event.seconds:.1f} s")
            case "stopping":
                self._update("stopping")
            case "stopped":
                output.note("stopped")
        if self._starting:
            self._update(f"starting {', '.join(self._starting)}")

    def _update(self, text: str) -> None:
        if self._spinner:
            self._spinner.update(text)


def _with_summary(progress: StartupProgress, state: Path, how_to_stop: str) -> Callable[[Event], None]:
    """Return a listener that forwards events to `progress`.

    When the local cloud is up, the listener also prints the addresses.
    """

    def on_event(event: Event) -> None:
        progress(event)
        if event.kind == "up":
            _print_summary(load_endpoints(state), how_to_stop)

    return on_event


def _print_summary(endpoints: Endpoints, how_to_stop: str) -> None:
    lines = {
        "API": endpoints.api,
        "explorer": f"{endpoints.api}/docs",
        "OpenAPI": f"{endpoints.api}/openapi.json",
        "issuer": endpoints.issuer,
        "S3, SQS": endpoints.s3,
        "PostgreSQL": f"{_host_and_port(endpoints.database)}, replica {_host_and_port(endpoints.replica)}",
        "Redis": f"{endpoints.upstash} (Upstash REST), {_host_and_port(endpoints.redis)}",
        "passwords": display_path(state_directory() / "endpoints.json"),
        "a token": f"{this_command()} token --as admin",
        "a request": f"curl '{endpoints.api}/v1/storefront/gifts.acme.test/products?limit=1'",
        "its mail": f"{this_command()} mail list",
        "a file": f"{this_command()} drop tests/data/feeds/shopify-products.csv --catalog acme-gifts --wait",
    }
    if elsewhere := external_data_directory(state_directory()):
        lines["data"] = f"{elsewhere}, because PostgreSQL refuses to run as root"
    output.note("")
    for name, value in lines.items():
        output.result(f"{name:<12}{value}")
    sys.stdout.flush()
    output.note("")
    output.note(how_to_stop)


def _host_and_port(url: str) -> str:
    """Return `host:port` of a URL, without user and password."""
    return url.rpartition("@")[2].partition("/")[0]


def _start_in_background(state: Path) -> int:
    """Start the supervisor in a new session, and show its progress until the local cloud is up. Return the
    exit code.
    """
    running = ProcessIdentity.read(state / "supervisor.json")
    if running and running.process:
        raise AlreadyRunning(running.pid)
    file = state / "logs" / "up.log"
    file.parent.mkdir(parents=True, exist_ok=True)
    read_end, write_end = os.pipe()
    with file.open("ab") as log:
        child = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "infra.command", "up", "--report", str(write_end)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[write_end],
            start_new_session=True,
        )
    os.close(write_end)
    with os.fdopen(read_end, encoding="utf-8") as events, StartupProgress() as progress:
        how_to_stop = f"`{this_command()} status` shows its state, `{this_command()} down` stops it"
        on_event = _with_summary(progress, state, how_to_stop)
        failed = False
        try:
            for line in events:
                event = Event(**json.loads(line))
                on_event(event)
                if event.kind == "up":
                    return 0
                failed = failed or event.kind == "failed"
        except KeyboardInterrupt:
            child.terminate()
        child.wait()
    if child.returncode and not failed:
        output.failure(f"the local cloud did not start: see the log {display_path(file)}")
    return child.returncode


def _run_in_background(state: Path, report: int) -> int:
    """Run the supervisor in the background process of `up --detach`, and return the exit code.

    All events are written to the log. Until the local cloud is up, the events are also sent to the parent process.

    report: file descriptor of the pipe to the parent process.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    log = logging.getLogger(__name__)
    is_up = threading.Event()
    with _event_pipe(report) as send_to_parent:

        def on_event(event: Event) -> None:
            if event.kind == "up":
                is_up.set()
            send_to_parent(event)
            log.info(" ".join(str(value) for value in dataclasses.asdict(event).values() if value))

        from infra.local.cloud import Cloud

        try:
            cloud = Cloud(state, Ports.from_environment())
            supervisor = cloud.supervisor(on_event)

            def command_has_ended() -> bool:
                # The condition checks `is_up` last, because the command ends when it has received the event `up`.
                return has_no_reader(report) and not is_up.is_set()

            # Until the local cloud is up, the command owns the cloud: if the command is killed, the supervisor stops
            # the cloud.
            with watching(command_has_ended, supervisor.stop, "the command `up --detach`"):
                return _run(cloud, supervisor)
        except LocalCloudError as error:
            on_event(Event("failed", detail=str(error)))
            return 1


def _run(cloud: "Cloud", supervisor: Supervisor) -> int:
    """Run the supervisor until it is stopped, or until the owner of the local cloud has ended. Return the exit code.

    If the owner has ended, the function also removes the data of PostgreSQL, because no process uses the data any more.
    The logs stay.
    """
    owner = Owner.of_environment()
    if owner is None:
        return supervisor.run()
    with watching(lambda: owner.has_ended, supervisor.stop, f"the owner (pid {owner.pid})"):
        exit_code = supervisor.run()
    if owner.has_ended:
        cloud.postgres.erase()
    return exit_code


@contextlib.contextmanager
def _event_pipe(descriptor: int) -> Iterator[Callable[[Event], None]]:
    """Yield a function that writes events to a pipe.

    After the local cloud is up, or after the reader has closed the pipe, the function writes nothing.
    """
    with contextlib.suppress(BrokenPipeError), os.fdopen(descriptor, "w", encoding="utf-8") as pipe:

        def send(event: Event) -> None:
            if pipe.closed:
                return
            with contextlib.suppress(BrokenPipeError):
                pipe.write(json.dumps(dataclasses.asdict(event)) + "\n")
                pipe.flush()
            if event.kind == "up":
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()

        yield send


def _log_to_file(file: Path) -> None:
    """Write log messages to a file, because they are too long for the terminal."""
    file.parent.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(filename=file, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
