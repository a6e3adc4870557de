"""Tests that an interrupted search of an erasure through all order documents continues at the last checkpoint."""

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any
from uuid import UUID

import pytest

from wecelebrate.erasures import sql, worker
from wecelebrate.jobs.lease import DeadlineReached

PAGES = {"": "order:b", "order:b": "order:d", "order:d": None}
"""The last key of the documents after each key."""


class Job:
    """A job whose invocation ends after some transactions."""

    def __init__(self, checkpoint: dict[str, Any], transactions: int) -> None:
        self.checkpoint, self.transactions = checkpoint, transactions
        self.saved = dict(checkpoint)

    def check_lease(self) -> None:
        if self.transactions == 0:
            raise DeadlineReached
        self.transactions -= 1

    def save(self, _: Any) -> None:
        self.saved = dict(self.checkpoint)


@pytest.mark.parametrize(
    ("checkpoint", "expected"),
    [
        ({}, [0, 1, 2]),
        ({"step": 2, "counts": {"orders": 5}}, [0, 1, 2]),
        ({"step": 2, "counts": {"orders": 5}, "version": 2}, [2]),
    ],
)
def test_the_steps_of_a_previous_release_are_repeated(
    checkpoint: dict[str, Any], expected: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[int] = []
    completed: list[dict[str, Any]] = []
    row = {"client_id": "A", "cause": "retention", "open": []}
    monkeypatch.setattr(worker, "writing", lambda _: nullcontext())
    monkeypatch.setattr(worker, "_STEPS", [lambda *_, number=number: done.append(number) for number in range(3)])
    monkeypatch.setattr(sql, "prepare_erasure", lambda *_, **__: row)
    monkeypatch.setattr(sql, "continue_erasure", lambda *_, **__: False)
    monkeypatch.setattr(sql, "complete_erasure", lambda *_, **parameters: completed.append(parameters))
    job: Any = Job(checkpoint, transactions=9)
    job.payload, job.client_id, job.complete = {"erasure_id": str(UUID(int=1))}, "A", lambda *_: None
    worker.run(job)
    assert done == expected
    assert completed[0]["version"] == 2
    orders = checkpoint.get("counts", {}).get("orders")
    assert job.saved == {"step": 3, "counts": {"orders": orders} if orders else {}, "version": 2}


@pytest.mark.parametrize(
    ("step", "query"),
    [(worker._mark_documents, "mark_documents"), (worker._erase_document_copies, "erase_document_copies")],
)
def test_a_search_continues_after_the_last_committed_transaction(
    step: Callable[[Any, UUID], None], query: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    searched: list[str] = []

    def search(_: Any, *, after: str, **_parameters: Any) -> str | None:
        searched.append(after)
        return PAGES[after]

    monkeypatch.setattr(worker, "writing", lambda _: nullcontext())
    monkeypatch.setattr(sql, query, search)
    job = Job({"step": 9, "counts": {"orders": 2}}, transactions=2)
    with pytest.raises(DeadlineReached):
        step(job, UUID(int=1))
    for transactions in (5, 5):  # the second worker dies after its last transaction, and a third worker continues
        job = Job(job.saved, transactions)
        step(job, UUID(int=1))
    assert searched == list(PAGES)
    assert (job.saved["step"], job.saved["counts"]) == (9, {"orders": 2})
