"""An attempt continues behind the orders that earlier attempts have written, and counts them as one attempt would."""

from collections import Counter
from types import SimpleNamespace
from typing import Any, cast

import pytest

from wecelebrate.order_imports.reading import RawRow
from wecelebrate.order_imports.run import _Import, _Progress
from wecelebrate.order_imports.spool import open_spool
from wecelebrate.order_imports.values import Settings

CELLS = {"order_number": "A", "created_at": "2024-03-01", "sku": "S", "quantity": "1", "unit_price": "1"}
ROWS = [RawRow(n + 2, CELLS | {"order_number": f"A{n}"} | ({"quantity": "x"} if n == 1 else {})) for n in range(4)]


@pytest.mark.parametrize(
    ("outcomes", "written", "done"),
    [({}, ["A0", "A2", "A3"], 1), ({"created": 2}, ["A3"], 3), ({"created": 1, "differs": 1}, ["A0", "A2", "A3"], 1)],
)
def test_written_orders_are_not_written_again_unless_some_were_refused(
    outcomes: dict[str, int], written: list[str], done: int
) -> None:
    rows = Counter({"created": outcomes.get("created", 0)})
    committed = _Progress(3 if outcomes else 0, rows, Counter(outcomes))
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


def test_the_checkpoint_of_a_job_is_its_progress() -> None:
    progress = _Progress(7, Counter(created=9), Counter(created=5, differs=1))
    assert _Progress.of(progress.as_json()) == progress
    assert progress.has_refusals
    assert _Progress.of({}) == _Progress.of({"orders": 5}) == _Progress()
