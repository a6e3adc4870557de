"""Erasures: erase the data of a person, and repeat all erasures after a restore."""

from wecelebrate import erasures, jobs
from wecelebrate.core.http import Writing, api, located_at, serve
from wecelebrate.core.types import Id
from wecelebrate.erasures.models import Erasure, NewErasure
from wecelebrate.jobs.models import Job

app = api()


@app.post("/v1/clients/{client_id}/erasures", status_code=202, dependencies=[located_at("/v1/erasures/{id}")])
def create_erasure(client_id: Id, new: NewErasure, tx: Writing) -> Erasure:
    """Erase the data of a person at a client. Only owners of the client and super admins can do this."""
    return erasures.create(tx, client_id, new)


@app.post("/v1/admin/erasures/replay", status_code=202, dependencies=[located_at("/v1/jobs/{id}")])
def replay_erasures(tx: Writing) -> Job:
    """Repeat the erasures that a restored database does not have. Only super admins can do this."""
    return jobs.get(tx, erasures.request_replay(tx))


handler = serve(app)
