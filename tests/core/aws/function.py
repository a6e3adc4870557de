"""Configures a test process like a function that calls AWS, and lists the S3 calls that the tests make."""

import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest

from wecelebrate.core import queue, storage
from wecelebrate.core.settings import settings
from wecelebrate.core.upload import ObjectWriter

KEY = "c/file.csv"
"""The key of the S3 object that the calls read."""


def clear_clients() -> None:
    """Clear the clients and settings that previous tests have cached."""
    settings.cache_clear()
    storage._create_client.cache_clear()
    queue._sqs.cache_clear()
    queue._url.cache_clear()


def configure(environment: pytest.MonkeyPatch) -> None:
    """Configure this process like a function with one bucket and one queue. boto3 does not wait between its retries."""
    for name, value in {
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "WC_BUCKET_DROPS": "drops",
        "WC_QUEUE_JOBS": "https://sqs.us-east-1.amazonaws.com/123456789012/jobs",
        "WC_MAX_RECEIVES": "20",
    }.items():
        environment.setenv(name, value)
    environment.delenv("AWS_ENDPOINT_URL", raising=False)
    environment.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _: None, time=time.time))
    clear_clients()


@pytest.fixture
def environment() -> Iterator[pytest.MonkeyPatch]:
    """Configure this process for a test that does not use moto. The test can make more changes to the environment."""
    with pytest.MonkeyPatch.context() as environment:
        configure(environment)
        yield environment
    clear_clients()


def write_object(key: str, content: bytes) -> int:
    """Write an object with `ObjectWriter`. Return its size."""
    with ObjectWriter("drops", key, "text/plain") as out:
        for start in range(0, len(content), 1_000_000):
            out.write(content[start : start + 1_000_000])
        out.complete()
        return out.size


S3Call = Callable[[str], object]
"""A function that calls S3. Its argument is the id of a version of the object KEY."""
S3_CALLS: dict[str, S3Call] = {
    "get_object of a version": lambda version: storage.open_version("drops", KEY, version).read(),
    "get_object": lambda version: storage.read("drops", KEY, 100),
    "get_object from a byte": lambda version: storage.open_from("drops", KEY, 1).read(),
    "upload_fileobj": lambda version: storage.put("drops", "c/new", b"body", "text/plain"),
    "put_object": lambda version: storage.put_version("drops", "c/new", b"body", "text/plain"),
    "head_object": lambda version: storage.newest_version("drops", KEY),
    "head_object for the size": lambda version: storage.size_of("drops", KEY),
    "put_object of a small upload": lambda version: write_object("c/small", b"body"),
    "list_object_versions before deletion": lambda version: storage.delete_all("drops", "c/nothing/"),
    "list_object_versions": lambda version: list(storage.newest_versions("drops", "c/")),
}
