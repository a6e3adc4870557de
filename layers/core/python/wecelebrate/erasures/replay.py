"""Repeats the erasures of the list after the database was restored to an earlier time.

The list contains only hashes. Therefore all addresses and subjects in the data of each client are hashed, and these
hashes are compared with the entries of the client. An erasure that the database still contains is not repeated.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from uuid import UUID

from wecelebrate import jobs
from wecelebrate.core.database import SYSTEM, writing
from wecelebrate.erasures import register, sql
from wecelebrate.erasures.register import Entry

BATCH = 20_000
"""The maximum number of addresses and subjects that one statement returns."""


def run(job: jobs.LeasedJob) -> None:
    """Create the missing erasures and their jobs.

    If the signing key was replaced, the list contains entries of several keys. The job repeats the entries of the
    current key, and of the earlier keys that the function knows. If entries of other keys remain, it then raises
    JobRejected. An operator can retry the job with another key. The job is complete when the entries of all keys have
    been repeated.

    An entry of an unknown key must not create an erasure, because the erasure would find no person, and would prevent
    the correct erasure.
    """
    by_key: dict[str, dict[UUID, list[Entry]]] = defaultdict(lambda: defaultdict(list))
    known, others = register.known_keys(), Counter[str]()
    repeated = frozenset(job.checkpoint.get("keys", []))
    reached: dict[str, str] = job.checkpoint.get("clients", {})  # the last client of each key
    total = done = 0
    for entry in register.entries():
        job.check_lease()
        total += 1
        if entry.key_id in repeated or str(entry.client_id) <= reached.get(entry.key_id, ""):
            done += 1
        elif entry.key_id in known:
            by_key[entry.key_id][entry.client_id].append(entry)
        else:
            others[entry.key_id] += 1
    job.total, job.done, restored = total, done, int(job.counts.get("updated", 0))
    for key_id, by_client in sorted(by_key.items()):
        for client_id, entries in sorted(by_client.items()):
            restored += _restore(job, client_id, entries, known[key_id])
            job.done += len(entries)
            job.counts["updated"] = restored
            job.checkpoint["clients"] = reached = reached | {key_id: str(client_id)}
            with writing(SYSTEM) as tx:
                job.save(tx)
    job.checkpoint["keys"] = sorted(repeated | known.keys())
    with writing(SYSTEM) as tx:
        job.save(tx)
        if not others:
            job.complete(tx, {"erasures": total, "restored": restored})
    if others:
        raise jobs.JobRejected(
            "wrong_key",
            f"{others.total():,} of {total:,} entries were written with {len(others):,} other signing keys, and were"
            f" not repeated. {restored:,} erasures were created. Repeat the replay with the earlier values of the"
            " secret `signing-key` (`wecelebrate --env NAME erasures replay --earlier-key FILE`).",
        )


def _restore(job: jobs.LeasedJob, client_id: UUID, entries: list[Entry], key: str | None) -> int:
    wanted = frozenset().union(*(entry.hashes for entry in entries))
    emails: dict[str, set[str]] = defaultdict(set)
    subjects: dict[str, set[str]] = defaultdict(set)
    for identity in _identities(job, client_id):
        if (digest := register.email_hash(client_id, identity, key)) in wanted:
            emails[digest].add(identity.lower())
        if (digest := register.subject_hash(client_id, identity, key)) in wanted:
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
