"""Distributes the test modules to the xdist workers. Continues the run if a worker ends during a test.

In this case, pytest-xdist 3.8.0 has three bugs. First, it queues all modules of the ended worker again, including
complete modules. A worker that gets a complete module reports nothing, never gets another module, and the run waits
forever (https://github.com/pytest-dev/pytest-xdist/issues/1378). Second, the run waits forever if the new worker gets
only one test (https://github.com/pytest-dev/pytest-xdist/issues/1327). Third, xdist repeatedly runs the test in which
the worker has ended (https://github.com/pytest-dev/pytest-xdist/pull/1371).

Remove this module when a release of pytest-xdist contains all three fixes. `tests/local/test_hanging_tests.py` then
passes without this module.
"""

from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController


class Scheduler(LoadFileScheduling):  # type: ignore[misc]
    """The scheduler of `--dist loadfile`. It continues after a worker has ended."""

    def remove_node(self, node: WorkerController) -> str | None:
        """Give the remaining tests of an ended worker to other workers. Return the test in which the worker has
        ended."""
        modules = self.assigned_work.pop(node)
        running = next((test for tests in modules.values() for test, completed in tests.items() if not completed), None)
        for name, tests in modules.items():
            if running in tests:
                tests[running] = True  # the test has failed, and would probably also end the next worker
            if not all(tests.values()):
                self.workqueue[name] = tests
        for other in self.nodes:
            self._reschedule(other)
        return running

    def _reschedule(self, node: WorkerController) -> None:
        """Give a worker further modules, or tell the worker to end if no module remains.

        A worker begins a test only after it knows the next test, so it needs at least two tests. A new worker that is
        collecting the tests gets its modules later.
        """
        if node not in self.registered_collections:
            return
        super()._reschedule(node)
        while not node.shutting_down and self._pending_of(self.assigned_work[node]) < 2:
            super()._reschedule(node)
