"""Compares the list of erasures with the database of an environment.

A restored database has lost the erasures that were made after the time to which it was restored. Until they are
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
"""The number of the first step in which a job searches only files for the person
(`wecelebrate.erasures.worker._STEPS`).

When a job has reached this step, no table from which a worker sends contains the person any more. A worker that starts
later therefore sends nothing about the person. The cache and documents of the predecessor can still contain the person.
"""
_LOST = """select count(*) as number
from unnest('{{{erasures}}}'::uuid[], '{{{clients}}}'::uuid[]) as listed (id, client)
where exists (select from clients c where c.id = listed.client)
  and not exists (select from erasures e where e.id = listed.id)"""
_UNFINISHED = """select count(*) as number from erasures e left join jobs j on j.id = e.job_id
where {selection} and e.completed_at is null and coalesce((j.checkpoint ->> 'step')::integer, 0) < {step}"""
_REPEATED = "e.cause = 'restore'"
_LISTED = "e.cause <> 'restore' and e.id = any ('{{{erasures}}}'::uuid[])"
"""The erasures of the list that ran at the time to which the database was restored. The database has their rows."""
_ALL_STEPS = 1_000_000
"""A number above the number of every step: the erasure must be complete."""


@dataclass(frozen=True)
class LostErasures:
    """How many persons of the list are still in the tables of the database."""

    lost: int
    """The number of erasures that the database does not have.

    Erasures of a client that the database does not have are not counted, because the database has no persons of this
    client.
    """
    unfinished: int
    """The number of erasures of the database that have not erased their persons yet."""

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

    cluster: the name of another cluster than the live one. complete: an erasure counts as unfinished until it is
    complete. Otherwise, it counts until no worker can send anything about the person.
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
    """Yield the client and the id of each erasure in the list. The keys contain both: <client>/<erasure>.json."""
    bucket = f"{account.environment.resource('erasures')}-{account.id}"
    for page in account.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for item in page.get("Contents", ()):
            client, _, name = item["Key"].partition("/")
            # The texts become a part of a statement, so each must be an id.
            yield str(UUID(client)), str(UUID(name.removesuffix(".json")))


def _number(account: Account, statement: str, cluster: str | None) -> int:
    (row,) = read_rows(account, statement, ROLE, cluster)
    return int(row["number"])
