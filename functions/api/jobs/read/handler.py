"""Jobs: list and read them, their rejected rows, and the files that they have written."""

from typing import Annotated

from fastapi import Query, Request, Response

from wecelebrate import jobs
from wecelebrate.audit.reads import records_reads_of
from wecelebrate.core.http import Reading, api, model_response, page_response, serve
from wecelebrate.core.pages import ListParameters, Page
from wecelebrate.core.types import Id
from wecelebrate.ingestion import rejections
from wecelebrate.ingestion.bulk_import import legacy_api
from wecelebrate.ingestion.bulk_import.legacy_api import LegacyJob
from wecelebrate.ingestion.rejections.models import JobFile, RejectedRow
from wecelebrate.jobs.models import Job, JobFilters

app = api()


@app.get("/v1/jobs", response_model=Page[Job])
def list_jobs(request: Request, filters: Annotated[JobFilters, Query()], tx: Reading) -> Response:
    """List jobs, the newest first."""
    return page_response(request, filters, jobs.page(tx, filters))


@app.get("/v1/jobs/{job_id}")
def get_job(job_id: Id, tx: Reading) -> Job:
    """Read one job with its progress, its counts and the first errors in its rows."""
    return jobs.get(tx, job_id)


@app.get(
    "/v1/jobs/{job_id}/rejected-rows",
    response_model=Page[RejectedRow],
    dependencies=[records_reads_of("job", "rejected_row")],
)
def list_rejected_rows(
    job_id: Id, request: Request, parameters: Annotated[ListParameters, Query()], tx: Reading
) -> Response:
    """List all rejected rows of an import, a sync or an order file, in the order of the file.

    The rejected rows of an import or a sync are also listed while the job waits or runs.
    """
    return page_response(request, parameters, rejections.page(tx, job_id, parameters))


@app.get("/v1/jobs/{job_id}/error-file", dependencies=[records_reads_of("job", "error_file")])
def get_error_file(job_id: Id, tx: Reading) -> JobFile:
    """Return a URL of the file with all rejected rows of a completed job. Correct the rows and load the file again."""
    return rejections.get_error_file(tx, job_id)


@app.get("/v1/jobs/{job_id}/result-file", dependencies=[records_reads_of("job", "result_file")])
def get_result_file(job_id: Id, tx: Reading) -> JobFile:
    """Return a URL of the file with the result of an import, a sync or an order file."""
    return rejections.get_result_file(tx, job_id)


@app.get("/api/jobs/{job_id}", response_model=LegacyJob, responses={404: {"model": LegacyJob}})
def get_job_first_api(job_id: str, tx: Reading) -> Response:
    """Read one job in the format of the first API. New clients use `GET /v1/jobs/{job_id}`."""
    return model_response(*legacy_api.state(tx, job_id))


@app.get("/api/jobs/{job_id}/status", response_model=LegacyJob, responses={404: {"model": LegacyJob}})
def get_job_status_first_api(job_id: str, tx: Reading) -> Response:
    """Read the status of a job in the format of the first API. New clients use `GET /v1/jobs/{job_id}`."""
    return model_response(*legacy_api.state(tx, job_id))


handler = serve(app)
