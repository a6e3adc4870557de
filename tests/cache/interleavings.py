"""Interleavings of threads, chosen by a seed: one thread runs at a time, until it reaches a switch point."""

import threading
from collections.abc import Callable
from random import Random

_STEP_SECONDS = 20


class Actor:
    """One thread of an interleaving."""

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
        """Run the actor up to its next switch point. Raises TimeoutError if it does not get there."""
        self._go.release()
        if not self._stopped.acquire(timeout=_STEP_SECONDS):
            raise TimeoutError(f"{self.name} did not reach a switch point within {_STEP_SECONDS} seconds")

    def pause(self) -> None:
        """Pause until the next step. The actor's own thread calls this."""
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


class Interleaving:
    """Runs actors until all are done. `on_switch` gets the name of the actor that runs next."""

    def __init__(self, random: Random, on_switch: Callable[[str], object] = lambda name: None) -> None:
        self.random = random
        self.trace: list[str] = []
        """The switch points in the order in which they were reached, for the message of a failing test."""
        self._on_switch = on_switch
        self._current: Actor | None = None

    def switch_point(self, name: str) -> None:
        """Let another actor run. Does nothing outside of `run`."""
        if self._current is not None:
            self.trace.append(f"{self._current.name} {name}")
            self._current.pause()

    def run(self, *works: tuple[str, Callable[[], object]]) -> None:
        """Run one actor for each name and function. Raises the error of an actor that failed."""
        actors = [Actor(name, work) for name, work in works]
        while running := [actor for actor in actors if not actor.done]:
            self._current = self.random.choice(running)
            self._on_switch(self._current.name)
            self._current.step()
        self._current = None
        for actor in actors:
            if actor.error is not None:
                raise actor.error
