"""Key-value store: copy its documents to tables, mirror writes, compare, cut over. Only super admins can."""

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
    """Start a run of the backfill, or return the run that has not ended. `…/batches` does the work of the run."""
    return backfill.start(tx, new)


@app.post("/v1/admin/kv/runs/{run_id}/batches")
def continue_kv_run(run_id: Id, tx: Writing) -> Run:
    """Do the next batches of a run, for about 2 seconds. Send the request again until the run has ended."""
    return backfill.advance(tx, run_id)


@app.put("/v1/admin/kv/mirror")
def switch_kv_mirror(new: NewMirror, tx: Writing) -> Mirror:
    """Switch the mirror on or off: whether writes of documents change rows, and writes of rows change documents.

    The switch waits up to 2 seconds for the open writes. If it takes longer, the request is refused with 409.
    """
    return mirror.switch(tx, new)


@app.post("/v1/admin/kv/revisions")
def give_kv_revisions(new: NewRevisions, tx: Writing) -> RevisionsCheckpoint:
    """Give a revision to the documents that have none, for about 2 seconds, so that stale writes can be merged."""
    return mirror.give_revisions(tx, new)


@app.post("/v1/admin/kv/comparisons")
def start_kv_comparison(new: NewComparison, tx: Writing) -> Comparison:
    """Start a comparison of documents with rows, or return the one of the same scope that has not ended."""
    return runs.start(tx, new)


@app.post("/v1/admin/kv/comparisons/{comparison_id}/pages")
def continue_kv_comparison(comparison_id: Id, tx: Writing) -> Comparison:
    """Compare the next pages, for about 2 seconds. Send the request again until the comparison has ended."""
    return runs.advance(tx, comparison_id)


@app.post("/v1/admin/kv/comparisons/{comparison_id}/repairs")
def repair_kv_difference(comparison_id: Id, new: NewRepair, tx: Writing) -> Repair:
    """Repair the next record with a difference. Send the request with the new `after` until it is null."""
    return repairs.repair(tx, comparison_id, new)


@app.put("/v1/admin/kv/stages/{entity}")
def change_kv_stage(entity: Entity, new: NewStage, tx: Writing) -> ChangedStage:
    """Cut the documents of an entity over to the tables, roll them back, or change how many reads compare both sides.

    A cutover must pass gates, or is refused with 409. A rollback has no gates.
    """
    return stages.change(tx, entity, new)


handler = serve(app)
