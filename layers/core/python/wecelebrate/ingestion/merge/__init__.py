"""Loads: rows of a file into a catalog, in chunks that commit together with the job's progress.

    stage        every row of the file to the staging tables; nothing is applied yet
    look         of a full load: would it deactivate more than its share? Then it stops here, for an approval
    merge        what differs is updated, what is new is added, the rest is left alone
    deactivate   of a full load: what the catalog has and the file has not
    report       error and result file, and the job's end

A worker that is killed anywhere leaves a state that the next one goes on from, and one that lost its job to another can
write no more: its fence is old.
"""

from wecelebrate.ingestion.merge.load import Load, Rules, told

__all__ = ["Load", "Rules", "told"]
