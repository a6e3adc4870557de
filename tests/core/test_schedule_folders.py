"""Tests from which folders a schedule can load files."""

import pytest
from pydantic import ValidationError

from wecelebrate.schedules.models import NewSchedule, PullSettings, SchedulePatch


@pytest.mark.parametrize(
    "prefix", ["exports/", "exports/daily/", "a/b/c/d/", "Exporte 2026/ä/", "...a/", "my/incoming/", "a/results/"]
)
def test_a_schedule_loads_files_from_a_folder(prefix: str) -> None:
    assert PullSettings(prefix=prefix).prefix == prefix


@pytest.mark.parametrize(
    "prefix",
    [
        "/",
        "//",
        "exports",
        "exports/daily",
        "/exports/",
        "exports//",
        "a//b/",
        "../",
        "a/../b/",
        "./",
        "a/./",
        "a\u200b/",
    ],
)
def test_the_prefix_of_a_schedule_must_be_a_plain_folder(prefix: str) -> None:
    with pytest.raises(ValidationError, match="must be a folder"):
        PullSettings(prefix=prefix)


@pytest.mark.parametrize("prefix", ["", "a\tb/", "a\nb/"])
def test_the_prefix_of_a_schedule_is_one_line_of_text(prefix: str) -> None:
    with pytest.raises(ValidationError, match=r"at least 1 character|one line of text"):
        PullSettings(prefix=prefix)


@pytest.mark.parametrize("prefix", ["incoming/", "incoming/a/", "results/", "results/a/b/"])
def test_a_schedule_cannot_load_files_from_the_folders_of_the_platform(prefix: str) -> None:
    with pytest.raises(ValidationError, match="incoming/ or results/"):
        PullSettings(prefix=prefix)


@pytest.mark.parametrize(("field", "max_length"), [("name", 300), ("timezone", 100), ("cron", 200)])
def test_each_text_field_of_a_schedule_has_a_maximum_length(field: str, max_length: int) -> None:
    with pytest.raises(ValidationError, match=f"at most {max_length} characters"):
        SchedulePatch.model_validate({field: "a" * (max_length + 1)})
    try:
        SchedulePatch.model_validate({field: "a" * max_length})
    except ValidationError as error:
        assert "characters" not in str(error)


def test_the_prefix_of_a_schedule_has_at_most_500_characters() -> None:
    longest = "a" * 499 + "/"
    assert PullSettings(prefix=longest).prefix == longest
    with pytest.raises(ValidationError, match="at most 500 characters"):
        PullSettings(prefix=f"a{longest}")


def test_a_schedule_needs_a_name_and_is_active_by_default() -> None:
    new = {"catalog_id": "00000000-0000-0000-0000-000000000001", "cron": "0 3 * * *", "settings": {"prefix": "a/"}}
    schedule = NewSchedule.model_validate(new | {"name": "x"})
    assert (schedule.is_active, schedule.timezone, schedule.name) == (True, "UTC", "x")
    with pytest.raises(ValidationError, match="at least 1 character"):
        NewSchedule.model_validate(new | {"name": ""})
