"""Tests that many health requests cause only a limited number of database checks."""

import pytest

from wecelebrate.core import health
from wecelebrate.core.errors import Unavailable


class Databases:
    """Counts the checks of each database. The databases in `down` do not answer."""

    def __init__(self) -> None:
        self.checks: list[str] = []
        self.down: set[str] = set()
        self.now = 1_790_000_000.0

    def probe(self, which: str) -> None:
        self.checks.append(which)
        if which in self.down:
            raise Unavailable

    def pass_seconds(self, seconds: float) -> None:
        self.now += seconds
        self.checks.clear()


@pytest.fixture
def databases(monkeypatch: pytest.MonkeyPatch) -> Databases:
    databases = Databases()
    monkeypatch.setattr(health, "probe", databases.probe)
    monkeypatch.setattr(health, "_last", health._LastCheck())
    monkeypatch.setattr("time.time", lambda: databases.now)
    return databases


def test_many_requests_within_a_second_check_each_database_once(databases: Databases) -> None:
    for _ in range(100):
        assert health.check().status == "ok"
        databases.now += 0.009
    assert databases.checks == ["writer", "reader"]
    databases.pass_seconds(0.11)
    databases.down = {"reader"}
    assert health.check() == health.Health(status="degraded", reader=False, writer=True)
    assert databases.checks == ["writer", "reader"]


def test_a_failed_check_is_also_remembered_for_a_second(databases: Databases) -> None:
    databases.down = {"writer"}
    for _ in range(5):
        with pytest.raises(Unavailable):
            health.check()
    assert databases.checks == ["writer"]
    databases.pass_seconds(1.0)
    databases.down = set()
    assert health.check().status == "ok"


def test_a_result_expires_even_if_the_clock_is_set_back(databases: Databases) -> None:
    health.check()
    databases.pass_seconds(-3600)
    databases.down = {"writer"}
    with pytest.raises(Unavailable):
        health.check()
