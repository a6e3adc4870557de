"""The commands `wecelebrate erasures`: erase a person, and repeat erasures after a restore."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.command import output
from infra.command.errors import BadUsage, ExitCode
from infra.command.help import API, SETTINGS, documented
from infra.command.output import YesOption
from infra.command.target import NAMED

if TYPE_CHECKING:
    import httpx

    from infra.command.api import Connection

app = typer.Typer(no_args_is_help=True, help="Erase a person, and repeat the erasures after a restore.", **SETTINGS)

_ENDED = ("completed", "failed", "cancelled")
_WAITING = ("pending", "processing")
_SECONDS = 2.0
"""The pause between two requests for the state of the job."""


@app.callback()
def erasures() -> None:
    """Erase a person, and repeat the erasures after a restore."""


@app.command(
    cls=documented(
        "wecelebrate erasures request --client acme --email ann@example.com",
        "wecelebrate --env prod erasures request --client acme --email ann@example.com --subject 5f7d0b0e-1111",
        environment=API,
    )
)
def request(
    client: Annotated[str, typer.Option("--client", help="Id or slug of the client.")],
    email: Annotated[str | None, typer.Option("--email", help="The e-mail address of the person.")] = None,
    subject: Annotated[
        str | None,
        typer.Option("--subject", help="`customer_subject` of the person's orders, the `sub` of the tokens."),
    ] = None,
    timeout: Annotated[int, typer.Option("--timeout", min=1, help="Maximum time to wait, in seconds.")] = 900,
    yes: YesOption = False,
) -> None:
    """Erase the data of a person at one client, and wait until the data is erased. An erasure cannot be undone.

    Name the address, the subject, or both. The command asks for a confirmation. If the person has open orders, the
    erasure is refused, and the message names these orders.
    """
    from infra.command.api import connect, get, post
    from infra.command.resources import client_id, client_slugs

    if email is None and subject is None:
        raise BadUsage("name the person: give --email, --subject, or both")
    deadline = time.monotonic() + timeout
    with connect() as connection:
        path = f"/v1/clients/{client_id(client_slugs(connection.api), client)}/erasures"
        person = " and ".join(output.printable(each) for each in (email, subject) if each is not None)
        output.confirm(f"Erase {person} at {output.printable(client)}? This cannot be undone.", yes)
        erasure = post(connection.api, path, {"email": email, "customer_subject": subject})
        output.note(f"erasure {erasure['id']} runs as job {erasure['job_id']}")
        while erasure["status"] not in _ENDED:
            _pause(deadline, erasure["job_id"])
            erasure = get(connection.api, f"/v1/erasures/{erasure['id']}")
    if erasure["status"] != "completed":
        output.failure(f"the erasure {erasure['status']}: {erasure['error_code']}: {erasure['error']}")
        raise typer.Exit(ExitCode.FAILED)
    counts = ", ".join(f"{number} {noun}" for noun, number in erasure["counts"].items())
    output.success(f"erased: {counts}")


@app.command(
    cls=documented(
        "wecelebrate erasures replay",
        "wecelebrate --env prod erasures replay --earlier-key key-of-march.txt",
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

    Use --earlier-key if the secret signing-key was replaced since the oldest entry of the list. This option needs
    `wecelebrate --env`. With your AWS credentials, the command gives the earlier key to the function that repeats
    erasures, until the list is compared. The key is not valid for anything else.

    With `wecelebrate --env`, each call also removes the key of an interrupted call, unless another replay runs.
    """
    from infra.command.api import connect

    keys = [_key(path) for path in earlier_key or ()]
    deadline = time.monotonic() + timeout
    with connect() as connection:
        with _known(connection, keys):
            job = _replay(connection.api, deadline)
        _wait_for_erasures(connection.api, job, deadline)


@contextmanager
def _known(connection: "Connection", keys: list[str]) -> Iterator[None]:
    """During the `with` block, give the signing keys that were replaced since the backup to the worker that repeats the
    erasures.
    """
    if connection.local or NAMED.get() is None:
        if keys:
            raise BadUsage("--earlier-key needs an environment on AWS: `wecelebrate --env prod erasures replay`")
        yield
        return
    from infra.command.aws import environment_named
    from infra.deploy.account import Account, AwsError, aws_errors
    from infra.deploy.erasure_keys import earlier_keys, forget_keys

    account = Account(environment_named(None))
    running = _running_replay(connection.api)
    if keys and running:
        output.failure(
            f"another replay runs, which needs its own keys: `wecelebrate jobs watch {running}` follows it. Then run"
            " the same command again"
        )
        raise typer.Exit(ExitCode.FAILED)
    if keys:
        with aws_errors(), earlier_keys(account, keys):
            yield
        return
    if running:
        output.note("another replay runs, so a key that it has given to the function is not removed")
        yield
        return
    try:
        with aws_errors():
            forget_keys(account)
    except AwsError as error:  # a replay without keys needs only the API
        output.warning(f"it is not known whether an earlier call has left a key in the function: {error}")
    yield


def _replay(api: "httpx.Client", deadline: float) -> dict[str, Any]:
    """Start the job, wait for it, print its result, and return it. Exits with 1 if the job failed."""
    from infra.command.api import get, post

    job: dict[str, Any] = post(api, "/v1/admin/erasures/replay")
    output.note(f"job {job['id']} compares the list of erasures with the database")
    while job["status"] not in _ENDED:
        _pause(deadline, job["id"])
        job = get(api, f"/v1/jobs/{job['id']}")
    if job["status"] != "completed":
        output.failure(f"the replay failed: {job['error_code']}: {job['error']}")
        raise typer.Exit(ExitCode.FAILED)
    output.success(f"{job['result']['erasures']} erasures are in the list, {job['result']['restored']} were repeated")
    return job


def _wait_for_erasures(api: "httpx.Client", job: Mapping[str, Any], deadline: float) -> None:
    """Wait for the erasures that the job has started. Exits with 1 if an erasure failed."""
    from infra.command.api import get

    while waiting := _unfinished(api):
        output.note(f"{waiting} erasures are not complete yet")
        _pause(deadline, job["id"])
    failed = get(api, "/v1/jobs", {"type": "erasure", "status": "failed", "limit": 1})["data"]
    if failed and failed[0]["created_at"] >= job["created_at"]:
        output.failure("an erasure failed: `wecelebrate jobs list --type erasure --status failed` shows it")
        raise typer.Exit(ExitCode.FAILED)
    output.success("all repeated erasures are complete")


def _unfinished(api: "httpx.Client") -> int:
    """Return the number of erasures that wait or run. At most 1,000 of each state are counted."""
    from infra.command.api import get

    pages = [get(api, "/v1/jobs", {"type": "erasure", "status": state, "limit": 1000}) for state in _WAITING]
    return sum(len(page["data"]) for page in pages)


def _running_replay(api: "httpx.Client") -> str | None:
    """Return the id of a replay that waits or runs. The job of a replay belongs to the platform. The jobs of erasures
    belong to clients."""
    from infra.command.api import get_all

    jobs = (job for state in _WAITING for job in get_all(api, "/v1/jobs", {"type": "erasure", "status": state}))
    return next((str(job["id"]) for job in jobs if job["client_id"] is None), None)


def _pause(deadline: float, job_id: str) -> None:
    if time.monotonic() >= deadline:
        output.failure(f"the time is over: `wecelebrate jobs watch {job_id}` follows the job")
        raise typer.Exit(ExitCode.TIMED_OUT)
    time.sleep(_SECONDS)


def _key(path: Path) -> str:
    """Return the key in a file. Raises BadUsage if the file cannot be read or does not contain exactly one key."""
    try:
        key = path.read_text("utf-8").strip()
    except (OSError, ValueError) as error:
        raise BadUsage(f"--earlier-key: {path} cannot be read: {error}") from error
    if not key or "," in key or len(key.split()) != 1:
        raise BadUsage(f"--earlier-key: {path} must contain only the earlier value of the secret")
    return key
