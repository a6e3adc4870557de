"""The order in which `make test` runs the modules.

Each worker takes the next module of the list (`--dist loadfile`). A long module at the end of the list would run alone,
and long modules often wait: for a new local cloud, a lease or a timeout. Therefore the long modules begin early, the
longest first, and short modules with much computation are between them. While a long module waits, a short module can
compute.
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
"""The modules that take the longest time, the longest first. `pytest --durations=100` shows which tests are long."""
_SHARE = 0.8
"""All long modules begin before this share of the other modules has begun."""


def spread(items: Sequence[Item], module: Callable[[Item], str]) -> list[Item]:
    """Return the items in a new order. Long modules are distributed evenly over the first part of the other modules.

    module: returns the module of an item, as in LONG_MODULES. The items of a module stay together, in their order.
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
