"""Warming keeps the configuration and the first product page of the busiest storefronts in the cache.

A sync of a catalog or a change by a client invalidates cached pages. Without warming, the next visitor would have to
wait for a query of PostgreSQL.
"""

from aws_lambda_powertools import Logger

from wecelebrate import storefront
from wecelebrate.core import cache
from wecelebrate.core.database import Caller
from wecelebrate.core.errors import Problem
from wecelebrate.core.requests.loading import object_loader, page_loader, value_of
from wecelebrate.core.requests.request_cache import RequestCache
from wecelebrate.storefront.models import StorefrontFilters

logger = Logger()

MAX_DOMAINS = 100
"""The largest number of domains for which one run loads cached values."""


def run() -> None:
    """Load the missing cached values of the busiest domains of the last hour."""
    filters = StorefrontFilters()
    for domain in cache.busiest_domains(MAX_DOMAINS):
        request = RequestCache(Caller(site_domain=domain))
        try:
            value_of(request, storefront.entry(), object_loader(storefront.get))
            value_of(request, storefront.page_entry(filters), page_loader(lambda tx: storefront.page(tx, filters)))
        except Problem as problem:
            # For example, the site was deleted after its last visit.
            logger.info("a storefront was not warmed", domain=domain, reason=problem.code)
