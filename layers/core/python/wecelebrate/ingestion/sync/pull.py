"""Pulls: when a schedule is due, a pull registers the new files in the folder of the catalog, below the schedule's
prefix.
"""

from typing import Any
from uuid import UUID

from wecelebrate import schedules
from wecelebrate.core import queue, storage
from wecelebrate.core.database import SYSTEM, writing
from wecelebrate.ingestion.sync.intake import register_version, sql

MAX_FILES_PER_MESSAGE = 500
"""The maximum number of files that are registered for one message. If there are more files, the run sends a further
message."""


def pull(message: queue.Message) -> None:
    """Register the newest version of each file below the prefix of a schedule, starting with the oldest file.

    A message can safely be delivered twice, because versions that are already registered are skipped. If the run of a
    message has already finished, the message has no effect.
    """
    run = schedules.requested_run(UUID(message.body["schedule_id"]))
    if run is None:
        return
    new_files = _new_files(message, f"{run.catalog_id}/{run.settings['prefix']}")
    job_id = None
    for file in new_files[:MAX_FILES_PER_MESSAGE]:
        job_id = register_version(str(run.catalog_id), file, run.settings.get("mode"))
        message.extend_visibility()
    registered = min(len(new_files), MAX_FILES_PER_MESSAGE)
    remaining = len(new_files) - registered
    schedules.finish_run(run, _outcome(registered, remaining), job_id, more=remaining > 0)


def _new_files(message: queue.Message, prefix: str) -> list[dict[str, Any]]:
    """Return all files below a prefix, except files whose newest version is already registered.

    The oldest file is first.
    """
    new_files: list[dict[str, Any]] = []
    for page in storage.newest_versions("drops", prefix):
        versions = {"keys": [file["key"] for file in page], "version_ids": [file["version_id"] for file in page]}
        with writing(SYSTEM) as tx:
            registered = {(row["key"], row["version_id"]) for row in sql.list_recorded(tx, **versions)}
        new_files += [file for file in page if (file["key"], file["version_id"]) not in registered]
        message.extend_visibility()
    return sorted(new_files, key=lambda file: (file["dropped_at"], file["key"]))


def _outcome(registered: int, remaining: int) -> str:
    """Return a sentence that says what a run did. The API shows this sentence as the last outcome of the schedule."""
    if not registered:
        return "There were no new files."
    files = "1 new file was queued" if registered == 1 else f"{registered} new files were queued"
    return f"{files}; {remaining} more will follow." if remaining else f"{files}."
