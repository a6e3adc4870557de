"""Tests the log of a function, and the file watcher."""

import os
from pathlib import Path

from infra.local.file_watcher import FileWatcher
from infra.local.function_log import TAIL_BYTES, FunctionLog


def test_the_tail_of_a_log_contains_at_most_4_kb_after_the_given_position(tmp_path: Path) -> None:
    log = FunctionLog(tmp_path, "it")
    log.write("before\n")
    position = log.position()
    log.write("after\n")
    assert log.tail(position) == "after\n"
    log.write("x" * 2 * TAIL_BYTES)
    assert log.tail(position) == "x" * TAIL_BYTES
    log.close()


def test_a_large_log_is_rotated_while_a_process_appends_to_it(tmp_path: Path) -> None:
    log = FunctionLog(tmp_path, "it", max_bytes=100)
    descriptor = os.open(log.path, os.O_WRONLY | os.O_APPEND)
    log.write("short\n")
    log.rotate()
    assert log.path.read_text() == "short\n"
    os.write(descriptor, b"y" * 100)
    log.rotate()
    os.write(descriptor, b"new\n")
    assert log.path.read_text() == "new\n"
    assert log.path.with_suffix(".log.1").read_text() == "short\n" + "y" * 100
    assert log.tail(100) == "new\n"
    os.close(descriptor)
    log.close()


def test_a_change_of_a_file_increases_the_version_of_the_file_watcher(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    watcher = FileWatcher([tmp_path, tmp_path / "missing"], interval=0)
    assert watcher.version() == watcher.version() == 0
    (inner / "x.py").write_text("1")
    assert watcher.version() == 1
    (inner / "x.py").write_text("22")
    assert watcher.version() == watcher.version() == 2
    (inner / "__pycache__").mkdir()
    (inner / "__pycache__" / "x.pyc").write_text("1")
    assert watcher.version() == 2
    (inner / "x.py").unlink()
    assert watcher.version() == 3


def test_the_file_watcher_scans_the_files_at_most_once_per_interval(tmp_path: Path) -> None:
    watcher = FileWatcher([tmp_path], interval=60)
    (tmp_path / "x.py").write_text("1")
    assert watcher.version() == 0
