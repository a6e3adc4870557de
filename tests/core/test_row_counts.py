"""Tests that workers count only the types of rows that the API documents."""

from typing import get_args

from wecelebrate.jobs.models import Counts
from wecelebrate.jobs.types import RowCount


def test_the_counts_of_workers_equal_the_documented_counts() -> None:
    assert set(get_args(RowCount)) == set(Counts.model_fields)
