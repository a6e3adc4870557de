"""The list of erasures, which survives a restore of the database.

The list is in the bucket `erasures`. Each erasure is one object, which nobody can change or delete for a year. The
object is written before the first row is erased. It does not contain the person's data. It contains only keyed hashes
of the person's addresses and subjects. The key of the hashes is the platform's signing key, which is not in the
database.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from wecelebrate.core import storage
from wecelebrate.core.settings import settings
from wecelebrate.core.signing import keyed_hash

BUCKET = "erasures"
_MAX_ENTRY_BYTES = 2 * 1024 * 1024


@dataclass(frozen=True)
class Entry:
    """An erasure in the list."""

    erasure_id: UUID
    client_id: UUID
    hashes: frozenset[str]
    orders_before: datetime
    created_at: datetime
    key_id: str
    """The id of the key with which the hashes were computed."""


def hashes_of(client_id: UUID, emails: Sequence[str], subjects: Sequence[str]) -> list[str]:
    """Return the keyed hashes of addresses and subjects. The hashes of the same address differ between clients."""
    return [email_hash(client_id, email) for email in emails] + [subject_hash(client_id, each) for each in subjects]


def email_hash(client_id: UUID, email: str, key: str | None = None) -> str:
    return keyed_hash("erased email", f"{client_id} {email.lower()}", key)


def subject_hash(client_id: UUID, subject: str, key: str | None = None) -> str:
    return keyed_hash("erased subject", f"{client_id} {subject}", key)


def key_id(key: str | None = None) -> str:
    """Return an id for the current key or an earlier key. The id does not reveal the key."""
    return keyed_hash("key of erasures", "", key)


def known_keys() -> dict[str, str | None]:
    """Map the ids of all keys in the function's settings to the keys. The value None means the current key."""
    earlier = [key for key in settings().earlier_signing_keys.split(",") if key]
    return {key_id(key): key for key in earlier} | {key_id(): None}


def write(erasure_id: UUID, row: Mapping[str, Any], hashes: Sequence[str]) -> None:
    """Add an erasure to the list. A repeated call writes the same entry again."""
    entry = {
        "erasure_id": str(erasure_id),
        "client_id": str(row["client_id"]),
        "hashes": list(hashes),
        "orders_before": row["orders_before"].isoformat(),
        "created_at": row["created_at"].isoformat(),
        "key_id": key_id(),
    }
    body = json.dumps(entry, indent=2).encode()
    storage.put_locked(BUCKET, f"{row['client_id']}/{erasure_id}.json", body, "application/json")


def entries() -> Iterator[Entry]:
    """Yield all erasures of the list, client by client."""
    for page in storage.newest_versions(BUCKET, ""):
        for item in page:
            body = storage.read(BUCKET, item["key"], _MAX_ENTRY_BYTES)
            if body is not None:
                yield _parsed(json.loads(body))


def _parsed(entry: Mapping[str, Any]) -> Entry:
    return Entry(
        UUID(entry["erasure_id"]),
        UUID(entry["client_id"]),
        frozenset(entry["hashes"]),
        datetime.fromisoformat(entry["orders_before"]),
        datetime.fromisoformat(entry["created_at"]),
        entry["key_id"],
    )
