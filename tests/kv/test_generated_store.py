"""Tests that the documents of a generated damaged store match their expected results."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kv.store import DAMAGES, SECRET, Sizes, count_damage, generate

SIZES = Sizes(huge=1000)


def test_the_same_seed_generates_identical_stores() -> None:
    assert list(generate(SIZES)) == list(generate(SIZES))
    assert list(generate(SIZES)) != list(generate(Sizes(huge=1000, seed=2)))


@pytest.mark.parametrize("whole_gifts", [False, True])
def test_every_key_is_generated_only_once(whole_gifts: bool) -> None:
    keys = [record.key for record in generate(Sizes(huge=1000, whole_gifts=whole_gifts))]
    assert len(keys) == len(set(keys))


def test_every_kind_of_damage_occurs_at_the_requested_rate() -> None:
    counts = count_damage(truth for _, _, truth in generate(Sizes(gifts=1000, damage=0.02, huge=1000)))
    assert counts.keys() == DAMAGES.keys()
    assert counts["gift_price_text"] == counts["gift_dangling"] == 20
    assert counts["order_snake_case"] == 6
    assert counts["gift_object_key"] == 1


def test_a_store_with_the_damage_share_0_contains_no_damage() -> None:
    truths = [truth for _, _, truth in generate(Sizes(damage=0))]
    assert not count_damage(truths)
    assert {truth.resolution for truth in truths} == {"row", "list", "leftover"}


def test_a_store_that_is_too_small_for_the_damage_is_refused() -> None:
    with pytest.raises(ValueError, match="30 records are too few"):
        list(generate(Sizes(gifts=30)))


def test_an_alias_refers_to_the_document_that_determines_the_row() -> None:
    truths = {truth.key: truth for _, _, truth in generate(SIZES)}
    aliases = [truth for truth in truths.values() if truth.resolution == "alias"]
    assert aliases
    for alias in aliases:
        assert alias.row_of is not None
        assert truths[alias.row_of].resolution == "row"
        assert truths[alias.row_of].old_id == alias.old_id


def test_all_generated_secrets_contain_a_marker() -> None:
    secret_families = {"session:<token>", "hris_connection_<id>", "sftp_config:<client>", "webhook:<id>"}
    families = {truth.family for _, value, truth in generate(SIZES) if SECRET in json.dumps(value)}
    assert families > secret_families
    assert "catalogs:<id>" in families
    assert all(SECRET in key for key, _, truth in generate(SIZES) if truth.family == "session:<token>")


def test_the_command_writes_documents_and_their_expected_results(tmp_path: Path) -> None:
    arguments = ["--out", str(tmp_path), "--gifts", "150", "--huge", "1000"]
    subprocess.run([sys.executable, "-m", "tests.kv.store", *arguments], check=True, capture_output=True, timeout=60)
    documents = [json.loads(line) for line in (tmp_path / "documents.ndjson").read_text().splitlines()]
    truths = [json.loads(line) for line in (tmp_path / "truth.ndjson").read_text().splitlines()]
    assert [document["key"] for document in documents] == [truth["key"] for truth in truths]
    assert documents == [{"key": key, "value": value} for key, value, _ in generate(Sizes(gifts=150, huge=1000))]
