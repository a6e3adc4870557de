"""Pulling: what came into folders of a catalog since the last time, when a schedule is due."""

from typing import Any
from uuid import UUID

from wecelebrate import queue, schedules, storage
from wecelebrate.database import SYSTEM, writing
from wecelebrate.syncs.intake import sql, take_in

MOST = 500
"""Files that are taken in for one message; the run goes on with another."""


def pull(message: queue.Message) -> None:
    """Take in what lies below the prefix of a schedule, in its newest version, and was not taken in before: the oldest
    first. A message that comes twice, or of a run that is over, makes nothing twice."""
    run = schedules.wanted(UUID(message.body["schedule_id"]))
    if run is None:
        return
    new = _new_files(message, f"{run.catalog_id}/{run.settings['prefix']}")
    job_id = None
    for file in new[:MOST]:
        job_id = take_in(str(run.catalog_id), file, run.settings.get("mode"))
        message.hold()
    taken, left = min(len(new), MOST), max(len(new) - MOST, 0)
    schedules.over(run, _in_words(taken, left), job_id, more=left > 0)


def _new_files(message: queue.Message, prefix: str) -> list[dict[str, Any]]:
    """The files below a prefix that were not taken in yet, the oldest first."""
    new: list[dict[str, Any]] = []
    for page in storage.newest_versions("drops", prefix):
        versions = {"keys": [file["key"] for file in page], "version_ids": [file["version_id"] for file in page]}
        with writing(SYSTEM) as tx:
            known = {(row["key"], row["version_id"]) for row in sql.list_recorded(tx, **versions)}
        new += [file for file in page if (file["key"], file["version_id"]) not in known]
        message.hold()
    return sorted(new, key=lambda file: (file["dropped_at"], file["key"]))


def _in_words(taken: int, left: int) -> str:
    if not taken:
        return "There was no new file."
    files = "1 file was taken in" if taken == 1 else f"{taken} files were taken in"
    return f"{files}; {left} more follow." if left else f"{files}."
