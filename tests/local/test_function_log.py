"""The log of a function, and the watch over its files."""

import os
from pathlib import Path

from infra.local.file_watcher import FileWatcher
from infra.local.function_log import TAIL_BYTES, FunctionLog


def test_a_tail_is_what_was_written_since_and_no_more_than_4_kb(tmp_path: Path) -> None:
    log = FunctionLog(tmp_path, "it")
    log.write("before\n")
    since = log.position()
    log.write("after\n")
    assert log.tail(since) == "after\n"
    log.write("x" * 2 * TAIL_BYTES)
    assert log.tail(since) == "x" * TAIL_BYTES
    log.close()


def test_a_log_that_has_grown_moves_aside_while_others_append(tmp_path: Path) -> None:
    log = FunctionLog(tmp_path, "it", max_bytes=100)
    process = os.open(log.path, os.O_WRONLY | os.O_APPEND)
    log.write("short\n")
    log.rotate()
    assert log.path.read_text() == "short\n"
    os.write(process, b"y" * 100)
    log.rotate()
    os.write(process, b"new\n")
    assert log.path.read_text() == "new\n"
    assert log.path.with_suffix(".log.1").read_text() == "short\n" + "y" * 100
    assert log.tail(100) == "new\n"
    os.close(process)
    log.close()


def test_a_watch_sees_files_come_change_and_go(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    watch = FileWatcher([tmp_path, tmp_path / "not there"], interval=0)
    assert watch.version() == watch.version() == 0
    (inner / "x.py").write_text("1")
    assert watch.version() == 1
    (inner / "x.py").write_text("22")
    assert watch.version() == watch.version() == 2
    (inner / "__pycache__").mkdir()
    (inner / "__pycache__" / "x.pyc").write_text("1")
    assert watch.version() == 2
    (inner / "x.py").unlink()
    assert watch.version() == 3


def test_a_watch_looks_no_more_often_than_it_should(tmp_path: Path) -> None:
    watch = FileWatcher([tmp_path], interval=60)
    (tmp_path / "x.py").write_text("1")
    assert watch.version() == 0
