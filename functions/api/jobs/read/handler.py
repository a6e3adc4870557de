"""Jobs: list and read."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response

from wecelebrate import jobs
from wecelebrate.http import Reading, api, page_response, serve
from wecelebrate.jobs.models import Job, JobFilters
from wecelebrate.pages import Page

app = api()


@app.get("/v1/jobs", response_model=Page[Job])
def list_jobs(request: Request, filters: Annotated[JobFilters, Query()], tx: Reading) -> Response:
    return page_response(request, filters, jobs.page(tx, filters))


@app.get("/v1/jobs/{job_id}")
def get_job(job_id: UUID, tx: Reading) -> Job:
    return jobs.get(tx, job_id)


handler = serve(app)
