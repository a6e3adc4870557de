"""Jobs: cancel and retry them, approve their changes, and answer their questions."""

from wecelebrate import jobs, subscriptions
from wecelebrate.core.http import Writing, api, serve
from wecelebrate.core.types import Id
from wecelebrate.ingestion import decisions
from wecelebrate.ingestion.decisions import Decision
from wecelebrate.jobs.models import Job

subscriptions.connect()
app = api()


@app.post("/v1/jobs/{job_id}/cancel")
def cancel_job(job_id: Id, tx: Writing) -> Job:
    """Cancel a job that has not ended. Rows that it has already written stay written."""
    return jobs.cancel(tx, job_id)


@app.post("/v1/jobs/{job_id}/retry")
def retry_job(job_id: Id, tx: Writing) -> Job:
    """Start a failed or cancelled job again. It continues after its last saved progress."""
    return jobs.retry(tx, job_id)


@app.post("/v1/jobs/{job_id}/approve")
def approve_job(job_id: Id, tx: Writing) -> Job:
    """Approve the planned changes of a job that waits for approval. The job then continues."""
    return jobs.approve(tx, job_id)


@app.post("/v1/jobs/{job_id}/decide")
def decide_job(job_id: Id, decision: Decision, tx: Writing) -> Job:
    """Answer the questions of a job. The catalog keeps the answers, and the job then continues."""
    return decisions.decide(tx, job_id, decision)


handler = serve(app)
