"""Consistency tokens: a caller reads its own writes, whichever server answers.

The response to a write has a `Consistency-Token`. A read that sends the token back is answered by a replica that has
replayed the write, or by the primary. The platform remembers the writes of signed-in callers for a minute by itself, so
few callers need to send tokens.
"""

import hashlib
import json
import time

from wecelebrate.core import signing
from wecelebrate.core.settings import settings

HEADER = "Consistency-Token"
LIFE_SECONDS = 60
"""A replica that lags by more is not used, so after this time every replica in use has replayed the write."""
MAX_TOKENS = 16
"""The tokens of a request that are read."""


def token(xid: str) -> str:
    """The token of a transaction that was just committed."""
    return signing.sign("consistency", json.dumps([_cluster(), xid, int(time.time())]).encode())


def min_xids(header: str | None) -> tuple[str, ...]:
    """The transactions of the tokens in a header. Ignores tokens that are expired, forged or of another cluster."""
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
    """Identifies the cluster: another cluster numbers its transactions independently."""
    return hashlib.sha256(settings().database_writer.encode()).hexdigest()[:8]
