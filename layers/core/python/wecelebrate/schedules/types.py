"""What kinds of schedules there are, and which queue their runs go to."""

from collections.abc import Mapping
from typing import Literal

ScheduleType = Literal["catalog_sync"]

QUEUES: Mapping[ScheduleType, str] = {"catalog_sync": "drops"}
"""A message `{"schedule_id": …}` there has what is wanted done: `runs.wanted` and `runs.over` are its two ends."""
