"""Queues: count the waiting, running and failed jobs. Only platform admins and support staff can do this."""

from wecelebrate import jobs
from wecelebrate.core.http import Reading, api, serve
from wecelebrate.jobs.models import QueueStates

app = api()


@app.get("/v1/admin/queues")
def show_queues(tx: Reading) -> QueueStates:
    """Count the waiting, running and failed jobs of each queue."""
    return jobs.queues(tx)


handler = serve(app)
