"""The types of schedules, and the queue of each type."""

from collections.abc import Mapping
from typing import Literal

ScheduleType = Literal["catalog_sync"]

QUEUES: Mapping[ScheduleType, str] = {"catalog_sync": "drops"}
"""Maps each type of schedule to its queue.

For each requested run, a message `{"schedule_id": …}` is sent to the queue. The handler of the queue calls
`runs.requested_run`, does the work, and calls `runs.finish_run`.
"""
