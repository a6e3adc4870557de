"""Idempotency keys: a POST with the same key is carried out once (draft-ietf-httpapi-idempotency-key-header).

The response is stored in the transaction of the create, under the caller and its key, so either both exist or neither.
The same key with the same request gets the stored response; with another request it is an error. Guests of a site have
no subject and share one namespace of keys. A guest gets a stored response only if both the key and the request match.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from wecelebrate.core.database import Transaction, as_json, queries
from wecelebrate.core.errors import Conflict, Invalid

sql = queries(__file__)

LIFE_SECONDS = 24 * 3600
"""How long a key is remembered."""


class KeyInUse(Conflict):
    """A request with this idempotency key is in progress. Try again in a moment."""

    code = "idempotency_key_in_use"


class KeyReused(Invalid):
    """This idempotency key was used for another request. Use a new key for each request."""

    code = "idempotency_key_reused"


@dataclass(frozen=True)
class StoredResponse:
    """The response to a create."""

    status: int
    headers: Mapping[str, str]
    body: str


def find(tx: Transaction, key: str, request_hash: str) -> StoredResponse | None:
    """The stored response to the same request. Locks the key until the end of the transaction.

    Raises KeyInUse, KeyReused.
    """
    if not sql.lock_key(tx, key=key):
        raise KeyInUse
    parameters = {"key": key, "seconds": LIFE_SECONDS}
    if tx.caller.subject is None:
        row = sql.find_guest_response(tx, request_hash=request_hash, **parameters)
    else:
        row = sql.find_response(tx, **parameters)
    if row is None:
        return None
    if row["request_hash"] != request_hash:
        raise KeyReused
    return StoredResponse(row["status"], row["headers"], row["body"])


def store(tx: Transaction, key: str, request_hash: str, response: StoredResponse) -> None:
    """Store the response to a create."""
    headers = as_json({"headers": dict(response.headers)}, "headers")
    keep = sql.save_guest_response if tx.caller.subject is None else sql.save_response
    keep(tx, key=key, request_hash=request_hash, status=response.status, body=response.body, **headers)
