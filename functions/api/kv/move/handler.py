"""Key-value store: copy its documents to the tables of the platform. Only super admins can do this."""

from wecelebrate.core.http import Writing, api, serve
from wecelebrate.core.types import Id
from wecelebrate.kv import backfill
from wecelebrate.kv.models import NewRun, Run

app = api()


@app.post("/v1/admin/kv/runs")
def start_kv_run(new: NewRun, tx: Writing) -> Run:
    """Start a run of the backfill, or return the run that has not ended. `…/batches` does the work of the run."""
    return backfill.start(tx, new)


@app.post("/v1/admin/kv/runs/{run_id}/batches")
def continue_kv_run(run_id: Id, tx: Writing) -> Run:
    """Do the next batches of a run, for about 2 seconds. Send the request again until the run has ended."""
    return backfill.advance(tx, run_id)


handler = serve(app)
