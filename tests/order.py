"""Determines the order in which `make test` runs the modules.

Each worker takes the next module of the list (`--dist loadfile`). A long module at the end of the list would run alone.
Therefore the long modules begin early, and the longest module is the first.

Long modules often wait for a new local cloud, a lease or a timeout. Short modules are between the long modules, so that
they can use the CPU while a long module waits.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

Item = TypeVar("Item")

LONG_MODULES = (
    "tests/kv/test_retirement.py",
    "tests/functions/test_conditional_requests.py",
    "tests/documents/test_pages_run.py",
    "tests/functions/test_audit.py",
    "tests/functions/test_http_caching.py",
    "tests/kv/test_comparison_repair.py",
    "tests/kv/test_cutover.py",
    "tests/kv/test_comparison.py",
    "tests/infra/aws/test_synth.py",
    "tests/kv/test_mirror_writers.py",
    "tests/kv/test_folding_requests.py",
    "tests/functions/test_http_manners.py",
    "tests/functions/test_statements.py",
    "tests/core/feeds/xml/test_feeds_xml_hostile.py",
    "tests/persons/test_erasure.py",
    "tests/core/test_linear_time.py",
    "tests/core/feeds/test_feeds_hostile.py",
    "tests/functions/test_guest_limits.py",
    "tests/functions/test_idempotency.py",
    "tests/clients/test_clients.py",
    "tests/images/test_renderer.py",
    "tests/functions/test_bodies.py",
    "tests/database/test_product_pages.py",
    "tests/local/test_cloud.py",
    "tests/faults/test_row_security.py",
    "tests/mail/test_mails.py",
    "tests/local/test_hanging_tests.py",
    "tests/syncs/test_scheduled_syncs.py",
    "tests/reports/test_report_subscriptions.py",
    "tests/local/test_postgres.py",
    "tests/kv/test_backfill.py",
    "tests/kv/test_inspect.py",
    "tests/syncs/test_questions.py",
    "tests/functions/test_roles.py",
)
"""The modules with the longest duration, in descending order. `pytest --durations=100` shows the longest tests."""
_SHARE = 0.8
"""All long modules begin before this share of all other modules has begun."""


def spread(items: Sequence[Item], module: Callable[[Item], str]) -> list[Item]:
    """Return the items in a new order. The long modules are distributed evenly over the first part of all other
    modules.

    `module` returns the module of an item, in the format of LONG_MODULES. The items of a module remain together, in the
    same order.
    """
    by_module: dict[str, list[Item]] = {}
    for item in items:
        by_module.setdefault(module(item), []).append(item)
    long = [name for name in LONG_MODULES if name in by_module]
    others = [name for name in by_module if name not in LONG_MODULES]
    step = _SHARE * len(others) / len(long) if long else 0
    positions = {name: (number * step, 0) for number, name in enumerate(long)}
    positions |= {name: (float(number), 1) for number, name in enumerate(others)}
    return [item for name in sorted(by_module, key=positions.__getitem__) for item in by_module[name]]
