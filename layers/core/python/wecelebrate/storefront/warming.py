"""Warming: keeps the first pages of the busiest storefronts in the cache.

A sync, or a change by a client, invalidates the pages of a catalog. Without warming the next visitor waits for them.
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
"""Domains that one run warms."""


def run() -> None:
    """Load the storefront and its first page for the busiest domains of the last hour, if they are not cached."""
    filters = StorefrontFilters()
    for domain in cache.busiest_domains(MAX_DOMAINS):
        request = RequestCache(Caller(site_domain=domain))
        try:
            value_of(request, storefront.entry(), object_loader(storefront.get))
            value_of(request, storefront.page_entry(filters), page_loader(lambda tx: storefront.page(tx, filters)))
        except Problem as problem:
            # The site may have been deleted since.
            logger.info("not warmed", domain=domain, reason=problem.code)
