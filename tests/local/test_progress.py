"""Tests the progress bars of jobs, which show states, durations and rates."""

import io
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from infra.command import progress
from infra.command.job_texts import duration, state_of
from infra.command.output import Json
from infra.command.progress import ProgressBars


def job(status: str = "processing", **fields: object) -> Json:
    """Return a job in the format of the API. The values in `fields` override the default values."""
    moment = datetime.now(UTC).isoformat()
    base: Json = {"id": "J", "client_id": "C", "type": "catalog_sync", "status": status, "waiting_for": None}
    base["blocked_by"] = None
    base |= {"progress": {"done": 0, "total": None, "percent": None, "phase": "stage", "eta_seconds": None}}
    return base | {"counts": {"read": 0}, "attempts": 1, "due_at": moment, "created_at": moment} | fields


def phase_progress(phase: str, done: int, total: int | None, eta: int | None = None) -> Json:
    percent = round(100 * done / total, 1) if total else None
    return {"done": done, "total": total, "percent": percent, "phase": phase, "eta_seconds": eta}


@pytest.mark.parametrize(
    ("job_row", "state"),
    [
        (job("pending"), "waiting"),
        (job("pending", waiting_for="approval"), "needs approval"),
        (job("pending", waiting_for="decision"), "needs a decision"),
        (job("pending", blocked_by="I"), "blocked"),
        (job(), "reading"),
        (job(progress=phase_progress("merge", 1, 2)), "merging"),
        (job(progress=phase_progress("deactivate", 2, 2)), "deactivating"),
        (job(type="email_notification"), "working"),
        (job("failed", error_code="not_readable"), "failed"),
        (job("cancelled", error_code=None), "cancelled"),
        (job("cancelled", error_code="superseded"), "superseded"),
    ],
)
def test_each_state_of_a_job_is_shown_with_a_different_word(job_row: Json, state: str) -> None:
    assert state_of(job_row) == state


def test_the_state_of_a_job_shows_the_time_until_its_retry() -> None:
    assert state_of(job("pending", due_at=(datetime.now(UTC) + timedelta(seconds=599)).isoformat())) == "retry in 9 min"


def test_a_duration_is_shown_in_the_largest_suitable_unit() -> None:
    assert [duration(seconds) for seconds in (-1, 0.2, 59, 60, 7_199, 86_400)] == [
        "0 s",
        "0 s",
        "59 s",
        "1 min",
        "1 h",
        "1 d",
    ]


def test_a_progress_bar_shows_the_phase_and_the_counts_and_the_times(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    screen = io.StringIO()
    console = Console(force_terminal=True, file=screen, width=200)
    clock = iter(range(0, 200, 2))
    monkeypatch.setattr(progress, "monotonic", lambda: float(next(clock)))
    with ProgressBars(console, {"C": "acme"}) as view:

        def rendered(*jobs: Json | None) -> str:
            screen.truncate(0)
            view.show(jobs)
            view._progress.refresh()
            return screen.getvalue()

        assert "waiting" in rendered(None)
        rendered(job(counts={"read": 100}))
        reading = rendered(job(counts={"read": 5_100}))
        assert "acme  catalog_sync  reading" in reading
        assert "5,100 rows" in reading
        assert "2,500 rows/s" in reading
        rendered(job(progress=phase_progress("merge", 1_000, 20_000), counts={"read": 20_000}))
        merging = rendered(job(progress=phase_progress("merge", 5_000, 20_000, eta=3_600), counts={"read": 20_000}))
        for text in ("merging", "25 %", "20,000 rows", "2,000 rows/s", "7 s left"):
            assert text in merging
        assert "acme" not in rendered()


def test_a_progress_bar_shows_no_rate_in_the_first_two_seconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    screen = io.StringIO()
    clock = iter([0.0, 0.5, 1.9])
    monkeypatch.setattr(progress, "monotonic", lambda: next(clock))
    with ProgressBars(Console(force_terminal=True, file=screen, width=200)) as view:
        for done in (1, 5_000, 6_000):
            view.show([job(progress=phase_progress("merge", done, 20_000, eta=1), counts={"read": 20_000})])
            view._progress.refresh()
    assert "merging" in screen.getvalue()
    assert "rows/s" not in screen.getvalue()
    assert " left" not in screen.getvalue()
