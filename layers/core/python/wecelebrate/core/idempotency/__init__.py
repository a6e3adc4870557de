"""Idempotency keys: several POST requests with the same key have the effect of one request.

The header is defined in draft-ietf-httpapi-idempotency-key-header. The response is stored for the caller and the key,
in the transaction that creates the object. If this transaction fails, the response and the object are not stored.

A second request with the same key and the same content gets the stored response. A second request with the same key and
different content is an error. Guests of a site have no subject, so all guests share one namespace of keys. A guest gets
a stored response only if the key and the content are the same as in the first request.

A stored response never contains a secret or a presigned URL (`models.Secret`). It is returned only if the caller is
still allowed to make the request: `core.http.routes` rehearses the request first. It is not returned if the caller has
lost other rights since the first request, e.g. to see the persons of a client.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from wecelebrate.core.database import Transaction, as_json, queries
from wecelebrate.core.errors import Conflict, Invalid

sql = queries(__file__)

LIFE_SECONDS = 24 * 3600
"""How long a key is remembered."""

Renewal = Callable[[Transaction, Mapping[str, Any]], BaseModel]
"""Creates a response from a stored response. It adds the values that are not stored, e.g. a presigned URL."""
RENEWALS: dict[type[BaseModel], Renewal] = {}
"""Maps a response model to the function that renews its responses. If a model has no such function, a repeated response
contains null for the values that are not stored."""


def renews(model: type[BaseModel]) -> Callable[[Renewal], Renewal]:
    """Register the decorated function, which renews the responses with this model."""

    def register(renewal: Renewal) -> Renewal:
        RENEWALS[model] = renewal
        return renewal

    return register


class KeyInUse(Conflict):
    """A request with this idempotency key is in progress. Try again in a moment.

    The first request with the key has not finished. Its response does not exist yet.

    Wait a second, and send the same request with the same key again. It then gets the stored response.
    """

    code = "idempotency_key_in_use"


class KeyReused(Invalid):
    """This idempotency key was used for another request. Use a new key for each request.

    An earlier request with another path or another body has used the key. Its response would be wrong for this request.

    Create a new key for each request. Reuse a key only to repeat exactly the same request.
    """

    code = "idempotency_key_reused"


class Erased(Conflict):
    """The data of the person in this response were erased.

    The request was repeated with its idempotency key. The first request had its effect, but its response contained data
    of a person, and these data have been erased since then.

    Do not repeat the request. `GET /v1/orders/{order_id}` returns the order without the data of the person.
    """

    code = "erased"


class RightsEnded(Conflict):
    """The request had its effect, but you have lost rights since then, so its response is not repeated.

    The request was repeated with its idempotency key. Since the first request, the caller has left a client or the
    staff, or may no longer see the persons of a client. The stored response can contain data that the caller must no
    longer see.

    Do not repeat the request. Read the object: the response contains what the caller may see now.
    """

    code = "rights_ended"


@dataclass(frozen=True)
class StoredResponse:
    """The stored response to a POST request."""

    status: int
    headers: Mapping[str, str]
    body: str
    has_rights: bool = True
    """Whether the caller still has all rights that it had when the response was stored."""


def find(tx: Transaction, key: str, request_hash: str) -> StoredResponse | None:
    """Return the response that is stored for this key.

    If the key is new, it returns None, and the key is locked until the transaction ends. Concurrent requests can return
    a stored response at the same time, because they do not need the lock.

    Raises KeyInUse if no response is stored, and another transaction has locked the key. Raises KeyReused if the stored
    request differs. Raises Erased if the response contained personal data that were erased.
    """
    is_locked = sql.lock_key(tx, key=key)
    parameters = {"key": key, "seconds": LIFE_SECONDS}
    if tx.caller.subject is None:
        row = sql.find_guest_response(tx, request_hash=request_hash, **parameters)
    else:
        row = sql.find_response(tx, **parameters)
    if row is None:
        if not is_locked:
            raise KeyInUse
        return None
    if row["request_hash"] != request_hash:
        raise KeyReused
    if row["body"] is None:
        raise Erased
    return StoredResponse(row["status"], row["headers"], row["body"], row["has_rights"])


def store(tx: Transaction, key: str, request_hash: str, response: StoredResponse) -> None:
    """Store the response to a POST request under its key."""
    headers = as_json({"headers": dict(response.headers)}, "headers")
    keep = sql.save_guest_response if tx.caller.subject is None else sql.save_response
    keep(tx, key=key, request_hash=request_hash, status=response.status, body=response.body, **headers)
