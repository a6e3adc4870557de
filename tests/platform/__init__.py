"""Gives tests access to a running platform.

`Platform` combines the classes of this package. Each module is about one subject, for example `cloud` about the
services of the local cloud, and `locks` about database locks. The module `responses` checks API responses.
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
