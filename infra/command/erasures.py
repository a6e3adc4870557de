"""The command `wecelebrate erasures`: repeats the erasures of the list after a restore."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infra.command import output
from infra.command.errors import BadUsage, ExitCode
from infra.command.help import API, SETTINGS, documented
from infra.command.target import NAMED

if TYPE_CHECKING:
    import httpx

    from infra.command.api import Connection

app = typer.Typer(no_args_is_help=True, help="Repeat the erasures of the list after a restore.", **SETTINGS)

_ENDED = ("completed", "failed", "cancelled")
_SECONDS = 2.0
"""The pause between two requests for the state of the job."""


@app.callback()
def erasures() -> None:
    """Repeat the erasures of the list after a restore."""


@app.command(
    cls=documented(
        "wecelebrate erasures replay",
        "wecelebrate erasures replay --earlier-key key-of-march.txt",
        environment=(*API, "AWS_PROFILE"),
    )
)
def replay(
    earlier_key: Annotated[
        list[Path] | None,
        typer.Option(
            "--earlier-key", metavar="FILE", help="A file with an earlier value of the secret signing-key. Repeatable."
        ),
    ] = None,
    timeout: Annotated[
        int, typer.Option("--timeout", min=1, help="Maximum time to wait for the jobs, in seconds.")
    ] = 3600,
) -> None:
    """Repeat the erasures that a restored database has lost, and wait until the persons are erased again.

    --earlier-key is needed if the secret signing-key was replaced since the oldest entry. With your AWS credentials,
    the function that repeats erasures gets the earlier key while the command runs. The key does not come back into
    force.
    """
    from infra.command.api import connect

    keys = [_key(path) for path in earlier_key or ()]
    with connect() as connection, _known(connection, keys):
        _replay(connection.api, timeout)


@contextmanager
def _known(connection: "Connection", keys: list[str]) -> Iterator[None]:
    """Let the worker of the erasures know the earlier keys while the block runs."""
    if not keys:
        yield
        return
    if connection.local or NAMED.get() is None:
        raise BadUsage("--earlier-key needs an environment on AWS: `wecelebrate --env prod erasures replay`")
    from infra.command.aws import environment_named
    from infra.deploy.account import Account, aws_errors
    from infra.deploy.erasure_keys import earlier_keys

    with aws_errors(), earlier_keys(Account(environment_named(None)), keys):
        yield


def _replay(api: "httpx.Client", timeout: int) -> None:
    """Start the job, wait for it and for the erasures, and print the result. Exits with 1 if something failed."""
    from infra.command.api import get, post

    deadline = time.monotonic() + timeout
    job = post(api, "/v1/admin/erasures/replay")
    output.note(f"job {job['id']} compares the list of erasures with the database")
    while job["status"] not in _ENDED:
        _pause(deadline, job["id"])
        job = get(api, f"/v1/jobs/{job['id']}")
    if job["status"] != "completed":
        output.failure(f"the replay failed: {job['error_code']}: {job['error']}")
        raise typer.Exit(ExitCode.FAILED)
    output.success(f"{job['result']['erasures']} erasures are in the list, {job['result']['restored']} were repeated")
    while waiting := _unfinished(api):
        output.note(f"{waiting} erasures are not complete yet")
        _pause(deadline, job["id"])
    failed = get(api, "/v1/jobs", {"type": "erasure", "status": "failed", "limit": 1})["data"]
    if failed and failed[0]["created_at"] >= job["created_at"]:
        output.failure("an erasure failed: `wecelebrate jobs list --type erasure --status failed` shows it")
        raise typer.Exit(ExitCode.FAILED)
    output.success("all repeated erasures are complete")


def _unfinished(api: "httpx.Client") -> int:
    from infra.command.api import get

    states = ("pending", "processing")
    pages = [get(api, "/v1/jobs", {"type": "erasure", "status": state, "limit": 1000}) for state in states]
    return sum(len(page["data"]) for page in pages)


def _pause(deadline: float, job_id: str) -> None:
    if time.monotonic() >= deadline:
        output.failure(f"the time is over: `wecelebrate jobs watch {job_id}` follows the job")
        raise typer.Exit(ExitCode.TIMED_OUT)
    time.sleep(_SECONDS)


def _key(path: Path) -> str:
    """Return the key in a file. Raises BadUsage."""
    try:
        key = path.read_text("utf-8").strip()
    except (OSError, ValueError) as error:
        raise BadUsage(f"--earlier-key: {path} cannot be read: {error}") from error
    if not key or "," in key or len(key.split()) != 1:
        raise BadUsage(f"--earlier-key: {path} must contain only the earlier value of the secret")
    return key
