"""Schedules: create, change, delete and run them."""

from wecelebrate import schedules
from wecelebrate.core.http import IfMatch, Writing, api, located_at, serve
from wecelebrate.core.types import Id
from wecelebrate.schedules.models import NewSchedule, Schedule, SchedulePatch

app = api()


@app.post("/v1/schedules", status_code=201, dependencies=[located_at("/v1/schedules/{id}")])
def create_schedule(new: NewSchedule, tx: Writing) -> Schedule:
    """Create a schedule that loads the new files of a folder at the times of a cron expression."""
    return schedules.create(tx, new)


@app.patch("/v1/schedules/{schedule_id}")
def change_schedule(schedule_id: Id, patch: SchedulePatch, match: IfMatch, tx: Writing) -> Schedule:
    """Change some fields of a schedule with a JSON Merge Patch."""
    return schedules.change(tx, schedule_id, patch, match)


@app.delete("/v1/schedules/{schedule_id}", status_code=204)
def delete_schedule(schedule_id: Id, match: IfMatch, tx: Writing) -> None:
    """Delete a schedule. Jobs that it has created continue."""
    schedules.delete(tx, schedule_id, match)


@app.post("/v1/schedules/{schedule_id}/run", status_code=202, dependencies=[located_at("/v1/schedules/{id}")])
def run_schedule(schedule_id: Id, tx: Writing) -> Schedule:
    """Run a schedule now, in addition to its planned times."""
    return schedules.run(tx, schedule_id)


handler = serve(app)
