"""Writes files of ERP systems again that a restored database does not know (forgotten files).

The database registers each version of a file in a row, and a restored database has lost some of these rows. A version
without a row is written again. The platform reads the files of a catalog in the order in which their notifications
arrive, but S3 does not keep this order. Therefore, the next file of a catalog or destination is written after the
previous file is registered. Files that arrived after a forgotten file are also written again, because they are newer.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby
from uuid import UUID

from infra.deploy.account import Account, AwsError
from infra.deploy.data_api import ROLE, read_rows
from infra.deploy.dropped_files import DroppedFile, Owner, dropped_files, origin, put_back

MARGIN = timedelta(days=1)
"""The maximum time between the upload and the registration of a file, e.g. because of a backlog. A file that was
uploaded before the time of the restore can therefore be registered after it."""
MAX_SECONDS = 180.0
"""The maximum time until a file is registered, in seconds. S3 sends a notification within seconds, sometimes within
minutes."""
_PAUSE_SECONDS = 2.0
_OWNERS_PER_STATEMENT = 100
_REGISTERED = """select c.id::text as owner, true as is_catalog, d.version_id as version
from catalogs c left join drops d on d.catalog_id = c.id and d.dropped_at >= '{since}'
where c.id = any('{{{owners}}}'::uuid[])
union all
select o.id::text, false, d.version_id
from order_destinations o
left join order_file_drops d
  on d.client_id = o.client_id and d.destination_id = o.id and d.dropped_at >= '{since}'
where o.id = any('{{{owners}}}'::uuid[])"""


@dataclass
class ForgottenFiles:
    """The files that a restored database does not know."""

    account: Account
    since: datetime
    """The time to which the database was restored."""
    folder: str = ""
    """Only files whose keys begin with this text."""
    _began: datetime = field(default_factory=lambda: datetime.now(UTC))
    _origins: dict[str, str | None] = field(default_factory=dict)
    """Caches the result of `origin` for each version."""

    def __post_init__(self) -> None:
        # The times of S3 have whole seconds. Therefore a file that was written shortly after `since` can have an
        # earlier time.
        self.since = self.since.replace(microsecond=0)

    def waiting(self) -> tuple[list[DroppedFile], list[Owner]]:
        """Return the files that must be written again, and the owners of files that do not exist in the database."""
        files = dropped_files(self.account, since=self.since - MARGIN, folder=self.folder, old_versions=True)
        known, owners = registered(self.account, files, self.since - 2 * MARGIN)
        # `files` is ordered by time, and `sorted` keeps this order for each owner.
        groups = groupby(sorted(files, key=lambda file: str(file.owner)), key=lambda file: file.owner)
        waiting = [file for owner, group in groups if owner in owners for file in self._of_owner([*group], known)]
        return waiting, sorted({file.owner for file in files} - owners, key=str)

    def put_back(self) -> Iterator[DroppedFile]:
        """Write the files again, and yield each file. In each step, all owners get their next file.

        The bucket is read again before each step, because files can arrive while the function writes. Raises AwsError
        if a file is not registered. The next call then continues with this file.
        """
        while waiting := self.waiting()[0]:
            first = {file.owner: file for file in reversed(waiting)}
            copies = []
            for file in first.values():
                copies.append(put_back(self.account, file, marked=True))
                yield file
            wait_until_registered(self.account, copies)

    def _of_owner(self, files: Sequence[DroppedFile], known: set[str]) -> list[DroppedFile]:
        """Return the files of one owner that must be written again.

        A copy does not count as a file of the ERP system if `files` contains its origin. If a copy is registered, its
        origin is complete. A registered file is written again if it arrived after a forgotten file, because otherwise
        the copy of the forgotten file would be the newest version. A file that arrives after the last copy needs no
        copy.

        files: the versions, the oldest first.
        """
        if all(file.version in known for file in files):
            return []
        versions = {file.version for file in files}
        copies = {file.version: of for file in files if (of := self._origin(file)) in versions}
        complete = {of for copy, of in copies.items() if copy in known}
        received = [file for file in files if file.version not in copies]
        forgotten = {file.version for file in received if file.version not in known and file.written_at < self._began}
        if not forgotten:
            return []
        places = {file.version: place for place, file in enumerate(files)}
        first = min(places[version] for version in forgotten)
        is_open = bool(forgotten - complete)
        last_copy = max((places[copy] for copy in copies), default=-1)
        return [
            file
            for file in received
            if file.version not in complete
            and (
                file.version in forgotten
                or (file.written_at >= self.since and first < places[file.version] and is_open)
                or (file.written_at >= self.since and first < places[file.version] < last_copy)
            )
        ]

    def _origin(self, file: DroppedFile) -> str | None:
        if file.version not in self._origins:
            self._origins[file.version] = origin(self.account, file)
        return self._origins[file.version]


def registered(account: Account, files: Iterable[DroppedFile], since: datetime) -> tuple[set[str], set[Owner]]:
    """Return the versions that the database has registered since a time, and the owners that exist in the database."""
    ids, versions, owners = sorted({str(file.owner.id) for file in files}), set[str](), set[Owner]()
    for start in range(0, len(ids), _OWNERS_PER_STATEMENT):
        batch = ",".join(ids[start : start + _OWNERS_PER_STATEMENT])
        rows = read_rows(account, _REGISTERED.format(owners=batch, since=since.isoformat()), ROLE)
        owners |= {Owner(UUID(row["owner"]), row["is_catalog"]) for row in rows}
        versions |= {row["version"] for row in rows if row["version"]}
    return versions, owners


def wait_until_registered(account: Account, files: Sequence[DroppedFile]) -> None:
    """Wait until the database has registered these files. Raises AwsError after MAX_SECONDS."""
    since, deadline = min(file.written_at for file in files) - timedelta(hours=1), time.monotonic() + MAX_SECONDS
    while True:
        known, _ = registered(account, files, since)
        missing = [file.key for file in files if file.version not in known]
        if not missing:
            return
        if time.monotonic() > deadline:
            name = account.environment.name
            raise AwsError(
                f"{', '.join(missing)} is written, but not read yet: `wecelebrate queues list --env {name}` shows"
                " whether the queue drops runs. Then run the same command again"
            )
        time.sleep(_PAUSE_SECONDS)
