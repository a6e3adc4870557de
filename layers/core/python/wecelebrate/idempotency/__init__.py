"""Idempotency keys: a create that is sent twice is done once (draft-ietf-httpapi-idempotency-key-header).

The answer is kept in the transaction of what it tells of, under the caller and its key: either both are there or none.
The same key with the same request is answered the same; with another request it is an error. Guests of a site, who have
no name, have their keys together: whoever knows both a key and its request is the one who sent it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from wecelebrate.database import Transaction, as_json, queries
from wecelebrate.errors import Conflict, Invalid

sql = queries(__file__)

LIFE = 24 * 3600
"""Seconds that a key is remembered."""


class KeyInUse(Conflict):
    """A request with this idempotency key is being carried out right now; ask again in a moment."""

    code = "idempotency_key_in_use"


class KeyReused(Invalid):
    """This idempotency key was sent with another request: use a new one for each."""

    code = "idempotency_key_reused"


@dataclass(frozen=True)
class Answer:
    """What a create was answered."""

    status: int
    headers: Mapping[str, str]
    body: str


def earlier(tx: Transaction, key: str, request_hash: str) -> Answer | None:
    """What the caller was answered to the same request; from here on nobody else carries it out.

    Raises KeyInUse, KeyReused.
    """
    if not sql.lock_key(tx, key=key):
        raise KeyInUse
    asked = {"key": key, "seconds": LIFE}
    guest = tx.caller.subject is None
    found = sql.find_guest_response(tx, request_hash=request_hash, **asked) if guest else sql.find_response(tx, **asked)
    if found is None:
        return None
    if found["request_hash"] != request_hash:
        raise KeyReused
    return Answer(found["status"], found["headers"], found["body"])


def keep(tx: Transaction, key: str, request_hash: str, answer: Answer) -> None:
    """Remember what the caller is answered."""
    told = as_json({"headers": dict(answer.headers)}, "headers")
    kept = sql.save_guest_response if tx.caller.subject is None else sql.save_response
    kept(tx, key=key, request_hash=request_hash, status=answer.status, body=answer.body, **told)
