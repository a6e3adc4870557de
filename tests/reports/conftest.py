"""Fixtures for the tests of reports."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.faults.environment import function_environment
from wecelebrate.core import queue, storage
from wecelebrate.core.database import endpoints
from wecelebrate.core.settings import settings


@pytest.fixture
def as_function(state: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], AbstractContextManager[None]]:
    """Return a function that returns a context. In the context, this process acts as the given Lambda function."""

    def reset() -> None:
        endpoints.writer.drop()
        queue._sqs.cache_clear()
        storage._create_client.cache_clear()
        settings.cache_clear()

    @contextmanager
    def context(name: str) -> Iterator[None]:
        for variable in [variable for variable in os.environ if variable.startswith("WC_")]:
            monkeypatch.delenv(variable)
        for variable, value in function_environment(state, name).items():
            monkeypatch.setenv(variable, value)
        reset()
        try:
            yield
        finally:
            reset()

    return context
