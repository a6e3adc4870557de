"""Syncs: a file that an ERP system drops becomes products of its catalog.

    s3://drops/<catalog id>/incoming/<name>     the file
    s3://drops/<catalog id>/results/<name>.<job id>.json         what became of it
    s3://drops/<catalog id>/results/<name>.<job id>.errors.csv   the rows that were refused, and why

`receive` records a file version once and makes its job; `run` does the job: read, stage, merge, report.
"""

from wecelebrate.syncs.intake import receive
from wecelebrate.syncs.run import run

__all__ = ["receive", "run"]
