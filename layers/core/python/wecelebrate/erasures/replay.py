"""Repeats the erasures of the list after the database was restored to an earlier time.

The list contains only hashes. Therefore the addresses and subjects in the data of each client are hashed, and the
hashes are compared with the entries of the client. An erasure that the database still contains is not repeated.
"""

from collections import defaultdict
from collections.abc import Iterator
from uuid import UUID

from wecelebrate import jobs
from wecelebrate.core.database import SYSTEM, writing
from wecelebrate.erasures import register, sql
from wecelebrate.erasures.register import Entry

BATCH = 20_000
"""The maximum number of addresses and subjects that one statement returns."""


def run(job: jobs.LeasedJob) -> None:
    """Create the missing erasures and their jobs. Raises JobRejected if the list was written with another key."""
    by_client: dict[UUID, list[Entry]] = defaultdict(list)
    total = 0
    for entry in register.entries():
        job.check_lease()
        if entry.key_id != register.key_id():
            raise jobs.JobRejected(
                "wrong_key",
                f"The entry {entry.client_id}/{entry.erasure_id} was written with another signing key. Restore the"
                " secret `signing-key` with which it was written, and retry this job.",
            )
        by_client[entry.client_id].append(entry)
        total += 1
    job.total, restored = total, int(job.counts.get("updated", 0))
    for client_id, entries in sorted(by_client.items()):
        if str(client_id) > job.checkpoint.get("client_id", ""):
            restored += _restore(job, client_id, entries)
            job.done += len(entries)
            job.counts["updated"] = restored
            job.checkpoint = {"client_id": str(client_id)}
            with writing(SYSTEM) as tx:
                job.save(tx)
    with writing(SYSTEM) as tx:
        job.complete(tx, {"erasures": total, "restored": restored})


def _restore(job: jobs.LeasedJob, client_id: UUID, entries: list[Entry]) -> int:
    wanted = frozenset().union(*(entry.hashes for entry in entries))
    emails: dict[str, set[str]] = defaultdict(set)
    subjects: dict[str, set[str]] = defaultdict(set)
    for identity in _identities(job, client_id):
        if (digest := register.email_hash(client_id, identity)) in wanted:
            emails[digest].add(identity.lower())
        if (digest := register.subject_hash(client_id, identity)) in wanted:
            subjects[digest].add(identity)
    restored = 0
    for entry in entries:
        job.check_lease()
        with writing(SYSTEM) as tx:
            job_id = sql.restore_erasure(
                tx,
                erasure_id=entry.erasure_id,
                client_id=client_id,
                emails=sorted(set().union(*(emails.get(digest, set()) for digest in entry.hashes))),
                subjects=sorted(set().union(*(subjects.get(digest, set()) for digest in entry.hashes))),
                orders_before=entry.orders_before,
                created_at=entry.created_at,
            )
            if job_id is not None:
                jobs.enqueue(tx, "erasure", job_id, client_id)
                restored += 1
    return restored


def _identities(job: jobs.LeasedJob, client_id: UUID) -> Iterator[str]:
    after = ""
    while True:
        job.check_lease()
        with writing(SYSTEM) as tx:
            batch = sql.list_identities(tx, client_id=client_id, after=after, max_rows=BATCH)
        yield from batch
        if len(batch) < BATCH:
            return
        after = batch[-1]
