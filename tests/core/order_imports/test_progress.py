"""Tests that a repeated attempt continues after the orders of previous attempts. The counts include the orders of
previous attempts.
"""

import json
from collections import Counter
from contextlib import nullcontext
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from wecelebrate.order_imports import run, sql
from wecelebrate.order_imports.reading import RawRow
from wecelebrate.order_imports.run import _Import, _Progress
from wecelebrate.order_imports.spool import open_spool
from wecelebrate.order_imports.values import Settings

SETTINGS = Settings(currency="EUR", status="delivered")
CELLS = {"order_number": "A", "created_at": "2024-03-01", "sku": "S", "quantity": "1", "unit_price": "1"}
ROWS = [RawRow(n + 2, CELLS | {"order_number": f"A{n}"} | ({"quantity": "x"} if n == 1 else {})) for n in range(4)]


@pytest.mark.parametrize(
    ("outcomes", "written", "done"),
    [({}, ["A0", "A2", "A3"], 1), ({"created": 2}, ["A3"], 3), ({"created": 1, "differs": 1}, ["A0", "A2", "A3"], 1)],
)
def test_written_orders_are_skipped_if_no_order_was_refused(
    outcomes: dict[str, int], written: list[str], done: int
) -> None:
    rows = Counter({"created": outcomes.get("created", 0)})
    committed = _Progress(3 if outcomes else 0, "A2" if outcomes else "", rows, Counter(outcomes))
    job = SimpleNamespace(counts=Counter(), done=0)
    with open_spool() as spool:
        work = _Import(cast(Any, job), spool, Settings(currency="EUR", status="delivered"), committed)
        work._store(iter(ROWS), dict.fromkeys(CELLS))
        spool.count_orders()
        work._skip_written()
        numbers = [group.key for chunk in work.chunks() for group, _ in chunk]
        rejected = [each.code for each in spool.rejections()]
    assert (numbers, rejected, job.done) == (written, ["bad_quantity"], done)
    assert job.counts["created"] == (2 if written == ["A3"] else 0)


def attempt(rows: list[RawRow], committed: _Progress, settings: Settings = SETTINGS) -> tuple[list[str], list[bool]]:
    """Run an attempt on an empty database.

    Return the order numbers, and for each call of `import_orders` whether the call is a rehearsal.
    """
    keys: list[str] = []
    rehearsals: list[bool] = []

    def import_orders(tx: object, *, job_id: object, orders: str, is_rehearsal: bool) -> list[dict[str, str | None]]:
        numbers = [order["order_number"] for order in json.loads(orders)]
        keys.extend(numbers)
        rehearsals.append(is_rehearsal)
        return [{"order_number": number, "outcome": "created", "differing": None} for number in numbers]

    job = SimpleNamespace(id=None, counts=Counter(), done=0, checkpoint={}, check_lease=lambda: None, save=lambda tx: 0)
    with pytest.MonkeyPatch.context() as patch, open_spool() as spool:
        patch.setattr(run, "writing", lambda caller: nullcontext())
        patch.setattr(sql, "import_orders", import_orders, raising=False)
        work = _Import(cast(Any, job), spool, settings, committed)
        work._store(iter(rows), dict.fromkeys(CELLS))
        spool.count_orders()
        work._skip_written()
        for chunk in work.chunks():
            work.write(chunk)
    return keys, rehearsals


def test_committed_orders_that_are_missing_in_the_database_are_written_again() -> None:
    committed = _Progress(3, "A2", Counter(created=1), Counter(created=1, differs=1))
    assert attempt(ROWS, committed) == (["A0", "A2", "A3"], [False])


@pytest.mark.parametrize("key", ["A9", ""])
def test_a_checkpoint_that_does_not_match_the_orders_is_ignored(key: str) -> None:
    """The checkpoint of an earlier release has no key, and its count of orders can be different."""
    assert attempt(ROWS, _Progress(3, key, Counter(created=2), Counter(created=2))) == (["A0", "A2", "A3"], [False])
    assert attempt(ROWS, _Progress(9, "A2", Counter(created=2), Counter(created=2))) == (["A0", "A2", "A3"], [False])


def test_a_time_in_the_future_is_refused_in_each_attempt() -> None:
    created_at = datetime(2024, 3, 1, tzinfo=UTC)
    payload = {"source": "shop", "settings": {"timezone": "UTC", "currency": "EUR", "status": "delivered"}}
    settings = Settings.of(payload, created_at)
    times = {
        "A0": "2024-03-01T00:04:00Z",
        "A1": "2024-03-01T00:06:00Z",
    }  # According to the clock of the worker, both times are in the past.
    rows = [RawRow(2, CELLS | {"order_number": number, "created_at": time}) for number, time in times.items()]
    assert attempt(rows, _Progress(), settings) == (["A0"], [False])


def test_the_progress_of_an_import_can_be_stored_as_a_checkpoint_and_restored() -> None:
    progress = _Progress(7, "A7", Counter(created=9), Counter(created=5, differs=1))
    assert _Progress.of(progress.as_json()) == progress
    assert progress.has_refusals
    assert _Progress.of({}) == _Progress.of({"orders": 5}) == _Progress()
