"""Warming: the storefronts that were busiest in the last hour find their first page in the cache.

A sync, or a client's own change, ends the pages of a catalog, and the next visitor would have to wait for them.
"""

from aws_lambda_powertools import Logger

from wecelebrate import storefront
from wecelebrate.core import cache
from wecelebrate.core.database import Caller
from wecelebrate.core.errors import Problem
from wecelebrate.core.requests.loading import one, page, value_of
from wecelebrate.core.requests.request_cache import Gate
from wecelebrate.storefront.models import StorefrontFilters

logger = Logger()

BUSIEST = 100
"""Domains that are warmed at once."""


def run() -> None:
    """Load what visitors of the busiest domains see first, where the cache does not have it."""
    first = StorefrontFilters()
    for domain in cache.busiest(BUSIEST):
        gate = Gate(Caller(site_domain=domain))
        try:
            value_of(gate, storefront.entry(), one(storefront.get))
            value_of(gate, storefront.page_entry(first), page(lambda tx: storefront.page(tx, first)))
        except Problem as problem:
            # A site may be gone since it was busy.
            logger.info("not warmed", domain=domain, reason=problem.code)
