"""Tests which doubts about a file become questions to the user. Also tests how a load continues after its settings
change.
"""

import io
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from tests.core.feeds.feed_reading import read
from wecelebrate import feeds
from wecelebrate.catalogs.models import SyncSettings
from wecelebrate.core.models import json_bytes
from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.columns.names import fold
from wecelebrate.feeds.identity.questions import sku_choices
from wecelebrate.feeds.plan.plan import column_number
from wecelebrate.feeds.questions import Change, Choice, Question, Subject
from wecelebrate.ingestion import doubts
from wecelebrate.ingestion.catalog_settings import check_settings, stock_time
from wecelebrate.ingestion.decisions import Decision
from wecelebrate.ingestion.merge import review
from wecelebrate.ingestion.merge.load import Load, Rules
from wecelebrate.jobs.lease import MAX_QUESTIONS_BYTES


def question(key: str = "decimal", subject: Subject = "money", values: Sequence[str] = (",", ".")) -> Question:
    return Question(key, subject, "Which?", tuple(Choice(value, f"Choice {value}", ("a → b",)) for value in values))


def change(key: str = "price", before: Any = "VK", now: Any = "UVP", subject: Subject = "money") -> Change:
    return Change(key, subject, before, now, "It differs.")


def test_answers_are_stored_in_the_options_or_in_the_mapping() -> None:
    matches = doubts.find([question("decimal"), question("price", values=("VK", "UVP"))], [], ["VK", "UVP"])
    assert [(doubt["key"], doubt["setting"]) for doubt in matches] == [("decimal", "options"), ("price", "mapping")]


def test_a_question_about_a_change_has_the_choices_accept_keep_and_stop() -> None:
    (doubt,) = doubts.find([], [change()], ["SKU", "VK", "UVP"])
    assert (doubt["kind"], doubt["before"], doubt["now"], doubt["setting"]) == ("change", "VK", "UVP", "mapping")
    assert [choice["value"] for choice in doubt["choices"]] == ["accept", "keep", "stop"]


@pytest.mark.parametrize(
    ("changed", "header"),
    [
        (change(before="VK"), ["SKU", "UVP"]),
        (change(before=["VK", "Rabatt"]), ["VK", "Rabatt"]),
        (change(key="profile", before="shopify"), ["shopify"]),
        (change(before="V" * 301), ["V" * 301]),
        (change(key="sheet", before="S" * 101), []),
        (change(key="encoding", before="latin-9" * 15), []),
    ],
    ids=["missing column", "several columns", "no setting", "too long", "too long a sheet", "too long an encoding"],
)
def test_a_change_that_no_setting_can_undo_has_only_the_choices_accept_and_stop(
    changed: Change, header: list[str]
) -> None:
    (doubt,) = doubts.find([], [changed], header)
    assert [choice["value"] for choice in doubt["choices"]] == ["accept", "stop"]
    assert doubt["setting"] is None


def test_a_question_about_a_changed_option_has_the_choice_keep() -> None:
    (doubt,) = doubts.find([], [change(key="decimal", before=",", now=".")], [])
    assert (doubt["setting"], doubt["choices"][1]["value"]) == ("options", "keep")


def test_an_accepted_change_leads_to_no_question_until_the_next_change() -> None:
    accepted = [{"key": "price", "before": "VK", "now": "UVP"}]
    assert doubts.find([], [change()], ["VK"], accepted) == []
    assert len(doubts.find([], [change(now="Netto")], ["VK"], accepted)) == 1


def test_a_change_of_a_decided_setting_leads_to_no_question() -> None:
    assert doubts.find([], [change()], ["VK"], decided={"price"}) == []


def test_each_key_has_only_one_question() -> None:
    matches = doubts.find([question("price"), question("price"), question("sku", "identity")], [change()], ["VK"])
    assert [(doubt["key"], doubt["kind"]) for doubt in matches] == [("price", "question"), ("sku", "question")]


@pytest.mark.parametrize(("subject", "stops"), [("money", 1), ("identity", 1), ("visibility", 0), ("other", 0)])
def test_only_doubts_about_money_and_identity_stop_a_load(subject: Subject, stops: int) -> None:
    assert len(doubts.serious(doubts.find([question(subject=subject)], [], []))) == stops


def test_the_largest_question_can_be_stored_in_a_job() -> None:
    long = "\U0001f600" * 5_000
    choices = tuple(Choice(f"{n:03}" + "\U0001f600" * 297, long, (long,) * 50) for n in range(100))
    (doubt,) = doubts.find([Question("price", "money", long, choices, (long,) * 100)], [], [])
    assert len(doubt["choices"]) == doubts.MAX_CHOICES
    assert all(choice["value"] == choices[n].value for n, choice in enumerate(doubt["choices"]))
    assert json_bytes([doubt]) <= MAX_QUESTIONS_BYTES


@pytest.mark.parametrize(
    ("key", "values", "offered"),
    [
        ("sku", ["N" * 300], ["N" * 300]),
        ("price", ["VK", ""], ["VK", ""]),
        ("sheet", ["Prices", "S" * 100, "S" * 101], ["Prices", "S" * 100]),
        ("language", ["de", "d" * 101], ["de"]),
        ("record", ["item", "i" * 301], ["item"]),
        ("delimiter", [";", "\t", '"', ";;"], [";", "\t"]),
        ("decimal", [",", ".", "'"], [",", "."]),
        ("name", ["Name"], ["Name"]),
    ],
)
def test_a_question_offers_only_values_that_the_settings_of_a_catalog_accept(
    key: str, values: list[str], offered: list[str]
) -> None:
    (doubt,) = doubts.find([question(key, values=values)], [], [])
    assert [choice["value"] for choice in doubt["choices"]] == offered
    for value in offered:
        SyncSettings.model_validate({doubt["setting"]: {key: value or None}})
        check_settings({doubt["setting"]: {key: value or None}})


@pytest.mark.parametrize(
    "names",
    [
        ["N" * 301, "N" * 304],
        ["N" * 500, "VK", ""],
        ["Na\x07me", "Na\nme"],
        ["\u200b", "\x07"],
        ["é" * 400, "e\u0301" * 400],
    ],
)
def test_a_question_offers_shortened_names_for_columns_with_too_long_names(names: list[str]) -> None:
    (doubt,) = doubts.find([question("price", values=names)], [], names)
    offered = [choice["value"] for choice in doubt["choices"]]
    assert len(offered) == len(set(offered)) == len(names)
    for number, value in enumerate(offered):
        assert value == names[number] or value.rpartition(" ")[0].endswith("…"), "the mark is visible"
        stored: Any = SyncSettings.model_validate({"mapping": {"price": value or None}}).mapping["price"]
        check_settings({"mapping": {"price": stored}})
        if value:
            header = ["SKU", *names]
            assert column_number(header, [fold(name) for name in header], stored) == number + 1


def test_a_question_about_columns_with_long_names_can_be_answered() -> None:
    long = "ⵜⴰⵏⴳⴰⵍⵜ" * 60
    text = f"{long}a;{long}b;Preis\nA-1;X-7;1,50\nA-2;X-8;2,50\nA-3;X-9;3,50\n"
    (doubt,) = doubts.find(read(text).feed.questions, [], [])
    values = [choice["value"] for choice in doubt["choices"]]
    skus = [[product.sku for product in read(text, mapping={"sku": value}).products] for value in values]
    assert (doubt["key"], skus) == ("sku", [["A-1", "A-2", "A-3"], ["X-7", "X-8", "X-9"]])


def test_an_answer_to_a_question_keeps_its_white_space() -> None:
    assert Decision.model_validate({"answers": {"delimiter": "\t"}}).answers == {"delimiter": "\t"}


@pytest.mark.parametrize("minutes", ["30", None, [30], {"minutes": 30}])
def test_an_unknown_stock_delay_of_a_later_release_does_not_stop_a_job(minutes: Any) -> None:
    now = datetime.now(UTC)
    assert stock_time({"stock_delay_minutes": minutes}, now) == now - timedelta(minutes=15)


def loading(settings_key: str, checkpoint: dict[str, Any]) -> Load:
    job: Any = SimpleNamespace(checkpoint=checkpoint, counts={"read": 7}, done=7, total=None, fence=3)
    rows: Any = None
    return Load(job, UUID(int=1), Rules("EUR"), rows, "drops", "results", settings_key=settings_key)


@pytest.mark.parametrize(("key", "items", "fence"), [("a", 5_000, 2), ("b", 0, 3)])
def test_a_load_stages_all_rows_again_if_its_settings_change_before_the_merge(key: str, items: int, fence: int) -> None:
    load = loading(key, {"phase": "stage", "fence": 2, "items": 5_000, "settings_key": "a"})
    load.resume()
    assert (load.job.checkpoint["items"], load.job.checkpoint["fence"]) == (items, fence)


def test_a_load_in_the_merge_phase_ignores_changed_settings() -> None:
    load = loading("b", {"phase": "merge", "fence": 2, "after": "S-1"})
    load.resume()
    assert (load.phase, load.job.checkpoint["fence"]) == ("merge", 2)


@pytest.mark.parametrize(("power", "name"), [(3, "× 1,000"), (1, "× 10"), (-2, "÷ 100"), (None, "× 1")])
def test_a_power_of_ten_is_shown_as_a_multiplication_or_a_division(power: int | None, name: str) -> None:
    assert review._factor(power) == name


def test_the_choice_that_no_column_is_the_sku_stops_the_job() -> None:
    identity = Question("sku", "identity", "Which?", sku_choices(Columns(["Item"], [["A"]]), [0]))
    (doubt,) = doubts.find([identity], [], ["Item"])
    assert [choice["value"] for choice in doubt["choices"]] == ["Item", "stop"]


def test_the_question_about_two_prices_has_only_the_choices_accept_and_stop() -> None:
    reading = read("SKU;Name;Price;Stock\nA;Cup;12.50;3\nB;Mug;9.10;4\nA;Cup;14.50;3\n")
    (doubt,) = (
        doubt for doubt in doubts.find(reading.feed.questions, [], reading.feed.header) if doubt["key"] == "price"
    )
    assert [choice["value"] for choice in doubt["choices"]] == ["Price", "stop"]


def test_a_proposal_contains_only_values_and_texts_of_the_choices() -> None:
    content = b"SKU;Name;Price;Stock\nA;Cup;12.50;3\nB;Mug;9.10;4\nA;Cup;14.50;3\n"
    proposal = feeds.propose(io.BytesIO(content), "feed.csv", {}, "EUR").as_json()
    assert {tuple(choice) for each in proposal["questions"] for choice in each["choices"]} == {
        ("value", "label", "examples")
    }


@pytest.mark.parametrize(
    "content",
    [
        b"SKU;Name;Price;Stock\nA;Cup;12.50;3\nB;Mug;9.10;4\nA;Cup;14.50;3\n",
        b"Artikelnr;Bezeichnung;Preis\nA;Tasse;12,50\nB;Topf;9,10\nA;Tasse;14,50\n",
        "Référence;Désignation;Prix TTC\nA;Tasse;12,50\nB;Pot;9,10\nA;Tasse;14,50\n".encode(),
        b"Item;Name;Price\n12-Mar;Cup;12.50\n1-Apr;Mug;9.10\n3-Feb;Jug;4.20\n",
    ],
)
def test_a_proposal_gives_the_answer_that_the_file_is_wrong_no_setting(content: bytes) -> None:
    proposal = feeds.propose(io.BytesIO(content), "feed.csv", {}, "EUR").as_json()
    (question,) = [each for each in proposal["questions"] if each["key"] in ("price", "sku")]
    refusals = [each["value"] for each in question["choices"] if "not read" in each["label"]]
    assert refusals == ["stop"]
    with feeds.open_feed(io.BytesIO(content), "feed.csv", {}, "EUR") as feed:
        (doubt,) = [each for each in doubts.find(feed.questions, [], feed.header) if each["key"] == question["key"]]
    assert [each["value"] for each in doubt["choices"]] == [each["value"] for each in question["choices"]]
