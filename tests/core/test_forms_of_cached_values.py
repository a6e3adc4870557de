"""Tests that a release does not read cached values that a release with different models has stored."""

import hashlib
import json
from typing import Any
from uuid import uuid4

import pytest

from wecelebrate.core.cache.keys import Entry
from wecelebrate.reports import catalog, client
from wecelebrate.reports.models import ClientReport, ClientReportFilters

FORM = "5c043b70a00191c0"
"""The digest of the members and types of a report. A change of `ClientReport` changes it."""
ENTITIES = {"report-2", "report-of-today-2"}
"""The names of the entities for `FORM`. They get a new number whenever `FORM` changes."""


def form_of(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {name: form_of(part) for name, part in schema.items() if name not in ("description", "title")}
    return [form_of(part) for part in schema] if isinstance(schema, list) else schema


def entries() -> list[Entry]:
    periods = (ClientReportFilters(month="2026-03"), ClientReportFilters())
    return [client.entry(uuid4(), filters) for filters in periods]


def test_the_cached_entities_of_a_report_need_new_names_if_the_report_changes() -> None:
    text = json.dumps(form_of(ClientReport.model_json_schema(mode="serialization")), sort_keys=True)
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == FORM, "rename the entities, then correct FORM and ENTITIES"
    assert {entry.entity.name for entry in entries()} == ENTITIES


@pytest.mark.parametrize("entry", [*entries(), catalog.entry(uuid4())], ids=["closed", "open", "catalog"])
def test_reports_that_a_release_without_returned_pieces_has_cached_are_not_read(entry: Entry) -> None:
    assert entry.suffix.split(":")[0] not in ("report", "report-of-today")
