"""All problems that the API can return, by their codes."""

from collections.abc import Iterator, Mapping
from functools import lru_cache

# These modules define problems. They are imported so that their classes are known as subclasses of Problem. A test
# compares this list with all modules of the package.
import wecelebrate.catalogs
import wecelebrate.core.idempotency
import wecelebrate.core.quotas
import wecelebrate.erasures
import wecelebrate.exports
import wecelebrate.images.uploads
import wecelebrate.ingestion.bulk_import.create
import wecelebrate.ingestion.bulk_import.legacy_api
import wecelebrate.ingestion.mappings
import wecelebrate.jobs.control
import wecelebrate.jobs.dead_letters
import wecelebrate.kv.gates
import wecelebrate.kv.retirement
import wecelebrate.members.invitations
import wecelebrate.order_files
import wecelebrate.orders.changes
import wecelebrate.orders.history
import wecelebrate.orders.placing
import wecelebrate.products
import wecelebrate.reports.mailings
import wecelebrate.schedules.runs
import wecelebrate.sites.domains
import wecelebrate.webhooks  # noqa: F401
from wecelebrate.core.errors import Problem


@lru_cache(maxsize=1)
def problem_classes() -> Mapping[str, type[Problem]]:
    """Map each code to its class. The codes are sorted first by status and then by name."""
    classes = {problem.code: problem for problem in _descendants(Problem) if "code" in vars(problem)}
    return dict(sorted(classes.items(), key=lambda item: (item[1].status, item[0])))


def _descendants(problem: type[Problem]) -> Iterator[type[Problem]]:
    if problem.__module__.startswith("wecelebrate."):
        yield problem
    for subclass in problem.__subclasses__():
        yield from _descendants(subclass)
