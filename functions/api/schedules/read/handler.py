"""Schedules: list and read them."""

from typing import Annotated

from fastapi import Query, Request, Response

from wecelebrate import schedules
from wecelebrate.core.http import Reading, api, page_response, serve
from wecelebrate.core.pages import Page
from wecelebrate.core.types import Id
from wecelebrate.schedules.models import Schedule, ScheduleFilters

app = api()


@app.get("/v1/schedules", response_model=Page[Schedule])
def list_schedules(request: Request, filters: Annotated[ScheduleFilters, Query()], tx: Reading) -> Response:
    """List schedules in name order, with the result of their last run."""
    return page_response(request, filters, schedules.page(tx, filters))


@app.get("/v1/schedules/{schedule_id}")
def get_schedule(schedule_id: Id, tx: Reading) -> Schedule:
    """Read one schedule with the time of its next run and the outcome of its last run."""
    return schedules.get(tx, schedule_id)


handler = serve(app)
