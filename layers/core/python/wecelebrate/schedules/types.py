"""The types of schedules, and the queue of each."""

from collections.abc import Mapping
from typing import Literal

ScheduleType = Literal["catalog_sync"]

QUEUES: Mapping[ScheduleType, str] = {"catalog_sync": "drops"}
"""The queue gets a message `{"schedule_id": …}` for each requested run. The queue's handler calls `runs.requested_run`,
does the work, and calls `runs.finish_run`."""
