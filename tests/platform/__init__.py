"""Gives tests access to a running platform.

`Platform` combines the classes of this package. The module `cloud` contains the services of the local cloud, `locks`
database locks, `api` the API, `tenants` clients and their sites, `files` dropped files, `mails` mails, and `functions`
functions. The module `responses` checks API responses.
"""

from tests.platform.api import address
from tests.platform.cloud import TLS, eventually
from tests.platform.functions import Functions, output_of
from tests.platform.locks import HeldLocks, Locks
from tests.platform.mails import Mails
from tests.platform.orders import Orders
from tests.platform.responses import Json, created, ok, pointers, problem
from tests.platform.tenants import Tenant

__all__ = [
    "TLS",
    "HeldLocks",
    "Json",
    "Platform",
    "Tenant",
    "address",
    "created",
    "eventually",
    "ok",
    "output_of",
    "pointers",
    "problem",
]


class Platform(Orders, Functions, Locks, Mails):
    """Gives tests access to one local cloud."""
