"""Key-value store: copy, mirror, compare and cut over its documents. Only super admins can do this."""

from wecelebrate.core.http import Writing, api, serve
from wecelebrate.core.types import Id
from wecelebrate.kv import backfill, mirror, stages
from wecelebrate.kv.comparison import repairs, runs
from wecelebrate.kv.models import (
    Comparison,
    Entity,
    Mirror,
    NewComparison,
    NewMirror,
    NewRepair,
    NewRevisions,
    NewRun,
    Repair,
    RevisionsCheckpoint,
    Run,
)
from wecelebrate.kv.stage_models import ChangedStage, NewStage

app = api()


@app.post("/v1/admin/kv/runs")
def start_kv_run(new: NewRun, tx: Writing) -> Run:
    """Start a run of the backfill, or return the run that has not ended. Requests to `…/batches` copy the documents."""
    return backfill.start(tx, new)


@app.post("/v1/admin/kv/runs/{run_id}/batches")
def continue_kv_run(run_id: Id, tx: Writing) -> Run:
    """Process the next batches of a run, for about 2 seconds. Send the request again until the run has ended."""
    return backfill.advance(tx, run_id)


@app.put("/v1/admin/kv/mirror")
def switch_kv_mirror(new: NewMirror, tx: Writing) -> Mirror:
    """Switch the mirror on or off. The mirror copies writes of documents to rows, and writes of rows to documents.

    The request waits up to 2 seconds for running writes. If they take longer, the request is refused with 409.
    """
    return mirror.switch(tx, new)


@app.post("/v1/admin/kv/revisions")
def give_kv_revisions(new: NewRevisions, tx: Writing) -> RevisionsCheckpoint:
    """Give revisions to documents without a revision, for about 2 seconds. Stale writes can then be merged."""
    return mirror.give_revisions(tx, new)


@app.post("/v1/admin/kv/comparisons")
def start_kv_comparison(new: NewComparison, tx: Writing) -> Comparison:
    """Start a comparison of documents with rows, or return the comparison of the same scope that has not ended."""
    return runs.start(tx, new)


@app.post("/v1/admin/kv/comparisons/{comparison_id}/pages")
def continue_kv_comparison(comparison_id: Id, tx: Writing) -> Comparison:
    """Compare the next pages, for about 2 seconds. Send the request again until the comparison has ended."""
    return runs.advance(tx, comparison_id)


@app.post("/v1/admin/kv/comparisons/{comparison_id}/repairs")
def repair_kv_difference(comparison_id: Id, new: NewRepair, tx: Writing) -> Repair:
    """Repair the next record with a difference. Send the request again with the returned `after` until it is null."""
    return repairs.repair(tx, comparison_id, new)


@app.put("/v1/admin/kv/stages/{entity}")
def change_kv_stage(entity: Entity, new: NewStage, tx: Writing) -> ChangedStage:
    """Change the stage of an entity: cut it over to the tables, roll it back, or change the share of compared reads.

    A cutover has conditions (gates). If a gate fails, the cutover is refused with 409. A rollback has no gates.
    """
    return stages.change(tx, entity, new)


handler = serve(app)
