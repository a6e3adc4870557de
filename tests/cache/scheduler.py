"""Actors whose steps are interleaved as a seed says: one runs at a time, and stops at each point it passes."""

import threading
from collections.abc import Callable
from random import Random

_STEP_SECONDS = 20


class Actor:
    """One thread of what happens."""

    def __init__(self, name: str, work: Callable[[], object]) -> None:
        self.name = name
        self.done = False
        self.error: BaseException | None = None
        self._work = work
        self._go = threading.Semaphore(0)
        self._stopped = threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def step(self) -> None:
        """Let it run to its next point."""
        self._go.release()
        if not self._stopped.acquire(timeout=_STEP_SECONDS):
            raise TimeoutError(f"{self.name} hangs")

    def point(self) -> None:
        """Stop until the next step; called by the actor itself."""
        self._stopped.release()
        self._go.acquire()

    def _run(self) -> None:
        self._go.acquire()
        try:
            self._work()
        except BaseException as error:
            self.error = error
        finally:
            self.done = True
            self._stopped.release()


class Schedule:
    """Runs actors to their ends. `switched` hears whose turn it is; `trace` keeps the order for a failing test."""

    def __init__(self, random: Random, switched: Callable[[str], object] = lambda name: None) -> None:
        self.random = random
        self.trace: list[str] = []
        self._switched = switched
        self._current: Actor | None = None

    def point(self, what: str) -> None:
        """A point that whoever runs may be held up at; nothing outside of `run`."""
        if self._current is not None:
            self.trace.append(f"{self._current.name} {what}")
            self._current.point()

    def run(self, *works: tuple[str, Callable[[], object]]) -> None:
        """Raises what an actor raised."""
        actors = [Actor(name, work) for name, work in works]
        while open_ones := [actor for actor in actors if not actor.done]:
            self._current = self.random.choice(open_ones)
            self._switched(self._current.name)
            self._current.step()
        self._current = None
        for actor in actors:
            if actor.error is not None:
                raise actor.error
