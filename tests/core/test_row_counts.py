"""Tests that workers can count only what the API documents."""

from typing import get_args

from wecelebrate.jobs.models import Counts
from wecelebrate.jobs.types import RowCount


def test_the_counts_of_workers_are_equal_to_the_documented_counts_of_the_api() -> None:
    assert set(get_args(RowCount)) == set(Counts.model_fields)
