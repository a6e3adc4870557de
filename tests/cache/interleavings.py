"""Runs threads one at a time, in an order that a random seed determines. Each thread runs until its next switch point.

A switch point is a place in the code at which another thread can continue.
"""

import threading
from collections.abc import Callable
from random import Random

_STEP_SECONDS = 20


class Actor:
    """A thread that an interleaving runs."""

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
        """Run the actor until its next switch point.

        Raises TimeoutError if the actor does not reach a switch point in time.
        """
        self._go.release()
        if not self._stopped.acquire(timeout=_STEP_SECONDS):
            raise TimeoutError(f"{self.name} did not reach a switch point within {_STEP_SECONDS} seconds")

    def pause(self) -> None:
        """Wait until the next call of `step`. The thread of the actor calls this method."""
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
    """Runs actors until all are done. Before each step it calls `on_switch` with the name of the next actor."""

    def __init__(self, random: Random, on_switch: Callable[[str], object] = lambda name: None) -> None:
        self.random = random
        self.trace: list[str] = []
        """The names of the reached switch points, in order. They are part of the message of a failed test."""
        self._on_switch = on_switch
        self._current: Actor | None = None

    def switch_point(self, name: str) -> None:
        """Pause the current actor, so that another actor can run. Do nothing if `run` is not in progress."""
        if self._current is not None:
            self.trace.append(f"{self._current.name} {name}")
            self._current.pause()

    def run(self, *works: tuple[str, Callable[[], object]]) -> None:
        """Run actors. Each actor is given as a name and a function. If an actor fails, raise its error."""
        actors = [Actor(name, work) for name, work in works]
        while running := [actor for actor in actors if not actor.done]:
            self._current = self.random.choice(running)
            self._on_switch(self._current.name)
            self._current.step()
        self._current = None
        for actor in actors:
            if actor.error is not None:
                raise actor.error
