"""Distributes the test modules to the xdist workers, also after a worker has ended during a test.

pytest-xdist 3.8.0 waits forever after such an end (https://github.com/pytest-dev/pytest-xdist/issues/1378): it queues
all modules of the ended worker again, also those that are complete. A worker that gets a complete module reports
nothing, and never gets another module. It also waits forever if the new worker gets only one test
(https://github.com/pytest-dev/pytest-xdist/issues/1327), and runs the test in which the worker has ended again and
again (https://github.com/pytest-dev/pytest-xdist/pull/1371). Remove this module when a release contains all three
fixes: `tests/local/test_hanging_tests.py` then passes without it.
"""

from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController


class Scheduler(LoadFileScheduling):  # type: ignore[misc]
    """`--dist loadfile`, which continues after a worker has ended."""

    def remove_node(self, node: WorkerController) -> str | None:
        """Give the remaining tests of a worker to other workers. Return the test in which the worker has ended."""
        modules = self.assigned_work.pop(node)
        running = next((test for tests in modules.values() for test, completed in tests.items() if not completed), None)
        for name, tests in modules.items():
            if running in tests:
                tests[running] = True  # it has failed, and would probably end the next worker as well
            if not all(tests.values()):
                self.workqueue[name] = tests
        for other in self.nodes:
            self._reschedule(other)
        return running

    def _reschedule(self, node: WorkerController) -> None:
        """Give a worker further modules, or tell the worker to end if no module is left.

        A worker begins a test only when it knows the next test, so it needs at least two. A new worker that still
        collects the tests gets its modules later.
        """
        if node not in self.registered_collections:
            return
        super()._reschedule(node)
        while not node.shutting_down and self._pending_of(self.assigned_work[node]) < 2:
            super()._reschedule(node)
