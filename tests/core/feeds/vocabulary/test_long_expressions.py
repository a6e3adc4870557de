"""Tests that a slow regular expression does not stop other threads, such as the thread that renews a job's lease."""

import threading
import time

from wecelebrate.core.types.transformations import MAX_PROGRAM_SIZE, compile_pattern
from wecelebrate.feeds.transformations.text import MAX_REGEX_CELL


def test_other_threads_run_while_a_slow_regular_expression_runs() -> None:
    pattern = compile_pattern(r"(\w+\s*){1,200}$")
    assert pattern.programsize > 0.8 * MAX_PROGRAM_SIZE
    beats: list[float] = []
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(0.001):
            beats.append(time.monotonic())

    thread = threading.Thread(target=beat)
    thread.start()
    try:
        started = time.monotonic()
        assert pattern.search("a" * MAX_REGEX_CELL)
        finished = time.monotonic()
    finally:
        ended.set()
        thread.join()
    assert sum(started < moment < finished for moment in beats) > 10
