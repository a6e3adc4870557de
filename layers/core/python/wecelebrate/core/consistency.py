"""Read your own writes, exactly: which transactions a reader must have replayed to answer a caller.

A write answers a `Consistency-Token`; whoever sends it back with a read is answered by a reader that has that write, or
by the primary. The platform remembers a signed-in caller's writes itself, for a minute, so few need to send any.
"""

import hashlib
import json
import time

from wecelebrate.core import signing
from wecelebrate.core.settings import settings

HEADER = "Consistency-Token"
LIFE = 60
"""Seconds after which every reader that is asked at all has the write (a reader that lags by more is not)."""
MOST = 16
"""Tokens of a request that are looked at."""


def token(xid: str) -> str:
    """The token of a transaction that was just committed."""
    return signing.sign("consistency", json.dumps([_cluster(), xid, int(time.time())]).encode())


def min_xids(header: str | None) -> tuple[str, ...]:
    """The transactions that the tokens of a header name. One that is old, or of another cluster, says nothing."""
    found = []
    for text in (header or "").split(",")[:MOST]:
        body = signing.unsign("consistency", text.strip())
        if body is None:
            continue
        cluster, xid, issued = json.loads(body)
        if cluster == _cluster() and time.time() - issued <= LIFE:
            found.append(xid)
    return tuple(found)


def _cluster() -> str:
    """Transactions of another cluster have numbers of their own."""
    return hashlib.sha256(settings().database_writer.encode()).hexdigest()[:8]
