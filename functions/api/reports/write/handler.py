"""Reports: write a report of any period into a file, in a background job."""

from wecelebrate.core.http import Writing, api, located_at, serve
from wecelebrate.jobs.models import Job
from wecelebrate.reports import files
from wecelebrate.reports.models import ClientReportRequest

app = api()


@app.post("/v1/reports", status_code=202, dependencies=[located_at("/v1/jobs/{id}")])
def create_report(request: ClientReportRequest, tx: Writing) -> Job:
    """Write the report of a client into a file, in a background job. `GET /v1/reports/files/{report_id}` returns the
    file."""
    return files.create(tx, request)


handler = serve(app)
