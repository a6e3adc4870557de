"""Tests that the inspection finds the damage that the generator has written. These tests need no local cloud."""

import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from infra.command.kv_inspection import Inspection
from tests.kv.store import DAMAGES, Record, Sizes, Truth, count_damage, flat, generate
from wecelebrate.kv.inspection.damage import DAMAGE, NOT_INSPECTED
from wecelebrate.kv.inspection.documents import inspect, inspect_listed
from wecelebrate.kv.inspection.lists import documents_in, entity_of, items_of
from wecelebrate.kv.reasons import ADVICE

MEANINGS = {"client", "site", "catalog", "product", "order"}


def inspected(records: Iterable[Record]) -> Inspection:
    """Inspect the records without a database. The key family of a record is read from its expected result."""
    inspection = Inspection()
    for key, value, truth in records:
        meaning = truth.entity or ("list" if truth.resolution == "list" else None)
        if meaning:
            text = json.dumps(value)
            inspection.add([inspect(key, truth.family, meaning, text).model_dump(mode="json")])
        if meaning == "list" and entity_of(key):
            listed = documents_in(key, items_of(text))
            inspection.add(inspect_listed(key, truth.family, document).model_dump(mode="json") for document in listed)
    inspection.compare()
    return inspection


def entities_of(truths: Iterable[Truth]) -> dict[str, dict[str, int]]:
    """Count the resolutions of each entity."""
    counts: dict[str, dict[str, int]] = {}
    names = {"row": "rows", "alias": "aliases", "quarantine": "quarantine"}
    for truth in flat(truths):
        if truth.entity:
            row = counts.setdefault(truth.entity, {"documents": 0, **dict.fromkeys(names.values(), 0)})
            row["documents"] += 1
            row[names[truth.resolution]] += 1
    return counts


@pytest.mark.parametrize(
    "sizes",
    [
        Sizes(),
        Sizes(whole_gifts=True, seed=2),
        Sizes(clients=20, sites=60, gifts=1500, orders=1500, damage=0.02, seed=3),
        Sizes(damage=0, seed=4),
    ],
    ids=["small", "whole gifts", "larger", "healthy"],
)
def test_the_inspection_finds_exactly_the_generated_damage(sizes: Sizes) -> None:
    records = list(generate(sizes))
    truths = [truth for _, _, truth in records]
    inspection = inspected(records)
    assert {row["damage"]: row["count"] for row in inspection.damage()} == dict(count_damage(truths))
    entities = {row.pop("entity"): row for row in inspection.entities()}
    assert entities == entities_of(truths)


def test_the_examples_of_each_kind_of_damage_have_this_damage() -> None:
    records = list(generate(Sizes()))
    truths = {truth.key: truth for truth in flat(truth for _, _, truth in records)}
    rows = list(inspected(records).damage())
    assert [row["damage"] for row in rows] == [kind for kind in DAMAGE if kind in DAMAGES]
    for row in rows:
        assert 1 <= len(row["examples"]) <= 3
        for key in row["examples"]:
            assert row["damage"] in truths[key].damage or truths[key].dangling


def test_each_kind_of_damage_has_its_expected_outcome() -> None:
    assert {kind: DAMAGE[kind].outcome for kind in DAMAGES} == {
        kind: damage.resolution for kind, damage in DAMAGES.items()
    }


def test_the_migration_page_lists_every_kind_of_damage() -> None:
    page = (Path(__file__).parents[2] / "docs" / "migration.md").read_text("utf-8")
    rows = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in page.splitlines() if "|" in line]
    documented = [row for row in rows if row[0].strip("`") in DAMAGE]
    assert documented == [(f"`{kind}`", damage.outcome, damage.advice) for kind, damage in DAMAGE.items()]


def test_the_inspection_covers_each_quarantine_reason_except_declared_exceptions() -> None:
    inspected = {reason for damage in DAMAGE.values() for reason in damage.reasons}
    assert inspected | NOT_INSPECTED.keys() == ADVICE.keys()
    assert not inspected & NOT_INSPECTED.keys()
    for kind, damage in DAMAGE.items():
        assert bool(damage.reasons) == (damage.outcome == "quarantine"), kind


def nested(levels: int) -> object:
    value: object = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("key", "meaning", "value", "damage"),
    [
        ("gift:" + "x" * 201, "product", {}, "gift_id_too_long"),
        ("gift:" + "x" * 200, "product", {"id": "x" * 200}, None),
        ("gift:1", "product", {"id": "x" * 201}, "gift_id_too_long"),
        ("client:1", "client", {"id": 10**201}, "client_id_too_long"),
        ("order:" + "s" * 201 + ":1", "order", {}, "order_id_too_long"),
        ("gift:1", "product", {"a": nested(31)}, None),
        ("gift:1", "product", {"a": nested(32)}, "gift_too_deep"),
        ("site:1", "site", {"a": nested(900)}, "site_too_deep"),
        ("gift:1", "product", nested(40), "gift_not_an_object"),
        ("order:1", "order", {"items": [{}] * 1000}, None),
        ("order:1", "order", {"items": [{}] * 1001}, "order_too_many_lines"),
        ("order:1", "order", {"items": {"a": 1}}, None),
    ],
)
def test_the_inspection_reports_documents_that_exceed_the_limits_of_the_mapping(
    key: str, meaning: str, value: object, damage: str | None
) -> None:
    kinds = set(inspect(key, "", meaning, json.dumps(value)).damage)
    limits = {kind for kind in DAMAGE if kind.endswith(("_too_long", "_too_deep", "_too_many_lines"))}
    assert kinds & (limits | {"gift_not_an_object"}) == ({damage} if damage else set())


def test_a_document_with_too_many_nested_levels_is_reported() -> None:
    text = '{"a": ' * 5000 + "1" + "}" * 5000
    assert inspect("gift:1", "", "product", text).damage == ["gift_too_deep"]
