"""Compares the list of erasures with the database of an environment.

A database that was restored to an earlier time has lost the erasures since that time. Until these erasures are
repeated, the database contains persons who were erased, and workers must not send anything.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from uuid import UUID

from infra.deploy.account import Account
from infra.deploy.data_api import ROLE, read_rows

_IDS_PER_STATEMENT = 400
"""The maximum number of erasures in one statement. The Data API accepts texts of 64 KB, and two ids need 74 bytes."""
SEARCHES_FILES = 7
"""The number of the first step in which the job of an erasure searches only files for the person
(`wecelebrate.erasures.worker._STEPS`).

When a job has reached this step, the tables from which workers send data no longer contain the person. A worker that
starts later therefore sends nothing about the person. The cache and documents of the key-value store can still contain
the person.
"""
_LOST = """select count(*) as number
from unnest('{{{erasures}}}'::uuid[], '{{{clients}}}'::uuid[]) as listed (id, client)
where exists (select from clients c where c.id = listed.client)
  and not exists (select from erasures e where e.id = listed.id)"""
_UNFINISHED = """select count(*) as number from erasures e left join jobs j on j.id = e.job_id
where {selection} and e.completed_at is null and coalesce((j.checkpoint ->> 'step')::integer, 0) < {step}"""
_REPEATED = "e.cause = 'restore'"
_LISTED = "e.cause <> 'restore' and e.id = any ('{{{erasures}}}'::uuid[])"
"""Selects erasures of the list whose rows the restored database has, because they existed at the time of the
restore."""
_ALL_STEPS = 1_000_000
"""A number above the numbers of all steps. With it, only a complete erasure counts as finished."""


@dataclass(frozen=True)
class LostErasures:
    """The numbers of erasures of the list whose persons can still be in the tables of the database."""

    lost: int
    """The number of erasures that the database does not have.

    If the client of an erasure does not exist in the database, the erasure is not counted, because the database has no
    persons of this client.
    """
    unfinished: int
    """The number of erasures in the database that have not yet erased their persons."""

    def __bool__(self) -> bool:
        return bool(self.lost or self.unfinished)

    @property
    def text(self) -> str:
        """Return a sentence for the operator."""
        parts = []
        if self.lost:
            parts.append(f"the database has lost {self.lost:,} erasures of the list")
        if self.unfinished:
            parts.append(f"{self.unfinished:,} erasures have not erased their persons yet")
        return ", and ".join(parts)


def lost_erasures(account: Account, cluster: str | None = None, *, complete: bool = False) -> LostErasures:
    """Compare the list with the database.

    cluster: the name of another cluster than the live cluster. complete: whether an erasure counts as unfinished until
    it is complete. If false, it counts as unfinished until no worker can send anything about the person.
    """
    step = _ALL_STEPS if complete else SEARCHES_FILES
    lost, listed = 0, _listed(account)
    unfinished = _number(account, _UNFINISHED.format(selection=_REPEATED, step=step), cluster)
    while batch := list(islice(listed, _IDS_PER_STATEMENT)):
        clients, erasures = (",".join(ids) for ids in zip(*batch, strict=True))
        lost += _number(account, _LOST.format(erasures=erasures, clients=clients), cluster)
        selection = _LISTED.format(erasures=erasures)
        unfinished += _number(account, _UNFINISHED.format(selection=selection, step=step), cluster)
    return LostErasures(lost, unfinished)


def _listed(account: Account) -> Iterator[tuple[str, str]]:
    """Yield the client and the id of each erasure in the list. They come from the keys: <client>/<erasure>.json."""
    bucket = f"{account.environment.resource('erasures')}-{account.id}"
    for page in account.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for item in page.get("Contents", ()):
            client, _, name = item["Key"].partition("/")
            # Each text must be an id, because the texts become a part of a statement.
            yield str(UUID(client)), str(UUID(name.removesuffix(".json")))


def _number(account: Account, statement: str, cluster: str | None) -> int:
    (row,) = read_rows(account, statement, ROLE, cluster)
    return int(row["number"])
