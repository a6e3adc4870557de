"""Jobs: the truth about background work. The queue only carries word of them."""

from uuid import UUID

from wecelebrate import pages
from wecelebrate.database import Transaction, queries
from wecelebrate.errors import NotFound
from wecelebrate.jobs.models import Job, JobFilters

sql = queries(__file__)

LEASE_SECONDS = 60
"""How long a worker holds a job without a sign of life."""
FIRST_ERRORS = 20
"""Rejected rows that the job itself shows."""


def page(tx: Transaction, filters: JobFilters) -> pages.Built:
    """One page of the jobs that the caller may see, newest first."""
    asked = pages.asked("jobs", filters)
    after = {"after_time": None, "after_id": None} | pages.decode(filters.cursor, asked)
    given = filters.model_dump(exclude={"cursor"})
    return pages.built(sql.list_jobs(tx, **given, **after), filters.limit, asked)


def get(tx: Transaction, job_id: UUID) -> Job:
    """One job. Raises NotFound."""
    row = sql.get_job(tx, job_id=job_id)
    if row is None:
        raise NotFound
    return Job(**row)
