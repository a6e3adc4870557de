"""Tests what happens if Lambda refuses the invocation of a worker, or if the worker fails. The sweeper resends a lost
message.
"""

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, NoCredentialsError, ReadTimeoutError
from botocore.response import StreamingBody
from botocore.stub import Stubber

from tests.core.aws.function import clear_clients, configure
from wecelebrate.core import direct_workers
from wecelebrate.core.direct_workers import START_SECONDS, WORK_SECONDS, WorkerFailed

REFUSED = [
    ("TooManyRequestsException", 429),
    ("ServiceException", 500),
    ("ExpiredTokenException", 403),
    ("AccessDeniedException", 403),
    ("ResourceNotFoundException", 404),
]
URL = "https://lambda.test/"
UNREACHABLE = [
    ConnectTimeoutError(endpoint_url=URL),
    EndpointConnectionError(endpoint_url=URL),
    NoCredentialsError(),
]
FAILED: list[dict[str, Any]] = [
    {"FunctionError": "Unhandled", "Payload": b'{"errorMessage": "out of memory"}'},
    {"Payload": b'{"batchItemFailures": [{"itemIdentifier": "m"}]}'},
    {"Payload": b"null"},
    {"Payload": b""},
    {"Payload": b'{"batchItemFailures": '},
    {"Payload": b'"done"'},
]


@pytest.fixture(autouse=True)
def configured(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    configure(monkeypatch)
    monkeypatch.setenv("WC_WORKER_JOBS", "worker-of-jobs")
    yield
    clear_clients()
    direct_workers._client.cache_clear()


@pytest.fixture(params=[START_SECONDS, WORK_SECONDS], ids=["start", "run"])
def stub(request: pytest.FixtureRequest, configured: None) -> Iterator[Stubber]:
    """Answers the next invocation of `start` or of `run`. The test fails if there is a second invocation."""
    with Stubber(direct_workers._client(request.param)) as stub:
        yield stub


def invoke(stub: Stubber) -> bool:
    """Call `start` or `run`, depending on the client of the stub. Return whether the call succeeded."""
    if stub.client is direct_workers._client(START_SECONDS):
        return direct_workers.start([("jobs", "{}")])
    try:
        direct_workers.run("jobs", "{}")
    except WorkerFailed:
        return False
    return True


def respond(stub: Stubber, response: dict[str, Any]) -> None:
    payload = response["Payload"]
    stub.add_response(
        "invoke", {"StatusCode": 200, **response, "Payload": StreamingBody(io.BytesIO(payload), len(payload))}
    )


@pytest.mark.parametrize(("code", "status"), REFUSED)
def test_an_invocation_fails_without_a_retry_if_lambda_refuses_it(stub: Stubber, code: str, status: int) -> None:
    stub.add_client_error("invoke", code, "m", status)
    assert not invoke(stub)
    stub.assert_no_pending_responses()


@pytest.mark.parametrize("response", FAILED, ids=lambda response: response["Payload"].decode() or "empty")
def test_an_invocation_fails_if_the_worker_fails_or_returns_no_result(stub: Stubber, response: dict[str, Any]) -> None:
    respond(stub, response)
    assert not invoke(stub)


def test_an_invocation_succeeds_if_the_worker_reports_no_failed_message(stub: Stubber) -> None:
    respond(stub, {"Payload": json.dumps({"batchItemFailures": []}).encode()})
    assert invoke(stub)


@pytest.mark.parametrize("error", UNREACHABLE, ids=lambda error: type(error).__name__)
def test_an_invocation_fails_if_lambda_is_unreachable(
    monkeypatch: pytest.MonkeyPatch, stub: Stubber, error: Exception
) -> None:
    def fail(**arguments: object) -> None:
        raise error

    monkeypatch.setattr(stub.client, "invoke", fail)
    assert not invoke(stub)


def test_start_succeeds_and_run_fails_if_the_worker_exceeds_the_timeout(
    monkeypatch: pytest.MonkeyPatch, stub: Stubber
) -> None:
    def time_out(**arguments: object) -> None:
        raise ReadTimeoutError(endpoint_url=URL)

    monkeypatch.setattr(stub.client, "invoke", time_out)
    assert invoke(stub) == (stub.client is direct_workers._client(START_SECONDS))


def test_start_fails_if_one_of_several_workers_fails(configured: None) -> None:
    with Stubber(direct_workers._client(START_SECONDS)) as stub:
        respond(stub, {"Payload": b'{"batchItemFailures": []}'})
        stub.add_client_error("invoke", "TooManyRequestsException", "m", 429)
        respond(stub, {"Payload": b'{"batchItemFailures": []}'})
        assert not direct_workers.start([("jobs", "{}")] * 3)
        stub.assert_no_pending_responses()
