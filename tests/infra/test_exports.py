"""Tests that the page of known exports describes the current profiles, and how the sample files of the profiles are
read."""

import re

import pytest

from infra.exports import FILE, page
from wecelebrate.feeds.columns.profile import Profile
from wecelebrate.feeds.plan.profiles import PROFILES


def test_the_page_of_known_exports_shows_the_current_profiles() -> None:
    assert FILE.read_text("utf-8") == page(), "run `python -m infra.exports`"


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_the_page_has_a_table_and_a_list_of_sources_for_each_export(profile: Profile) -> None:
    sections = re.split(r"^## ", FILE.read_text("utf-8"), flags=re.MULTILINE)
    section = next(section for section in sections if f"### Export `{profile.name}`\n" in section)
    table = section.partition(f"### Export `{profile.name}`\n")[2].partition("\n###")[0]
    assert re.search(r"^\| sku \| `", table, re.MULTILINE), "the export has no sample file"
    assert re.search(r"^Sources?: ", section, re.MULTILINE)
