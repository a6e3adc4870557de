"""Consistency tokens.

A caller that sends its tokens always sees its own writes, even if its request is served by a replica.

The response to a write has the header `Consistency-Token`. If a later read request contains this token, the request is
answered by a replica that has replayed the write, or by the primary. Most callers need not send tokens, because the
platform remembers the writes of every signed-in caller for a minute.
"""

import hashlib
import json
import time

from wecelebrate.core import signing
from wecelebrate.core.settings import settings

HEADER = "Consistency-Token"
LIFE_SECONDS = 60
"""How long a token is valid. A replica with a longer lag is not used. Therefore every replica in use has replayed the
write after this time, and the token is no longer needed."""
MAX_TOKENS = 16
"""The maximum number of tokens in a request. Further tokens are ignored."""


def token(xid: str) -> str:
    """Create the token of a transaction that has just committed."""
    return signing.sign("consistency", json.dumps([_cluster(), xid, int(time.time())]).encode())


def min_xids(header: str | None) -> tuple[str, ...]:
    """Return the transaction ids from the tokens in a header.

    It ignores a token that has expired, is forged, or comes from another cluster.
    """
    xids = []
    for text in (header or "").split(",")[:MAX_TOKENS]:
        content = signing.unsign("consistency", text.strip())
        if content is None:
            continue
        cluster, xid, issued = json.loads(content)
        if cluster == _cluster() and time.time() - issued <= LIFE_SECONDS:
            xids.append(xid)
    return tuple(xids)


def _cluster() -> str:
    """Return an identifier of this database cluster. Transaction ids of different clusters cannot be compared."""
    return hashlib.sha256(settings().database_writer.encode()).hexdigest()[:8]
