"""Tests what the platform does if a connection to AWS cannot be opened, breaks or stalls. Local sockets replace AWS."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import CredentialRetrievalError

from infra.local.processes import free_port
from tests.core.aws.function import KEY, S3_CALLS, clear_clients, environment
from tests.core.http_server import answer, serving
from wecelebrate.core import queue, storage
from wecelebrate.core.errors import Unavailable

__all__ = ["environment"]


@pytest.mark.parametrize("call", S3_CALLS)
def test_a_call_to_an_unreachable_s3_raises_unavailable(environment: pytest.MonkeyPatch, call: str) -> None:
    environment.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    clear_clients()
    with pytest.raises(Unavailable, match="S3 cannot be reached"):
        S3_CALLS[call]("1")


def test_creating_a_presigned_url_without_credentials_raises_unavailable(environment: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise CredentialRetrievalError(provider="test", error_msg="m")

    environment.setattr("botocore.credentials.Credentials.get_frozen_credentials", fail)
    with pytest.raises(Unavailable, match="S3"):
        storage.upload_url("drops", "c/new", "text/csv", 10, timedelta(minutes=5))
    with pytest.raises(Unavailable, match="S3"):
        storage.download_url("drops", "c/new", "text/csv", timedelta(minutes=5))


def test_a_connection_that_closes_during_a_download_raises_unavailable(
    environment: pytest.MonkeyPatch,
) -> None:
    with serving(answer(200, b"sku,name\n1,Mug\n", length=1000)) as server:
        environment.setenv("AWS_ENDPOINT_URL", server.url(path=""))
        clear_clients()
        body = storage.open_version("drops", KEY, "1")
        with pytest.raises(Unavailable, match="S3"):
            while body.read(8):
                pass
        with pytest.raises(Unavailable, match="S3"):
            storage.read("drops", KEY, 2000)


def test_a_connection_that_stalls_during_a_download_raises_unavailable(environment: pytest.MonkeyPatch) -> None:
    done = threading.Event()

    def stall(connection: Any, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nsku,name\n")
        done.wait(10)

    environment.setattr(storage, "READ_TIMEOUT_SECONDS", 0.3)
    with serving(stall) as server:
        environment.setenv("AWS_ENDPOINT_URL", server.url(path=""))
        clear_clients()
        body = storage.open_version("drops", KEY, "1")
        with pytest.raises(Unavailable, match="S3"):
            while body.read(9):
                pass
        body.close()
        done.set()


def test_the_sweeper_sends_messages_later_if_sqs_cannot_be_reached(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    clear_clients()
    assert not queue.send_or_defer([queue.message("jobs", {}, None)])
