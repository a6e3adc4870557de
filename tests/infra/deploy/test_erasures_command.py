"""Tests that `wecelebrate erasures replay` waits for the job and for its erasures. A mock transport of httpx replaces
the API."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
import typer
from botocore.exceptions import NoCredentialsError
from typer.testing import CliRunner

from infra.command import api as api_of_command
from infra.command import app, erasures
from infra.command.api import Connection
from infra.deploy import erasure_keys

JOB = "01a20512-5e16-7075-8b8c-1b6a3ce1d0a5"
DONE = {"status": "completed", "result": {"erasures": 3, "restored": 2}, "error": None, "error_code": None}


def api(
    replay: list[dict[str, Any]],
    waiting: list[int],
    failed: list[dict[str, str]] | None = None,
    running: list[bool] | None = None,
) -> httpx.Client:
    """A simulated API. `replay` contains the successive states of the replay job.

    `waiting` contains the successive numbers of waiting erasures. If `running` is not empty, another replay is running.
    """
    states: Iterator[dict[str, Any]] = iter(replay)
    counts = iter(waiting)

    def respond(request: httpx.Request) -> httpx.Response:
        rows: Sequence[Mapping[str, str | None]]
        job = {"id": JOB, "created_at": "2026-11-27T08:30:00Z"}
        if request.url.path in {"/v1/admin/erasures/replay", f"/v1/jobs/{JOB}"}:
            return httpx.Response(200, json=job | next(states))
        match request.url.params["status"]:
            case "pending":
                rows = [{"id": str(number), "client_id": "c"} for number in range(next(counts))]
            case "processing" if running:
                rows = [{"id": "replay", "client_id": None}]
            case "failed":
                rows = failed or []
            case _:
                rows = []
        return httpx.Response(200, json={"data": rows, "has_more": False})

    return httpx.Client(base_url="http://platform.test", transport=httpx.MockTransport(respond))


def replay(client: httpx.Client, timeout: int) -> None:
    """Start the replay job without earlier keys, and wait for its erasures, as the command does."""
    deadline = time.monotonic() + timeout
    erasures._wait_for_erasures(client, erasures._replay(client, deadline), deadline)


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasures, "_SECONDS", 0)


def test_the_command_waits_for_the_job_and_for_the_repeated_erasures(capsys: pytest.CaptureFixture[str]) -> None:
    replay(api([{"status": "pending"}, {"status": "processing"}, DONE], [2, 1, 0]), 60)
    printed = capsys.readouterr()
    assert "3 erasures are in the list, 2 were repeated" in printed.out
    assert "all repeated erasures are complete" in printed.out
    assert "1 erasures are not complete yet" in printed.err


def test_a_replay_with_the_wrong_key_fails(capsys: pytest.CaptureFixture[str]) -> None:
    wrong = {"status": "failed", "error_code": "wrong_key", "error": "2 of 3 entries were written with another key"}
    with pytest.raises(typer.Exit) as stopped:
        replay(api([{"status": "pending"}, wrong], []), 60)
    assert stopped.value.exit_code == 1
    assert "wrong_key: 2 of 3 entries" in capsys.readouterr().err


@pytest.mark.parametrize(("created", "code"), [("2026-11-27T08:31:00Z", 1), ("2026-11-26T00:00:00Z", 0)])
def test_only_a_failed_erasure_of_the_current_replay_is_an_error(created: str, code: int) -> None:
    client = api([{"status": "pending"}, DONE], [0], [{"created_at": created}])
    if code:
        with pytest.raises(typer.Exit) as stopped:
            replay(client, 60)
        assert stopped.value.exit_code == code
    else:
        replay(client, 60)


def test_the_command_ends_after_a_timeout() -> None:
    with pytest.raises(typer.Exit) as stopped:
        replay(api([{"status": "pending"}], []), 0)
    assert stopped.value.exit_code == 6


@pytest.mark.parametrize("content", ["", "two words", "a,b"])
def test_a_key_file_with_other_content_than_the_key_is_refused(tmp_path: Any, content: str) -> None:
    file = tmp_path / "key.txt"
    file.write_text(content)
    result = CliRunner().invoke(app, ["erasures", "replay", "--earlier-key", str(file)])
    assert (result.exit_code, "must contain only the earlier value" in result.output) == (2, True)


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Records the actions of the command: changes of the function's variable, and requests to the API."""
    done: list[str] = []

    def log(request: httpx.Request) -> None:
        done.append(f"{request.method} {request.url.path} {request.url.params.get('status', '')}".strip())

    @contextmanager
    def connect() -> Iterator[Connection]:
        client = api([{"status": "pending"}, DONE], [1, 1, 0])
        client.event_hooks = {"request": [log]}
        yield Connection(client, None)

    monkeypatch.setattr(api_of_command, "connect", connect)
    monkeypatch.setattr(erasure_keys, "_variables", lambda account: {})
    monkeypatch.setattr(
        erasure_keys, "_replace", lambda account, variables, value: done.append(f"key {value or 'removed'}")
    )
    return done


def test_each_replay_removes_the_key_of_an_interrupted_replay(events: list[str]) -> None:
    result = CliRunner().invoke(app, ["--env", "dev", "erasures", "replay"])
    assert result.exit_code == 0, result.output
    assert [event for event in events if not event.startswith("GET")] == [
        "key removed",
        "POST /v1/admin/erasures/replay",
    ]


def test_a_replay_without_keys_keeps_the_key_of_a_running_replay(
    events: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    running = [True]

    @contextmanager
    def connect() -> Iterator[Connection]:
        yield Connection(api([{"status": "pending"}, DONE], [0, 0], running=running), None)

    monkeypatch.setattr(api_of_command, "connect", connect)

    def replay(*_: object) -> dict[str, Any]:
        running.clear()
        return DONE

    monkeypatch.setattr(erasures, "_replay", replay)
    result = CliRunner().invoke(app, ["--env", "dev", "erasures", "replay"])
    assert result.exit_code == 0, result.output
    assert "another replay runs" in result.output
    assert "key removed" not in events


@pytest.mark.parametrize("others", [0, 1000])
def test_a_replay_with_keys_is_refused_while_another_replay_is_running(
    events: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Any, others: int
) -> None:
    """`others` is the number of erasures that the list contains before the replay job."""
    listed = [{"id": str(number), "client_id": "c"} for number in range(others)] + [{"id": JOB, "client_id": None}]

    def respond(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/v1/jobs"
        rows = listed if request.url.params["status"] == "processing" else []
        start = int(request.url.params.get("cursor", "0"))
        page = rows[start : start + 1000]
        more = len(rows) > start + 1000
        return httpx.Response(200, json={"data": page, "has_more": more, "next_cursor": str(start + 1000)})

    @contextmanager
    def connect() -> Iterator[Connection]:
        yield Connection(httpx.Client(base_url="http://platform.test", transport=httpx.MockTransport(respond)), None)

    monkeypatch.setattr(api_of_command, "connect", connect)
    file = tmp_path / "key.txt"
    file.write_text("march")
    result = CliRunner().invoke(app, ["--env", "dev", "erasures", "replay", "--earlier-key", str(file)])
    assert (result.exit_code, events) == (1, []), result.output
    assert f"`wecelebrate jobs watch {JOB}` follows it" in " ".join(result.output.split())


def test_the_function_has_the_key_only_until_the_replay_job_has_ended(events: list[str], tmp_path: Any) -> None:
    file = tmp_path / "key.txt"
    file.write_text("march")
    result = CliRunner().invoke(app, ["--env", "dev", "erasures", "replay", "--earlier-key", str(file)])
    assert result.exit_code == 0, result.output
    job = ["POST /v1/admin/erasures/replay", f"GET /v1/jobs/{JOB}"]
    assert events[2:7] == ["key march", *job, "key removed", "GET /v1/jobs pending"]
    assert events.count("key removed") == 1


def test_a_replay_without_keys_needs_only_the_api(events: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(account: Any) -> None:
        raise NoCredentialsError

    monkeypatch.setattr(erasure_keys, "_variables", refused)
    result = CliRunner().invoke(app, ["--env", "dev", "erasures", "replay"])
    assert result.exit_code == 0, result.output
    assert "not known whether an earlier call has left a key" in result.output
    events.clear()
    assert CliRunner().invoke(app, ["erasures", "replay"]).exit_code == 0


CLIENT = "01a20512-5e16-7075-8b8c-1b6a3ce1d0a6"
COUNTS = {"orders": 2, "mails": 1, "events": 0, "responses": 0, "exports": 0, "files": 0}


def erase(
    monkeypatch: pytest.MonkeyPatch,
    states: list[dict[str, Any]],
    *arguments: str,
    confirmed: tuple[str, ...] = ("--yes",),
) -> tuple[int, str, list[Any]]:
    """Run `erasures request` against a simulated API. `states` contains the successive states of the erasure. Return
    the result of the command and the bodies of its requests.
    """
    bodies: list[Any] = []
    answers = iter(states)

    def respond(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1/clients":
            return httpx.Response(200, json={"data": [{"id": CLIENT, "slug": "acme"}], "has_more": False})
        if request.method == "POST":
            assert request.url.path == f"/v1/clients/{CLIENT}/erasures"
            bodies.append(json.loads(request.content))
        answer = {"id": JOB, "job_id": JOB, "error": None, "error_code": None, "counts": COUNTS} | next(answers)
        return httpx.Response(answer.pop("code", 200), json=answer)

    @contextmanager
    def connect() -> Iterator[Connection]:
        yield Connection(httpx.Client(base_url="http://platform.test", transport=httpx.MockTransport(respond)), None)

    monkeypatch.setattr(api_of_command, "connect", connect)
    result = CliRunner().invoke(app, ["erasures", "request", "--client", "acme", *confirmed, *arguments])
    return result.exit_code, result.output, bodies


def test_the_command_erases_a_person_and_prints_the_erased_data(monkeypatch: pytest.MonkeyPatch) -> None:
    states = [{"status": "pending"}, {"status": "processing"}, {"status": "completed"}]
    code, output, bodies = erase(monkeypatch, states, "--email", "ann@example.com", "--subject", "ann")
    assert code == 0, output
    assert bodies == [{"email": "ann@example.com", "customer_subject": "ann"}]
    assert "erased: 2 orders, 1 mails, 0 events" in output


def test_nothing_is_erased_before_the_confirmation_of_the_operator(monkeypatch: pytest.MonkeyPatch) -> None:
    code, output, bodies = erase(monkeypatch, [], "--email", "ann@example.com", confirmed=())
    assert (code, bodies) == (2, [])
    assert "Erase ann@example.com at acme? This cannot be undone." in output


def test_the_command_prints_the_reason_of_a_refused_or_failed_erasure(monkeypatch: pytest.MonkeyPatch) -> None:
    refused = {"code": 409, "detail": "The person has open orders.", "errors": []}
    code, output, _ = erase(monkeypatch, [refused], "--email", "ann@example.com")
    assert (code, "The person has open orders" in output) == (5, True)
    failed = {"status": "failed", "error_code": "orders_open", "error": "Close them."}
    code, output, _ = erase(monkeypatch, [{"status": "pending"}, failed], "--subject", "ann")
    assert (code, "orders_open: Close them." in output) == (1, True)
    code, output, bodies = erase(monkeypatch, [])
    assert (code, bodies, "name the person" in output) == (2, [], True)
