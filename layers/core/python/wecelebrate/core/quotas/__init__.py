"""Quotas limit how many objects of a type a client can have, and how many uploads a client can announce within an hour.

Quotas are needed in addition to the request limit of a tier, because an object stays after its request has ended. The
object uses storage, and lists, sweepers and schedules read it. For each route that creates objects,
`tests/functions/test_quotas.py` requires a quota, or a reason why the route needs no quota.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

from wecelebrate.core.database import Transaction, queries
from wecelebrate.core.errors import Conflict, Forbidden, TooManyRequests

sql = queries(__file__)

MAX_OPEN_UPLOADS = 200
"""The maximum number of files that a client can announce within UPLOAD_SECONDS. For images, there is a separate quota
of the same size.
"""
UPLOAD_SECONDS = 3600


class TooManyUploads(TooManyRequests):
    """This client has announced the maximum number of uploads.

    A client may announce a limited number of uploads within an hour.

    Wait for the number of seconds in `Retry-After`, then announce the next upload.
    """

    code = "too_many_uploads"


@dataclass(frozen=True)
class Quota:
    """The maximum number of objects of one type that a client can have."""

    kind: str
    """The type of the objects, in the plural, e.g. `schedules`."""
    maximum: int
    error: type[Conflict]
    advice: str = "Delete one first."


def check(tx: Transaction, quota: Quota, client_id: UUID | None, count: Callable[[], int]) -> None:
    """Raise the error of a quota if `count` returns its maximum or more.

    Raises Forbidden if the caller has lost rights at the client since the transaction began.

    Only one transaction at a time creates objects of the same type for the same client. Other transactions wait until
    it ends. Therefore the number of objects never exceeds the maximum. The quota also applies to staff who create an
    object for a client. `client_id` is None for objects of the platform.
    """
    _lock(tx, quota.kind, client_id)
    if count() >= quota.maximum:
        raise quota.error(f"A client can have at most {quota.maximum:,} {quota.kind}. {quota.advice}")


def check_uploads(tx: Transaction, kind: str, client_id: UUID | None, count: Callable[[], Mapping[str, int]]) -> None:
    """Raise TooManyUploads if a client has announced the maximum number of uploads of a kind within an hour.

    Raises Forbidden if the caller has lost rights at the client since the transaction began.

    `count` returns two numbers. `uploads` is the number of uploads in the last hour. `seconds_left` is the number of
    seconds until the oldest of these uploads no longer counts.
    """
    _lock(tx, kind, client_id)
    announced = count()
    if announced["uploads"] >= MAX_OPEN_UPLOADS:
        raise TooManyUploads(
            f"A client can announce at most {MAX_OPEN_UPLOADS} {kind} within an hour. Try again later.",
            max(announced["seconds_left"], 1),
        )


def _lock(tx: Transaction, kind: str, client_id: UUID | None) -> None:
    """Wait until no other transaction creates an object of this type for the client.

    The caller can lose rights at the client during the wait. In this case, raises Forbidden, because a removed member
    must not create objects.
    """
    sql.lock_quota(tx, kind=kind, client_id=client_id)
    if not sql.has_kept_rights(tx, client_id=client_id):
        raise Forbidden
