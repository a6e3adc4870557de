"""Counts the requests of the old applications for documents of entities.

A retirement must know whether an application still uses the documents. Each instance of the facade counts requests in
its memory, and reports the counts to the database at most once a minute. Therefore most requests need no additional
statement. While an entity is being retired, each request for its documents is reported immediately. See decision 0098.
"""

import json
import re
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Literal

import psycopg
from aws_lambda_powertools import Logger

from wecelebrate.core import metrics
from wecelebrate.core.database import Caller, queries, writing
from wecelebrate.core.errors import Problem
from wecelebrate.kv.errors import StoreError
from wecelebrate.kv.requests import Filter

Kind = Literal["read", "write"]

REPORT_SECONDS = 60.0
"""After this number of seconds, the next request reports the counts of the instance."""
MAX_TARGETS = 500
"""If an instance has counted requests for this number of different keys, it reports the counts immediately."""
_SERVICE = Caller(subject="service:kv")
_ENTITIES: Mapping[str, str] = {
    "client": "client", "clients": "client", "site": "site", "sites": "site", "catalog": "catalog",
    "catalogs": "catalog", "catalog_index": "catalog", "gift": "product", "gifts": "product",
    "catalog_gifts": "product", "order": "order", "orders": "order", "user_orders": "order", "order_index": "order",
}  # fmt: skip
"""Maps the first segment of a key to the entity to which the key may belong. The database checks the whole key."""
_NO_TEXT = re.compile("[\0\ud800-\udfff]")
_Target = tuple[Kind, str | None, str | None]
"""The kind of a request, and either its key or its pattern."""

logger = Logger()
sql = queries(__file__)


class _Counts:
    def __init__(self) -> None:
        self.requests: dict[_Target, int] = {}
        self.last_at: dict[_Target, float] = {}
        self.reported_at = float("-inf")

    def clear(self) -> None:
        self.requests.clear()
        self.last_at.clear()


_counts = _Counts()


def count(kind: Kind, selected: Filter, *, watched: Collection[str]) -> None:
    """Count a request.

    `watched` contains the entities that are being retired. Requests for these entities are reported immediately.

    A database error is only logged, because the response does not depend on the counts. The counts then stay in memory.
    """
    now = time.monotonic()
    targets = list(_targets(kind, selected))
    for target in targets:
        _counts.requests[target] = _counts.requests.get(target, 0) + 1
        _counts.last_at[target] = now
    at_once = any(target[1] is None or _entity(target[1]) in watched for target in targets) and bool(watched)
    is_due = now - _counts.reported_at >= REPORT_SECONDS or len(_counts.requests) >= MAX_TARGETS
    if _counts.requests and (is_due or at_once):
        _report(now)


@contextmanager
def counting_write(selected: Filter) -> Iterator[set[str]]:
    """Count the write of a `with` block, even if the write is refused.

    The function yields an empty set. The block must add the entities that are being retired to this set. This is
    necessary because the database does not refuse a deletion or replacement that selects no document.
    """
    watched: set[str] = set()
    try:
        yield watched
    except StoreError as error:
        if error.status == 410:
            watched.update(_ENTITIES.values())
        raise
    finally:
        count("write", selected, watched=watched)


def _entity(key: str) -> str | None:
    return _ENTITIES.get(key.partition(":")[0])


def _is_text(text: str) -> bool:
    """Return whether the database can store a text in JSON.

    A text with NUL or with a lone surrogate cannot be stored.
    """
    return _NO_TEXT.search(text) is None


def _targets(kind: Kind, selected: Filter) -> Iterator[_Target]:
    """Return the keys or the pattern of a request. Keys that belong to no entity are ignored, because they can be
    secret.

    Texts that the database cannot store in JSON are ignored too. A document cannot have such a key. If the counts
    contained such a text, every later report of this instance would fail.
    """
    if selected.keys is not None:
        for key in selected.keys:
            entity = _entity(key)
            if entity is not None and _is_text(key):
                metrics.count("KvReads" if kind == "read" else "KvWrites", 1, "entity", entity)
                yield kind, key, None
    elif selected.pattern is None or _is_text(selected.pattern):
        metrics.count("KvReads" if kind == "read" else "KvWrites", 1, "entity", "pattern")
        yield kind, None, "%" if selected.pattern is None else selected.pattern


def _report(now: float) -> None:
    rows = [
        {"kind": target[0], "key": target[1], "pattern": target[2], "requests": requests,
         "age": now - _counts.last_at[target]}
        for target, requests in _counts.requests.items()
    ]  # fmt: skip
    _counts.reported_at = now
    try:
        with writing(_SERVICE) as tx:
            sql.record_traffic(tx, requests=json.dumps(rows))
    except (Problem, psycopg.Error):
        logger.exception("requests for documents were not counted")
        if len(_counts.requests) < 10 * MAX_TARGETS:
            return
    _counts.clear()
