"""`wecelebrate up`, `down`, `status`: the local cloud."""

import contextlib
import dataclasses
import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from infra.command.console import console
from infra.local import control
from infra.local.cloud import Cloud
from infra.local.endpoints import Endpoints, Ports, load_endpoints, state_directory
from infra.local.hints import display_path, this_command
from infra.local.pid_files import ProcessIdentity
from infra.local.processes import LocalCloudError
from infra.local.supervisor import AlreadyRunning, Event
from infra.local.unprivileged import external_data_directory


def up(
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Run in the background.")] = False,
    report: Annotated[int | None, typer.Option(hidden=True, help="Descriptor that --detach reads events from.")] = None,
) -> None:
    """Start the local cloud: PostgreSQL and a replica, Redis, S3, SQS, the API and all functions."""
    state = state_directory()
    try:
        if detach:
            raise typer.Exit(_start_in_background(state))
        if report is not None:
            raise typer.Exit(_run_in_background(state, report))
        _log_to(state / "logs" / "supervisor.log")
        with Progress() as progress:
            cloud = Cloud(state, Ports.from_environment())
            code = cloud.supervisor(_then_welcome(progress, state, "Ctrl-C stops it")).run()
        raise typer.Exit(code)
    except AlreadyRunning as running:
        console.print(f"{running}")
        with contextlib.suppress(LocalCloudError):
            _welcome(load_endpoints(state), f"`{this_command()} down` stops it")


def down(
    erase: Annotated[bool, typer.Option("--erase", help="Remove all its data, passwords and logs, too.")] = False,
) -> None:
    """Stop the local cloud, and whatever a killed one left running."""
    state = state_directory()
    console.print(f"[green]✓[/] {control.shut_down(state)}")
    if erase:
        removed = " and ".join(map(str, control.erase(state)))
        console.print(f"[green]✓[/] removed {removed}")


def status(as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """Show what runs. The exit code is 1 when not everything is up."""
    found = control.status(state_directory())
    if as_json:
        console.print_json(json.dumps(dataclasses.asdict(found)))
    elif found.stage == "down":
        console.print(f"the local cloud is not up: run `{this_command()} up`")
    else:
        console.print(_table(found))
        if found.stage == "lost":
            console.print(f"its supervisor is gone: `{this_command()} down` stops what is left")
    raise typer.Exit(0 if found.healthy else 1)


class Progress:
    """Says what happens, a line each; on a terminal it also shows what is being waited for."""

    def __init__(self) -> None:
        self._waiting: list[str] = []
        self._spinner = console.status("starting")

    def __enter__(self) -> "Progress":
        if console.is_terminal:
            self._spinner.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._spinner.stop()

    def __call__(self, event: Event) -> None:
        detail = escape(event.detail)
        match event.kind:
            case "starting":
                self._waiting.append(event.part)
            case "ready":
                self._waiting.remove(event.part)
                console.print(f"[green]✓[/] {event.part:<12}[dim]{event.seconds:5.1f} s[/]")
            case "restarting":
                console.print(f"[yellow]![/] {event.part} ended and is started again: {detail}")
            case "restarted":
                console.print(f"[green]✓[/] {event.part} is back after {event.seconds:.1f} s")
            case "failed":
                console.print(f"[red]✗[/] {detail}")
            case "up":
                self._spinner.stop()
                console.print(f"[green]✓[/] up after {event.seconds:.1f} s")
            case "stopping":
                self._spinner.update("stopping")
            case "stopped":
                console.print("[dim]stopped[/]")
        if self._waiting:
            self._spinner.update(f"starting {', '.join(self._waiting)}")


def _then_welcome(progress: Progress, state: Path, how_to_stop: str) -> Callable[[Event], None]:
    def tell(event: Event) -> None:
        progress(event)
        if event.kind == "up":
            _welcome(load_endpoints(state), how_to_stop)

    return tell


def _welcome(endpoints: Endpoints, how_to_stop: str) -> None:
    lines = {
        "API": endpoints.api,
        "issuer": endpoints.issuer,
        "S3, SQS": endpoints.s3,
        "PostgreSQL": f"{_place(endpoints.database)}, replica {_place(endpoints.replica)}",
        "Redis": f"{endpoints.upstash} (Upstash REST), {_place(endpoints.redis)}",
        "passwords": display_path(state_directory() / "endpoints.json"),
        "a token": f"{this_command()} token --as admin",
        "a request": f"curl '{endpoints.api}/v1/storefront/gifts.acme.test/products?limit=1'",
        "its mail": f"{this_command()} mail list",
        "a file": f"{this_command()} drop tests/data/feeds/shopify-products.csv --catalog acme-gifts --wait",
    }
    if elsewhere := external_data_directory(state_directory()):
        lines["data"] = f"{elsewhere}, where PostgreSQL can be without root"
    console.print()
    for what, where in lines.items():
        # A line that a person copies is not to be broken.
        console.print(f"{what:<12}{where}", markup=False)
    console.print(f"\n[dim]{how_to_stop}[/]")


def _place(url: str) -> str:
    """`host:port` of a URL that carries a password."""
    return url.rpartition("@")[2].partition("/")[0]


def _table(found: control.CloudStatus) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in ("part", "state", "pid", "port", "memory", "since"):
        table.add_column(title, justify="right" if title in {"pid", "memory"} else "left")
    for part in found.parts:
        since = datetime.fromtimestamp(part.since, UTC).astimezone() if part.since else None
        table.add_row(
            part.name,
            "[green]up[/]" if part.state == "up" else f"[red]{part.state}[/]",
            str(part.pid or ""),
            ", ".join(map(str, part.ports.values())),
            f"{part.memory / 1e6:.0f} MB" if part.memory else "",
            f"{since:%Y-%m-%d %H:%M:%S}" if since else "",
        )
    return table


def _start_in_background(state: Path) -> int:
    """Start a supervisor of its own session, show its progress, and return when it is up."""
    other = ProcessIdentity.read(state / "supervisor.json")
    if other and other.process:
        raise AlreadyRunning(other.pid)
    file = state / "logs" / "up.log"
    file.parent.mkdir(parents=True, exist_ok=True)
    reading, writing = os.pipe()
    with file.open("ab") as log:
        child = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "infra.command", "up", "--report", str(writing)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[writing],
            start_new_session=True,
        )
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as events, Progress() as progress:
        tell = _then_welcome(progress, state, f"`{this_command()} status` shows it, `{this_command()} down` stops it")
        failed = False
        try:
            for line in events:
                event = Event(**json.loads(line))
                tell(event)
                if event.kind == "up":
                    return 0
                failed = failed or event.kind == "failed"
        except KeyboardInterrupt:
            child.terminate()
        child.wait()
    if child.returncode and not failed:
        console.print(f"[red]✗[/] the local cloud did not start (log: {display_path(file)})")
    return child.returncode


def _run_in_background(state: Path, report: int) -> int:
    """What `--detach` starts: events go to the one who waits until it is up, and to the log from then on."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    log = logging.getLogger(__name__)
    with _events(report) as tell_parent:

        def tell(event: Event) -> None:
            tell_parent(event)
            log.info(" ".join(str(value) for value in dataclasses.asdict(event).values() if value))

        try:
            return Cloud(state, Ports.from_environment()).supervisor(tell).run()
        except LocalCloudError as error:
            tell(Event("failed", detail=str(error)))
            return 1


@contextlib.contextmanager
def _events(descriptor: int) -> Iterator[Callable[[Event], None]]:
    """Write events to a pipe until the cloud is up, or until nobody reads any more."""
    with contextlib.suppress(BrokenPipeError), os.fdopen(descriptor, "w", encoding="utf-8") as pipe:

        def tell(event: Event) -> None:
            if pipe.closed:
                return
            with contextlib.suppress(BrokenPipeError):
                pipe.write(json.dumps(dataclasses.asdict(event)) + "\n")
                pipe.flush()
            if event.kind == "up":
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()

        yield tell


def _log_to(file: Path) -> None:
    """Details that are too long for a terminal."""
    file.parent.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(filename=file, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
